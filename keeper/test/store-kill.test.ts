import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { random } from '../../test-fork/lab/random.ts';
import { lockHolder } from '../src/store/lock.ts';
import { openStore } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const pool = 'aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2' as const;
const script = fileURLToPath(new URL('store-child.ts', import.meta.url));
/** `pnpm test:long` kills it more often. */
const [KILLS, SEED] = [process.env.LONG === 'true' ? 20 : 8, 1];
const children: ChildProcess[] = [];

type Child = {
  pid: number;
  said(): string[];
  kill(): Promise<void>;
  ended: Promise<{ code: number | null; stderr: string }>;
};

/** A process on the store, once it has said its first word or has ended. */
async function start(what: 'hold' | 'commit', path: string): Promise<Child> {
  const child = spawn(process.execPath, [script, what, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  await Promise.race([once(child.stdout, 'data'), ended]);
  return {
    pid: child.pid!,
    ended,
    // What was said of a commit that was killed is no line yet.
    said: () => stdout.split('\n').slice(0, -1),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('one writer', () => {
  test('a second keeper is told who has the store and since when, and ends', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const first = await start('hold', path);
    expect(first.said()).toEqual(['holding']);
    const holder = lockHolder(path)!;
    expect(holder.pid).toBe(first.pid);
    expect(new Date(holder.since).toISOString()).toBe(holder.since);

    const line = `--store ${path} is in use by the keeper with pid ${first.pid} since ${holder.since}: stop that keeper, or pass another --store`;
    const second = await start('hold', path);
    const { code, stderr } = await second.ended;
    expect({ code, said: second.said() }).toEqual({ code: 1, said: [] });
    expect(stderr).toContain(`KeeperError: ${line}\n`);
    expect(() => openStore({ path, chainId: 1, rebuild: true })).toThrow(line);
    expect(lockHolder(path)).toEqual(holder);
  });

  test('kill -9 lets the next one in', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const first = await start('hold', path);
    await first.kill();
    expect(lockHolder(path)).toBeUndefined();
    const second = await start('hold', path);
    expect(second.said()).toEqual(['holding']);
    expect(lockHolder(path)!.pid).toBe(second.pid);
  });

  test('a keeper that ends lets the next one in, and a failed start leaves no lock', () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    openStore({ path, chainId: 1 }).close();
    expect(lockHolder(path)).toBeUndefined();
    expect(() => openStore({ path, chainId: 8453 })).toThrow('belongs to chain 1');
    expect(lockHolder(path)).toBeUndefined();
    const store = openStore({ path, chainId: 1 });
    expect(lockHolder(path)!.pid).toBe(process.pid);
    // Within a process too.
    expect(() => openStore({ path, chainId: 1 })).toThrow(`in use by the keeper with pid ${process.pid} since `);
    expect(lockHolder(path)!.pid).toBe(process.pid);
    store.close();
  });

  test('of many that start at once one gets in', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const all = await Promise.all(Array.from({ length: 4 }, () => start('hold', path)));
    const inside = all.filter((child) => child.said().includes('holding'));
    expect(inside.map(({ pid }) => pid)).toEqual([lockHolder(path)!.pid]);
    for (const child of all.filter((each) => each !== inside[0])) expect((await child.ended).code).toBe(1);
  });

  test('a reader reads while it writes', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const writer = await start('commit', path);
    const reader = openStore({ path, readOnly: true });
    expect(reader.writer()).toMatchObject({ pid: writer.pid, stoppedAt: undefined });
    const { cursor, size } = reader.market(pool).load();
    expect({ size, hasCursor: cursor !== undefined }).toEqual({ size: 300, hasCursor: true });
    expect(() => reader.market(pool).clear()).toThrow('readonly');
    reader.close();
  });
});

test(`killed at ${KILLS} instants (seed ${SEED}): nothing that was committed is lost, and nothing is half there`, async () => {
  const dice = random(SEED);
  const path = join(temporaryFolder(), 'a.sqlite');
  const decoder = new TextDecoder();
  let before = 0n;
  for (let round = 0; round < KILLS; round++) {
    const child = await start('commit', path);
    await pause(dice.between(0, 40));
    await child.kill();
    const said = child.said();
    expect(said.length).toBeGreaterThan(0);

    // Every other time a reader comes by first, and finds the log as the dead left it.
    const store = round % 2 ? openStore({ path, chainId: 1 }) : openStore({ path, readOnly: true });
    const { cursor, journal, accounts } = store.market(pool).load();
    const { number } = cursor!;
    expect(number).toBeGreaterThanOrEqual(BigInt(said.at(-1)!));
    // At most the one commit it had no time to speak of.
    expect(number).toBeLessThanOrEqual(BigInt(said.at(-1)!) + 1n);
    expect(BigInt(said[0]!)).toBe(before + 1n);
    expect(journal.at(-1)!.number).toBe(number);
    expect(new Set([...accounts].map(([, row]) => decoder.decode(row!)))).toEqual(new Set([String(number)]));
    expect(store.standings.all().map(({ reason }) => reason)).toEqual([String(number)]);
    store.close();
    before = number;
  }
  const db = openStore({ path, chainId: 1 });
  expect(db.market(pool).load()).toMatchObject({ size: 300, cursor: { number: before } });
  db.close();
});

test('a store is opened again after its log was lost with the machine', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  const store = openStore({ path, chainId: 1 });
  store.market(pool).commit({ found: ['0x00000000000000000000000000000000000000a1'] });
  store.close();
  writeFileSync(`${path}-wal`, Buffer.alloc(4_096));
  const again = openStore({ path, chainId: 1 });
  expect(again.market(pool).load().size).toBe(1);
  again.close();
});
