import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { openTracker, type Tracker } from '../../src/book/tracker.ts';
import { marketKey } from '../../src/store/key.ts';
import { openStore } from '../../src/store/store.ts';
import { POOL, person, toyChain } from './toy-chain.ts';

/** What a tracker has of everybody, by number. */
const debtsOf = ({ book }: Tracker) =>
  Object.fromEntries(
    [...book.addresses()].map((address): [number, bigint] => [
      Number(address),
      book.get(address)!.cells[0]?.amount ?? 0n,
    ]),
  );

/** A hundred blocks, of which the fifth and the ninetieth find somebody each. */
function grown() {
  const chain = toyChain();
  for (let n = 0; n < 100; n++) {
    if (n === 5) chain.mine({ borrows: [1], owes: { 1: 10n } });
    else if (n === 90) chain.mine({ borrows: [2], owes: { 2: 20n } });
    else chain.mine();
  }
  return chain;
}

describe('a market is opened', () => {
  test('with every borrower of its past, those of the newest blocks by the blocks themselves', async () => {
    const chain = grown();
    const tracker = await openTracker(chain.options());
    // Blocks that may still be unwound are not searched by number.
    expect(debtsOf(tracker)).toEqual({ 1: 10n });
    expect(tracker.tip!.number).toBe(35n);
    const { touched, unwound } = await tracker.advance(chain.head);
    expect([...touched]).toEqual([person(2)]);
    expect(unwound).toBeUndefined();
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
    expect(tracker.tip!.hash).toBe(chain.head.hash);
    expect(tracker.touched).toBe(1);
    expect(tracker.fromBlock).toBe(0n);
  });

  test('from the store where it was there before: nothing is searched, nobody is read twice', async () => {
    const chain = grown();
    const store = openStore({ path: ':memory:', chainId: 1 });
    const first = await openTracker(chain.options(store));
    await first.advance(chain.head);
    chain.mine({ touches: [2], owes: { 2: 21n } });
    chain.asked.length = 0;
    const next = await openTracker(chain.options(store));
    expect(chain.asked).toEqual([]);
    expect(debtsOf(next)).toEqual({ 1: 10n, 2: 20n });
    await next.advance(chain.head);
    expect(debtsOf(next)).toEqual({ 1: 10n, 2: 21n });
    expect(chain.asked).not.toContain('eth_getLogs');
    expect(chain.asked).toContain('readAccounts 1');
  });

  test('whose accounts no log finds are counted', async () => {
    const chain = grown();
    const options = chain.options();
    const { protocol } = options;
    const counted: Address[] = [person(1), person(7)];
    const open: typeof protocol.open = async (...args) => ({
      ...(await protocol.open(...args)),
      enumerate: async () => counted,
    });
    const tracker = await openTracker({ ...options, protocol: { ...protocol, open } });
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 7: 0n });
  });
});

describe('a head', () => {
  async function followed(silent = false) {
    const chain = grown();
    const options = chain.options(undefined, silent);
    const tracker = await openTracker(options);
    await tracker.advance(chain.head);
    chain.asked.length = 0;
    return { chain, tracker, options };
  }

  test('reads who is touched and tracked, and takes up who borrows', async () => {
    const { chain, tracker } = await followed();
    chain.mine({ touches: [1, 9], borrows: [3], owes: { 1: 11n, 3: 30n, 9: 90n } });
    const { touched } = await tracker.advance(chain.head);
    expect([...touched].map(Number).sort()).toEqual([1, 3]);
    expect(debtsOf(tracker)).toEqual({ 1: 11n, 2: 20n, 3: 30n });
    expect(tracker.state.block.hash).toBe(chain.head.hash);
  });

  test('that was taken already changes nothing', async () => {
    const { chain, tracker } = await followed();
    expect(await tracker.advance(chain.head)).toEqual({ touched: new Set(), unwound: undefined });
    expect(chain.asked).toEqual([]);
  });

  test.each(['read', 'readAccounts', 'block logs'])(
    'at which the node fails at %s moves nothing; the next does both',
    async (at) => {
      const { chain, tracker } = await followed();
      const before = tracker.tip;
      chain.mine({ touches: [1], owes: { 1: 12n } });
      chain.fail(new RegExp(`^${at}`));
      await expect(tracker.advance(chain.head)).rejects.toThrow('the node fails');
      expect(tracker.tip).toBe(before);
      expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
      chain.fail();
      chain.mine({ touches: [2], owes: { 2: 22n } });
      const { touched } = await tracker.advance(chain.head);
      expect([...touched].map(Number).sort()).toEqual([1, 2]);
      expect(debtsOf(tracker)).toEqual({ 1: 12n, 2: 22n });
    },
  );

  test('on another branch unwinds: who was touched is read again, who only borrowed there is not tracked', async () => {
    const { chain, tracker } = await followed();
    const ancestor = chain.head;
    chain.mine({ touches: [1], owes: { 1: 50n } });
    await tracker.advance(chain.head);
    chain.mine({ borrows: [4], owes: { 4: 40n } });
    await tracker.advance(chain.head);
    expect(debtsOf(tracker)).toEqual({ 1: 50n, 2: 20n, 4: 40n });
    chain.unwind(2);
    chain.mine();
    chain.mine();
    chain.mine({ touches: [2], owes: { 2: 23n } });
    const { touched, unwound } = await tracker.advance(chain.head);
    expect(unwound).toEqual({ blocks: 2, ancestor: ancestor.number });
    expect([...touched].map(Number).sort()).toEqual([1, 2]);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 23n });
    expect(tracker.tip!.hash).toBe(chain.head.hash);
  });

  test('who borrows on the new branch too stays', async () => {
    const { chain, tracker } = await followed();
    chain.mine({ borrows: [4], owes: { 4: 40n } });
    await tracker.advance(chain.head);
    chain.unwind(1);
    chain.mine({ borrows: [4], owes: { 4: 44n } });
    await tracker.advance(chain.head);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n, 4: 44n });
  });

  test('deeper than is remembered means a new search, and nothing that was mined is taken for granted', async () => {
    const { chain, tracker, options } = await followed();
    chain.unwind(100);
    for (let n = 0; n < 102; n++) chain.mine(n === 50 ? { borrows: [5], owes: { 5: 5n } } : {});
    const { unwound } = await tracker.advance(chain.head);
    expect(unwound!.ancestor).toBe(0n);
    expect(unwound!.blocks).toBeGreaterThan(60);
    expect(debtsOf(tracker)).toEqual({ 5: 5n });
    expect(options.said.some((text) => text.startsWith('none of the remembered blocks'))).toBe(true);
  });

  test('that lists something opens the market again and reads everybody', async () => {
    const { chain, tracker } = await followed();
    const { opened } = chain;
    const before = tracker.market;
    chain.mine({ lists: true, owes: { 1: 13n, 2: 24n } });
    const { touched } = await tracker.advance(chain.head);
    expect(chain.opened).toBe(opened + 1);
    expect(tracker.market).not.toBe(before);
    expect(touched.size).toBe(2);
    expect(debtsOf(tracker)).toEqual({ 1: 13n, 2: 24n });
  });
});

describe('what changes without a log', () => {
  test('is found in the rotation, kept, and told', async () => {
    const chain = grown();
    const store = openStore({ path: ':memory:', chainId: 1 });
    const options = chain.options(store);
    const tracker = await openTracker(options);
    await tracker.advance(chain.head);
    chain.mine({ owes: { 1: 99n } });
    await tracker.advance(chain.head);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
    await tracker.reread();
    expect(debtsOf(tracker)).toEqual({ 1: 99n, 2: 20n });
    expect(options.said).toContain('an account had changed without a log; it is corrected');
    const rows = [...store.market(marketKey('toy', POOL)).load().accounts].map(([address, row]) => [
      Number(address),
      row!.at(-1),
    ]);
    expect(rows).toEqual([
      [1, 99],
      [2, 20],
    ]);
    options.said.length = 0;
    await tracker.reread();
    expect(options.said).toEqual([]);
  });

  test('a node that fails in the rotation moves nothing', async () => {
    const chain = grown();
    const tracker = await openTracker(chain.options());
    await tracker.advance(chain.head);
    chain.fail(/^readAccounts/);
    await expect(tracker.reread()).rejects.toThrow('the node fails');
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
  });

  test('is no news in a market that changes silently', async () => {
    const chain = grown();
    const options = chain.options(undefined, true);
    const tracker = await openTracker(options);
    await tracker.advance(chain.head);
    chain.mine({ owes: { 1: 98n } });
    await tracker.advance(chain.head);
    await tracker.reread();
    expect(debtsOf(tracker)).toEqual({ 1: 98n, 2: 20n });
    expect(options.said).not.toContain('an account had changed without a log; it is corrected');
  });
});

test('a view is of the accounts as they are at the tip, at the moment that is asked for', async () => {
  const chain = grown();
  const tracker = await openTracker(chain.options());
  await tracker.advance(chain.head);
  const moment = { timestamp: 9_999n, number: 101n };
  const view = tracker.view(moment) as unknown as {
    moment: unknown;
    state: unknown;
    accounts: (key: Address) => unknown;
  };
  expect(view.moment).toBe(moment);
  expect(view.state).toBe(tracker.state);
  expect(view.accounts(person(2))).toEqual({ address: person(2), group: 0, cells: [{ slot: 0, amount: 20n }] });
  expect(view.accounts(person(3))).toBeUndefined();
});
