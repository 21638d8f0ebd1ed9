import type { Address } from 'viem';
import type { Account, Market, MarketState, Option, Protocol } from '../protocols/protocol.ts';
import type { PoolGraph, PoolStates } from '../venues/paths.ts';
import type { Funding } from './funding.ts';
import type { PriceOf } from './pricing.ts';

/** Everything a choice depends on at one head; with it nothing has to be asked of the chain any more. */
export type Situation = {
  protocol: Protocol;
  market: Market;
  /** Seconds: what the options are legal at. */
  timestamp: bigint;
  priceOf: PriceOf;
  lend: Funding;
  graph: PoolGraph;
  /** The pools as they are at the head. */
  pools: PoolStates;
  /** Tokens that a sale may go over. */
  hubs: readonly Address[];
  /** Wei per gas: base fee and priority fee. */
  gasPrice: bigint;
  /** Wei a byte of calldata costs on the layer below, where there is one. */
  bytePrice: bigint;
  /** Chance that an account is gone when the plan runs, and that a whole plan is beaten; parts per million. */
  stale: bigint;
  loss: bigint;
  /** How much worse than its quote a sale may be, bps. */
  slippage: bigint;
  /** Least net profit of a plan, wei. */
  minProfit: bigint;
  /** Most gas and most legs of a plan. */
  limits: { gas: bigint; legs: number };
};

/** An account under water, with everything the protocol allows: each pair at its largest amount. */
export type Candidate = { account: Account; state: MarketState; options: readonly Option[] };

/** One liquidation as it is planned: `largest` is what it was cut from. */
export type PlannedLeg = { of: Candidate; largest: Option; option: Option };

/** Parts in a million. */
export const PPM = 1_000_000n;
