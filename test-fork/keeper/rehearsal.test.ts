import { type Address, encodeErrorResult, type Hex, numberToHex, parseTransaction } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { isRehearsal, type RpcAnswer, type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';

type Simulated = { blockStateCalls: { calls: { to: Address; data: Hex; gas: Hex }[] }[] };

let scene: Scene;
let proxy: RpcProxy;
let keeper: KeeperProcess | undefined;
let snapshot: Hex;
/** What the keeper asked, in its order. */
let asked: RpcRequest[];

const of = (method: string) => asked.filter((request) => request.method === method);
/** The gas limits of the plans that were asked about, by `eth_call` and by `eth_simulateV1`. */
const called = () => asked.filter(isRehearsal).map(({ params }) => BigInt((params[0] as { gas: Hex }).gas));
const simulated = () => of('eth_simulateV1').filter(isOfPlan).map(limitOf);
/** Whether a simulation is of a plan: the keeper also tries out, without gas, whether a node has the method. */
const isOfPlan = ({ params }: RpcRequest) => callIn(params).gas !== undefined;
const callIn = (params: RpcRequest['params']) => (params as [Simulated])[0].blockStateCalls[0]!.calls[0]!;
const limitOf = ({ params }: RpcRequest): bigint => BigInt(callIn(params).gas);
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
async function once(intercept: (request: RpcRequest) => RpcAnswer | undefined, code = 0): Promise<KeeperProcess> {
  proxy.intercept = (request) => {
    asked.push(request);
    return intercept(request);
  };
  // Few enough at a time that what they are expected to use is well below what there may be.
  keeper = scene.keeper(['--once', '--max-legs', '5'], proxy.url);
  expect(await keeper.ended).toBe(code);
  return keeper;
}

const linesOf = ({ lines }: KeeperProcess, kind: string) => lines.filter(({ msg }) => msg === kind);
/** How eth_simulateV1 tells of a call that failed. */
const failed = (request: RpcRequest, gasUsed: bigint, returnData: Hex): RpcAnswer => {
  const call = { status: '0x0', returnData, gasUsed: numberToHex(gasUsed), logs: [] };
  expect(request.method).toBe('eth_simulateV1');
  return { result: [{ calls: [{ ...call, error: { code: -32_015, message: 'execution failed' } }] }] };
};

const OUT_OF_GAS: RpcAnswer = { error: { code: -32_000, message: 'out of gas' } };
/** The most that one transaction may bring (EIP-7825), which is less than half a block. */
const MOST = 16_777_216n;

describe('a plan is rehearsed with the gas limit it is sent with', () => {
  test('in one request where it pays even with all of that burnt', async () => {
    const lines = linesOf(await once(() => undefined), 'landed');
    expect(lines.length).toBeGreaterThan(1);
    expect(called().length).toBeGreaterThan(0);
    expect(sentLimits()).toEqual(called());
    expect(simulated()).toEqual([]);
    expect(of('eth_estimateGas')).toEqual([]);
  });

  test('where it does not bring what was planned, the gas it uses is asked for too', async () => {
    let low = true;
    const run = await once((request) => {
      if (!low || !isRehearsal(request)) return undefined;
      low = false;
      return { result: numberToHex(1n, { size: 32 }) };
    });
    expect(linesOf(run, 'landed').length).toBeGreaterThan(1);
    expect(simulated()).toEqual(called().slice(0, 1));
    expect(sentLimits()).toEqual(called());
  });

  test('one that runs out of gas at its limit is run again with all there may be, and sent with a limit that covers it', async () => {
    const run = await once((request) => (isRehearsal(request) && called().length === 1 ? OUT_OF_GAS : undefined));
    const landed = linesOf(run, 'landed');
    expect(landed.length).toBeGreaterThan(1);
    expect(linesOf(run, 'skipped')).toEqual([]);
    expect(simulated()).toEqual([MOST]);
    expect(called()[0]).toBeLessThan(MOST);
    const used = await scene.client.getTransactionReceipt({ hash: landed[0]!.hash as Hex });
    expect(sentLimits()[0]).toBeGreaterThan(used.gasUsed);
    expect(sentLimits()[0]).toBeLessThan(MOST);
  });

  test('also where only the simulation tells that it was short', async () => {
    const run = await once((request) => {
      if (isRehearsal(request) && called().length === 1) return { result: numberToHex(1n, { size: 32 }) };
      if (request.method !== 'eth_simulateV1' || simulated().length > 1) return undefined;
      return failed(request, limitOf(request), '0x');
    });
    expect(linesOf(run, 'landed').length).toBeGreaterThan(1);
    expect(simulated()).toEqual([called()[0], MOST]);
  });

  test('a node without eth_simulateV1 is asked for it once, and by eth_call from then on', async () => {
    const missing = { code: -32_601, message: 'the method eth_simulateV1 does not exist/is not available' };
    const run = await once((request) => {
      if (request.method === 'eth_simulateV1') return { error: missing };
      return isRehearsal(request) && called().at(-1)! < MOST ? OUT_OF_GAS : undefined;
    });
    expect(linesOf(run, 'landed').length).toBeGreaterThan(1);
    // Not at all where its trial at the start was first.
    expect(simulated().length).toBeLessThanOrEqual(1);
    expect(called().filter((limit) => limit === MOST)).toHaveLength(sentLimits().length);
    expect(of('eth_estimateGas')).toHaveLength(sentLimits().length);
  });

  test('one that fails is never signed, whatever remains of the gas', async () => {
    const data = encodeErrorResult({ abi: liquidatorAbi, errorName: 'Expired', args: [5n, 6n] });
    const reverted = { error: { code: 3, message: 'execution reverted', data } };
    // Nothing came of it.
    const run = await once((request) => (isRehearsal(request) ? reverted : undefined), 1);
    const skipped = linesOf(run, 'skipped').filter(({ reason }) => reason === 'reverted: Expired(5, 6)');
    expect(skipped.length).toBeGreaterThan(1);
    expect(of('eth_sendRawTransaction')).toEqual([]);
    // Taken apart, each is tried alone; no failure that has gas left is tried with more.
    expect(simulated()).toEqual([]);
    expect(called()).not.toContain(MOST);
  });
});
