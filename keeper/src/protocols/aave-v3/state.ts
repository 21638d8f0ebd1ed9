import { type Address, BaseError, ContractFunctionRevertedError, type PublicClient, zeroAddress } from 'viem';
import type { BlockRef, MarketState } from '../protocol.ts';
import { oracleAbi, poolAbi, sentinelAbi } from './abi.ts';
import { decodeConfiguration, type ReserveConfiguration } from './configuration.ts';
import type { AaveMarket } from './market.ts';
import { type Answer, type Call, must, readTogether } from './read.ts';

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
  /** Underlying that the Pool counts as its own, to pay seized collateral from. */
  virtualLiquidity: bigint;
};

/** An eMode category; bit `id` of `collateralBitmap` says that a reserve takes its threshold and bonus (bps). */
export type EMode = { liquidationThreshold: bigint; liquidationBonus: bigint; collateralBitmap: bigint };

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

const CALLS_PER_RESERVE = 4;

/** Reads a Pool at one block, in one call. A price source that reverts is kept as such, with its reason. */
export async function readMarket(client: PublicClient, market: AaveMarket, block: BlockRef): Promise<AaveState> {
  const onPool = (functionName: string, args: unknown[] = []): Call => ({
    address: market.address,
    abi: poolAbi,
    functionName,
    args,
  });
  const sentinel = market.sentinel !== zeroAddress;
  const answers = await readTogether(
    client,
    [
      onPool('FLASHLOAN_PREMIUM_TOTAL'),
      ...(sentinel ? [{ address: market.sentinel, abi: sentinelAbi, functionName: 'isLiquidationAllowed' }] : []),
      ...market.assets.flatMap(({ address }) => [
        onPool('getReserveData', [address]),
        onPool('getLiquidationGracePeriod', [address]),
        onPool('getVirtualUnderlyingBalance', [address]),
        { address: market.oracle, abi: oracleAbi, functionName: 'getAssetPrice', args: [address] },
      ]),
      ...Array.from({ length: market.lastEMode }, (_, index) => [
        onPool('getEModeCategoryCollateralConfig', [index + 1]),
        onPool('getEModeCategoryCollateralBitmap', [index + 1]),
      ]).flat(),
    ],
    block,
  );

  const reserves: (ReserveState | undefined)[] = market.reserves.map(() => undefined);
  const firstReserve = sentinel ? 2 : 1;
  market.assets.forEach(({ id, symbol, address }, index) => {
    const [data, grace, liquidity, price] = answers.slice(firstReserve + CALLS_PER_RESERVE * index);
    const reserve = must<PoolReserve>(data);
    reserves[id] = {
      ...decodeConfiguration(reserve.configuration),
      liquidityIndex: reserve.liquidityIndex,
      liquidityRate: reserve.liquidityRate,
      variableBorrowIndex: reserve.variableBorrowIndex,
      variableBorrowRate: reserve.variableBorrowRate,
      lastUpdate: BigInt(reserve.lastUpdateTimestamp),
      price: priceOf(price, symbol, address),
      gracePeriodUntil: BigInt(must<number>(grace)),
      virtualLiquidity: must<bigint>(liquidity),
    };
  });

  const firstEMode = firstReserve + CALLS_PER_RESERVE * market.assets.length;
  const eModes = new Map<number, EMode>();
  for (let id = 1; id <= market.lastEMode; id++) {
    const config = must<{ liquidationThreshold: number; liquidationBonus: number }>(answers[firstEMode + 2 * (id - 1)]);
    eModes.set(id, {
      liquidationThreshold: BigInt(config.liquidationThreshold),
      liquidationBonus: BigInt(config.liquidationBonus),
      collateralBitmap: must<bigint>(answers[firstEMode + 2 * (id - 1) + 1]),
    });
  }

  return {
    block,
    reserves,
    eModes,
    liquidationAllowed: !sentinel || must<boolean>(answers[1]),
    flashPremium: must<bigint>(answers[0]),
  };
}

function priceOf(answer: Answer | undefined, symbol: string, asset: Address): Price {
  if (answer?.status === 'success') return { value: answer.result as bigint };
  const reverted =
    answer?.error instanceof BaseError && answer.error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  const { reason, signature } = reverted instanceof ContractFunctionRevertedError ? reverted : {};
  return { error: `no price for ${symbol} (${asset}): the oracle reverted with ${reason ?? signature ?? 'no reason'}` };
}
