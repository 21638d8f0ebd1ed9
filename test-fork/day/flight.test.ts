import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Address, type Hash, type Hex, keccak256 } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Attempt } from '../../keeper/src/store/attempts.ts';
import { endOf, lookInto, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { flyingLegs } from '../harness/legs.ts';
import { type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';
import { root } from '../lab/paths.ts';
import { doings, RIVAL, sendCalls, wakePeople } from './people.ts';

const [CRASHED, LOWER] = [1_700n * 10n ** 8n, 1_500n * 10n ** 8n];
/** What is asked from the plan on. */
const BEFORE_SENDING = ['eth_maxPriorityFeePerGas', 'eth_getTransactionCount', 'eth_sendRawTransaction'];
const FOREIGN = 'another program sends with this key: give each keeper a key of its own';

let scene: Scene;
/** Owes more than anybody else in the lab: no plan leaves it out. */
let whale: Address;
let proxy: RpcProxy;
let store: string;
let snapshot: Hex;
let runs = 0;
/** Keepers that may still run. */
const running = new Set<KeeperProcess>();

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  proxy = await startProxy(scene.url);
  whale = await openAccount(scene, 'whale', { collateral: { WETH: 1_000 }, debt: { USDC: 1_450_000 } });
  await scene.client.setAutomine(false);
  await wakePeople(scene);
  await setPrice(scene, 'WETH', CRASHED);
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});
beforeEach(async () => {
  if (snapshot) await scene.client.revert({ id: snapshot });
  snapshot = await scene.client.snapshot();
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
  proxy.intercept = () => undefined;
  runs += 1;
  store = join(scene.folder, `${runs}.sqlite`);
});
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGKILL');
    await ended;
  }
  running.clear();
});

function start(path: string, ...flags: string[]): KeeperProcess {
  const keeper = scene.keeper(['--store', path, '--max-in-flight', '1', ...flags], proxy.url);
  running.add(keeper);
  return keeper;
}

async function kill(keeper: KeeperProcess): Promise<void> {
  keeper.child.kill('SIGKILL');
  await keeper.ended;
}

/** Mines blocks, each when the keepers are through with the one before, until one of them says it. */
async function mineUntil(keepers: readonly KeeperProcess[], fits: (line: LogLine) => boolean): Promise<LogLine> {
  for (let blocks = 0; blocks < 40; blocks++) {
    await Promise.all(keepers.map((keeper) => taken(scene, keeper)));
    const said = keepers.flatMap(({ lines }) => lines).find(fits);
    if (said) return said;
    await scene.client.mine({ blocks: 1 });
  }
  throw new Error(`not said in 40 blocks:\n${keepers.map((keeper) => keeper.output().slice(-3_000)).join('\n')}`);
}

function attempts(): Attempt[] {
  try {
    return lookInto({ store }, (opened) => opened.attempts.recent(100).reverse());
  } catch {
    return []; // not there yet
  }
}

/** Of the node's pool, the hashes of what the operator has in it. */
async function pooled(): Promise<Hash[]> {
  const { pending } = (await scene.client.request({ method: 'txpool_content' } as never)) as {
    pending: Record<Address, Record<string, { hash: Hash }>>;
  };
  const own = Object.entries(pending).find(([from]) => from.toLowerCase() === scene.operator.toLowerCase());
  return Object.values(own?.[1] ?? {}).map(({ hash }) => hash);
}

/** A keeper that is killed as its first transaction leaves it, which reaches nobody. Gives the transaction. */
async function killedAtBroadcast(): Promise<Hash> {
  const left = Promise.withResolvers<Hex>();
  proxy.intercept = ({ method, params }) => {
    if (method !== 'eth_sendRawTransaction') return undefined;
    left.resolve(params[0] as Hex);
    return { error: { code: -32_000, message: 'the node is shutting down' } };
  };
  const keeper = start(store);
  keeper.child.once('exit', () => left.reject(new Error(keeper.output().slice(-3_000))));
  const signed = await left.promise;
  // Before it can have read the answer.
  await kill(keeper);
  proxy.intercept = () => undefined;
  return keccak256(signed);
}

describe('killed between planning and sending', () => {
  test('the next run sends the very same transaction, once, and it lands', async () => {
    const hash = await killedAtBroadcast();
    expect(await pooled()).toEqual([]);
    expect(attempts().map(({ hashes, state }) => [hashes, state])).toEqual([[[hash], 'planned']]);
    const keeper = start(store);
    expect((await keeper.waitFor(({ msg }) => msg === 'taken up')).hash).toBe(hash);
    expect(await pooled()).toEqual([hash]);
    expect((await mineUntil([keeper], ({ msg }) => msg === 'landed')).hash).toBe(hash);
    const done = attempts().filter(({ hashes }) => hashes.includes(hash));
    expect(done.map(({ state, nonce }) => [state, nonce])).toEqual([['landed', 0]]);
  });

  test('a rival was first meanwhile: it expires and is not sent', async () => {
    const hash = await killedAtBroadcast();
    const [attempt] = attempts();
    for (const { account, debt, collateral } of flyingLegs(attempt!.legs))
      await sendCalls(scene, [doings(scene, {} as never).rival(account, debt, collateral)]);
    await scene.client.mine({ blocks: 1 });
    const logs = await scene.client.getLogs({ address: scene.directory.aave.pool });
    expect(
      logs.filter(({ topics }) => topics.some((topic) => topic.endsWith(whale.slice(2).toLowerCase()))),
    ).not.toEqual([]);
    const keeper = start(store);
    const expired = await keeper.waitFor(({ msg }) => msg === 'expired');
    expect(expired.reason).toMatch(/^no node has it: /);
    expect((await pooled()).includes(hash)).toBe(false);
    expect(attempts().find(({ id }) => id === attempt!.id)).toMatchObject({ state: 'expired', hashes: [hash] });
    expect(RIVAL).not.toBe(scene.operator);
    await expect(scene.client.getTransaction({ hash })).rejects.toThrow(/could not be found/);
  });

  test('at the first sign of a plan: whatever has left it, what it was about is liquidated once', async () => {
    const asked = Promise.withResolvers<void>();
    const keeper = start(store);
    // The plan is in the store before it is signed: it is killed at the first request after that, or as it is sent.
    proxy.intercept = ({ method }) => {
      if (BEFORE_SENDING.includes(method) && attempts().length > 0) asked.resolve();
      return method === 'eth_sendRawTransaction' ? { error: { code: -32_000, message: 'no' } } : undefined;
    };
    await asked.promise;
    await kill(keeper);
    proxy.intercept = () => undefined;
    const again = start(store);
    await mineUntil([again], ({ msg }) => msg === 'landed');
    const landed = attempts().filter(({ state }) => state === 'landed');
    expect(landed.map(({ nonce }) => nonce)).toEqual(landed.map((_, index) => index));
  });
});

test('told to stop while something is on its way: it waits for it, writes it down and ends with 0', async () => {
  const keeper = start(store);
  const { hash } = await keeper.waitFor(({ msg }) => msg === 'sent');
  keeper.child.kill('SIGINT');
  await keeper.waitFor(({ msg }) => msg === 'finishing what is on its way');
  await scene.client.mine({ blocks: 1 });
  expect(await keeper.ended).toBe(0);
  expect(keeper.lines.filter(({ msg }) => msg === 'landed').map((line) => line.hash)).toContain(hash);
  expect(attempts().map(({ state, hashes }) => [state, hashes])).toEqual([['landed', [hash]]]);
});

test('two keepers with one key and a store each: who finds its nonces used says so', async () => {
  const refuse: RpcProxy['intercept'] = ({ method }) =>
    method === 'eth_sendRawTransaction' ? { error: { code: -32_000, message: 'not now' } } : undefined;
  const barred = await startProxy(scene.url, refuse);
  try {
    const path = join(scene.folder, `${runs}-barred.sqlite`);
    const late = scene.keeper(['--store', path, '--max-in-flight', '1'], barred.url);
    running.add(late);
    await taken(scene, late);
    const early = start(store);
    await mineUntil([early], ({ msg }) => msg === 'landed');
    expect(await endOf(scene, early)).toBe(0);
    running.delete(early);
    barred.intercept = () => undefined;
    await setPrice(scene, 'WETH', LOWER);
    const line = await mineUntil([late], ({ msg }) => msg === FOREIGN);
    expect(Number(line.nonce)).toBeGreaterThan(Number(line.expected));
  } finally {
    await barred.stop();
  }
});

test('a second keeper on one store is refused in one line, and the first goes on', async () => {
  const first = start(store);
  await first.waitFor(({ msg }) => msg === 'every borrower is read');
  const second = start(store);
  expect(await second.ended).toBe(1);
  const said = second
    .output()
    .split('\n')
    .filter((line) => line.startsWith('plimsoll: '));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`--store ${store} is in use by the keeper with pid ${first.child.pid} since `);
  expect(said[0]).toContain(': stop that keeper, or pass another --store');
  await mineUntil([first], ({ msg }) => msg === 'landed');
});

describe('keeper status', () => {
  const told = async (...flags: string[]) => {
    const cli = join(root, 'keeper/src/cli.ts');
    const args = ['--import', join(root, 'tools/register.mjs'), cli, 'status', '--store', store, ...flags];
    return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout;
  };

  test('of a keeper that runs and of one that has stopped: head, accounts, the nearest, outcomes, endpoints', async () => {
    const keeper = start(store);
    const landed = await mineUntil([keeper], ({ msg }) => msg === 'landed');
    // What landed is told first; what the head looks like is written down after it.
    await taken(scene, keeper);
    const { number, hash } = await scene.client.getBlock();
    const seen = JSON.parse(await told('--json'));
    expect([seen.running, seen.pid, seen.stoppedAt]).toEqual([true, keeper.child.pid, null]);
    expect(seen.snapshot.head).toMatchObject({ number: String(number), hash });
    expect(seen.snapshot.markets).toHaveLength(1);
    const [market] = seen.snapshot.markets;
    expect(market.accounts).toBe(seen.markets[0].accounts);
    expect(market.accounts).toBeGreaterThan(scene.directory.borrowers.length);
    expect(market.nearest).toHaveLength(5);
    expect(seen.attempts.map(({ hashes }: Attempt) => hashes[0])).toContain(landed.hash);
    expect(seen.snapshot.endpoints).toMatchObject([
      { endpoint: proxy.url, state: 'good', head: String(number), lag: 0 },
    ]);

    expect(await endOf(scene, keeper)).toBe(0);
    const after = JSON.parse(await told('--json'));
    expect([after.running, after.stoppedAt === null]).toEqual([false, false]);
    const lines = (await told()).split('\n');
    for (const name of ['store', 'head', 'market', 'outcomes', 'endpoints'])
      expect(lines.filter((line) => line.startsWith(name))).toHaveLength(1);
    expect(lines.filter((line) => line.includes(' slack '))).toHaveLength(5);
  });
});
