import type { Address } from 'viem';

/** A factory of Uniswap v2 or a fork, and the fee of all its pairs, bps. */
export type V2Factory = { factory: Address; fee: number };

/**
 * Where a rollup tells what publishing calldata costs.
 *
 * - an oracle: `signed` where it wants the transaction as it is published; `inRatio` where it counts in ether and the chain's coin
 *   is another, whose rate it knows
 * - `arbitrum`: its nodes answer in the place of a contract
 * - `estimate`: nodes count all of it as gas of the transaction, and only their estimate says how much
 */
export type L1Source = { oracle: Address; signed: boolean; inRatio?: true } | 'arbitrum' | 'estimate';

/** What the keeper knows of a chain before it asks anything. */
export interface ChainPreset {
  id: number;
  /** The word for `--chain`. */
  key: string;
  name: string;
  nativeSymbol: string;
  /** The ERC-20 that wraps the native coin. Absent on a development chain: `--wrapped-native` names it there. */
  wrappedNative?: Address;
  /** Usual time between blocks, milliseconds. */
  blockTime: number;
  /** Factory of Uniswap v3 itself; forks of it are given by flag. */
  uniswapV3?: Address;
  /** Factories of Uniswap v2 and of the large forks of it. */
  uniswapV2?: readonly V2Factory[];
  /** Where a rollup tells what publishing calldata costs. Chains without a preset are asked at start. */
  l1Fee?: L1Source;
  /** Why the Liquidator cannot be there, whatever the chain answers. */
  cannotRun?: string;
}

/** The OP stack's GasPriceOracle, a predeploy: https://specs.optimism.io/protocol/predeploys.html */
export const OP_STACK = { oracle: '0x420000000000000000000000000000000000000F', signed: false } as const;

/** Scroll's L1GasPriceOracle: https://docs.scroll.io/en/developers/scroll-contracts/ */
export const SCROLL = { oracle: '0x5300000000000000000000000000000000000002', signed: true } as const;

/** Of Uniswap v2 and most of its forks, bps. */
export const USUAL_V2_FEE = 30;

/** With the fee of Uniswap itself. */
export const usual = (factory: Address): V2Factory => ({ factory, fee: USUAL_V2_FEE });
