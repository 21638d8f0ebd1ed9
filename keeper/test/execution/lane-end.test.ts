import { type Hash, keccak256 } from 'viem';
import { describe, expect, test, vi } from 'vitest';
import type { Lane } from '../../src/execution/lane.ts';
import { eachAnew, events, flight, mine, node, open, others, read, shipment, told } from './lane-rig.ts';
import { fakeNode, head, receipt, rpcError } from './node.ts';

eachAnew();

/** A lane with two transactions mined in block 11, of which the node failed as the second was looked at; it answers again. */
async function halfLookedAfter(): Promise<Lane<string>> {
  const lane = await open();
  const first = await lane.send(shipment('a'), head(10n));
  const second = await lane.send(shipment('b'), head(10n));
  mine(first, { block: 11n });
  mine(second, { block: 11n });
  node.answers.set('eth_getTransactionReceipt', ([hash]) => {
    if (hash === second) throw rpcError('busy');
    return node.receipts.get(hash as Hash);
  });
  await expect(lane.onHead(head(11n))).rejects.toThrow('busy');
  node.answers.clear();
  return lane;
}

describe('what has used its nonce', () => {
  test('is mined by whichever version has a receipt, once its block is taken', async () => {
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    await lane.onHead(head(13n));
    mine(first, { block: 15n });
    expect(await lane.onHead(head(14n))).toEqual([]);
    expect(lane.inFlight().length).toBe(1);
    const [end] = await lane.onHead(head(15n));
    expect(end).toMatchObject({ state: 'mined', about: 'a', receipt: { transactionHash: first } });
    expect(await lane.onHead(head(16n))).toEqual([]);
  });

  test('is not known until time has passed, and holds nothing meanwhile; then it was replaced', async () => {
    const lane = await open();
    const hash = await lane.send(shipment('a'), head(10n));
    node.nonces.latest = 1;
    vi.useFakeTimers({ toFake: ['performance'] });
    expect(await lane.onHead(head(11n))).toEqual([]);
    expect(await lane.onHead(head(12n))).toEqual([]);
    // A node that is behind says that it is not used after all: counted from the beginning.
    node.nonces.latest = 0;
    expect(await lane.onHead(head(12n))).toEqual([]);
    node.nonces.latest = 1;
    for (let heads = 0; heads < 2; heads++) expect(await lane.onHead(head(12n))).toEqual([]);
    expect([events, lane.reserved()]).toEqual([[], 1_500n * 210n]);
    expect(await lane.onHead(head(12n))).toEqual([]);
    expect(events).toEqual([{ kind: 'not known yet', about: 'a', nonce: 0, hash }]);
    expect([lane.inFlight().map(({ unresolved }) => unresolved), lane.reserved()]).toEqual([[true], 0n]);
    vi.advanceTimersByTime(119_999);
    expect(await lane.onHead(head(99n))).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await lane.onHead(head(99n))).toEqual([{ state: 'replaced', about: 'a' }]);
    expect([lane.inFlight(), events.length]).toEqual([[], 1]);
    // And it was mined after all.
    node.receipts.set(hash, receipt(hash, { block: 11n }));
    expect(told(await lane.onHead(head(100n)))).toEqual([['mined', 'a']]);
  });

  test('is mined where another endpoint has the receipt', async () => {
    const [mute, other] = [node.client, fakeNode()];
    others.push(mute, other.client);
    const lane = await open();
    const hash = await lane.send(shipment('a'), head(10n));
    node.nonces.latest = 1;
    expect(await lane.onHead(head(11n))).toEqual([]);
    other.receipts.set(hash, receipt(hash, { block: 11n }));
    expect(told(await lane.onHead(head(12n)))).toEqual([['mined', 'a']]);
  });

  test('is not taken for replaced on the word of one endpoint of several, for longer', async () => {
    const silent = fakeNode();
    silent.answers.set('eth_getTransactionReceipt', () => {
      throw rpcError('busy');
    });
    others.push(node.client, silent.client);
    const lane = await open();
    await lane.send(shipment('a'), head(10n));
    node.nonces.latest = 1;
    vi.useFakeTimers({ toFake: ['performance'] });
    for (let heads = 0; heads < 3; heads++) await lane.onHead(head(11n));
    vi.advanceTimersByTime(599_999);
    expect(await lane.onHead(head(12n))).toEqual([]);
    silent.answers.clear();
    expect(told(await lane.onHead(head(12n)))).toEqual([['replaced', 'a']]);
  });

  test('is told even where the node fails before the next one is looked at', async () => {
    const lane = await halfLookedAfter();
    expect(told(await lane.onHead(head(12n)))).toEqual([
      ['mined', 'a'],
      ['mined', 'b'],
    ]);
  });
});

describe('unwinding', () => {
  test('what was mined above the ancestor is in flight again, what was mined below stays', async () => {
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    const second = await lane.send(shipment('b'), head(10n));
    mine(first, { block: 11n });
    mine(second, { block: 12n });
    expect((await lane.onHead(head(12n))).length).toBe(2);
    node.nonces = { latest: 1, pending: 1 };
    node.receipts.delete(second);
    node.known.delete(second);
    await lane.unwind(11n, 13n);
    expect(events).toEqual([{ kind: 'unwound', about: 'b', nonce: 1, hash: second, cancelling: undefined }]);
    expect(lane.inFlight().map(({ about, sentAt }) => [about, sentAt])).toEqual([['b', 13n]]);
    // No node had it any more: it is sent as it was, and the next nonce is behind it.
    expect(keccak256(node.taken.at(-1)!)).toBe(second);
    await lane.send(shipment('c'), head(13n));
    expect(read(node.taken.at(-1)!).nonce).toBe(2);
    expect(await lane.onHead(head(14n))).toEqual([]);
    mine(second, { block: 15n });
    expect(told(await lane.onHead(head(15n)))).toEqual([['mined', 'b']]);
  });

  test('an end that nobody was told of yet is none any more', async () => {
    const lane = await halfLookedAfter();
    node.receipts.clear();
    node.nonces.latest = 0;
    await lane.unwind(10n, 11n);
    expect(lane.inFlight().map(({ about }) => about)).toEqual(['a', 'b']);
    expect(await lane.onHead(head(12n))).toEqual([]);
  });

  test('what was being taken back is cancelled again, where no node has it, only if its nonce must be used', async () => {
    const cancelling = 'it would revert now: x';
    const lane = await open({ mined: [{ flight: await flight('a', 0, { cancelling }), block: 20n }] });
    await lane.unwind(19n, 21n);
    expect(events[0]).toMatchObject({ kind: 'unwound', about: 'a', cancelling });
    expect(told(await lane.onHead(head(22n)))).toEqual([['expired', 'a', `no node has it: ${cancelling}`]]);
  });

  test.each([
    [148n, true],
    [149n, false],
  ])('remembers what was mined at 20 up to head %s: %s', async (number, remembered) => {
    const lane = await open({ mined: [{ flight: await flight('a', 0), block: 20n }] });
    await lane.onHead(head(number));
    await lane.unwind(19n, number);
    expect(lane.inFlight().length).toBe(remembered ? 1 : 0);
  });
});
