import { beforeEach, describe, expect, test } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { planData } from '../../src/execution/rehearse.ts';
import { type TryOutWorld, tryOut } from '../../src/execution/try-out.ts';
import type { Offer } from '../../src/planning/offer.ts';
import { protocolOf } from '../../src/protocols/registry.ts';
import { aaveError, belowFloor, legSkipped, liquidated, planExecuted } from './events.ts';
import { account, type FakeNode, fakeNode, LIQUIDATOR, rpcError } from './node.ts';
import { brings, offer } from './offer.ts';
import { claim, sentLeg } from './sent.ts';

let node: FakeNode;
let world: TryOutWorld;
beforeEach(() => {
  node = fakeNode();
  const l1Fee: TryOutWorld['l1Fee'] = { isGas: false, of: async () => ({ fee: 0n, gas: 0n }) };
  world = { client: node.client, l1Fee, minProfit: 100n, errors: liquidatorAbi, protocolOf };
});

const parties = { from: account.address, to: LIQUIDATOR, most: 15_000_000n };
const run = (of: Offer) => tryOut(world, of, parties);
const one = offer([sentLeg(1)]);
const returns = (value: bigint) => node.answers.set('eth_call', () => brings(value));
const simulates = (value: bigint, gas: bigint) =>
  node.answers.set('eth_simulateV1', () => [
    { calls: [{ status: '0x1', returnData: brings(value), gasUsed: `0x${gas.toString(16)}` }] },
  ]);
const asked = () => node.asked.map(({ method }) => method);

describe('a plan that pays', () => {
  test('even with all of its gas limit burnt is run once, as it will be sent', async () => {
    returns(9_000n);
    const data = planData(one.plan);
    expect(await run(one)).toEqual({
      ...{ data, gas: 1_000n, limit: 1_500n, budget: 8_900n },
      terms: { ...one.terms, value: 9_000n, impact: 1_000n, gasCost: 1_000n, net: 8_000n },
    });
    expect(asked()).toEqual(['eth_call']);
    expect(node.asked[0]!.params).toMatchObject([
      { from: account.address, to: LIQUIDATOR, data, gas: '0x5dc' },
      'pending',
    ]);
  });

  test.each([
    [1_600n, ['eth_call']],
    [1_599n, ['eth_call', 'eth_simulateV1']],
  ])('%s wei: its gas is asked for only where the whole limit is too dear', async (value, methods) => {
    returns(value);
    simulates(value, 900n);
    const tried = await run(one);
    expect(asked()).toEqual(methods);
    expect(tried).toMatchObject(
      methods.length === 1
        ? { gas: 1_000n, limit: 1_500n }
        : { gas: 900n, limit: 1_500n, terms: { net: value - 900n } },
    );
  });

  test('with what another transaction brings later: that is in net and budget', async () => {
    returns(500n);
    simulates(500n, 1_000n);
    const freeze = offer([sentLeg(1)], { value: 500n, later: 700n, laters: [{ later: 700n, gasCost: 600n }] });
    expect(await run(freeze)).toMatchObject({ terms: { net: 200n }, budget: 1_100n });
  });

  test('pays for the calldata on the layer below, and where nodes count that as gas, not twice', async () => {
    returns(9_000n);
    world.l1Fee = { isGas: false, of: async (data) => ({ fee: data === planData(one.plan) ? 300n : 0n, gas: 0n }) };
    expect(await run(one)).toMatchObject({ terms: { l1: 300n, net: 7_700n }, budget: 8_600n });
    const surcharge = { perMillionGas: 1_500_000n, each: 50n };
    world.l1Fee = { isGas: false, of: async () => ({ fee: 300n, gas: 0n, surcharge }) };
    // 1,000 of gas at one wei and a half.
    expect(await run(one)).toMatchObject({ terms: { gasCost: 1_000n, l1: 1_850n, net: 6_150n }, budget: 7_050n });
    world.l1Fee = { isGas: true, of: async () => ({ fee: 300n, gas: 400n }) };
    node.answers.set('eth_estimateGas', () => '0x7d0');
    expect(await run(one)).toMatchObject({
      ...{ gas: 2_000n, limit: 3_000n },
      terms: { gasCost: 1_600n, l1: 300n, net: 7_100n },
    });
  });

  test('is not expected to burn more than a transaction may bring', async () => {
    returns(9_000n);
    const tried = await tryOut(world, one, { ...parties, most: 1_200n });
    expect(tried).toMatchObject({ limit: 1_200n });
  });
});

describe('a plan is not sent', () => {
  test.each([
    [1_099n, 'pays 99 wei after gas, less than --min-profit'],
    [1_100n, undefined],
  ])('that brings %s wei: %s', async (value, reason) => {
    returns(value);
    simulates(value, 1_000n);
    const tried = await run(one);
    expect('reason' in tried ? tried.reason : undefined).toBe(reason);
    expect(tried.terms!.value).toBe(value);
  });

  test.each([
    [7_500n, undefined],
    [7_499n, 'brings 7499 wei and not the 10000 it was planned for'],
  ])('of several legs that brings %s wei, where half of its smallest round is missing: %s', async (value, reason) => {
    returns(value);
    simulates(value, 1_000n);
    const tried = await run(offer([sentLeg(1), sentLeg(2)]));
    expect('reason' in tried ? tried.reason : undefined).toBe(reason);
    // One leg that brings less brings less.
    expect('reason' in (await run(one))).toBe(false);
  });

  test('that lost a leg, and which, where the node tells of logs; it may pay all the same', async () => {
    const told = (...logs: unknown[]) =>
      node.answers.set('eth_simulateV1', () => [
        { calls: [{ status: '0x1', returnData: brings(7_000n), gasUsed: '0x3e8', logs }] },
      ]);
    const three = offer([sentLeg(1), sentLeg(2), sentLeg(3)], { smallest: 2_000n });
    returns(7_000n);
    told(liquidated(1), legSkipped(2, 0n, aaveError('HealthFactorNotBelowThreshold')), liquidated(3), planExecuted(7n));
    const tried = await run(three);
    expect(tried).toMatchObject({
      reason: 'brings 7000 wei and not the 10000 it was planned for',
      paying: { gas: 1_000n, terms: { net: 6_000n } },
      missed: { innocent: 0 },
    });
    expect('missed' in tried && [...tried.missed!.failing.keys()]).toEqual([claim(2)]);
    // The same shortfall from a price that has moved is none.
    told(liquidated(1), liquidated(2), liquidated(3), planExecuted(7n));
    expect(await run(three)).toMatchObject({ gas: 1_000n, budget: 6_900n, terms: { value: 7_000n, net: 6_000n } });
    expect('reason' in (await run(three))).toBe(false);
  });

  test('that reverts, for what it says', async () => {
    node.answers.set('eth_call', () => {
      throw rpcError('execution reverted', belowFloor);
    });
    expect(await run(one)).toEqual({ reason: 'reverted: BelowFloor(45, 47)' });
  });

  test('where the layer below does not tell what it charges, whatever the rehearsal says', async () => {
    returns(9_000n);
    world.l1Fee = { isGas: false, of: () => Promise.reject(new Error('no oracle')) };
    expect(await run(one)).toEqual({ reason: 'no oracle' });
  });
});
