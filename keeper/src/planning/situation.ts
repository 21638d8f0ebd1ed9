import type { Address } from 'viem';
import type { Surcharge } from '../chain/l1-fee.ts';
import type { PriceOf } from '../prices/book.ts';
import type { Deal, View } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import type { PoolGraph, PoolStates } from '../venues/paths.ts';
import type { Funding } from './funding.ts';

/** The markets that something is planned in, as they are before a plan. */
export type Views = ReadonlyMap<MarketKey, View>;

/** Everything a choice depends on at one head; with it nothing has to be asked of the chain any more, unless a rehearsal falls short. */
export type Situation = {
  /** The wrapped native token. */
  native: Address;
  views: Views;
  /** What earlier plans of the head draw on stocks. What they bring is not counted on: they may not land. */
  drawn: ReadonlyMap<string, bigint>;
  priceOf: PriceOf;
  lend: Funding;
  graph: PoolGraph;
  /** The pools as the earlier plans leave them. */
  pools: PoolStates;
  /** The pools behind all that the node has waiting: what is planned a second time at a head asks for them. */
  pending?: () => Promise<PoolStates>;
  /** Tokens that a sale may go over. */
  hubs: readonly Address[];
  /** Wei per gas: base fee and priority fee. */
  gasPrice: bigint;
  /** Wei a byte of calldata costs on the layer below, where there is one. */
  bytePrice: bigint;
  /** What a rollup takes beside both, where it does. */
  surcharge?: Surcharge;
  /** Chance that an account is gone when the plan runs, and that a whole plan is beaten; parts per million. */
  stale: bigint;
  loss: bigint;
  /** How much worse than its quote a sale may be, bps. */
  slippage: bigint;
  /** Least net profit of a plan, wei. */
  minProfit: bigint;
  /** Most gas and most legs of a plan; `isShort` where it is money that bounds the gas, and not the block. */
  limits: { gas: bigint; legs: number; isShort?: boolean };
};

/**
 * Wei that a unit of gas costs with what a rollup takes for it beside its price, rounded up.
 *
 * @example
 * wholeGasPrice({ gasPrice: 10n, surcharge: { perMillionGas: 1n, each: 5n } }); // 11n
 */
export const wholeGasPrice = ({ gasPrice, surcharge }: Pick<Situation, 'gasPrice' | 'surcharge'>): bigint =>
  gasPrice + ((surcharge?.perMillionGas ?? 0n) + PPM - 1n) / PPM;

/** Parts in a million. */
export const PPM = 1_000_000n;

/** Whether all that a deal does is bring to stocks: it earns nothing of itself. */
export const onlyBrings = ({ spend, gain, later }: Deal): boolean => !spend && !gain && !later;

/** Deals that become legs: those that only bring are folded into others. */
export const countLegs = (deals: readonly Deal[]): number =>
  deals.reduce((sum, deal) => sum + (onlyBrings(deal) ? 0 : 1), 0);
