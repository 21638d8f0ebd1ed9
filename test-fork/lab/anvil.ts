import { type EnsureOptions, ensureLab } from './build.ts';
import { type LabClient, testClient } from './chain.ts';
import { type LabDirectory, readDirectory } from './directory.ts';
import { type Anvil, type AnvilOptions, startAnvil } from './node.ts';

export { type Anvil, type AnvilOptions, anvilBinary, startAnvil } from './node.ts';

/** A running chain that carries the lab. */
export type Lab = {
  url: string;
  wsUrl: string;
  client: LabClient;
  directory: LabDirectory;
  /** Ends its anvil. */
  stop(): Promise<void>;
};

/**
 * Seconds between blocks, as on Ethereum. Fixed, so that no test depends on the clock of the machine; the price is that
 * `evm_increaseTime` has no effect: use `advance` of chain.ts, or `evm_setNextBlockTimestamp`.
 */
export const BLOCK_SECONDS = 12;

/** Starts the lab of a seed from its cached state, building it first if need be. Old blocks, logs and receipts can be read. */
export async function startLab({ anvil, ...options }: EnsureOptions & { anvil?: AnvilOptions } = {}): Promise<Lab> {
  const { statePath, directory, timestamp } = await ensureLab(options);
  const node = await startAnvil({
    loadState: statePath,
    chainId: directory.chainId,
    // Without it a loaded chain jumps to the machine's present at its next block.
    timestamp,
    preserveHistoricalStates: true,
    ...anvil,
  });
  return asLab(node, directory);
}

export type ForkOptions = {
  /** The lab to fork, of any seed. @default one of our own, started for this fork */
  url?: string | undefined;
  /** Seed of the lab to start when no url is given. @default 1 */
  seed?: number | undefined;
  /** Fork at this block. @default the newest */
  blockNumber?: bigint | undefined;
  /** Further options of the fork's anvil. */
  anvil?: AnvilOptions | undefined;
};

/** Forks a lab in an anvil of its own: writes stay in the fork, and time goes on from the forked block. */
export async function forkLab({ url, seed, blockNumber, anvil }: ForkOptions = {}): Promise<Lab> {
  const mother = url ? undefined : await startLab({ seed });
  try {
    const source = url ?? mother!.url;
    // Read from the newest block: an old one is forked for its state, but the directory was written last.
    const directory = mother?.directory ?? (await readDirectory(testClient(source)));
    const node = await startAnvil({ forkUrl: source, forkBlockNumber: blockNumber, noStorageCaching: true, ...anvil });
    const stop = async () => {
      await node.stop();
      await mother?.stop();
    };
    return await asLab({ ...node, stop }, directory);
  } catch (error) {
    await mother?.stop();
    throw error;
  }
}

async function asLab({ url, wsUrl, stop }: Anvil, directory: LabDirectory): Promise<Lab> {
  const client = testClient(url);
  try {
    await client.setBlockTimestampInterval({ interval: BLOCK_SECONDS });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, wsUrl, client, directory, stop };
}
