import { type Address, BaseError, ContractFunctionRevertedError, type PublicClient, zeroAddress } from 'viem';
import { type Answer, type Call, must, readTogether } from '../../chain/view.ts';
import type { BlockRef, MarketState } from '../protocol.ts';
import { oracleAbi, poolAbi, sentinelAbi, tokenAbi } from './abi.ts';
import { decodeConfiguration, type ReserveConfiguration } from './configuration.ts';
import type { AavePool, ReserveTokens } from './pool.ts';

/** Price of one whole token in base currency, or why the oracle has none. */
export type Price = { value: bigint } | { error: string };

/** A reserve at one block. Indices and rates are rays, as stored at `lastUpdate` (seconds). */
export type ReserveState = ReserveConfiguration & {
  liquidityIndex: bigint;
  liquidityRate: bigint;
  variableBorrowIndex: bigint;
  variableBorrowRate: bigint;
  lastUpdate: bigint;
  price: Price;
  /** Last second in which the reserve cannot be liquidated after a pause; 0 if never paused. */
  gracePeriodUntil: bigint;
  /** A flash loan of this transaction has raised the income index: what is supplied, and so the health of who holds it, is not known to the unit any more. */
  indexMoved?: true;
  /** Underlying to pay seized collateral from: what the Pool counts as its own, else what the aToken holds. */
  liquidity: bigint;
};

/** An eMode category; bit `id` of `collateralBitmap` says that a reserve takes its threshold and bonus (bps). */
export type EMode = {
  liquidationThreshold: bigint;
  liquidationBonus: bigint;
  collateralBitmap: bigint;
  /** Up to 3.1: the price of all its reserves, where it names a source for one. */
  price?: Price;
};

/** What all accounts of a Pool share at one block. */
export type AaveState = MarketState & {
  /** By id, like the market's. */
  reserves: readonly (ReserveState | undefined)[];
  eModes: ReadonlyMap<number, EMode>;
  /** False while the sequencer sentinel holds back accounts at a health factor of 0.95 or more. */
  liquidationAllowed: boolean;
  /** Flash loan premium, bps, rounded up by the Pool. */
  flashPremium: bigint;
};

type PoolReserve = {
  configuration: bigint;
  liquidityIndex: bigint;
  liquidityRate: bigint;
  variableBorrowIndex: bigint;
  variableBorrowRate: bigint;
  lastUpdateTimestamp: number;
};

type EModeConfig = { liquidationThreshold: number; liquidationBonus: number };

/** Calls to be made together, and how to ask for one more. What is asked for is known by its number. */
type Asking = {
  calls: Call[];
  ask(call: Call): number;
  pool(functionName: string, args?: unknown[]): number;
  price(asset: Address): number;
};

function askingOf({ address, oracle }: AavePool): Asking {
  const calls: Call[] = [];
  const ask = (call: Call): number => calls.push(call) - 1;
  return {
    calls,
    ask,
    pool: (functionName, args = []) => ask({ address, abi: poolAbi, functionName, args }),
    price: (asset) => ask({ address: oracle, abi: oracleAbi, functionName: 'getAssetPrice', args: [asset] }),
  };
}

/**
 * Reads a Pool at one block, in one call. A price source that reverts is kept as such, with its reason.
 *
 * @throws when the node fails
 * @example
 * const state = await readState(client, pool, block);
 * state.reserves[0]?.liquidity;
 */
export async function readState(client: PublicClient, pool: AavePool, block: BlockRef): Promise<AaveState> {
  const asking = askingOf(pool);
  const premium = asking.pool('FLASHLOAN_PREMIUM_TOTAL');
  const allowed =
    pool.sentinel === zeroAddress
      ? undefined
      : asking.ask({ address: pool.sentinel, abi: sentinelAbi, functionName: 'isLiquidationAllowed' });
  const ofReserves = pool.assets.map((asset) => askReserve(asking, pool, asset));
  const ofEModes = Array.from({ length: pool.lastEMode }, (_, index) => askEMode(asking, pool, index + 1));

  const answers = await readTogether(client, asking.calls, block);
  const reserves: (ReserveState | undefined)[] = pool.reserves.map(() => undefined);
  for (const asked of ofReserves) reserves[asked.id] = reserveIn(answers, asked);
  return {
    block,
    reserves,
    eModes: new Map(ofEModes.map((asked) => [asked.id, eModeIn(answers, asked, reserves)])),
    liquidationAllowed: allowed === undefined || must<boolean>(answers[allowed]),
    flashPremium: must<bigint>(answers[premium]),
  };
}

/** The numbers of the calls for a reserve. */
function askReserve(asking: Asking, { rules }: AavePool, { id, symbol, address, aToken }: ReserveTokens) {
  return {
    id,
    symbol,
    address,
    data: asking.pool('getReserveData', [address]),
    grace: rules.gracePeriod ? asking.pool('getLiquidationGracePeriod', [address]) : undefined,
    counted: rules.virtualAccounting === 'none' ? undefined : asking.pool('getVirtualUnderlyingBalance', [address]),
    held:
      rules.virtualAccounting === 'always'
        ? undefined
        : asking.ask({ address, abi: tokenAbi, functionName: 'balanceOf', args: [aToken] }),
    price: asking.price(address),
  };
}

function reserveIn(answers: readonly Answer[], asked: ReturnType<typeof askReserve>): ReserveState {
  const { symbol, address, data, grace, counted, held, price } = asked;
  const reserve = must<PoolReserve>(answers[data]);
  const configuration = decodeConfiguration(reserve.configuration);
  const byBooks = counted !== undefined && (held === undefined || configuration.virtualAccounting);
  return {
    ...configuration,
    liquidityIndex: reserve.liquidityIndex,
    liquidityRate: reserve.liquidityRate,
    variableBorrowIndex: reserve.variableBorrowIndex,
    variableBorrowRate: reserve.variableBorrowRate,
    lastUpdate: BigInt(reserve.lastUpdateTimestamp),
    price: priceOf(answers[price], symbol, address),
    gracePeriodUntil: grace === undefined ? NEVER_PAUSED : BigInt(must<number>(answers[grace])),
    liquidity: must<bigint>(answers[byBooks ? counted : held!]),
  };
}

/** The numbers of the calls for a category. */
function askEMode(asking: Asking, { rules, eModePriceSources }: AavePool, id: number) {
  if (rules.eModes === 'bitmap') {
    const config = asking.pool('getEModeCategoryCollateralConfig', [id]);
    return { id, config, bitmap: asking.pool('getEModeCategoryCollateralBitmap', [id]), source: undefined };
  }
  const asset = eModePriceSources.get(id);
  const source = asset && { asset, price: asking.price(asset) };
  return { id, config: asking.pool('getEModeCategoryData', [id]), bitmap: undefined, source };
}

function eModeIn(
  answers: readonly Answer[],
  { id, config, bitmap, source }: ReturnType<typeof askEMode>,
  reserves: AaveState['reserves'],
): EMode {
  const { liquidationThreshold, liquidationBonus } = must<EModeConfig>(answers[config]);
  return {
    liquidationThreshold: BigInt(liquidationThreshold),
    liquidationBonus: BigInt(liquidationBonus),
    collateralBitmap: bitmap === undefined ? membersOf(id, reserves) : must<bigint>(answers[bitmap]),
    ...(source ? { price: priceOf(answers[source.price], `eMode ${id}`, source.asset) } : {}),
  };
}

/** What is left of every liquidation threshold, so that nobody who owes is above the line: one part in so many. */
const STRESS = 1_000n;

/**
 * The state with thresholds so low that everybody who owes is under water; prices, bonuses and liquidity are as they are.
 *
 * @example
 * market.at(stressed(state), book.get, moment).health(account); // underwater, if it owes anything
 */
export function stressed(state: AaveState): AaveState {
  const lower = <Held extends { liquidationThreshold: bigint }>(held: Held): Held => ({
    ...held,
    liquidationThreshold: held.liquidationThreshold / STRESS,
  });
  return {
    ...state,
    reserves: state.reserves.map((reserve) => reserve && lower(reserve)),
    eModes: new Map([...state.eModes].map(([id, category]) => [id, lower(category)])),
    liquidationAllowed: true,
  };
}

const NEVER_PAUSED = 0n;

/** Up to 3.1 a reserve names its one category itself. */
function membersOf(category: number, reserves: readonly (ReserveState | undefined)[]): bigint {
  return reserves.reduce(
    (bitmap, reserve, id) => (reserve?.eModeCategory === category ? bitmap | (1n << BigInt(id)) : bitmap),
    0n,
  );
}

function priceOf(answer: Answer | undefined, symbol: string, asset: Address): Price {
  if (answer?.status === 'success') return { value: answer.result as bigint };
  const reverted =
    answer?.error instanceof BaseError && answer.error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  const { reason, signature } = reverted instanceof ContractFunctionRevertedError ? reverted : {};
  return { error: `no price for ${symbol} (${asset}): the oracle reverted with ${reason ?? signature ?? 'no reason'}` };
}
