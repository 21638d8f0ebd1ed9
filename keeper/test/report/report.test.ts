import { type Address, formatTransactionReceipt, getAddress } from 'viem';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/execution/outcomes.ts';
import type { Logger } from '../../src/log/log.ts';
import { createReport, type Report } from '../../src/report/report.ts';
import { snapshotOf } from '../../src/report/snapshot.ts';
import { type MarketKey, marketKey } from '../../src/store/key.ts';
import type { Sent } from '../../src/store/sent.ts';
import { hashOf, head, receipt } from '../execution/node.ts';
import { offer } from '../execution/offer.ts';
import { address, COLLATERAL, claim, DEBT, MARKET, sentLeg } from '../execution/sent.ts';

const OTHER = marketKey('compound-v3', address(0x901));
const GONE = marketKey('aave-v3', address(0xabcdef));
const markets = [
  { key: MARKET, name: 'core' },
  { key: OTHER, name: 'usdc' },
];
const assets = [
  { address: DEBT, symbol: 'USDC', decimals: 6 },
  { address: COLLATERAL, symbol: 'WETH', decimals: 18 },
];
const tracker = (key: MarketKey) => ({ key, book: { size: 9 }, market: { assets } });

let lines: [level: string, message: string, fields: Record<string, unknown>][];
let report: Report;
beforeEach(() => {
  lines = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    lines.push([level, message, fields]);
  const log = { debug: at('debug'), info: at('info'), warn: at('warn') } as unknown as Logger;
  report = createReport(log, markets, [tracker(MARKET)]);
});
const core = { protocol: 'aave-v3', market: 'core' };
const usdc = { protocol: 'compound-v3', market: 'usdc' };
const tokens = { debt: 'USDC', collateral: 'WETH' };
const mined = formatTransactionReceipt(receipt(hashOf(1)) as never);

describe('what became of a plan', () => {
  const sent = [sentLeg(1), sentLeg(2), sentLeg(3, 1, OTHER)];
  const measured = { account: address(1), debt: DEBT, collateral: COLLATERAL, repaid: 1_500_000n, seized: 10n ** 17n };

  test('is a line a leg, each with its market: what it moved, or why not', () => {
    const outcome: Outcome = {
      ...{ state: 'landed', reason: undefined, value: 4n * 10n ** 18n },
      profits: [
        { token: COLLATERAL, amount: 10n ** 16n },
        { token: DEBT, amount: 0n },
      ],
      legs: [
        { state: 'landed', deals: [], measured },
        { state: 'skipped', reason: 'ReservePaused', revert: 'ReservePaused()', deals: [] },
        { state: 'lost', reason: 'somebody was first', deals: [] },
      ],
      tally: { landed: 1, skipped: 2, tip: 10n ** 18n, flashFee: 10n ** 17n },
    };
    report.outcome({ id: 1, legs: sent }, mined, outcome);
    expect(lines).toEqual([
      [
        'info',
        'landed',
        {
          ...{
            ...core,
            account: 'account 1',
            ...tokens,
            repaid: '1.5 USDC',
            seized: '0.1 WETH',
            profit: ['0.01 WETH'],
          },
          ...{ value: '4', gas: 1_000n, fee: '0.000000000000007', hash: hashOf(1) },
          units: { repaid: 1_500_000n, seized: 10n ** 17n, profit: { WETH: 10n ** 16n } },
        },
      ],
      [
        'info',
        'leg skipped',
        {
          ...core,
          account: 'account 2',
          ...tokens,
          reason: 'ReservePaused',
          revert: 'ReservePaused()',
          hash: hashOf(1),
        },
      ],
      ['warn', 'lost', { ...usdc, account: 'account 3', ...tokens, reason: 'somebody was first', hash: hashOf(1) }],
      [
        'info',
        'plan landed',
        {
          ...{ protocols: ['aave-v3', 'compound-v3'], markets: ['core', 'usdc'], legs: 1, skipped: 2, value: '4' },
          ...{ tip: '1', flashFee: '0.1', gas: 1_000n, fee: '0.000000000000007', hash: hashOf(1) },
        },
      ],
    ]);
    // Of a plan of one leg, that leg's line says it all.
    lines = [];
    report.outcome({ id: 1, legs: sent.slice(0, 1) }, mined, { ...outcome, legs: outcome.legs.slice(0, 1) });
    expect(lines.map(([, message]) => message)).toEqual(['landed']);
  });

  test('in which nothing landed tells what it cost, shared among its legs', () => {
    const legs = [
      { state: 'lost', reason: 'a', deals: [] },
      { state: 'reverted', reason: 'b', revert: 'B()', deals: [] },
      { state: 'reverted', reason: 'c', deals: [] },
    ] as const;
    report.outcome({ id: 1, legs: sent }, mined, { state: 'reverted', reason: 'x', legs, profits: [], value: 0n });
    expect(lines.map(([level, message, { gas, fee, reason }]) => [level, message, gas, fee, reason])).toEqual([
      ['warn', 'lost', 334n, '0.000000000000002334', 'a'],
      ['warn', 'reverted', 333n, '0.000000000000002333', 'b'],
      ['warn', 'reverted', 333n, '0.000000000000002333', 'c'],
    ]);
  });
});

describe('what a plan is about', () => {
  test('is one leg as one, several as lists, and its markets as far as they differ', () => {
    const way = 'flash swap';
    report.wouldSend(offer([sentLeg(1)]), offer([sentLeg(1)]));
    report.takenApart(offer([sentLeg(1), sentLeg(2)]), 'why');
    report.takenApart(offer([sentLeg(1), sentLeg(2, 1, OTHER)]), 'why');
    const lists = { who: ['account 1', 'account 2'], debts: ['USDC'], collaterals: ['WETH'] };
    expect(lines[0]).toEqual([
      'info',
      'would liquidate',
      {
        ...{
          ...core,
          account: 'account 1',
          ...tokens,
          way,
          gas: 1_000n,
          value: '0.00000000000001',
          bonus: '0.00000000000001',
        },
        ...{ flashFee: '0', impact: '0', later: '0', gasCost: '0.000000000000001', l1: '0', tip: '0', lossCost: '0' },
        net: '0.000000000000009',
      },
    ]);
    expect(lines[1]).toEqual(['warn', 'taken apart', { ...core, ...lists, way, reason: 'why' }]);
    expect(lines[2]![2]).toMatchObject({ protocols: ['aave-v3', 'compound-v3'], markets: ['core', 'usdc'] });
  });

  test('names all accounts of folded deals, and nobody where there is nobody', () => {
    const absorb = (...n: number[]): Sent => {
      const { spend, gain, ...deal } = sentLeg(1, 0, OTHER).deals[0]!;
      return {
        ...sentLeg(1),
        deals: [{ ...deal, subjects: n.map((each) => ({ key: address(each), label: `a${each}` })) }],
      };
    };
    const flight = { nonce: 3, hashes: [hashOf(1), hashOf(2)] };
    report.takenUp({ ...flight, about: { id: 1, legs: [absorb(4, 5)] } } as never);
    report.takenUp({ ...flight, about: { id: 1, legs: [absorb()] } } as never);
    const on = { nonce: 3, hash: hashOf(2) };
    expect(lines).toEqual([
      ['info', 'taken up', { ...usdc, who: ['a4', 'a5'], ...on }],
      ['info', 'taken up', { ...usdc, ...on }],
    ]);
  });

  test('is told as it ends without a receipt, stands still, or is left behind', () => {
    const about = { id: 1, legs: [sentLeg(1, 0, GONE)] };
    const line = { protocol: 'aave-v3', market: getAddress(address(0xabcdef)), account: 'account 1', ...tokens };
    report.withdrawn(about, 'replaced', 'why');
    report.lane({ kind: 'stuck', about, nonce: 1, reason: 'busy' });
    report.lane({ kind: 'bumped', about, nonce: 1, hash: hashOf(1), maxFeePerGas: 7n });
    report.lane({ kind: 'not known yet', about, nonce: 1, hash: hashOf(1) });
    report.lane({ kind: 'foreign', about: undefined, nonce: 3, expected: 1 });
    report.left([{ about } as never]);
    expect(lines).toEqual([
      ['warn', 'replaced', { ...line, reason: 'why' }],
      ['warn', 'stuck', { ...line, nonce: 1, reason: 'busy' }],
      ['info', 'bumped', { ...line, nonce: 1, hash: hashOf(1), maxFeePerGas: 7n }],
      ['warn', 'not known yet', { ...line, nonce: 1, hash: hashOf(1) }],
      ['warn', 'another program sends with this key: give each keeper a key of its own', { nonce: 3, expected: 1 }],
      ['warn', 'still on its way when the keeper stopped; the next run takes it up', line],
    ]);
  });
});

test('what money allows no plan is told when it begins, when it becomes another thing, and when it is over', () => {
  const ETHER = 10n ** 18n;
  const held = { balance: 2n * ETHER, reserved: ETHER / 2n, needed: 3n * ETHER };
  report.straits(undefined);
  report.straits({ kind: 'low', ...held });
  report.straits({ kind: 'low', ...held, balance: ETHER });
  report.straits({ kind: 'empty', ...held, balance: 1n });
  report.straits({ kind: 'bound', most: ETHER, needed: 2n * ETHER });
  report.straits({ kind: 'gas price', baseFee: 8n * 10n ** 9n, maxGasPrice: 7n * 10n ** 9n });
  report.straits(undefined);
  expect(lines.map(([level, , fields]) => [level, fields])).toEqual([
    ['warn', { balance: '2', inFlight: '0.5', needed: '3' }],
    ['warn', { balance: '0.000000000000000001', inFlight: '0.5', needed: '3' }],
    ['warn', { most: '1', needed: '2' }],
    ['warn', { baseFee: '8', maxGasPrice: '7' }],
    ['info', 'there is enough for gas again'],
  ]);
});

describe('a claim that is set aside', () => {
  const levels = () => lines.map(([level]) => level);

  test('is news once a reason, until it changes or is sent', () => {
    const why = { reason: 'no pool' };
    report.setAside(claim(1), why);
    report.setAside(claim(1), why);
    report.setAside(claim(2), why);
    report.setAside(claim(1), { reason: 'no price', terms: offer([sentLeg(1)]).terms });
    expect(levels()).toEqual(['info', 'debug', 'info', 'info']);
    expect(lines[0]).toEqual(['info', 'skipped', { ...core, account: getAddress(address(1)), reason: 'no pool' }]);
    expect(lines[3]![2]).toMatchObject({ reason: 'no price', net: '0.000000000000009' });
    for (const [n, change] of [
      () => report.forget([claim(1)]),
      () => report.sent(offer([sentLeg(1)]), hashOf(1), offer([sentLeg(1)])),
      () => report.withdrawn({ id: 1, legs: [sentLeg(1)] }, 'expired', 'x'),
      () => report.outcome({ id: 1, legs: [sentLeg(1)] }, mined, NOTHING),
    ].entries()) {
      report.setAside(claim(1), why);
      change();
      lines = [];
      report.setAside(claim(1), why);
      expect([n, levels()]).toEqual([n, ['info']]);
    }
  });

  const NOTHING: Outcome = {
    ...{ state: 'lost', reason: 'x', profits: [], value: 0n },
    legs: [{ state: 'lost', reason: 'x', deals: [] }],
  };

  test('that is no account goes by its own name', () => {
    report.setAside(`${OTHER}/stock/WETH`, { reason: 'x' });
    expect(lines[0]![2]).toEqual({ ...usdc, claim: 'stock/WETH', reason: 'x' });
  });
});

describe('a market at a head', () => {
  const judged = (underwater: number, unjudged: [Address, string][] = []) => ({
    underwater: { size: underwater },
    unjudged,
  });
  const line = { head: 7n, timestamp: 84n, ...core, accounts: 9, touched: 2 };

  test('is news while somebody is under water, and once nobody is any more', () => {
    for (const count of [0, 3, 0, 0]) report.head(tracker(MARKET), head(7n), 2, judged(count));
    expect(lines).toEqual([
      ['debug', 'head', { ...line, underwater: 0 }],
      ['info', 'head', { ...line, underwater: 3 }],
      ['info', 'head', { ...line, underwater: 0 }],
      ['debug', 'head', { ...line, underwater: 0 }],
    ]);
  });

  test('tells whom it cannot judge when that changes, in whatever order they come', () => {
    const [a, b] = [address(1), address(2)];
    report.head(
      tracker(MARKET),
      head(7n),
      0,
      judged(0, [
        [a, 'no price'],
        [b, 'no price'],
      ]),
    );
    report.head(
      tracker(MARKET),
      head(8n),
      0,
      judged(0, [
        [b, 'no price'],
        [a, 'no price'],
      ]),
    );
    report.head(tracker(OTHER), head(8n), 0, judged(0, [[a, 'no price']]));
    const aside = lines.filter(([, message]) => message === 'set aside');
    expect(aside).toEqual([
      ['warn', 'set aside', { ...core, reason: 'no price', count: 2, who: [getAddress(a), getAddress(b)] }],
      ['warn', 'set aside', { ...usdc, reason: 'no price', count: 1, who: [getAddress(a)] }],
    ]);
  });

  test('waits for the next one, or for a free place, with what is too much', () => {
    report.queued(5, 3);
    report.waiting(2);
    expect(lines).toEqual([
      ['info', 'wait for the next head: more is due than fits in a block', { count: 5, planned: 3 }],
      ['info', 'wait for a free slot (--max-in-flight)', { count: 2 }],
    ]);
  });
});

test('a snapshot shows each market at its own block, and what is on its way with its markets', () => {
  const asked: unknown[] = [];
  const shown = {
    ...{ key: MARKET, name: 'core', underwater: 1, state: { block: { number: 5n, hash: hashOf(5), timestamp: 60n } } },
    book: {
      size: 9,
      nearest: (count: number) => [1, 2].slice(0, count).map((n) => ({ address: address(n), slack: n / 10 })),
    },
    view(moment: object) {
      asked.push(moment);
      const healthy = { healthFactor: 7n, underwater: false, collateralBase: 0n, debtBase: 0n };
      return { health: (key: Address) => (key === address(1) ? healthy : { error: 'no price' }) };
    },
  };
  const flight = { nonce: 3, hashes: [hashOf(1), hashOf(2)], sentAt: 6n, value: 8n };
  const snapshot = snapshotOf({
    chain: { id: 1, endpoints: () => [{ endpoint: 'x', state: 'good', head: 7n, lag: 0, errors: 0 }] as never },
    markets,
    trackers: [shown],
    head: head(7n),
    heardAt: 5_000,
    inFlight: [
      { ...flight, about: { id: 1, legs: [sentLeg(1), sentLeg(2, 1, OTHER)] } } as never,
      { ...flight, about: { id: 2, legs: [] }, unresolved: true } as never,
    ],
    operator: { address: address(9), purse: { balance: 5n, cap: 4n, leastTip: 3n } },
    alarms: [{ about: 'clock', text: 'slow', since: 'then' }],
    debts: (key) => (key === MARKET ? [{ asset: assets[0]!, counted: 10n ** 20n, known: 10n ** 20n - 3n }] : []),
  });
  expect(asked).toEqual([{ timestamp: 60n, number: 5n }]);
  const { startedAt, updatedAt, ...rest } = snapshot;
  expect(rest).toEqual({
    ...{
      version: 2,
      chain: 1,
      heardAt: '1970-01-01T00:00:05.000Z',
      head: { number: '7', hash: hashOf(7), timestamp: '84' },
    },
    markets: [
      {
        ...{ protocol: 'aave-v3', address: getAddress(address(0x900)), name: 'core', accounts: 9, underwater: 1 },
        nearest: [
          { account: getAddress(address(1)), slack: 0.1, healthFactor: '7' },
          { account: getAddress(address(2)), slack: 0.2, healthFactor: null },
        ],
        debts: [
          {
            ...{ asset: 'USDC', address: getAddress(DEBT), missing: '3' },
            ...{ counted: '100000000000000000000', known: '99999999999999999997' },
          },
        ],
      },
    ],
    alarms: [{ about: 'clock', text: 'slow', since: 'then' }],
    inFlight: [
      {
        ...{ nonce: 3, hash: hashOf(2), sentAt: '6', value: '8' },
        legs: [
          { ...core, accounts: ['account 1'] },
          { ...usdc, accounts: ['account 2'] },
        ],
      },
      { ...{ nonce: 3, hash: hashOf(2), sentAt: '6', value: '8' }, legs: [], unresolved: true },
    ],
    operator: { address: address(9), balance: '5', cap: '4', leastTip: '3' },
    endpoints: [{ endpoint: 'x', state: 'good', head: '7', lag: 0, errors: 0 }],
  });
  for (const time of [startedAt, updatedAt]) expect(new Date(time).toISOString()).toBe(time);
  const money = (purse: { balance: bigint | undefined; cap: bigint | undefined; leastTip: bigint }) =>
    snapshotOf({
      ...{ chain: { id: 1, endpoints: () => [] }, markets, trackers: [], head: head(7n), inFlight: [] },
      ...{ heardAt: 5_000, alarms: [], debts: () => [] },
      operator: { address: address(9), purse },
    }).operator;
  expect(money({ balance: undefined, cap: 4n, leastTip: 0n })).toBeUndefined();
  expect(money({ balance: 5n, cap: undefined, leastTip: 0n })).toEqual({ address: address(9), balance: '5' });
});
