import { type Address, type Hex, type Log, toEventSelector } from 'viem';
import type { Discovery } from '../protocol.ts';
import { accountEventsAbi, reopenEventsAbi } from './abi.ts';
import type { AavePool } from './pool.ts';

/** Which topics of an event are accounts whose debt, collateral or eMode it changes. */
const accountTopics: Record<(typeof accountEventsAbi)[number]['name'], readonly number[]> = {
  Supply: [2],
  Withdraw: [2],
  Borrow: [2],
  Repay: [2],
  ReserveUsedAsCollateralEnabled: [2],
  ReserveUsedAsCollateralDisabled: [2],
  UserEModeSet: [1],
  LiquidationCall: [3],
  MintUnbacked: [2],
  SwapBorrowRateMode: [2],
  RebalanceStableBorrowRate: [2],
  DeficitCreated: [1],
  BalanceTransfer: [1, 2],
};

/** By selector: how many topics the event has, and which of them are accounts. */
const shapes = new Map<Hex, { count: number; accounts: readonly number[] }>(
  accountEventsAbi.map((event) => {
    const count = 1 + event.inputs.filter((input) => 'indexed' in input).length;
    return [toEventSelector(event), { count, accounts: accountTopics[event.name] }];
  }),
);
const reopenSelectors = new Set<Hex>(reopenEventsAbi.map((event) => toEventSelector(event)));
const backfillEvents = accountEventsAbi.filter((event) => event.name === 'Borrow');

/**
 * A market's logs. Nobody owes without a `Borrow` in their name, so it alone finds every borrower; the rest says which
 * accounts a block has touched. aTokens are watched for transfers of collateral.
 *
 * @example
 * discovery(pool).accounts(log); // ['0xab…'] for a Borrow on behalf of 0xAb…
 */
export function discovery(pool: AavePool): Discovery {
  return {
    addresses: [pool.address, pool.configurator, pool.addressesProvider, ...pool.assets.map(({ aToken }) => aToken)],
    events: [...accountEventsAbi, ...reopenEventsAbi],
    backfill: { addresses: [pool.address], events: backfillEvents },
    accounts,
    reopens: ({ topics }) => topics[0] !== undefined && reopenSelectors.has(topics[0]),
  };
}

const NOBODY: Address[] = [];
/** Characters of a topic, and where an address begins in one. */
const [TOPIC, ADDRESS] = [66, 26];

/** What is not whole is not the event, whatever its selector: it names nobody. */
function accounts({ topics }: Pick<Log, 'topics'>): Address[] {
  const shape = shapes.get(topics[0] as Hex);
  if (!shape) return NOBODY;
  for (let place = 1; place < shape.count; place++) {
    if (!((topics[place]?.length as number) >= TOPIC)) return NOBODY;
  }
  return shape.accounts.map((place) => `0x${topics[place]!.slice(ADDRESS, TOPIC)}`.toLowerCase() as Address);
}
