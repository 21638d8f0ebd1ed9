import type { Address, Hash, Hex } from 'viem';
import { expect, test, vi } from 'vitest';
import { shareLogs } from '../../src/book/share-logs.ts';
import type { LogFilter } from '../../src/chain/block-logs.ts';
import type { Chain } from '../../src/chain/client.ts';
import type { Head } from '../../src/chain/head.ts';
import type { RawLog } from '../../src/chain/logs.ts';

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const topic = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const head = (n: number) => ({ hash: topic(n) as Hash, number: BigInt(n) }) as Head;
const log = (contract: number, event: number): RawLog =>
  ({ address: address(contract), topics: [topic(event)], data: '0x' }) as unknown as RawLog;

/** What two markets and their oracle say in a block. */
const all = [log(0xa, 1), log(0xb, 1), log(0xb, 2), log(0xc, 3)];
const filterOf = (contracts: readonly number[], events: readonly number[]): LogFilter => ({
  addresses: contracts.map(address),
  topics: events.map(topic),
});

function shared() {
  const ask = vi.fn(async (_chain: unknown, _head: unknown, _filter: LogFilter, _parts: LogFilter[]) => all);
  const logs = shareLogs({} as Chain, ask as never);
  return { ask, logs };
}

test('two markets ask once a block, and each is given its own logs', async () => {
  const { ask, logs } = shared();
  const [one, other] = [{}, {}];
  logs.want(one, filterOf([0xa, 0xc], [1, 3]));
  logs.want(other, filterOf([0xb], [1]));
  const [ofOne, ofOther] = await Promise.all([logs.of(one, head(1)), logs.of(other, head(1))]);
  expect(ofOne).toEqual([all[0], all[3]]);
  // Event 2 of contract b is another market's word only where that market asks for it.
  expect(ofOther).toEqual([all[1]]);
  expect(ask).toHaveBeenCalledTimes(1);
  const [, , filter, parts] = ask.mock.calls[0]!;
  expect(filter).toEqual(filterOf([0xa, 0xc, 0xb], [1, 3]));
  expect(parts).toEqual([filterOf([0xa, 0xc], [1, 3]), filterOf([0xb], [1])]);
  await logs.of(one, head(2));
  expect(ask).toHaveBeenCalledTimes(2);
});

test('who wants something else since the block was asked for asks again', async () => {
  const { ask, logs } = shared();
  const one = {};
  logs.want(one, filterOf([0xa], [1]));
  expect(await logs.of(one, head(1))).toEqual([all[0]]);
  logs.want(one, filterOf([0xa, 0xb], [1, 2]));
  expect(await logs.of(one, head(1))).toEqual([all[0], all[1], all[2]]);
  expect(ask).toHaveBeenCalledTimes(2);
});

test('an answer that failed is asked for again', async () => {
  const { ask, logs } = shared();
  const one = {};
  logs.want(one, filterOf([0xa], [1]));
  ask.mockRejectedValueOnce(new Error('no such block'));
  await expect(logs.of(one, head(1))).rejects.toThrow('no such block');
  expect(await logs.of(one, head(1))).toEqual([all[0]]);
});

test('addresses are the same in whatever case', async () => {
  const { logs } = shared();
  const one = {};
  logs.want(one, { addresses: [address(0xa).toUpperCase().replace('0X', '0x') as Address], topics: [topic(1)] });
  expect(await logs.of(one, head(1))).toEqual([all[0]]);
});

test('a share of them is asked and answered like any other', async () => {
  const { ask, logs } = shared();
  const one = {};
  const pools = logs.share({});
  logs.want(one, filterOf([0xa], [1]));
  pools.want(filterOf([0xb], [2]));
  expect(await pools.of(head(1))).toEqual([all[2]]);
  expect(await logs.of(one, head(1))).toEqual([all[0]]);
  expect(ask).toHaveBeenCalledTimes(1);
});
