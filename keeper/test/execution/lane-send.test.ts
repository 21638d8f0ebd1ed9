import { type Hex, keccak256 } from 'viem';
import { describe, expect, test } from 'vitest';
import { eachAnew, events, flight, node, open, read, saved, shipment } from './lane-rig.ts';
import { account, head, LIQUIDATOR, rpcError, transaction } from './node.ts';

eachAnew();

describe('sending', () => {
  test('is signed with room for the base fee to double, saved before it goes out, and one nonce after another', async () => {
    node.nonces = { latest: 4, pending: 4 };
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    const second = await lane.send(shipment('b', { to: account.address, limit: 77n }), head(11n));
    expect(node.taken.map((raw) => keccak256(raw))).toEqual([first, second]);
    expect(read(node.taken[0]!)).toMatchObject({
      ...{ chainId: 1, nonce: 4, to: LIQUIDATOR, data: '0xabcd', gas: 1_500n },
      ...{ maxFeePerGas: 210n, maxPriorityFeePerGas: 10n },
    });
    expect(read(node.taken[1]!)).toMatchObject({ nonce: 5, to: account.address.toLowerCase(), gas: 77n });
    expect(saved.map(({ about, nonce, hashes, sentAt }) => [about, nonce, hashes, sentAt])).toEqual([
      ['a', 4, [first], 10n],
      ['b', 5, [second], 11n],
    ]);
    expect(saved[0]!.signed).toBe(node.taken[0]);
    expect(lane.inFlight().map(({ about, nonce, value, gas, budget }) => [about, nonce, value, gas, budget])).toEqual([
      ['a', 4, 9n, 1_000n, 1_000_000n],
      ['b', 5, 9n, 1_000n, 1_000_000n],
    ]);
    expect(events).toEqual([]);
  });

  test.each([
    ['what the plan can afford', { budget: 150_999n }, undefined, { maxFeePerGas: 150n, maxPriorityFeePerGas: 10n }],
    ['--max-gas-price', {}, 120n, { maxFeePerGas: 120n, maxPriorityFeePerGas: 10n }],
    ['the lower of both', { budget: 110_000n }, 120n, { maxFeePerGas: 110n, maxPriorityFeePerGas: 5n }],
  ])('never offers more than %s', async (_, changes, maxGasPrice, fees) => {
    const lane = await open(maxGasPrice === undefined ? {} : { maxGasPrice });
    await lane.send(shipment('a', changes), head(10n));
    expect(read(node.taken[0]!)).toMatchObject(fees);
  });

  test('is offered again at the same head with the tip that the node insists on, and so is what follows', async () => {
    const lane = await open();
    node.answers.set('eth_sendRawTransaction', ([raw]) => {
      const { maxPriorityFeePerGas = 0n } = read(raw as Hex);
      if (maxPriorityFeePerGas < 25n)
        throw rpcError(`transaction gas price below minimum: gas tip cap ${maxPriorityFeePerGas}, minimum needed 25`);
      node.taken.push(raw as Hex);
      return keccak256(raw as Hex);
    });
    await lane.send(shipment('a'), head(10n));
    await lane.send(shipment('b'), head(11n));
    expect(node.taken.map(read)).toMatchObject([
      { maxFeePerGas: 225n, maxPriorityFeePerGas: 25n },
      { nonce: 1, maxFeePerGas: 225n, maxPriorityFeePerGas: 25n },
    ]);
    expect(node.asked.filter(({ method }) => method === 'eth_sendRawTransaction').length).toBe(3);
    // One that cannot pay that much is not offered.
    await expect(lane.send(shipment('c', { budget: 124_999n }), head(12n))).resolves.toBeDefined();
    expect(read(node.taken[2]!)).toMatchObject({ maxFeePerGas: 124n, maxPriorityFeePerGas: 25n });
  });

  test('is offered a few times with a higher tip where the node does not say which', async () => {
    const lane = await open();
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('transaction underpriced');
    });
    const rich = { budget: 10n ** 15n };
    await expect(lane.send(shipment('a', rich), head(10n))).rejects.toThrow('underpriced');
    const raws = node.asked.filter(({ method }) => method === 'eth_sendRawTransaction').map(({ params }) => params[0]);
    const gwei = 10n ** 9n;
    expect(raws.map((raw) => read(raw as Hex).maxPriorityFeePerGas)).toEqual([10n, gwei, 2n * gwei, 4n * gwei]);
    expect(lane.inFlight()).toEqual([]);
  });

  test('that no node takes ends with the node’s error, and leaves the nonce free', async () => {
    const lane = await open();
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('no room for it');
    });
    await expect(lane.send(shipment('a'), head(10n))).rejects.toThrow('no room for it');
    expect(lane.inFlight()).toEqual([]);
    node.answers.clear();
    await lane.send(shipment('b'), head(10n));
    expect(read(node.taken[0]!).nonce ?? 0).toBe(0);
    expect(events).toEqual([]);
  });

  test('that is refused by a node which has it already is sent', async () => {
    const lane = await open();
    node.answers.set('eth_sendRawTransaction', ([raw]) => {
      const hash = keccak256(raw as Hex);
      node.known.set(hash, transaction(hash));
      throw rpcError('already known');
    });
    const hash = await lane.send(shipment('a'), head(10n));
    expect(lane.inFlight()[0]!.hashes).toEqual([hash]);
  });

  test('tells of nonces that another program used, and goes on behind them', async () => {
    const lane = await open();
    node.nonces = { latest: 2, pending: 3 };
    await lane.send(shipment('a'), head(10n));
    expect(events).toEqual([{ kind: 'foreign', about: undefined, nonce: 3, expected: 0 }]);
    expect(read(node.taken[0]!).nonce).toBe(3);
    // With something in flight the nonce is asked for only after a refusal.
    node.nonces.pending = 9;
    await lane.send(shipment('b'), head(11n));
    expect(read(node.taken[1]!).nonce).toBe(4);
    node.nonces.pending = 7;
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('nonce too low');
    });
    await expect(lane.send(shipment('c'), head(12n))).rejects.toThrow('nonce too low');
    expect(events.slice(1)).toEqual([{ kind: 'foreign', about: undefined, nonce: 7, expected: 5 }]);
    node.answers.clear();
    await lane.send(shipment('d'), head(13n));
    expect(read(node.taken[2]!).nonce).toBe(7);
  });

  test('a nonce is not given back to one that waits behind others', async () => {
    const lane = await open({ resume: [await flight('a', 3)] });
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('no room for it');
    });
    node.nonces.pending = 0;
    await expect(lane.send(shipment('b'), head(12n))).rejects.toThrow('no room');
    node.answers.clear();
    await lane.send(shipment('b'), head(12n));
    expect(read(node.taken.at(-1)!).nonce).toBe(4);
  });

  test('uses what was asked ahead for this head, and asks again for another or where that failed', async () => {
    const lane = await open();
    const counted = () => node.asked.filter(({ method }) => method === 'eth_getTransactionCount').length;
    const priced = () => node.asked.filter(({ method }) => method === 'eth_maxPriorityFeePerGas').length;
    lane.prepare(head(10n));
    lane.prepare(head(10n));
    await lane.send(shipment('a'), head(10n));
    expect([priced(), counted()]).toEqual([1, 2]);
    // In flight now: the nonce is known.
    lane.prepare(head(11n));
    await lane.send(shipment('b'), head(12n));
    expect([priced(), counted()]).toEqual([3, 2]);
    node.answers.set('eth_maxPriorityFeePerGas', () => {
      throw rpcError('busy');
    });
    node.answers.set('eth_gasPrice', () => {
      throw rpcError('busy');
    });
    lane.prepare(head(13n));
    await new Promise((resolve) => setTimeout(resolve, 5));
    node.answers.clear();
    await lane.send(shipment('c'), head(13n));
    expect(lane.inFlight().length).toBe(3);
  });
});
