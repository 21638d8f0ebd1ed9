import { type Address, encodeErrorResult, type Hex, numberToHex, parseTransaction, toFunctionSelector } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { type RpcAnswer, type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';

type Simulated = { blockStateCalls: { calls: { to: Address; data: Hex; gas: Hex }[] }[] };
const EXECUTE = toFunctionSelector(liquidatorAbi.find((item) => 'name' in item && item.name === 'execute') as never);

let scene: Scene;
let proxy: RpcProxy;
let keeper: KeeperProcess | undefined;
let snapshot: Hex;
/** What the keeper asked, in its order. */
let asked: RpcRequest[];

const of = (method: string) => asked.filter((request) => request.method === method);
const limitOf = ({ params }: RpcRequest): bigint =>
  BigInt((params as [Simulated])[0].blockStateCalls[0]!.calls[0]!.gas);
const sentLimits = () => of('eth_sendRawTransaction').map(({ params }) => parseTransaction(params[0] as never).gas!);

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  await openAccount(scene, 'half', { collateral: { WETH: 25 }, debt: { USDC: 36_000 } });
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  proxy = await startProxy(scene.url);
  snapshot = await scene.client.snapshot();
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});
beforeEach(() => {
  asked = [];
});
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
  await scene.client.revert({ id: snapshot });
  snapshot = await scene.client.snapshot();
});

/** Runs a keeper for one head, before a node that answers some requests in its own way. */
async function once(intercept: (request: RpcRequest) => RpcAnswer | undefined): Promise<KeeperProcess> {
  proxy.intercept = (request) => {
    asked.push(request);
    return intercept(request);
  };
  // Few enough at a time that what they are expected to use is well below what there may be.
  keeper = scene.keeper(['--once', '--max-legs', '5'], proxy.url);
  expect(await keeper.ended).toBe(0);
  return keeper;
}

const linesOf = ({ lines }: KeeperProcess, kind: string) => lines.filter(({ msg }) => msg === kind);
/** How eth_simulateV1 tells of a call that failed. */
const failed = (request: RpcRequest, gasUsed: bigint, returnData: Hex): RpcAnswer => {
  const call = { status: '0x0', returnData, gasUsed: numberToHex(gasUsed), logs: [] };
  expect(request.method).toBe('eth_simulateV1');
  return { result: [{ calls: [{ ...call, error: { code: -32_015, message: 'execution failed' } }] }] };
};

describe('a plan is rehearsed once, with the gas limit it is sent with', () => {
  test('where the node simulates', async () => {
    const lines = linesOf(await once(() => undefined), 'landed');
    expect(lines.length).toBeGreaterThan(1);
    const limits = of('eth_simulateV1').map(limitOf);
    expect(limits.length).toBeGreaterThan(0);
    expect(sentLimits()).toEqual(limits);
    expect(of('eth_estimateGas')).toEqual([]);
  });

  test('a node without eth_simulateV1 is asked for it once, and by eth_call from then on', async () => {
    const missing = { code: -32_601, message: 'the method eth_simulateV1 does not exist/is not available' };
    const run = await once(({ method }) => (method === 'eth_simulateV1' ? { error: missing } : undefined));
    expect(linesOf(run, 'landed').length).toBeGreaterThan(1);
    expect(of('eth_simulateV1')).toHaveLength(1);
    const calls = of('eth_call').map(({ params }) => params[0] as { data: Hex; gas?: Hex });
    const rehearsed = calls.filter(({ data }) => data.startsWith(EXECUTE)).map(({ gas }) => BigInt(gas!));
    expect(sentLimits()).toEqual(rehearsed);
    expect(of('eth_estimateGas')).toEqual([]);
  });

  test('one that runs out of gas at its limit is run again with all there may be, and sent with a limit that covers it', async () => {
    const run = await once((request) => {
      if (request.method !== 'eth_simulateV1' || of('eth_simulateV1').length > 1) return undefined;
      return failed(request, limitOf(request), '0x');
    });
    const landed = linesOf(run, 'landed');
    expect(landed.length).toBeGreaterThan(1);
    expect(linesOf(run, 'skipped')).toEqual([]);
    const [first, second] = of('eth_simulateV1').map(limitOf);
    // The most that one transaction may bring (EIP-7825), which is less than half a block.
    expect(second).toBe(16_777_216n);
    expect(first).toBeLessThan(second!);
    const [used] = await Promise.all(
      landed.slice(0, 1).map(({ hash }) => scene.client.getTransactionReceipt({ hash: hash as Hex })),
    );
    expect(sentLimits()[0]).toBeGreaterThan(used!.gasUsed);
    expect(sentLimits()[0]).toBeLessThan(second!);
  });

  test('one that fails is never signed, whatever remains of the gas', async () => {
    const revert = encodeErrorResult({ abi: liquidatorAbi, errorName: 'Expired', args: [5n, 6n] });
    const run = await once((request) =>
      request.method === 'eth_simulateV1' ? failed(request, 100_000n, revert) : undefined,
    );
    const skipped = linesOf(run, 'skipped').filter(({ reason }) => reason === 'reverted: Expired(5, 6)');
    expect(skipped.length).toBeGreaterThan(1);
    expect(of('eth_sendRawTransaction')).toEqual([]);
    // Taken apart, each is tried alone; no failure that has gas left is tried with more.
    expect(of('eth_call').filter(({ params }) => (params[0] as { data: Hex }).data.startsWith(EXECUTE))).toEqual([]);
  });
});
