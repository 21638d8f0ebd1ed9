import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEther, getAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import { marketKey } from '../src/store/key.ts';
import type { StatusSnapshot } from '../src/store/status-snapshot.ts';
import { openStore } from '../src/store/store.ts';
import {
  ACCOUNT,
  asJson,
  attempt,
  ended,
  HASH,
  keeper,
  landedLeg,
  low,
  lower,
  OTHER,
  POOL,
  snapshot,
  told,
} from './store-status-rig.ts';
import { runCli, temporaryFolder } from './support/cli.ts';

describe('keeper status', () => {
  test.concurrent('tells of a keeper that runs', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const store = keeper(path);
    const since = store.writer()!.startedAt.slice(0, 16);
    const run = await runCli(['status', '--store', path]);
    store.close();
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const [first, second, ill, head, asOf, ...rest] = run.stdout.split('\n');
    expect(first).toContain(`plimsoll on chain 1 (Ethereum): running, pid ${process.pid}, since ${since}`);
    expect(second).toBe(`store      ${path}`);
    expect(head).toMatch(/^head {7}18571000 of 2023-11-14T22:13:20\.000Z, \d{8,} s behind$/);
    expect(ill).toMatch(/^not well {3}no head for \d{8,} s, since 18571000$/);
    expect(asOf).toMatch(/^as of {6}2023-11-14T22:13:27\.000Z, \d{8,} s ago$/);
    expect(rest.join('\n')).toBe(told('outcomes   none'));
  });

  test.concurrent('tells of one that has stopped, and what became of its plans', async () => {
    const home = temporaryFolder();
    const path = join(home, 'plimsoll', '1.sqlite');
    const store = keeper(path);
    const hashes = [HASH];
    const [lost, , landed] = [1, 2, 3].map(() => store.attempts.insert({ ...attempt, hashes }));
    const reason = 'a rival was first';
    store.attempts.update(lost!, {
      state: 'lost',
      reason,
      hashes: [],
      outcomes: [ended('lost', reason), ended('lost')],
    });
    const outcomes = [ended('landed'), ended('skipped', 'ReservePaused')];
    store.attempts.update(landed!, { state: 'landed', cost: 10n ** 15n, outcomes });
    store.liquidations.add(landedLeg);
    const at = (id: number) => store.attempts.get(id)!.updatedAt;
    const moved = `repaid 11 of ${POOL}, seized 22 of ${POOL}, worth 1, gas 0.001`;
    const other = `somebody of aave-v3 ${getAddress('0x00000000000000000000000000000000000000a1')}`;
    const shown = [
      `outcomes   ${at(landed!)} landed, worth 1, gas 0.001, ${HASH}`,
      `             landed ${ACCOUNT} of aave-v3 ethereum-core, ${moved}`,
      `             skipped ${other}, ReservePaused`,
      `           ${at(lost!)} lost, a rival was first, never sent`,
      `             lost ${ACCOUNT} of aave-v3 ethereum-core, a rival was first`,
      `             lost ${other}`,
    ].join('\n');
    store.close();
    const reader = openStore({ path, readOnly: true });
    const { stoppedAt } = reader.writer()!;
    reader.close();
    // Found by the chain's name, from a variable, and as the only one there is.
    for (const [args, env] of [
      [['--chain', 'ethereum'], {}],
      [[], { PLIMSOLL_CHAIN: '1' }],
      [[], {}],
    ] as const) {
      const run = await runCli(['status', ...args], { env: { ...env, XDG_STATE_HOME: home } });
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      const head = 'head       18571000 of 2023-11-14T22:13:20.000Z, 7 s behind when it was taken in';
      const begin = `plimsoll on chain 1 (Ethereum): stopped since ${stoppedAt}\nstore      ${path}\n${head}\n`;
      // What has landed is not on its way, though the snapshot was taken before.
      expect(run.stdout.replace(/^as of .*\n/m, '')).toBe(begin + told(shown, false));
    }
  });

  test.concurrent('shows what somebody has to look at, and debt that nobody known owes', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const store = openStore({ path, chainId: 1 });
    const usdc = { asset: 'USDC', address: POOL, counted: '900', known: '890', missing: '10' } as const;
    const weth = { asset: 'WETH', address: POOL, counted: '7', known: '7', missing: '0' } as const;
    const [market] = snapshot.markets;
    const alarms = [{ about: 'clock', text: 'an hour off', since: '2023-11-14T22:13:20.000Z' }];
    const debts = [weth, usdc];
    store.writeStatus({
      ...snapshot,
      alarms,
      markets: [
        { ...market!, debts },
        { ...market!, debts: [weth] },
      ],
    });
    store.close();
    const [text, json] = await Promise.all([
      runCli(['status', '--store', path]),
      runCli(['status', '--json', '--store', path]),
    ]);
    const lines = text.stdout.split('\n');
    expect(lines).toContain('alarms     clock: an hour off, since 2023-11-14T22:13:20.000Z');
    expect(lines.filter((line) => line.startsWith('  debts'))).toEqual([
      '  debts    10 of 900 units of USDC not known',
      '  debts    all known, to the unit, of 1 assets',
    ]);
    const told = JSON.parse(json.stdout) as { snapshot: StatusSnapshot };
    expect(told.snapshot.alarms).toEqual(alarms);
    expect(told.snapshot.markets[0]!.debts).toEqual(debts);
  });

  test.concurrent('tells of one that was killed before its first head', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const script = fileURLToPath(new URL('store-child.ts', import.meta.url));
    const child = spawn(process.execPath, [script, 'commit', path], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const run = await runCli(['status', '--store', path]);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const [first, ...rest] = run.stdout.split('\n');
    expect(first).toMatch(/: stopped some time after \d{4}-\d\d-\d\dT[\d:.]+Z, without an orderly end$/);
    expect(rest).toEqual([
      `store      ${path}`,
      'head       none yet',
      `market     aave-v3 ${POOL}: 300 accounts found`,
      'in flight  none',
      'outcomes   none',
      '',
    ]);
  });

  test.concurrent('--json gives all of it to machines', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const store = keeper(path);
    const landed = store.attempts.insert({ ...attempt, state: 'landed', hashes: [HASH] });
    store.attempts.update(landed, { outcomes: [ended('landed'), ended('skipped', 'ReservePaused')] });
    store.liquidations.add(landedLeg);
    store.attempts.insert({ ...attempt, value: 2n ** 256n - 1n });
    const cursor = { number: 5n, hash: HASH, timestamp: 60n };
    store.market(marketKey('aave-v3', POOL)).commit({ cursor, found: [ACCOUNT] });
    const run = await runCli(['status', '--store', path, '--json']);
    const { startedAt } = store.writer()!;
    store.close();
    const { attempts, ...rest } = JSON.parse(run.stdout);
    const { value: _, gasCost: __, ...moved } = landedLeg;
    expect(rest).toEqual({
      store: path,
      chain: 1,
      running: true,
      unwell: expect.stringMatching(/^no head for \d{8,} s, since 18571000$/),
      pid: process.pid,
      startedAt,
      stoppedAt: null,
      markets: [
        {
          protocol: 'aave-v3',
          address: POOL.toLowerCase(),
          accounts: 1,
          cursor: { number: '5', hash: HASH, timestamp: '60' },
          backfill: null,
        },
      ],
      snapshot: { ...snapshot, inFlight: [] },
      liquidations: [
        {
          ...JSON.parse(asJson({ ...moved, ...lower(landedLeg), profits: [{ token: low(POOL), amount: 3n }] })),
          ...{ value: '1', fee: '0.001' },
        },
      ],
    });
    const max = (2n ** 256n - 1n).toString();
    expect(attempts).toMatchObject([
      {
        state: 'planned',
        value: formatEther(2n ** 256n - 1n),
        budget: '0',
        fee: null,
        legs: [{ outcome: null, leg: { repay: max } }, { outcome: null }],
      },
      {
        state: 'landed',
        legs: [
          {
            deals: [{ market: marketKey('aave-v3', POOL), subjects: [{ label: ACCOUNT }] }],
            outcome: {
              ...{ state: 'landed', deals: [{ id: 'a', state: 'landed' }], repaid: '11', seized: '22' },
              ...{ profits: [{ token: low(POOL), amount: '3' }], value: '1', fee: '0.001' },
            },
          },
          { deals: [{ market: OTHER }], outcome: { state: 'skipped', reason: 'ReservePaused' } },
        ],
      },
    ]);
    expect(attempts[1].legs[1].outcome.repaid).toBeUndefined();
    expect(attempts[1].outcomes).toBeUndefined();
  });

  test.concurrent('--check says by its exit code whether a keeper is well', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const store = openStore({ path, chainId: 1 });
    const check = async () => {
      const { code, stderr } = await runCli(['status', '--store', path, '--check']);
      return { code, stderr };
    };
    expect(await check()).toEqual({ code: 3, stderr: 'plimsoll: not well: no head yet\n' });
    const heardAt = new Date().toISOString();
    store.writeStatus({ ...snapshot, heardAt });
    expect(await check()).toEqual({ code: 0, stderr: '' });
    store.writeStatus({ ...snapshot, heardAt, endpoints: snapshot.endpoints.filter(({ state }) => state !== 'good') });
    expect(await check()).toEqual({ code: 3, stderr: 'plimsoll: not well: no endpoint is good\n' });
    // Ten blocks of the chain are two minutes.
    const late = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
    store.writeStatus({ ...snapshot, heardAt: late(90), updatedAt: heardAt });
    expect((await check()).code).toBe(0);
    store.writeStatus({ ...snapshot, heardAt: late(150), updatedAt: heardAt });
    expect((await check()).stderr).toMatch(/^plimsoll: not well: no head for 1\d\d s, since 18571000\n$/);
    store.close();
    expect(await check()).toEqual({ code: 3, stderr: 'plimsoll: not well: the keeper does not run\n' });
  });

  test.concurrent('tells of what is on its way while it is', async () => {
    const path = join(temporaryFolder(), 'a.sqlite');
    const store = keeper(path);
    const run = await runCli(['status', '--store', path, '--json']);
    store.close();
    expect(JSON.parse(run.stdout).snapshot.inFlight).toMatchObject([
      { hash: HASH, value: '0.01', legs: [{ market: 'ethereum-core', who: [ACCOUNT] }] },
      { nonce: 4, value: '0', unresolved: true },
    ]);
  });

  test.concurrent('has a help of its own', async () => {
    const run = await runCli(['status', '--help']);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(run.stdout).toContain('Usage: plimsoll status ');
    for (const flag of ['--chain <name>', '--store <file>', '--json']) expect(run.stdout).toContain(flag);
    expect(run.stdout).not.toContain('--min-profit');
  });
});
