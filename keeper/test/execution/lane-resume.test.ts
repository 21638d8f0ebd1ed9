import { describe, expect, test } from 'vitest';
import { eachAnew, events, flight, mine, node, open, read, reverting, shipment, told } from './lane-rig.ts';
import { head, rpcError, transaction } from './node.ts';

eachAnew();

describe('taking up what an earlier run had sent', () => {
  test('what a node knows or the chain has is watched, whatever it would do now', async () => {
    const [a, b] = [await flight('a', 0), await flight('b', 1)];
    node.nonces = { latest: 1, pending: 2 };
    node.known.set(b.hashes[0]!, transaction(b.hashes[0]!));
    reverting();
    const lane = await open({ resume: [b, a] });
    expect(lane.inFlight().map(({ about }) => about)).toEqual(['a', 'b']);
    expect(node.taken).toEqual([]);
    await lane.send(shipment('c'), head(10n));
    expect(read(node.taken[0]!).nonce).toBe(2);
  });

  test('what no node knows is sent as it was if it works behind those before it', async () => {
    const lane = await open({ resume: [await flight('a', 0), await flight('b', 1)] });
    expect(node.taken.map((raw) => read(raw).nonce ?? 0)).toEqual([0, 1]);
    expect(node.asked.filter(({ method }) => method === 'eth_call').map(({ params }) => params[1])).toEqual([
      'pending',
      'pending',
    ]);
    expect(lane.inFlight().length).toBe(2);
    expect(await lane.onHead(head(11n))).toEqual([]);
  });

  test('what does not work is given up with what waits behind it, and its nonce is free', async () => {
    const poor = { budget: 1n };
    const lane = await open({ resume: [await flight('a', 0), await flight('b', 1, poor), await flight('c', 2)] });
    expect(node.taken.map((raw) => read(raw).nonce ?? 0)).toEqual([0]);
    expect(lane.inFlight().map(({ about }) => about)).toEqual(['a']);
    expect(told(await lane.onHead(head(11n)))).toEqual([
      ['expired', 'b', 'no node has it: a higher fee would cost more than the plan earns'],
      ['expired', 'c', 'no node has it: it waited behind one that is not sent'],
    ]);
    await lane.send(shipment('d'), head(11n));
    expect(read(node.taken.at(-1)!).nonce).toBe(1);
  });

  test('what does not work and stands before one that a node knows is cancelled at the next head', async () => {
    const [a, b] = [await flight('a', 0, { budget: 1n }), await flight('b', 1)];
    node.known.set(b.hashes[0]!, transaction(b.hashes[0]!));
    const lane = await open({ resume: [a, b] });
    expect(lane.inFlight().map(({ about, sentAt }) => [about, sentAt])).toEqual([
      ['a', 0n],
      ['b', 10n],
    ]);
    expect(await lane.onHead(head(12n))).toEqual([]);
    expect(events.map(({ kind, about }) => [kind, about])).toEqual([['cancelling', 'a']]);
  });

  test('what was given up is mined if the chain has it in the end, and otherwise left after a while', async () => {
    const a = await flight('a', 0, { budget: 1n });
    const lane = await open({ resume: [a] });
    expect(told(await lane.onHead(head(11n)))).toEqual([
      ['expired', 'a', 'no node has it: a higher fee would cost more than the plan earns'],
    ]);
    mine(a.hashes[0]!, { block: 12n });
    expect(told(await lane.onHead(head(12n)))).toEqual([['mined', 'a']]);
    expect(await lane.onHead(head(13n))).toEqual([]);
  });

  test.each([
    [138n, true],
    [139n, false],
  ])('at head %s what was sent at 10 is still looked for: %s', async (number, found) => {
    const a = await flight('a', 0, { budget: 1n });
    const lane = await open({ resume: [a] });
    await lane.onHead(head(number));
    mine(a.hashes[0]!, { block: 12n });
    expect(told(await lane.onHead(head(140n)))).toEqual(found ? [['mined', 'a']] : []);
  });

  test('a node that fails while it is asked is told of, and not taken for one that knows nothing', async () => {
    node.answers.set('eth_getTransactionByHash', () => {
      throw rpcError('busy');
    });
    await expect(open({ resume: [await flight('a', 0)] })).rejects.toThrow('busy');
    node.answers.clear();
    node.answers.set('eth_getTransactionReceipt', () => {
      throw rpcError('busy');
    });
    const lane = await open({ resume: [await flight('a', 0)] });
    node.nonces.latest = 1;
    await expect(lane.onHead(head(11n))).rejects.toThrow('busy');
    expect(lane.inFlight().length).toBe(1);
  });
});
