import { type Address, BaseError, ContractFunctionRevertedError, type PublicClient, zeroAddress } from 'viem';
import { type Answer, type Call, must, readTogether } from '../../chain/view.ts';
import type { BlockRef, MarketState } from '../protocol.ts';
import { oracleAbi, poolAbi, sentinelAbi, tokenAbi } from './abi.ts';
import { decodeConfiguration, type ReserveConfiguration } from './configuration.ts';
import type { AavePool } from './pool.ts';

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

/**
 * Reads a Pool at one block, in one call. A price source that reverts is kept as such, with its reason.
 *
 * @example
 * const state = await readState(client, pool, block);
 * state.reserves[0]?.liquidity;
 */
export async function readState(client: PublicClient, pool: AavePool, block: BlockRef): Promise<AaveState> {
  const { rules } = pool;
  const calls: Call[] = [];
  const ask = (call: Call): number => calls.push(call) - 1;
  const askPool = (functionName: string, args: unknown[] = []): number =>
    ask({ address: pool.address, abi: poolAbi, functionName, args });
  const askPrice = (asset: Address): number =>
    ask({ address: pool.oracle, abi: oracleAbi, functionName: 'getAssetPrice', args: [asset] });

  const premium = askPool('FLASHLOAN_PREMIUM_TOTAL');
  const allowed =
    pool.sentinel === zeroAddress
      ? undefined
      : ask({ address: pool.sentinel, abi: sentinelAbi, functionName: 'isLiquidationAllowed' });
  const ofReserves = pool.assets.map(({ id, symbol, address, aToken }) => ({
    id,
    symbol,
    address,
    data: askPool('getReserveData', [address]),
    grace: rules.gracePeriod ? askPool('getLiquidationGracePeriod', [address]) : undefined,
    counted: rules.virtualAccounting === 'none' ? undefined : askPool('getVirtualUnderlyingBalance', [address]),
    held:
      rules.virtualAccounting === 'always'
        ? undefined
        : ask({ address, abi: tokenAbi, functionName: 'balanceOf', args: [aToken] }),
    price: askPrice(address),
  }));
  const ofEModes = Array.from({ length: pool.lastEMode }, (_, index) => {
    const id = index + 1;
    if (rules.eModes === 'bitmap') {
      const config = askPool('getEModeCategoryCollateralConfig', [id]);
      return { id, config, bitmap: askPool('getEModeCategoryCollateralBitmap', [id]), source: undefined };
    }
    const asset = pool.eModePriceSources.get(id);
    const source = asset && { asset, price: askPrice(asset) };
    return { id, config: askPool('getEModeCategoryData', [id]), bitmap: undefined, source };
  });

  const answers = await readTogether(client, calls, block);
  const get = <T>(call: number): T => must<T>(answers[call]);

  const reserves: (ReserveState | undefined)[] = pool.reserves.map(() => undefined);
  for (const { id, symbol, address, data, grace, counted, held, price } of ofReserves) {
    const reserve = get<PoolReserve>(data);
    const configuration = decodeConfiguration(reserve.configuration);
    const byBooks = counted !== undefined && (held === undefined || configuration.virtualAccounting);
    reserves[id] = {
      ...configuration,
      liquidityIndex: reserve.liquidityIndex,
      liquidityRate: reserve.liquidityRate,
      variableBorrowIndex: reserve.variableBorrowIndex,
      variableBorrowRate: reserve.variableBorrowRate,
      lastUpdate: BigInt(reserve.lastUpdateTimestamp),
      price: priceOf(answers[price], symbol, address),
      gracePeriodUntil: grace === undefined ? NEVER_PAUSED : BigInt(get<number>(grace)),
      liquidity: get<bigint>(byBooks ? counted : held!),
    };
  }

  const eModes = new Map<number, EMode>();
  for (const { id, config, bitmap, source } of ofEModes) {
    const { liquidationThreshold, liquidationBonus } = get<EModeConfig>(config);
    eModes.set(id, {
      liquidationThreshold: BigInt(liquidationThreshold),
      liquidationBonus: BigInt(liquidationBonus),
      collateralBitmap: bitmap === undefined ? membersOf(id, reserves) : get<bigint>(bitmap),
      ...(source ? { price: priceOf(answers[source.price], `eMode ${id}`, source.asset) } : {}),
    });
  }

  return {
    block,
    reserves,
    eModes,
    liquidationAllowed: allowed === undefined || get<boolean>(allowed),
    flashPremium: get<bigint>(premium),
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
