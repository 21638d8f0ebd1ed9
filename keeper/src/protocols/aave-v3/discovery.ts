import { type Address, type Hex, type Log, slice, toEventSelector } from 'viem';
import type { Discovery } from '../protocol.ts';
import { accountEventsAbi, reopenEventsAbi } from './abi.ts';
import type { AaveMarket } from './market.ts';

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

const topicsBySelector = new Map<Hex, readonly number[]>(
  accountEventsAbi.map((event) => [toEventSelector(event), accountTopics[event.name]]),
);
const reopenSelectors = new Set<Hex>(reopenEventsAbi.map((event) => toEventSelector(event)));
const backfillEvents = accountEventsAbi.filter((event) => event.name === 'Borrow');

/**
 * A market's logs. Nobody owes without a `Borrow` in their name, so it alone finds every borrower; the rest says which
 * accounts a block has touched. aTokens are watched for transfers of collateral.
 */
export function discovery(market: AaveMarket): Discovery {
  return {
    addresses: [
      market.address,
      market.configurator,
      market.addressesProvider,
      ...market.assets.map(({ aToken }) => aToken),
    ],
    events: [...accountEventsAbi, ...reopenEventsAbi],
    backfill: { addresses: [market.address], events: backfillEvents },
    accounts,
    reopens: ({ topics }) => topics[0] !== undefined && reopenSelectors.has(topics[0]),
  };
}

function accounts({ topics }: Pick<Log, 'topics'>): Address[] {
  const positions = (topics[0] && topicsBySelector.get(topics[0])) ?? [];
  return positions.flatMap((position) => {
    const topic = topics[position];
    return topic ? [slice(topic, 12).toLowerCase() as Address] : [];
  });
}
