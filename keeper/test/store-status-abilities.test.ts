import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../src/store/status-snapshot.ts';
import { openStore } from '../src/store/store.ts';
import { runCli, temporaryFolder } from './support/cli.ts';

const endpoint = (name: string, abilities?: StatusSnapshot['endpoints'][number]['abilities']) => ({
  ...{ endpoint: `http://${name}.example`, state: 'good' as const, lag: 0, errors: 0 },
  ...(abilities ? { abilities } : {}),
});
const snapshot: StatusSnapshot = {
  version: 2,
  chain: 1,
  startedAt: '2023-11-14T22:00:00.000Z',
  updatedAt: '2023-11-14T22:13:27.000Z',
  head: { number: '18571000', hash: `0x${'ab'.repeat(32)}`, timestamp: '1700000000' },
  markets: [],
  inFlight: [],
  endpoints: [
    endpoint('old'),
    endpoint('sound', { has: ['pending'], lacks: [], batch: 100 }),
    endpoint('capped', { has: ['pending'], lacks: ['logs by hash', 'state by hash'], batch: 1, logRange: 50 }),
    endpoint('small', { has: [], lacks: [], batch: 3 }),
  ],
};

test('status says of an endpoint what it cannot do, and nothing of one that was not looked at or can do it all', async () => {
  const path = join(temporaryFolder(), 'store.sqlite');
  const store = openStore({ path, chainId: 1 });
  store.writeStatus(snapshot);
  store.close();
  const { stdout } = await runCli(['status', '--store', path]);
  const lines = ['old', 'sound', 'capped', 'small'].map((name) => {
    const line = stdout.split('\n').find((each) => each.includes(`http://${name}.example`));
    return line?.replace(/^.* good/, 'good');
  });
  expect(lines).toEqual([
    'good',
    'good',
    'good, no batches, without logs by hash, state by hash, logs of 50 blocks at a time',
    'good, batches of 3',
  ]);
});
