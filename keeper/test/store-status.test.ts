import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEther, getAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import { CHAIN_KEYS } from '../src/config/chains.ts';
import type { NewAttempt } from '../src/store/attempts.ts';
import { type MarketKey, marketKey } from '../src/store/key.ts';
import type { Liquidation } from '../src/store/liquidations.ts';
import type { LegOutcome } from '../src/store/outcome.ts';
import type { Sent } from '../src/store/sent.ts';
import type { StatusSnapshot } from '../src/store/status-snapshot.ts';
import { openStore } from '../src/store/store.ts';
import { runCli, temporaryFolder } from './support/cli.ts';

const POOL = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
const ACCOUNT = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD';
const HASH = `0x${'ab'.repeat(32)}` as const;
const HEAD = 1_700_000_000;

const snapshot: StatusSnapshot = {
  version: 2,
  chain: 1,
  startedAt: '2023-11-14T22:00:00.000Z',
  updatedAt: new Date((HEAD + 7) * 1_000).toISOString(),
  head: { number: '18571000', hash: HASH, timestamp: String(HEAD) },
  markets: [
    {
      protocol: 'aave-v3',
      address: POOL,
      name: 'ethereum-core',
      accounts: 61_234,
      underwater: 1,
      nearest: [
        { account: ACCOUNT, slack: -0.0123, healthFactor: '987700000000000000' },
        { account: POOL, slack: 0.05, healthFactor: null },
      ],
    },
  ],
  inFlight: [
    {
      legs: [{ protocol: 'aave-v3', market: 'ethereum-core', accounts: [ACCOUNT] }],
      nonce: 5,
      hash: HASH,
      sentAt: '18570999',
      value: '10000000000000000',
    },
    {
      legs: [{ protocol: 'aave-v3', market: 'ethereum-core', accounts: [POOL] }],
      nonce: 4,
      hash: HASH,
      sentAt: '18570990',
      value: '0',
      unresolved: true,
    },
  ],
  operator: { address: POOL, balance: '1500000000000000000', cap: '1000000000000000000', leastTip: '25000000000' },
  endpoints: [
    { endpoint: 'wss://node.example', state: 'good', head: '18571000', lag: 0, errors: 0, latencyMs: 12.4 },
    { endpoint: 'http://other.example', state: 'set aside', lag: 0, errors: 3, reason: 'ECONNREFUSED' },
    {
      ...{ endpoint: 'http://capped.example', state: 'good', lag: 0, errors: 0 },
      abilities: { has: ['pending'], lacks: ['logs by hash', 'state by hash'], batch: 1, logRange: 50 },
    },
  ],
};

const UNRESOLVED = `           ${POOL} of aave-v3 ethereum-core, nonce 4, sent at block 18570990, worth 0, ${HASH}, its nonce is used; what became of it is not known yet`;
/** Every line that tells of the snapshot, in order, from the market's on. */
const told = (outcomes: string, isFlying = true) =>
  [
    `market     aave-v3 ethereum-core ${POOL}: 61234 accounts, 1 under water`,
    `  nearest  ${ACCOUNT} slack -1.23 %, health factor 0.9877`,
    `           ${POOL} slack 5.00 %`,
    `operator   ${POOL} holds 1.5, a transaction may cost 1, the least tip is 25 gwei`,
    isFlying
      ? `in flight  ${ACCOUNT} of aave-v3 ethereum-core, nonce 5, sent at block 18570999, worth 0.01, ${HASH}`
      : 'in flight  none',
    ...(isFlying ? [UNRESOLVED] : []),
    outcomes,
    'endpoints  wss://node.example was good, head 18571000, 12 ms',
    '           http://other.example was set aside, 3 errors, ECONNREFUSED',
    '           http://capped.example was good, no batches, without logs by hash, state by hash, logs of 50 blocks at a time',
    '',
  ].join('\n');

function keeper(path: string) {
  const store = openStore({ path, chainId: 1 });
  store.writeStatus(snapshot);
  return store;
}

const OTHER = marketKey('aave-v3', '0x00000000000000000000000000000000000000a1');
/** A leg on an account, of a market. */
const leg = (market: MarketKey, label: string): Sent => ({
  round: 0,
  leg: { protocol: 0, market: POOL, borrower: ACCOUNT, collateral: POOL, repay: 2n ** 256n - 1n, extra: '0x' },
  deals: [
    {
      ...{ id: `${market}/${label}`, market, kind: 'liquidate', spend: POOL, gain: POOL },
      ...{ subjects: [{ key: ACCOUNT, label }], claims: [] },
    },
  ],
});
const attempt: NewAttempt = {
  ...{ legs: [leg(marketKey('aave-v3', POOL), ACCOUNT), leg(OTHER, 'somebody')], operator: POOL, to: POOL },
  data: '0x',
  ...{ value: 10n ** 18n, gas: 400_000n, budget: 0n, validUntil: 0n },
};
const ended = (state: LegOutcome['state'], reason?: string): LegOutcome => ({
  ...{ state, deals: [{ id: 'a', state }] },
  ...(reason === undefined ? {} : { reason }),
});
const landedLeg: Liquidation = {
  ...{ hash: HASH, leg: 0, market: marketKey('aave-v3', POOL), account: ACCOUNT, debt: POOL, collateral: POOL },
  ...{ repaid: 11n, seized: 22n, profits: [{ token: POOL, amount: 3n }], value: 10n ** 18n, gasCost: 10n ** 15n },
  ...{ block: 18_570_999n, time: 1n },
};

const low = (text: string) => text.toLowerCase();
const lower = ({ account, debt, collateral }: Liquidation) => ({
  ...{ account: low(account), debt: low(debt), collateral: low(collateral) },
});
const asJson = (value: unknown) =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? each.toString() : each));

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

describe('keeper status refuses in one line', () => {
  const several = () => {
    const home = temporaryFolder();
    for (const id of [1, 8453]) keeper(join(home, 'plimsoll', `${id}.sqlite`)).close();
    return home;
  };
  const empty = () => {
    const home = temporaryFolder();
    mkdirSync(join(home, 'plimsoll'));
    return home;
  };
  const remedy = 'start the keeper first, or pass --chain or --store';

  test.concurrent.each<
    [what: string, code: number, args: string[], home: () => string, line: (home: string) => string]
  >([
    ['no store', 1, [], empty, (home) => `there is no store in ${home}/plimsoll: ${remedy}`],
    ['no folder', 1, [], temporaryFolder, (home) => `there is no store in ${home}/plimsoll: ${remedy}`],
    [
      'no store of the chain',
      1,
      ['--chain', 'base'],
      empty,
      (h) => `there is no store at ${h}/plimsoll/8453.sqlite: ${remedy}`,
    ],
    [
      'several stores',
      1,
      [],
      several,
      (home) => `there are several stores in ${home}/plimsoll (1.sqlite, 8453.sqlite): pass --chain or --store`,
    ],
    [
      'a store of another chain',
      2,
      ['--chain', 'base'],
      several,
      (home) =>
        `--store ${home}/plimsoll/8453.sqlite belongs to chain 1 (Ethereum), not to 8453 (Base): pass another --store`,
    ],
    [
      'one that keeps nothing',
      1,
      ['--store', 'memory'],
      empty,
      () => '--store memory keeps nothing to show: pass the file of a keeper',
    ],
    [
      'an unknown chain',
      2,
      ['--chain', 'bace'],
      empty,
      () => `--chain bace: unknown chain (did you mean base?); expected a chain id or one of ${CHAIN_KEYS.join(', ')}`,
    ],
    [
      'an unknown flag',
      2,
      ['--jsn'],
      empty,
      () => "unknown option '--jsn' (Did you mean --json?); plimsoll --help lists the flags",
    ],
  ])('%s', async (_, code, args, home, line) => {
    const folder = home();
    const run = await runCli(['status', ...args], { env: { XDG_STATE_HOME: folder } });
    expect(run).toEqual({ code, stdout: '', stderr: `plimsoll: ${line(folder)}\n` });
  });
});
