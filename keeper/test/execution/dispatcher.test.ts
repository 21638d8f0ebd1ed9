import { encodeErrorResult, type Hash, type Hex, keccak256, parseTransaction } from 'viem';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { openGasPrices } from '../../src/chain/gas-price.ts';
import { packedIn, unpackPlan } from '../../src/contract/unpack.ts';
import { type Dispatcher, type DispatcherOptions, openDispatcher } from '../../src/execution/dispatcher.ts';
import { type Ledger, openLedger } from '../../src/execution/ledger.ts';
import { openPurse } from '../../src/execution/purse.ts';
import type { Tell } from '../../src/execution/tell.ts';
import type { Offer } from '../../src/planning/offer.ts';
import { marketKey } from '../../src/store/key.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aaveError, legSkipped, liquidated, planExecuted, type RpcLog } from './events.ts';
import { account, type FakeNode, fakeNode, head, LIQUIDATOR, receipt, rpcError } from './node.ts';
import { brings, offer } from './offer.ts';
import { address, COLLATERAL, claim, MARKET, sentLeg } from './sent.ts';

let store: Store;
let node: FakeNode;
let ledger: Ledger;
/** What was told: the name, and what the test looks at. */
let told: unknown[][];
/** Borrowers that a rehearsal fails for. */
let failing: Set<string>;
beforeEach(() => {
  store = openStore({ path: ':memory:', chainId: 1 });
  // Offers are reckoned at 1 wei for a unit of gas.
  node = Object.assign(fakeNode(), { baseFee: 1n, priority: 1n });
  ledger = openLedger(store, account.address);
  [told, failing] = [[], new Set()];
  node.answers.set('eth_call', ([request]) => {
    const { rounds } = unpackPlan(packedIn((request as { data: Hex }).data));
    const borrowers = rounds.flatMap(({ legs }) => legs.map(({ borrower }) => borrower.toLowerCase()));
    const bad = borrowers.filter((borrower) => failing.has(borrower)).length;
    if (bad === borrowers.length) throw rpcError('execution reverted', NOT_LANDED);
    // As they bring in an offer of so many; those that fail bring nothing.
    return brings(5_000n * BigInt(borrowers.length - bad));
  });
  node.answers.set('eth_simulateV1', () => {
    throw Object.assign(new Error('the method eth_simulateV1 does not exist'), { code: -32_601 });
  });
});
afterEach(() => store.close());

const NOT_LANDED = encodeErrorResult({ abi: liquidatorAbi, errorName: 'NothingLanded', args: ['0x'] });
const REVERTED = 'reverted: NothingLanded(0x)';
const tell: Tell = {
  setAside: (of, { reason }) => told.push(['set aside', of, reason]),
  forget: (claims) => told.push(['forget', ...claims]),
  waiting: (count) => told.push(['waiting', count]),
  wouldSend: ({ sent }, { gas }) => told.push(['would send', sent.length, gas]),
  takenApart: ({ sent }, reason) => told.push(['taken apart', sent.length, reason]),
  sent: ({ sent }, hash, { gas, terms }) => told.push(['sent', sent.length, hash, gas, terms.net]),
  takenUp: ({ about }) => told.push(['taken up', about.id]),
  lane: ({ kind }) => told.push([kind]),
  straits: (now) => now && told.push(['straits', now.kind]),
  withdrawn: ({ id }, state, reason) => told.push(['withdrawn', id, state, reason]),
  outcome: ({ id }, { transactionHash }, { state, legs }) =>
    told.push(['outcome', id, transactionHash, state, legs.map((leg) => leg.state)]),
};

type Changes = { settings?: Partial<DispatcherOptions['settings']> } & Partial<Omit<DispatcherOptions, 'settings'>>;
const open = (changes: Changes = {}): Promise<Dispatcher> =>
  openDispatcher({
    ...{
      client: node.client,
      chainId: 1,
      prices: openGasPrices(node.client),
      purse: openPurse({}),
      operator: account,
      liquidator: LIQUIDATOR,
    },
    ...{ ledger, tell, stillThere: async () => true, mined: [] },
    ...changes,
    settings: {
      ...{ dryRun: false, minProfit: 100n, maxInFlight: 2, bumpAfterBlocks: 3 },
      ...changes.settings,
    },
  });
const two = () => offer([sentLeg(1), sentLeg(2, 1)]);
const one = (n: number) => offer([sentLeg(n)], { value: 5_000n });
const states = () => store.attempts.recent(9).map(({ id, state }) => [id, state]);
const standing = () => store.standings.all().map(({ claim, state }) => [claim, state]);
const mine = (hash: Hash, logs: RpcLog[], block = 11n) => {
  node.receipts.set(hash, receipt(hash, { logs, block }));
  node.nonces.latest += 1;
};

describe('an offer', () => {
  test('that is rehearsed well is planned, sent and told, with its budget for gas', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(two(), head(10n));
    const hash = keccak256(node.taken[0]!);
    expect(told).toEqual([['sent', 2, hash, 1_000n, 9_000n]]);
    const [attempt] = store.attempts.recent(1);
    expect(attempt).toMatchObject({
      ...{ state: 'sent', hashes: [hash], legs: two().sent, operator: account.address.toLowerCase(), to: LIQUIDATOR },
      ...{ value: 10_000n, gas: 1_000n, budget: 9_900n, validUntil: 999n, nonce: 0, sentAt: 10n },
    });
    expect(standing()).toEqual([
      [claim(1), 'sent'],
      [claim(2), 'sent'],
    ]);
    expect(dispatcher.inFlight().map(({ about }) => about.id)).toEqual([1]);
  });

  test('of one leg that fails is set aside by its claims', async () => {
    failing.add(address(1));
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    expect(told).toEqual([['set aside', claim(1), REVERTED]]);
    expect([node.taken, states()]).toEqual([[], []]);
    expect(dispatcher.due([claim(1), claim(2)], head(10n))).toEqual([claim(2)]);
    expect(dispatcher.due([claim(1)], head(11n))).toEqual([claim(1)]);
  });

  test('of several is taken apart, and what is left of it is sent at the same head', async () => {
    failing.add(address(2));
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }), head(10n));
    expect(told).toEqual([
      ['taken apart', 3, 'brings 10000 wei and not the 15000 it was planned for'],
      ['set aside', claim(2), REVERTED],
      ['sent', 2, keccak256(node.taken[0]!), 1_000n, 9_000n],
    ]);
    expect(
      dispatcher.due(
        [1, 2, 3, 4].map((n) => claim(n)),
        head(11n),
      ),
    ).toEqual([claim(2), claim(4)]);
  });

  test('of which none fails alone is sent as it is where it pays, though it brings less than planned', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(
      offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 99_000n, smallest: 5_000n }),
      head(10n),
    );
    expect(told.map(([what, count]) => [what, count])).toEqual([
      ['taken apart', 3],
      ['sent', 3],
    ]);
    expect(store.attempts.get(1)).toMatchObject({ value: 15_000n, state: 'sent' });
  });

  test('that reverts though none fails alone is planned twice more, and then sent one by one, the best first', async () => {
    const worth = new Map([1n, 2n, 3n].map((n) => [address(Number(n)), 4_000n + 1_000n * n]));
    node.answers.set('eth_call', ([request]) => {
      const { rounds } = unpackPlan(packedIn((request as { data: Hex }).data));
      const [borrower, ...more] = rounds.flatMap(({ legs }) => legs.map((leg) => leg.borrower.toLowerCase()));
      if (more.length > 0) throw rpcError('execution reverted', NOT_LANDED);
      return brings(worth.get(borrower as Hex)!);
    });
    const pending: string[][] = [];
    const company = (): Offer => ({
      ...offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }),
      anew: (claims) => [1, 2, 3].filter((n) => claims.has(claim(n))).map(one),
      async anewOnPending(claims) {
        pending.push([...claims]);
        return [company()];
      },
    });
    const dispatcher = await open();
    await dispatcher.attempt(company(), head(10n));
    const all = [1, 2, 3].map((n) => claim(n));
    expect(pending).toEqual([all, all]);
    expect(told.map(([what, count]) => [what, count])).toEqual([
      ['taken apart', 3],
      ['taken apart', 3],
      ['taken apart', 3],
      ['sent', 1],
      ['sent', 1],
      ['waiting', 1],
    ]);
    expect(store.attempts.recent(9).map(({ value }) => value)).toEqual([6_000n, 7_000n]);
    expect(dispatcher.isFull()).toBe(true);
  });

  test('that no node takes has expired, and its claims are set aside', async () => {
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('no room');
    });
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    expect(states()).toEqual([[1, 'expired']]);
    expect(store.attempts.get(1)!.reason).toContain('no room');
    expect(told).toEqual([['set aside', claim(1), store.attempts.get(1)!.reason]]);
    expect(standing()).toEqual([[claim(1), 'set aside']]);
    expect(dispatcher.due([claim(1)], head(10n))).toEqual([]);
  });

  test('is only told of in a dry run, rehearsed where there is what to rehearse with', async () => {
    for (const [changes, gas] of [
      [{ operator: undefined }, 0],
      [{ liquidator: undefined }, 0],
      [{ settings: { dryRun: true } }, 1],
    ] as const) {
      [told, node.asked.length] = [[], 0];
      const dispatcher = await open(changes);
      await dispatcher.attempt(one(1), head(10n));
      expect(told).toEqual([['would send', 1, 1_000n]]);
      expect(node.asked.filter(({ method }) => method === 'eth_call').length).toBe(gas);
      expect([dispatcher.isFull(), dispatcher.inFlight()]).toEqual([false, []]);
      dispatcher.prepare(head(11n));
      await dispatcher.onHead(head(11n));
      await dispatcher.unwind(10n, 11n);
    }
    expect([node.taken, states()]).toEqual([[], []]);
  });
});

describe('money', () => {
  /** A batch of three that is expected to burn so much; anew, as many of its legs as may burn the gas given, 1,000 each. */
  const batch = (gas = 3_000n) => ({
    ...offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n, anew: fitting }),
    gas,
  });
  const fitting = (_: ReadonlySet<string>, __?: number, most = 0n) => {
    const legs = Math.min(3, Number(most / 1_500n));
    return legs === 0
      ? []
      : [
          {
            ...offer(
              Array.from({ length: legs }, (_, index) => sentLeg(index + 1)),
              { value: 5_000n * BigInt(legs) },
            ),
            gas: 1_000n * BigInt(legs),
          },
        ];
  };
  const sizes = () => told.filter(([what]) => what === 'sent').map(([, legs]) => legs);

  test('a node that caps what a transaction may cost gets a smaller batch at the same head, and at later ones', async () => {
    // 4,500 gas at 3 wei is more than 9,000 wei; 3,000 gas is not.
    node.answers.set('eth_sendRawTransaction', ([raw]) => {
      const { gas, maxFeePerGas } = parseTransaction(raw as `0x02${string}`);
      if (gas! * maxFeePerGas! > 9_000n) throw rpcError('tx fee (13500 wei) exceeds the configured cap (9000 wei)');
      node.taken.push(raw as Hex);
      return keccak256(raw as Hex);
    });
    const dispatcher = await open();
    await dispatcher.attempt(batch(), head(10n));
    expect(sizes()).toEqual([2]);
    expect(states()).toEqual([
      [2, 'sent'],
      [1, 'expired'],
    ]);
    // Nothing of it is set aside.
    expect(dispatcher.due([claim(3)], head(10n))).toEqual([claim(3)]);
  });

  test('is what the operator holds less what is on its way', async () => {
    node.balance = 10n ** 6n;
    const dispatcher = await open();
    expect(await dispatcher.means(head(10n))).toBe(10n ** 6n / 3n);
    await dispatcher.attempt(two(), head(10n));
    // Its limit of 1,500 gas may cost 3 wei each.
    expect(await dispatcher.means(head(10n))).toBe((10n ** 6n - 4_500n) / 3n);
    expect(told.at(-1)).toEqual(['straits', 'low']);
    // What is left beside it pays for nothing; it is waited for, which is no news.
    node.balance = 904_499n;
    await dispatcher.countMoney(head(10n));
    expect(await dispatcher.means(head(10n))).toBe(0n);
    expect(told.at(-1)).toEqual(['straits', 'low']);
    node.balance = 899_999n;
    await dispatcher.countMoney(head(10n));
    expect(told.at(-1)).toEqual(['straits', 'empty']);
  });

  test('that has become too little for a planned batch makes it smaller before it is rehearsed', async () => {
    const purse = openPurse({ maxTxCost: 9_000n });
    const dispatcher = await open({ purse });
    await dispatcher.attempt(batch(2_501n), head(10n));
    expect(sizes()).toEqual([2]);
    expect(node.taken.length).toBe(1);
  });

  test('that people allow for no transaction is told of', async () => {
    const dispatcher = await open({ purse: openPurse({ maxTxCost: 899_999n }) });
    await dispatcher.means(head(10n));
    expect(told).toEqual([['straits', 'bound']]);
  });

  test('is not spent where the chain asks more than --max-gas-price', async () => {
    node.baseFee = 8n;
    const dispatcher = await open({ purse: openPurse({ maxGasPrice: 7n }) });
    expect(await dispatcher.means(head(10n))).toBe(0n);
    expect(told).toEqual([['straits', 'gas price']]);
  });
});

describe('what is on its way', () => {
  test('holds its claims until it has ended, in every market of its legs', async () => {
    const other = marketKey('aave-v3', address(0x777));
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(1, 1, other)]), head(10n));
    const all = [claim(1), claim(1, other), claim(2, other)];
    expect(dispatcher.due(all, head(10n))).toEqual([claim(2, other)]);
    mine(keccak256(node.taken[0]!), [liquidated(1), legSkipped(1, 0n, aaveError('ReservePaused')), planExecuted(6n)]);
    await dispatcher.onHead(head(11n));
    expect(dispatcher.due(all, head(11n))).toEqual(all);
  });

  test('ends leg by leg: in the store, in the history, in what is told and in the sum', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }), head(10n));
    const hash = keccak256(node.taken[0]!);
    told = [];
    const [lost, skipped] = ['HealthFactorNotBelowThreshold', 'ReservePaused'].map(aaveError) as [Hex, Hex];
    const profits = [{ token: COLLATERAL, amount: 5n }];
    mine(hash, [liquidated(1), legSkipped(2, 0n, lost), legSkipped(3, 0n, skipped), planExecuted(66n, profits)]);
    await dispatcher.onHead(head(11n));
    expect(told).toEqual([['outcome', 1, hash, 'landed', ['landed', 'lost', 'skipped']]]);
    expect(store.attempts.get(1)).toMatchObject({
      ...{ state: 'landed', value: 66n, gas: 1_000n, cost: 7_000n },
      outcomes: [
        { state: 'landed' },
        { state: 'lost', reason: 'HealthFactorNotBelowThreshold' },
        { state: 'skipped', reason: 'ReservePaused' },
      ],
    });
    // The head's own time, as it was mined there.
    expect(store.liquidations.of(hash)).toMatchObject([
      { leg: 0, value: 66n, gasCost: 7_000n, block: 11n, time: 132n },
    ]);
    expect(dispatcher.summary).toEqual({
      ...{ liquidated: 1, skipped: 1, lost: 1, reverted: 0, cancelled: 0, value: 66n, gas: 7_000n },
    });
  });

  test('is looked at again where the node fails while it is written down', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    const hash = keccak256(node.taken[0]!);
    mine(hash, [liquidated(1), planExecuted(6n)], 11n);
    node.answers.set('eth_getBlockByHash', () => {
      throw rpcError('busy');
    });
    await expect(dispatcher.onHead(head(12n))).rejects.toThrow('busy');
    expect(states()).toEqual([[1, 'sent']]);
    node.answers.delete('eth_getBlockByHash');
    await dispatcher.onHead(head(13n));
    expect(states()).toEqual([[1, 'landed']]);
    // An older block's time is asked for.
    expect(store.liquidations.of(hash)).toMatchObject([{ block: 11n, time: 1_000n }]);
    expect(dispatcher.summary.liquidated).toBe(1);
    await dispatcher.onHead(head(14n));
    expect(dispatcher.summary.liquidated).toBe(1);
  });

  test('that was unwound before it was written down is on its way', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    const hash = keccak256(node.taken[0]!);
    mine(hash, [liquidated(1), planExecuted(6n)], 11n);
    node.answers.set('eth_getBlockByHash', () => {
      throw rpcError('busy');
    });
    await expect(dispatcher.onHead(head(12n))).rejects.toThrow('busy');
    node.answers.delete('eth_getBlockByHash');
    node.receipts.clear();
    node.nonces.latest = 0;
    await dispatcher.unwind(10n, 12n);
    await dispatcher.onHead(head(12n));
    expect(states()).toEqual([[1, 'sent']]);
    expect(told.at(-1)).toEqual(['unwound']);
    expect(standing()).toEqual([[claim(1), 'sent']]);
    expect(dispatcher.summary.liquidated).toBe(0);
  });

  test('that was replaced, or given up, is told with its reason', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    node.nonces.latest = 1;
    vi.useFakeTimers({ toFake: ['performance'] });
    for (let n = 0; n < 3; n++) await dispatcher.onHead(head(11n));
    expect(told.at(-1)).toEqual(['not known yet']);
    // It holds neither what it is about nor a place.
    expect(dispatcher.due([claim(1)], head(11n))).toEqual([claim(1)]);
    expect([dispatcher.inFlight().length, states()]).toEqual([1, [[1, 'sent']]]);
    vi.advanceTimersByTime(120_000);
    await dispatcher.onHead(head(12n));
    vi.useRealTimers();
    const reason = 'its nonce was used by a transaction that is not ours';
    expect(told.at(-1)).toEqual(['withdrawn', 1, 'replaced', reason]);
    expect(store.attempts.get(1)).toMatchObject({
      state: 'replaced',
      reason,
      outcomes: [{ state: 'replaced', reason }],
    });
    expect(dispatcher.summary).toMatchObject({ cancelled: 1, gas: 0n });
    // The truth comes late: the record is corrected, and nothing is counted twice.
    const hash = keccak256(node.taken[0]!);
    node.receipts.set(hash, receipt(hash, { logs: [liquidated(1), planExecuted(6n)], block: 11n }));
    await dispatcher.onHead(head(13n));
    expect(states()).toEqual([[1, 'landed']]);
    expect(store.liquidations.of(hash)).toMatchObject([{ leg: 0, value: 6n, block: 11n }]);
    expect(told.at(-1)).toEqual(['outcome', 1, hash, 'landed', ['landed']]);
    expect(dispatcher.summary).toMatchObject({ liquidated: 1, cancelled: 0, value: 6n, gas: 7_000n });
  });

  test('that was cancelled cost the gas of the empty transaction', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(two(), head(10n));
    node.answers.set('eth_call', () => {
      throw rpcError('execution reverted');
    });
    await dispatcher.onHead(head(13n));
    expect(told.at(-1)).toEqual(['cancelling']);
    const empty = keccak256(node.taken[1]!);
    node.receipts.set(empty, receipt(empty, { block: 14n, to: account.address }));
    node.nonces.latest = 1;
    await dispatcher.onHead(head(14n));
    expect(store.attempts.get(1)).toMatchObject({ state: 'cancelled', gas: 1_000n, cost: 7_000n });
    expect(told.at(-1)!.slice(0, 3)).toEqual(['withdrawn', 1, 'cancelled']);
    expect(dispatcher.summary).toMatchObject({ cancelled: 2, gas: 7_000n, liquidated: 0 });
  });

  test('is taken up from an earlier run, and what was given up there has expired', async () => {
    const before = await open();
    await before.attempt(one(1), head(10n));
    await before.attempt(one(2), head(10n));
    told = [];
    // Of the second one no node knows, and it would not work now.
    failing.add(address(2));
    node.known.delete(keccak256(node.taken[1]!));
    ledger = openLedger(store, account.address);
    const dispatcher = await open({ ledger });
    expect(told).toEqual([['taken up', 1]]);
    await dispatcher.onHead(head(11n));
    expect(told.at(-1)!.slice(0, 3)).toEqual(['withdrawn', 2, 'expired']);
    expect(dispatcher.summary.cancelled).toBe(1);
    expect(states()).toEqual([
      [2, 'expired'],
      [1, 'sent'],
    ]);
  });
});

describe('claims that are set aside', () => {
  test('are told, forgotten when they change, and forgotten of a market where they may not be acted on any more', async () => {
    const other = marketKey('aave-v3', address(0x777));
    const dispatcher = await open();
    for (const each of [claim(1), claim(2), claim(3, other)])
      dispatcher.setAside(each, { reason: 'no pool' }, head(10n));
    expect(told[0]).toEqual(['set aside', claim(1), 'no pool']);
    const all = [claim(1), claim(2), claim(3, other)];
    expect(dispatcher.due(all, head(10n))).toEqual([]);
    dispatcher.rescued(MARKET, new Set([claim(1)]));
    expect(told.at(-1)).toEqual(['forget', claim(2)]);
    expect(dispatcher.due(all, head(10n))).toEqual([claim(2)]);
    dispatcher.forget([claim(1), claim(3, other)]);
    expect(told.at(-1)).toEqual(['forget', claim(1), claim(3, other)]);
    expect(dispatcher.due(new Set(all), head(10n))).toEqual(all);
    expect(standing().map(([, state]) => state)).toEqual(['watched', 'watched', 'watched']);
  });
});

test('nothing has come of it yet, and what contracts may revert with is known of all of them', async () => {
  const { errors, summary } = await open();
  const names = errors.flatMap((each) => (each.type === 'error' ? each.name : []));
  expect(names).toEqual(expect.arrayContaining(['LegFailed', 'HealthFactorNotBelowThreshold']));
  expect(summary).toEqual({ liquidated: 0, skipped: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n });
});
