import type { BaseError, RawContractError } from 'viem';
import { beforeEach, describe, expect, test } from 'vitest';
import { rehearse, rehearseByEstimate } from '../../src/execution/rehearse.ts';
import { belowFloor } from './events.ts';
import { account, type FakeNode, fakeNode, LIQUIDATOR, rpcError } from './node.ts';
import { brings } from './offer.ts';

let node: FakeNode;
beforeEach(() => {
  node = fakeNode();
});
const call = { from: account.address, to: LIQUIDATOR, data: '0xabcd' } as const;
const bounds = { expected: 1_000n, most: 10_000n };
const hex = (value: bigint) => `0x${value.toString(16)}`;
const asked = () => node.asked.map(({ method }) => method);

/** What the node answers to a run with a gas limit. */
type Run = { value: bigint; gas: bigint } | { revert: string; gas: bigint };
function simulates(of: (limit: bigint) => Run): void {
  node.answers.set('eth_simulateV1', ([request]) => {
    const { calls } = (request as { blockStateCalls: { calls: { gas: string }[] }[] }).blockStateCalls[0]!;
    const ran = of(BigInt(calls[0]!.gas));
    const gasUsed = hex(ran.gas);
    if ('value' in ran) return [{ calls: [{ status: '0x1', returnData: brings(ran.value), gasUsed }] }];
    return [
      { calls: [{ status: '0x0', returnData: '0x', gasUsed, error: { message: ran.revert, data: belowFloor } }] },
    ];
  });
}
const unable = () =>
  node.answers.set('eth_simulateV1', () => {
    throw Object.assign(new Error('the method eth_simulateV1 does not exist/is not available'), { code: -32_601 });
  });
const calls = (of: (gas: bigint | undefined) => bigint | Error) =>
  node.answers.set('eth_call', ([request]) => {
    const { gas } = request as { gas?: string };
    const answer = of(gas === undefined ? undefined : BigInt(gas));
    if (typeof answer !== 'bigint') throw answer;
    return brings(answer);
  });
const run = (suffices = false, limits = bounds) => rehearse(node.client, call, limits, 'pending', async () => suffices);

describe('a rehearsal', () => {
  test('that suffices is one call, with the limit that follows from the gas expected', async () => {
    const seen: unknown[] = [];
    calls((gas) => gas!);
    const done = await rehearse(node.client, call, bounds, 'latest', async (value, limit) => {
      seen.push(value, limit);
      return true;
    });
    expect(done).toEqual({ value: 1_500n, gas: 1_000n, limit: 1_500n });
    expect(seen).toEqual([1_500n, 1_500n]);
    expect(node.asked.map(({ method, params }) => [method, params[1]])).toEqual([['eth_call', 'latest']]);
  });

  test('that does not is run for its gas, and the limit covers the gas', async () => {
    calls(() => 7n);
    simulates(() => ({ value: 8n, gas: 1_100n }));
    expect(await run()).toEqual({ value: 8n, gas: 1_100n, limit: 1_650n });
    expect(asked()).toEqual(['eth_call', 'eth_simulateV1']);
    // The limit that was proven is not lowered.
    simulates(() => ({ value: 8n, gas: 10n }));
    expect(await run()).toEqual({ value: 8n, gas: 10n, limit: 1_500n });
  });

  test.each([
    [1_124n, false],
    [1_125n, true],
  ])('that burnt %s of 1,500 may have run short: %s', async (gas, again) => {
    calls(() => 7n);
    simulates((limit) => (limit === 1_500n ? { value: 8n, gas } : { value: 9n, gas: 2_000n }));
    const done = await run();
    expect(done).toEqual(again ? { value: 9n, gas: 2_000n, limit: 3_000n } : { value: 8n, gas, limit: 1_686n });
    expect(asked().length).toBe(again ? 3 : 2);
  });

  test('is not run again where there is no more gas to be had', async () => {
    calls(() => 7n);
    simulates(() => ({ value: 8n, gas: 1_400n }));
    expect(await run(false, { expected: 1_000n, most: 1_500n })).toEqual({ value: 8n, gas: 1_400n, limit: 1_500n });
    expect(asked()).toEqual(['eth_call', 'eth_simulateV1']);
  });

  test('that reverts says so at once', async () => {
    calls(() => rpcError('execution reverted', belowFloor));
    await expect(run()).rejects.toThrow(/reverted/);
    expect(asked()).toEqual(['eth_call']);
  });

  test.each(['out of gas', 'OutOfGas', 'gas required exceeds allowance'])(
    'that says "%s" is run with more',
    async (words) => {
      calls(() => rpcError(words));
      simulates((limit) => (limit === 10_000n ? { value: 9n, gas: 4_000n } : { revert: 'short', gas: limit }));
      expect(await run(true)).toEqual({ value: 9n, gas: 4_000n, limit: 6_000n });
    },
  );

  test('that fails in a run of its own ends with the data it reverted with', async () => {
    calls(() => 7n);
    simulates(() => ({ revert: 'execution reverted', gas: 100n }));
    const error = (await run().catch((thrown: unknown) => thrown)) as BaseError;
    const cause = error.cause as BaseError & Pick<RawContractError, 'data'>;
    expect([error.shortMessage, cause.data, cause.shortMessage]).toEqual([
      'the plan fails in rehearsal',
      belowFloor,
      'execution reverted',
    ]);
  });

  test('where there is no eth_simulateV1 is called again, and its gas estimated only for another limit', async () => {
    unable();
    calls(() => 7n);
    expect(await run()).toEqual({ value: 7n, gas: 1_000n, limit: 1_500n });
    expect(asked()).toEqual(['eth_call', 'eth_simulateV1', 'eth_call']);
    node.asked.length = 0;
    calls((gas) => (gas === 10_000n ? 9n : rpcError('out of gas')));
    node.answers.set('eth_estimateGas', () => hex(2_000n));
    expect(await run()).toEqual({ value: 9n, gas: 2_000n, limit: 3_000n });
    expect(asked()).toEqual(['eth_call', 'eth_simulateV1', 'eth_call', 'eth_estimateGas']);
  });

  test('ends with the node’s failure where that is what failed', async () => {
    calls(() => 7n);
    node.answers.set('eth_simulateV1', () => {
      throw new Error('connection refused');
    });
    await expect(run()).rejects.toThrow('connection refused');
  });
});

describe('a rehearsal by estimate', () => {
  test('takes the node’s word for the gas, and brings no gas itself', async () => {
    calls((gas) => (gas === undefined ? 7n : 0n));
    node.answers.set('eth_estimateGas', () => hex(2_000n));
    expect(await rehearseByEstimate(node.client, call, bounds, 'pending')).toEqual({
      value: 7n,
      gas: 2_000n,
      limit: 3_000n,
    });
    const low = { expected: 1n, most: 2_500n };
    expect(await rehearseByEstimate(node.client, call, low, 'pending')).toMatchObject({ limit: 2_500n });
  });

  test('of a plan that reverts says so', async () => {
    calls(() => rpcError('execution reverted', belowFloor));
    node.answers.set('eth_estimateGas', () => hex(2_000n));
    await expect(rehearseByEstimate(node.client, call, bounds, 'pending')).rejects.toThrow(/reverted/);
  });
});
