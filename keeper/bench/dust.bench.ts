import { createBook } from '../src/book/book.ts';
import { marketOf } from '../src/protocols/aave-v3/index.ts';
import { collateralSlot, debtSlot } from '../src/protocols/aave-v3/slots.ts';
import type { Account } from '../src/protocols/protocol.ts';
import { now, scene } from '../test/aave-v3/scene.ts';
import { median, type Row, timed } from './row.ts';
import { inventAccounts, inventDust } from './stock.ts';

const ACCOUNTS = 100_000;
const ROUNDS = 5;
/** Base currency: what 50,000 gas cost at a tenth of a gwei, with ether at $2,000: a cent. */
const DUST = 0.01 * 10 ** 8;

/** One account under water, found among the others. */
const drowning: Account = {
  address: '0x00000000000000000000000000000000deadbea7',
  group: 0,
  cells: [
    { slot: collateralSlot(0), amount: 10n ** 18n },
    { slot: debtSlot(2), amount: 1_700n * 10n ** 6n },
  ],
};

/**
 * What 100,000 accounts of dust, opened by whoever would like to slow others down, cost at a head: judging a market of as many
 * real ones with them against without them. Half of the dust owes nothing, and is no borrower; it is given a row all the same.
 *
 * @throws when the one account under water is not found, or another is
 */
export default function dustBench(): Row[] {
  const reserves = [
    { price: 2_000n * 10n ** 8n },
    { price: 60_000n * 10n ** 8n, decimals: 8 },
    { price: 10n ** 8n, decimals: 6 },
    { price: 10n ** 8n },
  ];
  const { pool, state } = scene(10n, reserves, []);
  const books = [[], inventDust(ACCOUNTS)].map((dust) => {
    const book = createBook();
    for (const account of [...inventAccounts(ACCOUNTS), drowning, ...dust]) book.set(account);
    return book;
  });
  let time = now;
  const judges = books.map((book) => () => {
    const { underwater } = book.judge(marketOf(pool).at(state, book.get, { timestamp: ++time, number: 2n }), DUST);
    const [found] = [...underwater.keys()];
    if (underwater.size !== 1 || found?.toLowerCase() !== drowning.address) {
      throw new Error(`${underwater.size} under water instead of the one that is, ${found ?? 'nobody'} first`);
    }
  });
  for (const judge of judges) timed(3, judge);
  const times: number[][] = [[], []];
  // In turns, so that whatever else the machine does meets both.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, judge] of judges.entries()) times[index]!.push(...timed(2, judge));
  }
  const [without, having] = times.map(median) as [number, number];
  return [
    { name: 'dust.judge.ms.100k', value: without, unit: 'ms' },
    { name: 'dust.judge.ms.100k-and-dust', value: having, unit: 'ms' },
    { name: 'dust.judge-ratio', value: having / without, unit: 'times' },
  ];
}
