import { type Address, type Hash, numberToHex, padHex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../test-fork/lab/random.ts';
import type { Head } from '../src/chain/head.ts';
import { createJournal, JOURNAL_BLOCKS, type Journal, type LightBlock, pathTo } from '../src/chain/journal.ts';
import { marketKey } from '../src/store/key.ts';
import { openStore, type Store } from '../src/store/store.ts';

const SEQUENCES = 2_000;
const STEPS = 6;
const FIRST = 1_000n;
const [LONGEST_GAP, DEEPEST] = [200, 140];
/** Blocks before the walked ones are searched by number. */
const WALKED = 64;

/** A chain that grows and forks; every block that ever was is known by its hash. */
function chainModel() {
  const canonical = new Map<bigint, Head>();
  const all = new Map<Hash, Head>();
  const asked = { byNumber: 0, byHash: 0 };
  let tip = FIRST - 1n;
  let made = 0;
  const found = (head: Head | undefined) => {
    if (!head) throw new Error('no such block');
    return head;
  };
  return {
    asked,
    source: {
      byNumber: async (number: bigint) => {
        asked.byNumber += 1;
        return found(canonical.get(number));
      },
      byHash: async (hash: Hash) => {
        asked.byHash += 1;
        return found(all.get(hash));
      },
    },
    get head() {
      return canonical.get(tip)!;
    },
    get length() {
      return Number(tip - FIRST) + 1;
    },
    at: (number: bigint) => canonical.get(number),
    has: ({ number, hash }: { number: bigint; hash: Hash }) => canonical.get(number)?.hash === hash,
    grow(count: number) {
      for (let index = 0; index < count; index++) {
        const parentHash = canonical.get(tip)?.hash ?? padHex('0x');
        tip += 1n;
        made += 1;
        const hash = padHex(numberToHex(made));
        const block = {
          number: tip,
          hash,
          parentHash,
          timestamp: tip,
          gasLimit: 0n,
          baseFeePerGas: 0n,
          logsBloom: '0x',
        } as Head;
        canonical.set(tip, block);
        all.set(hash, block);
      }
    },
    cut(count: number) {
      for (let index = 0; index < count; index++, tip -= 1n) canonical.delete(tip);
    },
  };
}

const lightBlock = ({ number, hash, parentHash }: Pick<Head, 'number' | 'hash' | 'parentHash'>): LightBlock => ({
  ...{ number, hash, parentHash, found: [] },
  // As if every block had touched an account of its own.
  touched: [`0x${hash.slice(-40)}` as Address],
});

const hashesOf = (blocks: readonly LightBlock[]) => blocks.map(({ hash }) => hash).join();

describe(`${SEQUENCES} random sequences of heads, gaps, reorgs and restarts`, () => {
  const seen = { steps: 0, gaps: 0, ranges: 0, reorgs: 0, lower: 0, resyncs: 0, restarts: 0 };
  let store: Store;
  beforeAll(() => {
    store = openStore({ path: ':memory:', chainId: 31337 });
  });
  afterAll(() => store.close());

  test('the ancestor is the newest remembered block on the chain, and exactly what is not on it is unwound', {}, async () => {
    for (let seed = 0; seed < SEQUENCES; seed++) await sequence(seed);
    // Each case has come up; what never happens proves nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(SEQUENCES / 20);
  });

  async function sequence(seed: number): Promise<void> {
    const rng = random(seed);
    const chain = chainModel();
    // Every fourth is kept in a store, and killed now and then.
    const kept = seed % 4 === 0;
    const market = store.market(marketKey('aave-v3', padHex(numberToHex(seed + 1), { size: 20 })));
    const whole = (most: number) => 1 + Math.floor(rng.next() ** 2 * most);
    chain.grow(2 * DEEPEST + whole(50));
    let journal = createJournal();
    journal.add(lightBlock(chain.head));
    if (kept) market.commit({ journal: { add: [lightBlock(chain.head)] } });

    for (let step = 0; step < STEPS; step++) {
      const kind = rng.next();
      if (kind < 0.35) chain.grow(1);
      else if (kind < 0.6) chain.grow(whole(LONGEST_GAP));
      else {
        const depth = Math.min(whole(DEEPEST), chain.length - WALKED - 2);
        chain.cut(depth);
        // As high as before, higher, or lower.
        chain.grow(Math.max(1, depth + Math.floor(rng.between(-3, 4))));
        seen.reorgs += 1;
      }
      const head = chain.head;
      if (journal.tip!.hash === head.hash) continue;
      seen.steps += 1;
      if (head.number < journal.tip!.number) seen.lower += 1;
      if (head.number > journal.tip!.number + 1n) seen.gaps += 1;
      journal = await follow(chain, journal, head, kept ? rng.next() : 1);
      if (kept && rng.next() < 0.15) {
        seen.restarts += 1;
        journal = createJournal(market.load().journal);
      }
      expect(journal.blocks.length).toBeLessThanOrEqual(JOURNAL_BLOCKS);
      expect(journal.blocks.every((block) => chain.has(block))).toBe(true);
      expect(journal.tip!.hash).toBe(head.hash);
    }
    if (kept) expect(market.load().journal).toEqual(journal.blocks);

    /** What a market does at a head, killed before or after it is kept if `chance` says so. */
    async function follow(of: typeof chain, before: Journal, head: Head, chance: number): Promise<Journal> {
      const expected = before.blocks.findLast((block) => block.number < head.number && of.has(block));
      const path = await pathTo(before, head, of.source);
      expect(path?.ancestor).toEqual(expected);
      if (!path) {
        seen.resyncs += 1;
        market.clear();
        const anew = createJournal([lightBlock(head)]);
        if (kept) market.commit({ journal: { add: [lightBlock(head)] } });
        return anew;
      }
      const { ancestor, blocks, range } = path;
      const first = blocks[0]!;
      expect(blocks.findIndex((block, index) => block !== of.at(head.number - BigInt(blocks.length - 1 - index)))).toBe(
        -1,
      );
      expect(first.number).toBe((range?.to ?? ancestor.number) + 1n);
      if (range) {
        seen.ranges += 1;
        expect([range.from, blocks.length]).toEqual([ancestor.number + 1n, WALKED + 1]);
        expect(range.to).toBeGreaterThanOrEqual(range.from);
      } else expect(first.parentHash).toBe(ancestor.hash);

      const jump = range && lightBlock({ number: range.to, hash: first.parentHash, parentHash: ancestor.hash });
      const added = [...(jump ? [jump] : []), ...blocks.map(lightBlock)];
      const change = { journal: { dropAbove: ancestor.number, add: added, keep: JOURNAL_BLOCKS } };
      if (chance < 0.1) {
        // Killed before it was kept: the next run is where this one began, and comes to the same.
        seen.restarts += 1;
        return follow(of, createJournal(market.load().journal), head, 1);
      }
      if (kept) market.commit(change);
      // Killed after: nothing is left to do.
      if (chance < 0.2) return createJournal(market.load().journal);
      const gone = before.blocks.filter((block) => !of.has(block) || block.number >= head.number);
      expect(hashesOf(before.unwindTo(ancestor.number))).toBe(hashesOf(gone));
      for (const block of added) before.add(block);
      return before;
    }
  }
});

describe('what a head costs', () => {
  async function cost(gap: number, depth: number): Promise<{ byNumber: number; byHash: number }> {
    const chain = chainModel();
    chain.grow(40);
    const journal = createJournal();
    for (let number = FIRST; number <= chain.head.number; number++) journal.add(lightBlock(chain.at(number)!));
    chain.cut(depth);
    chain.grow(depth + gap);
    await pathTo(journal, chain.head, chain.source);
    return chain.asked;
  }

  test('nothing is asked for a block on our tip', async () => {
    expect(await cost(1, 0)).toEqual({ byNumber: 0, byHash: 0 });
  });

  test('a gap asks for each block between, once', async () => {
    expect(await cost(8, 0)).toEqual({ byNumber: 7, byHash: 0 });
  });

  test('a reorg asks for each replaced block, once', async () => {
    expect(await cost(0, 9)).toEqual({ byNumber: 0, byHash: 8 });
  });

  test('a long gap asks for the blocks that are walked, and searches the ancestor in halves', async () => {
    const { byNumber, byHash } = await cost(1_000, 0);
    expect(byHash).toBe(0);
    expect(byNumber).toBeLessThanOrEqual(WALKED + Math.ceil(Math.log2(41)));
  });
});

test('an endpoint whose blocks are not linked is refused, and nothing has moved', async () => {
  const chain = chainModel();
  chain.grow(2);
  const journal = createJournal([lightBlock(chain.head)]);
  chain.grow(5);
  const head = chain.head;
  const source = {
    ...chain.source,
    // Changes to another chain between two answers.
    byNumber: async (number: bigint) => ({ ...(await chain.source.byNumber(number)), hash: padHex('0xff') }),
  };
  await expect(pathTo(journal, head, source)).rejects.toThrow(/^the chain changed at block \d+ while it was read$/);
  expect(journal.blocks).toHaveLength(1);
});
