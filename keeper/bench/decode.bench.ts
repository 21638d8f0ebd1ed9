import { type AbiEvent, type Address, decodeEventLog, toEventSelector } from 'viem';
import { createBook } from '../src/book/book.ts';
import { type Found, logReaderOf } from '../src/book/read-logs.ts';
import { accountEventsAbi, reopenEventsAbi } from '../src/protocols/aave-v3/abi.ts';
import { discovery } from '../src/protocols/aave-v3/discovery.ts';
import { type InventedLog, inventLog } from '../test/aave-v3/logs.ts';
import { scene } from '../test/aave-v3/scene.ts';
import { random } from '../test/book/random.ts';
import { median, type Row, timed } from './row.ts';

const LOGS = 100_000;
const ACCOUNTS = 20_000;
const RUNS = 3;

/** How often each event is met, about as on Ethereum; the rest are rare. */
const SHARES: Partial<Record<(typeof accountEventsAbi)[number]['name'], number>> = {
  Supply: 22,
  BalanceTransfer: 21,
  Withdraw: 18,
  Borrow: 12,
  Repay: 11,
  ReserveUsedAsCollateralEnabled: 8,
  ReserveUsedAsCollateralDisabled: 5,
  UserEModeSet: 2,
  LiquidationCall: 1,
};

/** Which arguments are accounts, for whoever has them by name. */
const NAMES: Record<string, readonly string[]> = {
  Supply: ['onBehalfOf'],
  BalanceTransfer: ['from', 'to'],
  Borrow: ['onBehalfOf'],
};

const abi = [...accountEventsAbi, ...reopenEventsAbi];

/**
 * From raw logs to the accounts to be read: the keeper's way, which looks at topics alone, against viem's `decodeEventLog`.
 * Both then find out which accounts are known and which are new.
 *
 * @throws when they differ
 */
export default function decodeBench(): Row[] {
  const { pool } = scene(10n, [{}, {}, {}, {}], []);
  const reader = logReaderOf(discovery(pool));
  const rng = random(3);
  const people = Array.from({ length: ACCOUNTS }, rng.address);
  const book = createBook();
  for (const address of people.slice(0, ACCOUNTS / 2))
    book.set({ address, group: 0, cells: [{ slot: 0, amount: 1n }] });

  const bag = Object.entries(SHARES).flatMap(([name, share]) => {
    const event = accountEventsAbi.find((event) => event.name === name)! as AbiEvent;
    return Array.from({ length: share }, () => event);
  });
  const logs = Array.from({ length: LOGS }, (_, index): InventedLog => {
    const event = rng.among(bag);
    const emitter = event.name === 'BalanceTransfer' ? pool.assets[index % 4]!.aToken : pool.address;
    return inventLog(rng, event, emitter, () => rng.among(people));
  });

  const apply = ({ touched, borrowers }: Found): Set<Address> =>
    new Set([...touched].filter((account) => book.has(account) || borrowers.has(account)));
  const ours = () => apply(reader.read(logs));
  const theirs = () => apply(byViem(logs));
  const [a, b] = [ours(), theirs()];
  if (a.size !== b.size || [...a].some((account) => !b.has(account))) {
    throw new Error(`${a.size} accounts here, ${b.size} by viem`);
  }
  const times: [number[], number[]] = [[], []];
  // In turns, so that whatever else the machine does meets both.
  for (let run = 0; run < RUNS; run++) {
    times[0].push(...timed(5, ours));
    times[1].push(...timed(1, theirs));
  }
  const [mine, viems] = times.map(median) as [number, number];
  return [
    { name: 'sync.decode-per-s', value: (LOGS / mine) * 1_000, unit: 'logs/s' },
    { name: 'sync.decode-ratio', value: viems / mine, unit: 'times', target: 3, atLeast: true },
  ];
}

const eventBySelector = new Map(abi.map((event) => [toEventSelector(event), event]));

/** The quicker of viem's ways: `parseEventLogs` of the whole list hashes every event's signature again for every log. */
function byViem(logs: readonly InventedLog[]): Found {
  const found: Found = { touched: new Set(), borrowers: new Set(), reopen: false };
  for (const { topics, data } of logs) {
    const event = eventBySelector.get(topics[0]);
    if (!event) continue;
    const { eventName, args } = decodeEventLog({ abi: [event], topics, data });
    for (const name of NAMES[eventName] ?? ['user']) {
      const account = (args as unknown as Record<string, Address>)[name]!.toLowerCase() as Address;
      found.touched.add(account);
      if (eventName === 'Borrow') found.borrowers.add(account);
    }
  }
  return found;
}
