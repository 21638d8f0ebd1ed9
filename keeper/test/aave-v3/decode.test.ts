import { type AbiEvent, type Address, decodeEventLog, getAbiItem } from 'viem';
import { describe, expect, test } from 'vitest';
import { logReaderOf } from '../../src/book/read-logs.ts';
import { accountEventsAbi, reopenEventsAbi } from '../../src/protocols/aave-v3/abi.ts';
import { random } from '../book/random.ts';
import { type InventedLog, inventLog, mangle } from './logs.ts';
import { scene } from './scene.ts';

/** The arguments that are accounts whose debt, collateral or eMode an event changes. */
const named: Record<(typeof accountEventsAbi)[number]['name'], readonly string[]> = {
  Supply: ['onBehalfOf'],
  Withdraw: ['user'],
  Borrow: ['onBehalfOf'],
  Repay: ['user'],
  ReserveUsedAsCollateralEnabled: ['user'],
  ReserveUsedAsCollateralDisabled: ['user'],
  UserEModeSet: ['user'],
  LiquidationCall: ['user'],
  MintUnbacked: ['onBehalfOf'],
  SwapBorrowRateMode: ['user'],
  RebalanceStableBorrowRate: ['user'],
  DeficitCreated: ['user'],
  BalanceTransfer: ['from', 'to'],
};
const every = [...accountEventsAbi, ...reopenEventsAbi] as readonly AbiEvent[];
const { pool, market } = scene(10n, [{}, {}], []);
const reader = logReaderOf(market.discovery);

/** The accounts of a log by viem's decoder. What is wrong with the data does not matter: no account is in it. */
function byViem({ topics, data }: InventedLog): { name: string | undefined; accounts: Address[] } {
  const decode = (strict: boolean) => {
    try {
      return decodeEventLog({ abi: every, topics, data, strict }) as { eventName: string; args: object };
    } catch {
      return undefined;
    }
  };
  const event = getAbiItem({ abi: every, name: topics[0] }) as AbiEvent | undefined;
  const count = event?.inputs.filter(({ indexed }) => indexed).length ?? 0;
  // Told to be lenient, viem looks for topics that are missing in the data.
  const decoded = topics.length > count ? decode(false) : undefined;
  const args = (decoded?.args ?? {}) as Record<string, Address>;
  const names = named[decoded?.eventName as keyof typeof named] ?? [];
  return { name: decoded?.eventName, accounts: names.map((name) => args[name]!.toLowerCase() as Address) };
}

describe('the accounts that a log names are those of viem', () => {
  test.each(every.map((event) => [event.name, event] as const))('%s', (name, event) => {
    const rng = random(7);
    for (let run = 0; run < 200; run++) {
      const log = inventLog(rng, event, pool.address);
      const expected = byViem(log);
      const { touched, borrowers, reopen } = reader.read([log]);
      expect(expected.name).toBe(name);
      expect([...touched]).toEqual([...new Set(expected.accounts)]);
      expect([...borrowers]).toEqual(name === 'Borrow' ? expected.accounts : []);
      expect(reopen).toBe(!(name in named));
    }
  });

  test('whatever is wrong with a log', () => {
    const rng = random(8);
    const seen = { someone: 0, nobody: 0 };
    for (let run = 0; run < 5_000; run++) {
      const event = rng.among<AbiEvent>(accountEventsAbi);
      const log = mangle(rng, event, inventLog(rng, event, pool.address));
      const { accounts } = byViem(log);
      expect([...reader.read([log]).touched], JSON.stringify(log)).toEqual([...new Set(accounts)]);
      seen[accounts.length > 0 ? 'someone' : 'nobody'] += 1;
    }
    expect(Math.min(seen.someone, seen.nobody)).toBeGreaterThan(1_000);
  });

  test('a log without topics names nobody', () => {
    const { touched, borrowers, reopen } = reader.read([{ address: pool.address, topics: [], data: '0x' }]);
    expect([touched.size, borrowers.size, reopen]).toEqual([0, 0, false]);
  });

  test('only what the Pool says of borrowing finds a borrower', () => {
    const borrow = accountEventsAbi.find(({ name }) => name === 'Borrow')!;
    const log = inventLog(random(9), borrow, pool.assets[0]!.aToken);
    const { touched, borrowers } = reader.read([log]);
    expect([touched.size, borrowers.size]).toEqual([1, 0]);
  });
});
