import type { Hash } from 'viem';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recallMined } from '../../src/execution/recall.ts';
import type { AttemptPatch, AttemptState } from '../../src/store/attempts.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { type FakeNode, fakeNode, hashOf, LIQUIDATOR, receipt, rpcError } from './node.ts';
import { address, COLLATERAL, DEBT, MARKET, sentLeg } from './sent.ts';

const OPERATOR = address(0xaa);
const HEAD = 300n;
let store: Store;
let node: FakeNode;
beforeEach(() => {
  store = openStore({ path: ':memory:', chainId: 1 });
  node = fakeNode();
});
afterEach(() => store.close());

/** An attempt of a state, sent at 290 with one hash, its number's. */
function ended(state: AttemptState, changes: AttemptPatch = {}): number {
  const id = store.attempts.insert({
    ...{
      legs: [sentLeg(1)],
      operator: OPERATOR,
      to: LIQUIDATOR,
      data: '0xabcd',
      value: 1n,
      gas: 2n,
      budget: 3n,
      validUntil: 4n,
    },
    ...{ state, nonce: 7, signed: '0x02', fees: { maxFeePerGas: 5n, maxPriorityFeePerGas: 6n }, sentAt: 290n },
  });
  store.attempts.update(id, { hashes: [hashOf(id)], reason: 'why', cost: 9n, outcomes: [], ...changes });
  return id;
}
const told = (hash: Hash, block: bigint, leg = 0) =>
  store.liquidations.add({
    ...{ hash, leg, market: MARKET, account: address(1), debt: DEBT, collateral: COLLATERAL, repaid: 1n, seized: 1n },
    ...{ profits: [], value: 1n, gasCost: 1n, block, time: 1n },
  });
const mined = (id: number, status: 'success' | 'reverted', block = 295n) =>
  node.receipts.set(hashOf(id), receipt(hashOf(id), { status, block }));
const recall = (operator: typeof OPERATOR | undefined = OPERATOR) => recallMined(node.client, store, operator, HEAD);
const state = (id: number) => store.attempts.get(id)!.state;

test('what the chain still has as it was is returned with its block, to be unwound later', async () => {
  const [landed, cancelled, lost, reverted] = (['landed', 'cancelled', 'lost', 'reverted'] as const).map((each) =>
    ended(each),
  ) as [number, number, number, number];
  for (const leg of [0, 1]) told(hashOf(landed), 295n, leg);
  mined(landed, 'success');
  mined(cancelled, 'success', 296n);
  mined(lost, 'reverted', 297n);
  mined(reverted, 'reverted', 298n);
  const recalled = await recall();
  expect(recalled.map(({ flight, block }) => [flight.about.id, block])).toEqual([
    [reverted, 298n],
    [lost, 297n],
    [cancelled, 296n],
    [landed, 295n],
  ]);
  expect(recalled.map(({ flight }) => flight.cancelling)).toEqual([undefined, undefined, 'why', undefined]);
  expect(recalled[3]!.flight).toMatchObject({ nonce: 7, data: '0xabcd', hashes: [hashOf(landed)], sentAt: 290n });
  expect([landed, cancelled, lost, reverted].map(state)).toEqual(['landed', 'cancelled', 'lost', 'reverted']);
});

test.each([
  ['landed', 'reverted'],
  ['cancelled', 'reverted'],
  ['lost', 'success'],
  ['reverted', 'success'],
  ['expired', 'success'],
  ['replaced', 'reverted'],
] as const)('what was %s, and is %s on the chain now, is on its way again', async (was, is) => {
  const id = ended(was);
  told(hashOf(id), 295n);
  mined(id, is);
  expect(await recall()).toEqual([]);
  const attempt = store.attempts.get(id)!;
  expect(attempt).toMatchObject({ state: 'sent', cost: undefined, outcomes: undefined });
  expect(attempt.reason).toBe(was === 'cancelled' ? 'why' : undefined);
  expect(store.liquidations.of(hashOf(id))).toEqual([]);
});

test.each(['landed', 'cancelled', 'lost', 'reverted'] as const)(
  'what was %s and is on the chain no more, too',
  async (was) => {
    const id = ended(was);
    expect(await recall()).toEqual([]);
    expect(state(id)).toBe('sent');
  },
);

test('what landed in another block now, or of which nothing is told, is told anew', async () => {
  const [moved, silent] = [ended('landed'), ended('landed')];
  told(hashOf(moved), 295n, 0);
  told(hashOf(moved), 294n, 1);
  mined(moved, 'success', 295n);
  mined(silent, 'success');
  expect(await recall()).toEqual([]);
  expect([moved, silent].map(state)).toEqual(['sent', 'sent']);
});

test('what ended without a receipt, and has none, is left', async () => {
  const [expired, replaced] = [ended('expired'), ended('replaced')];
  expect(await recall()).toEqual([]);
  expect([expired, replaced].map(state)).toEqual(['expired', 'replaced']);
});

test('what is open is not looked at, nor what was sent long ago or never', async () => {
  const open = [ended('planned'), ended('sent')];
  const [old, edge, never] = [
    ended('lost', { sentAt: 43n }),
    ended('lost', { sentAt: 44n }),
    ended('lost', { sentAt: undefined }),
  ];
  await recall();
  expect([...open, old, edge, never].map(state)).toEqual(['planned', 'sent', 'lost', 'sent', 'lost']);
});

test('the newest version is asked for first, and older ones where it is not mined', async () => {
  const id = ended('reverted', { hashes: [hashOf(81), hashOf(82)] });
  node.receipts.set(hashOf(81), receipt(hashOf(81), { status: 'reverted', block: 299n }));
  expect(await recall()).toMatchObject([{ block: 299n, flight: { about: { id } } }]);
  expect(node.asked.map(({ params }) => params[0])).toEqual([hashOf(82), hashOf(81)]);
});

test('of another operator, or of none, nothing is returned, though the store is put right', async () => {
  const [foreign, gone] = [ended('lost', { operator: address(0xbb) }), ended('lost', { operator: address(0xbb) })];
  mined(foreign, 'reverted');
  expect(await recall()).toEqual([]);
  expect([foreign, gone].map(state)).toEqual(['lost', 'sent']);
  expect(await recall(undefined)).toEqual([]);
});

test('a node that fails changes nothing', async () => {
  const id = ended('landed');
  node.answers.set('eth_getTransactionReceipt', () => {
    throw rpcError('busy');
  });
  await expect(recall()).rejects.toThrow('busy');
  expect(state(id)).toBe('landed');
});
