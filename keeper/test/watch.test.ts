import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Debt } from '../src/book/debts.ts';
import type { Tracker } from '../src/book/tracker.ts';
import { createEndpoints } from '../src/chain/endpoints.ts';
import type { Head } from '../src/chain/head.ts';
import type { Logger } from '../src/log/log.ts';
import { openWatch, type Watch } from '../src/watch.ts';

const NOW = 1_700_000_000;
const usdc = { address: '0x00000000000000000000000000000000000000d1', symbol: 'USDC', decimals: 6 } as const;
const head = (number: number, timestamp = NOW): Head =>
  ({ number: BigInt(number), hash: `0x${number}`, timestamp: BigInt(timestamp) }) as Head;

/** A market of which a test says how it stands. */
function marketOf() {
  const market = {
    ...{ name: 'core', key: 'aave-v3:0x1', protocol: { id: 'aave-v3' }, market: { assets: [usdc] }, touched: 0 },
    ...{ book: { size: 2 }, tip: head(100), state: { block: head(100) }, blocks: [head(100)] },
    filter: { addresses: [], topics: [] },
    price: 100n,
    counted: 10n,
    known: 10n,
    searches: 0,
    view: () => ({ price: () => ({ base: market.price, decimals: 6 }) }),
    recheck: () => [],
    debts: async (): Promise<Debt[]> => [{ asset: usdc, counted: market.counted, known: market.known }],
    async searchAgain() {
      market.searches += 1;
      market.known = market.counted;
      return 3;
    },
    at(number: number, timestamp?: number) {
      const here = head(number, timestamp);
      Object.assign(market, { tip: here, state: { block: here }, blocks: [here] });
      return here;
    },
  };
  return market;
}

let watch: Watch | undefined;
afterEach(() => {
  watch?.stop();
  vi.useRealTimers();
});

function open(once = false) {
  vi.useFakeTimers({ now: NOW * 1_000 });
  const lines: Record<string, unknown>[] = [];
  const say = (level: string) => (fields: object, msg: string) => lines.push({ level, msg, ...fields });
  const log = { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {} } as unknown as Logger;
  const market = marketOf();
  const told: Head[] = [];
  const ready = { chain: { id: 1, endpoints: createEndpoints(1, [], log) }, settings: { once, logRange: 1_000 } };
  const heads = async function* () {
    yield* [head(100)];
    await new Promise(() => {});
  };
  const logs = { giver: () => undefined };
  const opened = openWatch(
    { ...ready, heads } as never,
    logs as never,
    [market as unknown as Tracker],
    (last) => told.push(last),
    log,
  );
  watch = opened;
  const alarms = () => opened.alarms().map(({ about, text }) => [about, text]);
  return { watch: opened, market, lines, told, alarms };
}

/** What was asked for beside the head is answered. */
const settle = () => vi.advanceTimersByTimeAsync(2_000);

describe('debt that nobody known owes', () => {
  test('is a number, one line, and a search through all history; it is over when who owes it is found', async () => {
    const { watch, market, lines, alarms } = open();
    market.counted = 1_000n;
    const heads = watch.heads(AbortSignal.abort());
    expect((await heads.next()).value).toEqual(head(100));
    watch.head(market.at(100));
    await settle();
    expect(watch.debts('aave-v3:0x1')).toEqual([{ asset: usdc, counted: 1_000n, known: 10n }]);
    expect(alarms()).toEqual([['aave-v3 core debts', 'nobody known owes 99.00 % of USDC: accounts are missing']]);
    expect(market.searches).toBe(1);
    // Who was found is read at once, not when another block comes.
    expect((await heads.next()).value).toEqual(head(100));
    watch.head(market.at(101));
    await settle();
    expect(alarms()).toEqual([]);
    expect(lines.filter(({ msg }) => msg === 'alarm')).toHaveLength(1);
    expect(market.searches).toBe(1);
  });

  test('is counted every few hundred heads, and one unit an account is let pass', async () => {
    const { watch, market, alarms } = open();
    watch.head(market.at(100));
    await settle();
    market.counted = 12n;
    for (const number of [101, 355, 356]) {
      watch.head(market.at(number));
      await settle();
      expect(watch.debts('aave-v3:0x1')[0]!.counted).toBe(number < 356 ? 10n : 12n);
    }
    expect(alarms()).toEqual([]);
    market.counted = 13n;
    watch.head(market.at(612));
    await settle();
    expect(alarms()).toHaveLength(1);
  });

  test('of which the accounts owe more than there is says that they are out of date', async () => {
    const { watch, market, alarms } = open();
    market.known = 20n;
    watch.head(market.at(100));
    await settle();
    expect(alarms()[0]![1]).toBe('the accounts owe more USDC than the market counts: some are out of date');
    expect(market.searches).toBe(0);
  });

  test('in a market where nobody is known ends a single look with an error', async () => {
    const { watch, market, lines } = open(true);
    market.book.size = 0;
    await expect(watch.check()).rejects.toThrow('core has debt, and no borrower was found');
    expect(lines).toMatchObject([{ level: 'error', msg: 'alarm' }]);
    market.counted = 0n;
    market.known = 0n;
    await expect(watch.check()).resolves.toBeUndefined();
  });
});

describe('silence', () => {
  test('of heads is told of once, and again after one came', async () => {
    const { watch, market, told, alarms, lines } = open();
    await vi.advanceTimersByTimeAsync(600_000);
    // Nobody listens for heads yet.
    expect(lines).toEqual([]);
    watch.head(market.at(100, NOW + 600));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(alarms()).toEqual([['heads', expect.stringMatching(/^no new block for \d+ s$/)]]);
    // Where its debts were counted, and where it fell silent.
    expect(told).toEqual([market.tip, market.tip]);
    expect(lines.filter(({ about }) => about === 'heads')).toHaveLength(1);
    watch.head(market.at(101, NOW + 1_200));
    expect(alarms()).toEqual([]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(lines.filter(({ about, msg }) => about === 'heads' && msg === 'alarm')).toHaveLength(2);
  });

  test('of a price that used to move', () => {
    const { watch, market, alarms } = open(true);
    watch.head(market.at(100));
    market.price = 101n;
    watch.head(market.at(101, NOW + 12));
    vi.setSystemTime((NOW + 100_000) * 1_000);
    watch.head(market.at(102, NOW + 100_000));
    expect(alarms()).toEqual([['aave-v3 core price of USDC', 'the price has not moved for 27.8 h']]);
    market.price = 102n;
    watch.head(market.at(103, NOW + 100_000));
    expect(alarms()).toEqual([]);
  });

  test('of a market that is busy', () => {
    const { watch, market, alarms } = open(true);
    const take = (number: number, seconds: number) => {
      vi.setSystemTime((NOW + seconds) * 1_000);
      watch.head(market.at(number, NOW + seconds));
    };
    market.touched = 1;
    for (let n = 0; n < 20; n++) take(100 + n, 12 * n);
    market.touched = 0;
    take(200, 12 * 19 + 7_200);
    expect(alarms()).toEqual([]);
    take(201, 12 * 19 + 7_201);
    expect(alarms()).toEqual([['aave-v3 core logs', 'no log of this market for 2.0 h, where one comes every 12 s']]);
  });
});

test('a head lower than what was read is old: told of once, until the node has caught up', () => {
  const { watch, market, told, alarms } = open(true);
  market.at(400);
  // One endpoint may be a little behind another at any time.
  expect(watch.isOld(head(397))).toBe(true);
  expect(alarms()).toEqual([]);
  expect(watch.isOld(head(100))).toBe(true);
  expect(watch.isOld(head(300))).toBe(true);
  expect(alarms()).toEqual([['node', 'the node is 100 blocks behind what was read already, and waited for']]);
  expect(told.map(({ number }) => number)).toEqual([100n]);
  expect(watch.isOld(head(400))).toBe(false);
  watch.head(market.at(400));
  expect(alarms()).toEqual([]);
});

test('a clock that is an hour off is told of', () => {
  const { watch, market, alarms } = open(true);
  watch.head(market.at(100, NOW + 3_600));
  expect(alarms()).toEqual([['clock', `the newest block is 3600 s ahead of this machine's clock: set the clock`]]);
});
