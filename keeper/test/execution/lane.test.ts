import { type Hash, type Hex, keccak256, type PublicClient, parseTransaction } from 'viem';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openGasPrices } from '../../src/chain/gas-price.ts';
import type { Ended, Flight, LaneEvent, Shipment } from '../../src/execution/flight.ts';
import { type Lane, openLane } from '../../src/execution/lane.ts';
import { openPurse, type Purse, type PurseSettings, pricedBy } from '../../src/execution/purse.ts';
import { account, type FakeNode, fakeNode, head, LIQUIDATOR, receipt, rpcError, transaction } from './node.ts';

let node: FakeNode;
let events: LaneEvent<string>[];
let saved: Flight<string>[];
let purse: Purse;
/** Nodes that may be asked alone, beside the one that is asked first. */
let others: PublicClient[];
beforeEach(() => {
  node = fakeNode();
  [events, saved, others] = [[], [], []];
});

afterEach(() => {
  vi.useRealTimers();
});

type Past = { resume?: Flight<string>[]; mined?: { flight: Flight<string>; block: bigint }[] } & PurseSettings;
const open = ({ resume = [], mined = [], ...settings }: Past = {}): Promise<Lane<string>> => {
  purse = openPurse(settings);
  return openLane<string>(
    {
      ...{
        client: node.client,
        prices: pricedBy(purse, openGasPrices(node.client)),
        account,
        chainId: 1,
        bumpAfterBlocks: 3n,
        purse,
        each: () => others,
      },
      onEvent: (event) => events.push(event),
      save: (flight) => saved.push(structuredClone({ ...flight })),
    },
    { resume, mined },
  );
};

const shipment = (about: string, changes: Partial<Shipment<string>> = {}): Shipment<string> => ({
  ...{ to: LIQUIDATOR, data: '0xabcd', value: 9n, gas: 1_000n, limit: 1_500n, budget: 1_000_000n, about },
  ...changes,
});
const read = (raw: Hex) => parseTransaction(raw as `0x02${string}`);
const reverting = () =>
  node.answers.set('eth_call', () => {
    throw rpcError('execution reverted');
  });
const mine = (hash: Hash, changes: Parameters<typeof receipt>[1] = {}) => {
  node.receipts.set(hash, receipt(hash, changes));
  node.nonces.latest += 1;
};
const told = (ends: Ended<string>[]) =>
  ends.map((end) => [end.state, end.about, ...('reason' in end ? [end.reason] : [])]);

/** A flight of an earlier run, signed by this key. */
async function flight(about: string, nonce: number, changes: Partial<Flight<string>> = {}): Promise<Flight<string>> {
  const fees = { maxFeePerGas: 210n, maxPriorityFeePerGas: 10n };
  const body = { type: 'eip1559', chainId: 1, to: LIQUIDATOR, data: '0xabcd', gas: 1_500n, nonce, ...fees } as const;
  const signed = await account.signTransaction(body);
  const { limit, ...kept } = shipment(about);
  return { ...kept, nonce, fees, signed, hashes: [keccak256(signed)], sentAt: 10n, ...changes };
}

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

describe('what waits', () => {
  test('is bumped by a quarter after so many blocks, not before, with the same nonce, calldata and limit', async () => {
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    expect(await lane.onHead(head(12n))).toEqual([]);
    expect(node.taken.length).toBe(1);
    await lane.onHead(head(13n));
    expect(read(node.taken[1]!)).toMatchObject({
      ...{ data: '0xabcd', gas: 1_500n, to: LIQUIDATOR, maxFeePerGas: 263n, maxPriorityFeePerGas: 13n },
    });
    const second = keccak256(node.taken[1]!);
    expect(events).toEqual([{ kind: 'bumped', about: 'a', nonce: 0, hash: second, maxFeePerGas: 263n }]);
    expect(lane.inFlight()[0]).toMatchObject({ hashes: [first, second], sentAt: 13n, signed: node.taken[1] });
    const call = node.asked.find(({ method }) => method === 'eth_call')!;
    expect(call.params).toMatchObject([
      { from: account.address, to: LIQUIDATOR, data: '0xabcd', gas: '0x5dc' },
      'latest',
    ]);
    await lane.onHead(head(15n));
    expect(node.taken.length).toBe(2);
  });

  test('is cancelled where a higher fee would cost more than it earns, and once more until that is mined', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 262_999n }), head(10n));
    await lane.onHead(head(13n));
    const reason = 'a higher fee would cost more than the plan earns';
    const empty = read(node.taken[1]!);
    expect(empty).toMatchObject({ to: account.address.toLowerCase(), gas: 21_000n, maxFeePerGas: 263n });
    expect([empty.data, empty.value, empty.nonce ?? 0]).toEqual([undefined, undefined, 0]);
    const hash = keccak256(node.taken[1]!);
    expect(events).toEqual([{ kind: 'cancelling', about: 'a', nonce: 0, hash, reason }]);
    expect(lane.inFlight()[0]!.cancelling).toBe(reason);
    await lane.onHead(head(16n));
    expect(events[1]).toMatchObject({ kind: 'cancelling', reason });
    const last = keccak256(node.taken[2]!);
    mine(last, { block: 17n, to: account.address });
    expect(told(await lane.onHead(head(17n)))).toEqual([['cancelled', 'a', reason]]);
    expect(lane.inFlight()).toEqual([]);
  });

  test('is worth exactly its budget still', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 263_000n }), head(10n));
    await lane.onHead(head(13n));
    expect(events.map(({ kind }) => kind)).toEqual(['bumped']);
  });

  test('is cancelled where it would revert now; if the first version is mined all the same, it is mined', async () => {
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    reverting();
    await lane.onHead(head(13n));
    expect(events[0]).toMatchObject({ kind: 'cancelling' });
    expect((events[0] as { reason: string }).reason).toMatch(/^it would revert now: Execution reverted/);
    mine(first, { block: 14n });
    const [end] = await lane.onHead(head(14n));
    expect(end).toMatchObject({ state: 'mined', about: 'a', receipt: { transactionHash: first } });
  });

  test('is cancelled where the operator has too little, which is said in these words', async () => {
    const lane = await open();
    await lane.send(shipment('a'), head(10n));
    node.answers.set('eth_call', () => {
      throw rpcError('insufficient funds for gas * price + value');
    });
    await lane.onHead(head(13n));
    expect(events[0]).toMatchObject({ reason: 'it would revert now: the operator has too little for gas' });
  });

  test('is handed over as it was where no more may be offered', async () => {
    const lane = await open({ maxGasPrice: 262n });
    await lane.send(shipment('a'), head(10n));
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('already known');
    });
    await lane.onHead(head(13n));
    expect(events).toEqual([{ kind: 'stuck', about: 'a', nonce: 0, reason: '--max-gas-price is reached' }]);
    const raws = node.asked.filter(({ method }) => method === 'eth_sendRawTransaction').map(({ params }) => params[0]);
    expect(raws).toEqual([node.taken[0], node.taken[0]]);
    expect(lane.inFlight()[0]!.sentAt).toBe(13n);
    expect(lane.inFlight()[0]!.hashes.length).toBe(1);
  });

  test('may be bumped to exactly --max-gas-price', async () => {
    const lane = await open({ maxGasPrice: 263n });
    await lane.send(shipment('a'), head(10n));
    await lane.onHead(head(13n));
    expect(events.map(({ kind }) => kind)).toEqual(['bumped']);
  });

  test('keeps its version where the next one is refused, and is tried again at the next head', async () => {
    const lane = await open();
    const first = await lane.send(shipment('a'), head(10n));
    node.answers.set('eth_sendRawTransaction', () => {
      throw new Error('the node is busy');
    });
    reverting();
    await lane.onHead(head(13n));
    expect(events).toEqual([{ kind: 'stuck', about: 'a', nonce: 0, reason: 'An unknown RPC error occurred.' }]);
    expect(lane.inFlight()[0]).toMatchObject({
      ...{
        hashes: [first],
        signed: node.taken[0],
        sentAt: 10n,
        fees: { maxFeePerGas: 210n, maxPriorityFeePerGas: 10n },
      },
    });
    expect(lane.inFlight()[0]!.cancelling).toBeUndefined();
    node.answers.clear();
    await lane.onHead(head(14n));
    expect(events[1]).toMatchObject({ kind: 'bumped', maxFeePerGas: 263n });
  });
});

describe('doing nothing is an option', () => {
  /** Heads until it says nothing new any more. @returns tips that were offered, wei per gas */
  async function heads(lane: Lane<string>, count: number): Promise<bigint[]> {
    for (let n = 1n; n <= BigInt(count); n++) await lane.onHead(head(10n + 3n * n));
    return node.taken.map((raw) => read(raw).maxPriorityFeePerGas!);
  }

  test('for one that waits at four times what the chain asks: it is handed over as it is, which is told once', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 10n ** 7n }), head(10n));
    const tips = await heads(lane, 12);
    // The max fee would be 515, more than four times 110.
    expect(Math.max(...tips.map(Number))).toBe(22);
    const last = node.taken.at(-1)!;
    expect(node.taken.filter((raw) => raw === last).length).toBeGreaterThan(4);
    expect(events.filter(({ kind }) => kind === 'stuck')).toEqual([
      { kind: 'stuck', about: 'a', nonce: 0, reason: 'it pays what the chain asks; a higher fee gains nothing' },
    ]);
    // The base fee rises above it: there is something to gain.
    node.baseFee = 2_000n;
    await lane.onHead(head(100n));
    expect(events.at(-1)).toMatchObject({ kind: 'bumped', maxFeePerGas: 2_028n });
  });

  test('for one that is being taken back and that no node passes on, however long it waits', async () => {
    const lane = await open();
    await lane.send(shipment('a'), head(10n));
    reverting();
    const tips = await heads(lane, 51);
    expect(Math.max(...tips.map(Number))).toBe(22);
    expect(events.filter(({ kind }) => kind === 'stuck').length).toBe(1);
  });

  test('for what costs more to take back than its failure would burn', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 210_000n }), head(10n));
    // Half of 190,000 gas at 210 wei is 21,000 gas at 950; a tip of 13 replaces one of 10.
    node.baseFee = 938n;
    await lane.onHead(head(13n));
    const reason = 'a higher fee would cost more than the plan earns';
    expect(events).toMatchObject([
      { kind: 'stuck', reason: `${reason}; taking it back would cost more than it saves` },
    ]);
    expect(lane.inFlight()[0]!.fees.maxFeePerGas).toBe(210n);
    node.baseFee = 937n;
    await lane.onHead(head(16n));
    expect(events[1]).toMatchObject({ kind: 'cancelling', reason });
    expect(read(node.taken.at(-1)!)).toMatchObject({ gas: 21_000n, maxFeePerGas: 950n });
    // What it may cost is written down with it.
    expect(saved.at(-1)).toMatchObject({ cancelling: reason, budget: 19_950_000n });
  });

  test('but not where the least that replaces it is worth it, though the chain asks a higher tip', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 10n ** 7n }), head(10n));
    reverting();
    [node.baseFee, node.priority] = [900n, 51n];
    await lane.onHead(head(13n));
    expect(read(node.taken[1]!)).toMatchObject({ gas: 21_000n, maxFeePerGas: 913n, maxPriorityFeePerGas: 13n });
  });

  test('unless those that wait behind it may earn a hundred times as much', async () => {
    const lane = await open();
    await lane.send(shipment('a', { budget: 210_000n }), head(10n));
    await lane.send(shipment('b', { budget: 10n ** 12n }), head(12n));
    node.baseFee = 10_000n;
    await lane.onHead(head(13n));
    expect(events).toMatchObject([{ kind: 'cancelling', about: 'a' }]);
  });

  test('for a bump that may cost more than may be spent', async () => {
    const lane = await open({ maxTxCost: 1_500n * 262n });
    await lane.send(shipment('a'), head(10n));
    await lane.onHead(head(13n));
    expect(events).toMatchObject([{ kind: 'stuck', reason: 'a higher fee would cost more than may be spent' }]);
    purse.cap = undefined;
    expect(node.taken.length).toBe(2);
  });
});

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
    others = [mute, other.client];
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
    others = [node.client, silent.client];
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
