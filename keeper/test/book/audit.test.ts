import type { Hex } from 'viem';
import { describe, expect, test } from 'vitest';
import { openAudit } from '../../src/book/audit.ts';
import { openTracker } from '../../src/book/tracker.ts';
import type { Endpoint } from '../../src/chain/endpoint.ts';
import { createEndpoints, type Endpoints } from '../../src/chain/endpoints.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { person, toyChain } from './toy-chain.ts';

type Asked = { endpoint: string; from: number; to: number };

/** A market on a toy chain, audited through endpoints of which each has its own word on the logs. */
async function audited(
  count: number,
  { store, chain = toyChain() }: { store?: Store; chain?: ReturnType<typeof toyChain> } = {},
) {
  for (let n = chain.size; n < 100; n++) chain.mine(n === 5 ? { borrows: [1], owes: { 1: 10n } } : {});
  const asked: Asked[] = [];
  /** Endpoints that keep all logs back, and the most blocks that each takes. */
  const deaf = new Set<string>();
  const limits = { most: 10_000, fails: false };
  const said: Record<string, unknown>[] = [];
  const say = (level: string) => (line: object, text: string) => said.push({ level, text, ...line });
  const log = { info: say('info'), warn: say('warn'), debug: say('debug') } as never;
  const opened = Array.from({ length: count }, (_, index): Endpoint => {
    const shown = `http://node-${index}`;
    return {
      shown,
      batch: () => undefined,
      close() {},
      async request({ method, params }) {
        if (method !== 'eth_getLogs') throw new Error(`${method} is not known here`);
        const { fromBlock, toBlock } = (params as [{ fromBlock: Hex; toBlock: Hex }])[0];
        const [from, to] = [Number(fromBlock), Number(toBlock)];
        asked.push({ endpoint: shown, from, to });
        if (limits.fails) throw Object.assign(new Error('boom'), { code: -32_603 });
        if (to - from + 1 > limits.most) throw Object.assign(new Error('block range too large'), { code: -32_005 });
        return deaf.has(shown) ? [] : chain.logsIn(from, to);
      },
    };
  });
  const endpoints: Endpoints = createEndpoints(1, opened, log);
  const options = chain.options(store);
  const tracker = await openTracker({ ...options, log });
  const givers = new Map<Hex, Endpoints['members'][number]>();
  const logs = { giver: (hash: Hex) => givers.get(hash) };
  const audit = openAudit({ chain: { endpoints }, logs, range: 1_000, log });
  /** Takes a head, and audits. */
  const take = async (head = chain.head, giver = endpoints.ranked()[0]!) => {
    for (const member of endpoints.members) endpoints.note(member, head, true);
    givers.set(head.hash, giver);
    await tracker.advance(head);
    return audit([tracker]);
  };
  const ranked = () => endpoints.ranked().map(({ endpoint }) => endpoint.shown);
  return { chain, tracker, take, asked, deaf, limits, said, endpoints, ranked };
}

describe('logs that an endpoint keeps back', () => {
  test('are found a block later at another, whose word counts; the first is charged, and told of once', async () => {
    const { chain, tracker, take, said, endpoints, deaf, ranked } = await audited(2);
    await take();
    const [liar, honest] = ranked() as [string, string];
    deaf.add(liar);
    const member = endpoints.members.find(({ endpoint }) => endpoint.shown === liar)!;
    for (const who of [2, 3]) {
      await take(chain.mineUnheard({ borrows: [who], owes: { [who]: 20n } }), member);
      expect(tracker.book.has(person(who))).toBe(false);
      expect(await take(chain.mine())).toBe(1);
      expect(await take(chain.mine())).toBe(0);
      expect(tracker.book.get(person(who))!.cells).toEqual([{ slot: 0, amount: 20n }]);
    }
    const told = said.filter(({ text }) => String(text).startsWith('an endpoint had kept back'));
    expect(told).toMatchObject([
      { level: 'warn', market: 'toy', block: 100n, accounts: 1, endpoint: liar, foundAt: honest },
      { level: 'info', market: 'toy', block: 103n, accounts: 1, endpoint: liar, foundAt: honest },
    ]);
    expect(
      endpoints
        .health()
        .map(({ endpoint, errors }) => [endpoint, errors])
        .sort(),
    ).toEqual(
      [
        [liar, 2],
        [honest, 0],
      ].sort(),
    );
  });

  test.each([
    [3, 'a few heads'],
    [14, '16 heads and some'],
    [50, '64 heads and some'],
  ])('for %i heads, by the only one there is, are found after %s', async (late) => {
    const { chain, tracker, take, deaf, ranked } = await audited(1);
    await take();
    deaf.add(ranked()[0]!);
    await take(chain.mineUnheard({ borrows: [2], owes: { 2: 20n } }));
    for (let n = 0; n < late; n++) await take(chain.mine());
    expect(tracker.book.has(person(2))).toBe(false);
    deaf.clear();
    const most = [3, 14, 50].indexOf(late) === 2 ? 81 - late : late === 14 ? 21 - late : 3;
    for (let n = 0; n < most; n++) await take(chain.mine());
    expect(tracker.book.get(person(2))!.cells).toEqual([{ slot: 0, amount: 20n }]);
  });

  test('are found after a restart, whose first audit is of all that is remembered', async () => {
    const store = openStore({ path: ':memory:', chainId: 1 });
    const first = await audited(1, { store });
    await first.take();
    first.deaf.add(first.ranked()[0]!);
    await first.take(first.chain.mineUnheard({ borrows: [2], owes: { 2: 20n } }));
    for (let n = 0; n < 40; n++) await first.take(first.chain.mine());
    const { chain, tracker, take } = await audited(1, { store, chain: first.chain });
    expect(tracker.book.has(person(2))).toBe(false);
    await take(chain.mine());
    await take(chain.mine());
    expect(tracker.book.get(person(2))!.cells).toEqual([{ slot: 0, amount: 20n }]);
  });
});

describe('an audit', () => {
  test('takes less than two requests a head, asks each block of both endpoints, and misses none', async () => {
    const { chain, take, asked, ranked } = await audited(2);
    await take();
    asked.length = 0;
    for (let n = 0; n < 128; n++) await take(chain.mine());
    expect(asked.length / 128).toBeLessThanOrEqual(1.5);
    const looks = (endpoint: string, block: number) =>
      asked.filter((one) => one.endpoint === endpoint && one.from <= block && one.to >= block).length;
    for (let block = 100; block < 140; block++) {
      const [first, second] = ranked().map((endpoint) => looks(endpoint, block)) as [number, number];
      expect([first, second]).toEqual([1, 5]);
    }
  });

  test('of many blocks is cut to what the node takes', async () => {
    const { take, asked, limits, chain } = await audited(1);
    limits.most = 5;
    for (let n = 0; n < 40; n++) await take(chain.mine());
    const answered = asked.filter(({ from, to }) => to - from + 1 <= 5);
    // All remembered blocks and the 64 before have been looked at, four requests a head.
    for (let block = 0; block < 135; block++) {
      expect(answered.some(({ from, to }) => from <= block && block <= to)).toBe(true);
    }
  });

  test('of an endpoint that fails is made by another, and what nobody answers is asked at the next head', async () => {
    const { chain, take, asked, limits, ranked } = await audited(2);
    await take();
    limits.fails = true;
    asked.length = 0;
    const missed = Number(chain.head.number);
    for (let n = 0; n < 6; n++) await take(chain.mine());
    expect(new Set(asked.map(({ endpoint }) => endpoint))).toEqual(new Set(ranked()));
    limits.fails = false;
    asked.length = 0;
    await take(chain.mine());
    expect(asked[0]).toMatchObject({ from: missed, to: missed + 6 });
  });
});
