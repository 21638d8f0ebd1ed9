import { keccak256 } from 'viem';
import { describe, expect, test } from 'vitest';
import type { Lane } from '../../src/execution/lane.ts';
import { eachAnew, events, mine, node, open, purse, read, reverting, saved, shipment, told } from './lane-rig.ts';
import { account, head, LIQUIDATOR, rpcError } from './node.ts';

eachAnew();

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
