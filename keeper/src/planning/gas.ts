import { partsOf } from './sales.ts';
import { routesOf, type Way } from './ways.ts';

/** What Osaka lets one transaction burn (EIP-7825). */
const TRANSACTION_CAP = 16_777_216n;

// From the gas snapshots and from rehearsals of plans of one to twenty legs; `pnpm bench:gas` measures again. The rehearsal
// decides in the end: these choose between plans, and size the one that is rehearsed.

/** A transaction with a plan of nothing: intrinsic gas, calldata, settlement. */
const BASE = 170_000n;
/** A token of the plan: its reserve, its pool and its transfers for the first time. */
export const TOKEN_GAS = 75_000n;
/** A round beside its deals, on tokens that an earlier one has touched. Without funding it is a call of the contract to itself. */
const ROUND = { 'flash swap': 80_000n, loan: 70_000n, none: 40_000n };
/** One more pool that a swap goes through. */
const HOP = 75_000n;
/** An initialized tick that a swap crosses. */
const TICK = 22_000n;
/** A round whose first leg finds nothing to do. */
const LOST_ROUND = 130_000n;

/** Calldata of the plan, a round, a swap, a token; see ILiquidator.sol. Bytes. What a leg takes its deals say. */
const BYTES = { base: 230n, round: 77n + 36n, swap: 95n, hop: 40n, token: 36n };

const poolsOf = (way: Way): number => routesOf(way).reduce((sum, { hops }) => sum + hops.length, 0);

/** Places where a sale goes on in another swap of the contract, by way of a token that is listed with the plan. */
const seamsOf = (way: Way): number =>
  way.kind === 'loan' ? way.routes.reduce((sum, route) => sum + partsOf(route).length - 1, 0) : 0;

/** Gas expected of a plan beside its rounds. */
export const baseGas = (ways: readonly Way[]): bigint => {
  const tokens = new Set(ways.flatMap(({ spend, gain }) => [spend, gain]));
  return BASE + TOKEN_GAS * BigInt(tokens.size);
};

/** Gas expected of a round. @param deals - gas of its deals */
export function roundGas(way: Way, deals: bigint, crossed: number): bigint {
  const pools = BigInt(poolsOf(way) - (way.kind === 'flash swap' ? 1 : 0));
  return ROUND[way.kind] + deals + HOP * pools + TOKEN_GAS * BigInt(seamsOf(way)) + TICK * BigInt(crossed);
}

/** Calldata of a round, bytes. @param deals - bytes of its deals */
export function roundBytes(way: Way, deals: number): bigint {
  const seams = BigInt(seamsOf(way));
  const swaps = way.kind === 'loan' ? BigInt(way.routes.length) + seams : 0n;
  return BYTES.round + BigInt(deals) + BYTES.swap * swaps + BYTES.hop * BigInt(poolsOf(way)) + BYTES.token * seams;
}

/** Calldata of a plan beside its rounds, bytes. */
export const BASE_BYTES = BYTES.base;

/**
 * Gas that is gone when somebody else was first everywhere.
 *
 * @example
 * lostGas(2); // 320_000n
 */
export const lostGas = (rounds: number): bigint => 60_000n + LOST_ROUND * BigInt(rounds);

/**
 * Most gas a plan may be expected to burn: what its transaction may bring, less the margin that its limit gets; rounded down.
 *
 * @param most - gas that a transaction may bring: see {@link mostGas}; less where money is short
 * @example
 * planGasLimit(mostGas(30_000_000n)); // 12_500_000n: five sixths of half a block
 */
export const planGasLimit = (most: bigint): bigint => (most * 5n) / 6n;

/**
 * Most gas a transaction may bring.
 *
 * @param blockLimit - gas limit of the block
 * @example
 * mostGas(30_000_000n); // 15_000_000n
 * mostGas(60_000_000n); // 16_777_216n
 */
export const mostGas = (blockLimit: bigint): bigint => least(blockLimit / 2n, TRANSACTION_CAP);

/**
 * Gas limit for what is expected to use, or was seen to use, so much net of refunds: half as much again, and `most` at most.
 * Refunds are a fifth of all that is burnt at most (EIP-3529), so that the limit has to cover five quarters of what is used;
 * the rest is for calls, which keep a 64th back (EIP-150), and for a block that is not quite the one it was tried on.
 *
 * @example
 * gasLimitFor(400_000n, 15_000_000n); // 600_000n
 */
export const gasLimitFor = (gas: bigint, most: bigint): bigint => least(gas + gas / 2n, most);

const least = (a: bigint, b: bigint) => (a < b ? a : b);
