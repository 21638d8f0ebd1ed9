import type { Hex } from 'viem';

/** EIP-1559: a block is meant to be half full, and the base fee moves by an eighth at most. */
const [ELASTICITY, DENOMINATOR] = [2n, 8n];

/** What of a block its successor's base fee follows from, as JSON-RPC gives it. */
type Header = { baseFeePerGas?: Hex | null; gasUsed: Hex; gasLimit: Hex };

/**
 * The base fee that EIP-1559 gives to the block after a block, rounded as the protocol rounds it: the change is rounded down, and a
 * rise is 1 wei at least. Rollups with other constants move less at a time.
 *
 * @returns wei per gas; 0 on chains without base fees
 * @example
 * baseFeeAfter({ baseFeePerGas: '0x3b9aca00', gasUsed: '0x1c9c380', gasLimit: '0x1c9c380' }); // 1_125_000_000n: it was full
 */
export function baseFeeAfter({ baseFeePerGas, gasUsed, gasLimit }: Header): bigint {
  if (!baseFeePerGas) return 0n;
  const [fee, used, target] = [BigInt(baseFeePerGas), BigInt(gasUsed), BigInt(gasLimit) / ELASTICITY];
  if (target === 0n || used === target) return fee;
  if (used < target) return fee - (fee * (target - used)) / target / DENOMINATOR;
  const rise = (fee * (used - target)) / target / DENOMINATOR;
  return fee + (rise > 0n ? rise : 1n);
}
