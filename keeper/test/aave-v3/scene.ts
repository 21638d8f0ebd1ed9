import { type Address, getAddress, numberToHex, pad, zeroAddress, zeroHash } from 'viem';
import { marketOf } from '../../src/protocols/aave-v3/index.ts';
import { RAY } from '../../src/protocols/aave-v3/math.ts';
import type { AavePool, ReserveTokens } from '../../src/protocols/aave-v3/pool.ts';
import { rulesOf } from '../../src/protocols/aave-v3/rules.ts';
import { collateralSlot, debtSlot } from '../../src/protocols/aave-v3/slots.ts';
import type { AaveState, EMode, ReserveState } from '../../src/protocols/aave-v3/state.ts';
import type { Account, Cell, Market, View } from '../../src/protocols/protocol.ts';

export const now = 1_700_000_000n;
export const borrower: Address = '0x00000000000000000000000000000000000b0B0b';
/** Its key in views. */
export const key = borrower.toLowerCase() as Address;
export const asset = (id: number): Address => getAddress(pad(numberToHex(id + 1), { size: 20 }));

/** A reserve without interest, price or limits, changed as a test needs. */
export type ReserveChange = Partial<Omit<ReserveState, 'price'>> & { price?: bigint | string };

export function reserve({ price = 10n ** 8n, ...change }: ReserveChange = {}): ReserveState {
  return {
    liquidationThreshold: 8000n,
    liquidationBonus: 10500n,
    decimals: 18,
    active: true,
    paused: false,
    flashLoanEnabled: true,
    liquidationProtocolFee: 1000n,
    eModeCategory: 0,
    virtualAccounting: true,
    liquidityIndex: RAY,
    liquidityRate: 0n,
    variableBorrowIndex: RAY,
    variableBorrowRate: 0n,
    lastUpdate: now,
    gracePeriodUntil: 0n,
    liquidity: 2n ** 127n,
    ...change,
    price: typeof price === 'string' ? { error: price } : { value: price },
  };
}

/** Positions by reserve id; a given amount sets its flag. */
export type Stake = { supply?: bigint; debt?: bigint };

export type Scene = {
  pool: AavePool;
  market: Market;
  state: AaveState;
  account: Account;
  /** The market with the account, at a timestamp (seconds) that is `now` when left out. */
  view(timestamp?: bigint): View;
};

/** A market at a state with some accounts. */
export const viewWith = (
  { market, state }: Pick<Scene, 'market' | 'state'>,
  accounts: readonly Account[],
  timestamp = now,
): View => market.at(state, (key) => accounts.find(({ address }) => address === key), { timestamp, number: 2n });

/** What an account holds and owes, by reserve. */
export const accountOf = (address: Address, stakes: readonly Stake[], eMode = 0): Account => ({
  address: address.toLowerCase() as Address,
  group: eMode,
  cells: stakes.flatMap(({ supply, debt }, id): Cell[] => [
    ...(debt === undefined ? [] : [{ slot: debtSlot(id), amount: debt }]),
    ...(supply === undefined ? [] : [{ slot: collateralSlot(id), amount: supply }]),
  ]),
});

/** A market of `reserves` at Pool revision `revision`, and one account. */
export function scene(
  revision: bigint,
  reserves: readonly ReserveChange[],
  stakes: readonly Stake[],
  {
    eMode = 0,
    eModes = {},
    liquidationAllowed = true,
  }: { eMode?: number; eModes?: Record<number, EMode>; liquidationAllowed?: boolean } = {},
): Scene {
  const states = reserves.map(reserve);
  const assets = states.map(
    ({ decimals }, id): ReserveTokens => ({
      id,
      address: asset(id),
      symbol: `R${id}`,
      decimals,
      aToken: asset(100 + id),
      variableDebtToken: asset(200 + id),
      stableDebtToken: asset(400 + id),
    }),
  );
  const pool: AavePool = {
    address: asset(300),
    addressesProvider: asset(301),
    configurator: asset(302),
    oracle: asset(303),
    sentinel: zeroAddress,
    revision,
    rules: rulesOf(revision, asset(300)),
    thresholds: {
      fullCloseHealth: 95n * 10n ** 16n,
      fullCloseBase: 2000n * 10n ** 8n,
      minLeftoverBase: 1000n * 10n ** 8n,
    },
    baseUnit: 10n ** 8n,
    reserves: assets,
    assets,
    lastEMode: Object.keys(eModes).length,
    eModePriceSources: new Map(),
  };
  const market = marketOf(pool);
  const state: AaveState = {
    block: { number: 1n, hash: zeroHash, timestamp: now },
    reserves: states,
    eModes: new Map(Object.entries(eModes).map(([id, category]) => [Number(id), category])),
    liquidationAllowed,
    flashPremium: 5n,
  };
  const account = accountOf(borrower, stakes, eMode);
  return { pool, market, state, account, view: (timestamp) => viewWith({ market, state }, [account], timestamp) };
}
