import { z } from 'zod';

const accountSchema = z.object({
  nonce: z.number(),
  balance: z.string(),
  code: z.string(),
  storage: z.record(z.string(), z.string()),
});

/** The part of anvil's state dump that is read here. */
const stateSchema = z.object({
  best_block_number: z.union([z.number(), z.string()]),
  block: z.object({ timestamp: z.union([z.number(), z.string()]) }),
  accounts: z.record(z.string(), accountSchema),
});

/** The newest state of a dump in the shape of a genesis allocation, as forge's `vm.loadAllocs` reads it. */
export type Allocs = Record<string, { balance: string; nonce: string; code: string; storage: Record<string, string> }>;

/**
 * Takes a state dump of anvil apart.
 * @returns the genesis allocation, and number and timestamp (seconds) of the newest block.
 * @throws when the dump has another shape than anvil 1.7's.
 */
export function readDump(text: string): { allocs: Allocs; blockNumber: number; timestamp: number } {
  const state = stateSchema.parse(JSON.parse(text));
  const entries = Object.entries(state.accounts).map(([address, { balance, nonce, code, storage }]) => [
    address,
    { balance, nonce: `0x${nonce.toString(16)}`, code, storage },
  ]);
  return {
    allocs: Object.fromEntries(entries),
    blockNumber: Number(state.best_block_number),
    timestamp: Number(state.block.timestamp),
  };
}
