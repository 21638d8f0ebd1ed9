import { type EnsureOptions, ensureLab } from './build.ts';
import { type LabClient, testClient } from './chain.ts';
import { type DirectoryOf, readDirectory, type Scope } from './directory.ts';
import { type Anvil, type AnvilOptions, startAnvil } from './node.ts';

export { type Anvil, type AnvilOptions, anvilBinary, startAnvil } from './node.ts';

/** A running chain that carries the lab. */
export type Lab<S extends Scope = 'all'> = {
  url: string;
  wsUrl: string;
  client: LabClient;
  directory: DirectoryOf<S>;
  /** Ends its anvil. */
  stop(): Promise<void>;
};

/**
 * Seconds between blocks, as on Ethereum. Fixed, so that no test depends on the clock of the machine; the price is that
 * `evm_increaseTime` has no effect: use `advance` of chain.ts, or `evm_setNextBlockTimestamp`.
 */
export const BLOCK_SECONDS = 12;

/** Starts the lab of a seed from its cached state, building it first if need be. Old blocks, logs and receipts can be read. */
export async function startLab<S extends Scope = 'all'>({
  anvil,
  ...options
}: EnsureOptions<S> & { anvil?: AnvilOptions } = {}): Promise<Lab<S>> {
  const { statePath, directory, timestamp } = await ensureLab<S>(options);
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

export type ForkOptions<S extends Scope = 'all'> = {
  /** The lab to fork, of any seed. @default one of our own, started for this fork */
  url?: string | undefined;
  /** Seed of the lab to start when no url is given. @default 1 */
  seed?: number | undefined;
  /** What the lab must carry. @default 'all' */
  scope?: S | undefined;
  /** Fork at this block. @default the newest */
  blockNumber?: bigint | undefined;
  /** Further options of the fork's anvil. */
  anvil?: AnvilOptions | undefined;
};

/** Forks a lab in an anvil of its own: writes stay in the fork, and time goes on from the forked block. */
export async function forkLab<S extends Scope = 'all'>(options: ForkOptions<S> = {}): Promise<Lab<S>> {
  const { url, seed, scope = 'all' as S, blockNumber, anvil } = options;
  const mother = url ? undefined : await startLab({ seed, scope });
  try {
    const source = url ?? mother!.url;
    // Read from the newest block: an old one is forked for its state, but the directory was written last.
    const directory = mother?.directory ?? (await readDirectory(testClient(source), scope));
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

async function asLab<S extends Scope>({ url, wsUrl, stop }: Anvil, directory: DirectoryOf<S>): Promise<Lab<S>> {
  const client = testClient(url);
  try {
    await client.setBlockTimestampInterval({ interval: BLOCK_SECONDS });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, wsUrl, client, directory, stop };
}
