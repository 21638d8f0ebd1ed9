import { labFlags, startKeeper } from '../../test-fork/harness/keeper.ts';
import { startProxy } from '../../test-fork/harness/proxy.ts';
import { startLab } from '../../test-fork/lab/anvil.ts';
import type { Row } from './row.ts';

/** Blocks that are measured, as many as let every depth come round, and those before them, in which the start is made up for. */
const [BLOCKS, WARM] = [128, 20];

/**
 * Requests a block for looking again at the logs of settled blocks: a keeper process on a node that mines one block after another, each
 * when the keeper is done with the one before.
 */
export default async function auditBench(): Promise<Row[]> {
  const lab = await startLab();
  let newest = 0n;
  let requests = 0;
  const proxy = await startProxy(lab.url, ({ method, params }) => {
    const { toBlock } = (params[0] ?? {}) as { toBlock?: string };
    if (method === 'eth_getLogs' && toBlock !== undefined && BigInt(toBlock) < newest) requests += 1;
    return undefined;
  });
  const flags = ['--dry-run', '--store', 'memory', '--log-level', 'debug', '--polling-interval', '50'];
  const keeper = startKeeper([...labFlags(lab.directory, proxy.url), ...flags]);
  try {
    await keeper.waitFor(({ msg }) => msg === 'head');
    for (let block = 0; block < WARM + BLOCKS; block++) {
      if (block === WARM) requests = 0;
      await lab.client.mine({ blocks: 1 });
      newest = await lab.client.getBlockNumber({ cacheTime: 0 });
      await keeper.waitFor(({ msg, head }) => msg === 'head' && BigInt(head as string) === newest);
    }
    return [{ name: 'audit.requests-per-block', value: requests / BLOCKS, unit: 'requests', target: 4 }];
  } finally {
    await keeper.stop();
    await proxy.stop();
    await lab.stop();
  }
}
