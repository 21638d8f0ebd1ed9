import { describe, expect, test } from 'vitest';
import { openTracker, type Tracker } from '../../src/book/tracker.ts';
import { marketKey } from '../../src/store/key.ts';
import { openStore } from '../../src/store/store.ts';
import { POOL, person, toyChain } from './toy-chain.ts';

const debtsOf = ({ book }: Tracker) =>
  Object.fromEntries(
    [...book.addresses()].map((address): [number, bigint] => [
      Number(address),
      book.get(address)!.cells[0]?.amount ?? 0n,
    ]),
  );

/** A market with one borrower, at its tip. */
async function followed() {
  const chain = toyChain();
  const store = openStore({ path: ':memory:', chainId: 1 });
  for (let n = 0; n < 100; n++) chain.mine(n === 5 ? { borrows: [1], owes: { 1: 10n } } : {});
  const options = chain.options(store);
  const tracker = await openTracker(options);
  await tracker.advance(chain.head);
  return { chain, store, tracker, options };
}

describe('logs that come after their block', () => {
  test('name whom nothing else would ever name: they are read at the next head', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ borrows: [2], touches: [1], owes: { 1: 11n, 2: 20n } });
    await tracker.advance(late);
    expect(debtsOf(tracker)).toEqual({ 1: 10n });
    const [missed] = tracker.recheck(late.logs);
    expect(missed!.block.hash).toBe(late.hash);
    expect(missed!.accounts.map(Number)).toEqual([2, 1]);
    // The same once more is no news.
    expect(tracker.recheck(late.logs)).toEqual([]);
    chain.mine();
    const { touched, unwound } = await tracker.advance(chain.head);
    expect([...touched].map(Number).sort()).toEqual([1, 2]);
    expect(unwound).toBeUndefined();
    expect(debtsOf(tracker)).toEqual({ 1: 11n, 2: 20n });
    expect(tracker.recheck(late.logs)).toEqual([]);
  });

  test('may be some of a block, of which the others came in time', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ borrows: [2, 3], touches: [1], owes: { 1: 11n, 2: 20n, 3: 30n } }, 1);
    await tracker.advance(late);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
    expect(tracker.recheck(late.logs)[0]!.accounts.map(Number)).toEqual([3, 1]);
    await tracker.advance(chain.mine());
    expect(debtsOf(tracker)).toEqual({ 1: 11n, 2: 20n, 3: 30n });
  });

  test('are taken in at the tip where no other head comes', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ borrows: [2], owes: { 2: 20n } });
    await tracker.advance(late);
    tracker.recheck(late.logs);
    const { unwound } = await tracker.advance(late);
    expect(unwound).toBeUndefined();
    expect(tracker.tip!.hash).toBe(late.hash);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
  });

  test('are kept: a restart has the account, and who is unwound with their block goes with it', async () => {
    const { chain, tracker, store } = await followed();
    const late = chain.mineUnheard({ borrows: [2], owes: { 2: 20n } });
    await tracker.advance(late);
    tracker.recheck(late.logs);
    await tracker.advance(chain.mine());
    const next = await openTracker(chain.options(store));
    expect(debtsOf(next)).toEqual({ 1: 10n, 2: 20n });
    expect(
      store
        .market(marketKey('toy', POOL))
        .load()
        .journal.find(({ hash }) => hash === late.hash),
    ).toMatchObject({
      touched: [person(2)],
      found: [person(2)],
    });
    chain.unwind(2);
    for (let n = 0; n < 3; n++) chain.mine();
    await next.advance(chain.head);
    expect(debtsOf(next)).toEqual({ 1: 10n });
  });

  test('of a block that is unwound before they are taken in say nothing', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ borrows: [2], owes: { 2: 20n } });
    await tracker.advance(late);
    tracker.recheck(late.logs);
    chain.unwind(1);
    chain.mine();
    await tracker.advance(chain.mine());
    expect(debtsOf(tracker)).toEqual({ 1: 10n });
  });

  test('keep who borrowed again later, and that block is unwound', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ borrows: [2], owes: { 2: 20n } });
    await tracker.advance(late);
    chain.mine({ borrows: [2], owes: { 2: 25n } });
    await tracker.advance(chain.head);
    // Read since: no news, but from now on it is known who was first.
    expect(tracker.recheck(late.logs)).toEqual([]);
    await tracker.advance(chain.mine());
    chain.unwind(2);
    for (let n = 0; n < 3; n++) chain.mine();
    await tracker.advance(chain.head);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 2: 20n });
  });

  test('of another branch, or of others, are passed over', async () => {
    const { chain, tracker } = await followed();
    const gone = chain.mine({ borrows: [3], owes: { 3: 30n } });
    chain.unwind(1);
    const ours = chain.mine();
    await tracker.advance(ours);
    const foreign = gone.logs.map((log) => ({ ...log, blockHash: ours.hash, address: person(77) }));
    expect(tracker.recheck([...gone.logs, ...foreign])).toEqual([]);
    await tracker.advance(chain.mine());
    expect(debtsOf(tracker)).toEqual({ 1: 10n });
  });

  test('that list something open the market again', async () => {
    const { chain, tracker } = await followed();
    const late = chain.mineUnheard({ lists: true, owes: { 1: 12n } });
    await tracker.advance(late);
    const { opened } = chain;
    tracker.recheck(late.logs);
    await tracker.advance(chain.mine());
    expect(chain.opened).toBe(opened + 1);
    expect(debtsOf(tracker)).toEqual({ 1: 12n });
  });
});

describe('the market counts debt', () => {
  test('that the accounts owe, to the unit, or that nobody known owes', async () => {
    const { chain, tracker } = await followed();
    expect(await tracker.debts()).toMatchObject([{ asset: { symbol: 'TOY' }, counted: 10n, known: 10n }]);
    await tracker.advance(chain.mineUnheard({ borrows: [2], owes: { 2: 2n ** 130n } }));
    expect(await tracker.debts()).toMatchObject([{ counted: 10n + 2n ** 130n, known: 10n }]);
  });

  test('which a search through all history explains', async () => {
    const chain = toyChain();
    for (let n = 0; n < 100; n++) chain.mine(n === 5 ? { borrows: [1, 3], owes: { 1: 10n, 3: 2n ** 129n } } : {});
    chain.deafen(true);
    const tracker = await openTracker(chain.options());
    await tracker.advance(chain.head);
    expect(tracker.book.size).toBe(0);
    chain.deafen(false);
    expect(await tracker.searchAgain()).toBe(2);
    await tracker.advance(chain.head);
    expect(debtsOf(tracker)).toEqual({ 1: 10n, 3: 2n ** 129n });
    expect(await tracker.debts()).toMatchObject([{ counted: 10n + 2n ** 129n, known: 10n + 2n ** 129n }]);
  });
});

test('a search that an earlier run began too late is made again from the first block, and that is kept', async () => {
  const chain = toyChain();
  for (let n = 0; n < 100; n++) chain.mine(n === 5 ? { borrows: [1], owes: { 1: 10n } } : {});
  const store = openStore({ path: ':memory:', chainId: 1 });
  const kept = store.market(marketKey('toy', POOL));
  const end = { ...chain.head, touched: [], found: [] };
  const { number, hash, timestamp } = end;
  const backfill = { fromBlock: 90n, nextBlock: number + 1n, done: true };
  kept.commit({ backfill, cursor: { number, hash, timestamp }, journal: { add: [end] } });
  const tracker = await openTracker({ ...chain.options(store), fromBlock: undefined });
  await tracker.advance(chain.mine());
  expect([tracker.book.size, tracker.fromBlock]).toEqual([0, 90n]);
  expect(await tracker.searchAgain()).toBe(1);
  expect(kept.load().backfill).toEqual({ fromBlock: 0n, nextBlock: 101n, done: true });
  expect([...kept.load().accounts]).toEqual([[person(1), null]]);
  await tracker.advance(chain.mine());
  expect(debtsOf(tracker)).toEqual({ 1: 10n });
  expect(tracker.fromBlock).toBe(0n);
});

describe('a node that comes back lower on the same chain', () => {
  test('is waited for: nothing is given up, nothing searched', async () => {
    const { chain, tracker, options } = await followed();
    const before = [...tracker.blocks];
    const blocks = Array.from({ length: 140 }, () => chain.mine());
    for (const block of blocks) await tracker.advance(block);
    chain.asked.length = 0;
    // Within what is remembered, and below it.
    for (const old of [blocks[100]!, blocks[3]!, { ...chain.head, ...before[0]!, timestamp: 1n }]) {
      expect(await tracker.advance(old)).toEqual({ touched: new Set(), unwound: undefined, behind: true });
    }
    expect(chain.asked).toEqual([]);
    expect(tracker.tip!.hash).toBe(chain.head.hash);
    expect((await tracker.advance(chain.mine())).behind).toBeUndefined();
    expect(debtsOf(tracker)).toEqual({ 1: 10n });
    expect(options.said.filter((text) => text.startsWith('none of the remembered'))).toEqual([]);
  });

  test('and then goes on another way is followed there', async () => {
    const { chain, tracker } = await followed();
    for (let n = 0; n < 10; n++) await tracker.advance(chain.mine());
    chain.unwind(8);
    expect((await tracker.advance(chain.head)).behind).toBe(true);
    const { unwound, behind } = await tracker.advance(chain.mine({ touches: [1], owes: { 1: 17n } }));
    expect(behind).toBeUndefined();
    expect(unwound!.blocks).toBe(8);
    expect(debtsOf(tracker)).toEqual({ 1: 17n });
  });

  test('is waited for at a start, too', async () => {
    const { chain, tracker, store } = await followed();
    const low = chain.head;
    for (let n = 0; n < 5; n++) await tracker.advance(chain.mine());
    const heads = [low, low, chain.head];
    const options = chain.options(store);
    const next = await openTracker({ ...options, head: async () => heads.shift() ?? chain.head });
    expect(heads).toEqual([]);
    expect(options.said.filter((text) => text.includes('waiting for it'))).toHaveLength(1);
    expect((await next.advance(chain.head)).behind).toBeUndefined();
    expect(debtsOf(next)).toEqual({ 1: 10n });
  });
});
