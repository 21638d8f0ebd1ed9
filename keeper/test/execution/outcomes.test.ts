import type { Hash, Hex, TransactionReceipt } from 'viem';
import { formatTransactionReceipt } from 'viem';
import { beforeEach, describe, expect, test } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { endOfAll, type OutcomeWorld, outcomeOf } from '../../src/execution/outcomes.ts';
import { aaveV3 } from '../../src/protocols/aave-v3/index.ts';
import type { Fate, Protocol } from '../../src/protocols/protocol.ts';
import { protocolOf } from '../../src/protocols/registry.ts';
import type { Sent } from '../../src/store/sent.ts';
import {
  aaveError,
  belowFloor,
  frozen,
  legFailed,
  legSkipped,
  liquidated,
  nothingLanded,
  other,
  planExecuted,
  type RpcLog,
  roundSkipped,
  TX,
  text,
} from './events.ts';
import { type FakeNode, fakeNode, hashOf, LIQUIDATOR, receipt, rpcError, transaction } from './node.ts';
import { address, COLLATERAL, DEBT, sentLeg } from './sent.ts';

let node: FakeNode;
let world: OutcomeWorld;
/** Whose accounts are read, at which block. */
let looked: [borrower: string, block: Hash][];
/** Accounts that are no longer under water. */
let safe: string[];
beforeEach(() => {
  node = fakeNode();
  [looked, safe] = [[], []];
  world = {
    ...{ client: node.client, errors: [...liquidatorAbi, ...aaveV3.errors], protocolOf },
    async stillThere({ leg }, block) {
      looked.push([leg.borrower, block]);
      return !safe.includes(leg.borrower);
    },
  };
});

const BLOCK = hashOf(77);
const receiptOf = (logs: RpcLog[], status: 'success' | 'reverted' = 'success'): TransactionReceipt =>
  formatTransactionReceipt(receipt(TX, { logs, status, blockHash: BLOCK }) as never);
const legs = (...rounds: number[]): Sent[] => rounds.map((round, n) => sentLeg(n, round));
const PAUSED = aaveError('ReservePaused');
const HEALTHY = aaveError('HealthFactorNotBelowThreshold');
/** Of the caller's own making: the account has to be looked at. */
const UNCLEAR = aaveError('MustNotLeaveDust');
const states = (outcome: { legs: readonly { state: string }[] }) => outcome.legs.map(({ state }) => state);

/** Three legs that landed and two that did not, with a tip of 5 wei and fees of 6. */
const TALLY = (6n << 144n) | (5n << 32n) | (2n << 16n) | 3n;

describe('a plan that was mined', () => {
  test('three landed, one lost, one skipped: each leg by its own event, with its amounts or its reason', async () => {
    const logs = [
      ...[liquidated(0, 1n, 2n), other(1), legSkipped(1, 0n, HEALTHY), liquidated(2, 3n, 4n)],
      ...[legSkipped(3, 0n, PAUSED), liquidated(4, 5n, 6n), planExecuted(99n, [{ token: DEBT, amount: 7n }], TALLY)],
    ];
    const sent = legs(0, 0, 1, 1, 1);
    const outcome = await outcomeOf(world, receiptOf(logs), sent);
    const landed = (n: number, repaid: bigint, seized: bigint) => ({
      state: 'landed',
      deals: [{ id: sent[n]!.deals[0]!.id, state: 'landed' }],
      measured: { account: address(n), debt: DEBT, collateral: COLLATERAL, repaid, seized },
    });
    const failed = (n: number, state: string, reason: string) => {
      const now = { state, reason, revert: `${reason}()` };
      return { ...now, deals: [{ id: sent[n]!.deals[0]!.id, ...now }] };
    };
    expect(outcome).toEqual({
      state: 'landed',
      reason: undefined,
      legs: [
        landed(0, 1n, 2n),
        failed(1, 'lost', 'HealthFactorNotBelowThreshold'),
        landed(2, 3n, 4n),
        failed(3, 'skipped', 'ReservePaused'),
        landed(4, 5n, 6n),
      ],
      profits: [{ token: DEBT, amount: 7n }],
      value: 99n,
      tally: { landed: 3, skipped: 2, tip: 5n, flashFee: 6n },
    });
    expect(looked).toEqual([]);
  });

  test('a leg that was skipped for a reason which tells nothing is looked at in the state of that block', async () => {
    const logs = [liquidated(0), legSkipped(1, 9n, UNCLEAR), legSkipped(2, 9n, UNCLEAR), planExecuted(1n)];
    safe = [address(2)];
    const outcome = await outcomeOf(world, receiptOf(logs), legs(0, 0, 0));
    expect(states(outcome)).toEqual(['landed', 'skipped', 'lost']);
    expect(looked).toEqual([
      [address(1), BLOCK],
      [address(2), BLOCK],
    ]);
    expect(outcome.legs[2]).toMatchObject({ reason: 'MustNotLeaveDust', revert: 'MustNotLeaveDust()' });
  });

  test('where the state of that block is not to be had, the leg is not taken for lost', async () => {
    world.stillThere = () => Promise.reject(new Error('pruned'));
    const logs = [liquidated(0), legSkipped(1, 9n, UNCLEAR), planExecuted(1n)];
    expect(states(await outcomeOf(world, receiptOf(logs), legs(0, 0)))).toEqual(['landed', 'skipped']);
  });

  test('of a round that was skipped the revert names one leg, and the others have the round’s reason', async () => {
    const logs = [roundSkipped(0, legFailed(1n, HEALTHY)), liquidated(3), planExecuted(1n)];
    const outcome = await outcomeOf(world, receiptOf(logs), legs(0, 0, 0, 1));
    expect(states(outcome)).toEqual(['skipped', 'lost', 'skipped', 'landed']);
    const its = { reason: 'HealthFactorNotBelowThreshold', revert: 'HealthFactorNotBelowThreshold()' };
    expect(outcome.legs[1]).toMatchObject({ ...its, deals: [{ state: 'lost', ...its }] });
    const round = 'its round failed: HealthFactorNotBelowThreshold';
    const revert = 'LegFailed(1, HealthFactorNotBelowThreshold())';
    for (const leg of [0, 2]) {
      const now = { state: 'skipped', reason: round, revert };
      expect(outcome.legs[leg]).toMatchObject({ ...now, deals: [now] });
    }
    expect(looked).toEqual([]);
  });

  test('the leg that a skipped round names is looked at where its revert tells nothing, also without data', async () => {
    safe = [address(2)];
    const logs = [
      ...[roundSkipped(0, legFailed(0n, PAUSED)), roundSkipped(1, legFailed(0n, UNCLEAR))],
      ...[roundSkipped(2, legFailed(0n, '0x')), liquidated(3), planExecuted(1n)],
    ];
    const outcome = await outcomeOf(world, receiptOf(logs), legs(0, 1, 2, 3));
    expect(states(outcome)).toEqual(['skipped', 'skipped', 'lost', 'landed']);
    expect(looked.map(([borrower]) => borrower)).toEqual([address(1), address(2)]);
    expect(outcome.legs[2]).toMatchObject({ revert: 'no reason' });
  });

  test('a round that fails for a reason of its own names none', async () => {
    const logs = [roundSkipped(0, text('too little output')), liquidated(1), planExecuted(1n)];
    const outcome = await outcomeOf(world, receiptOf(logs), legs(0, 1));
    expect(outcome.legs[0]).toMatchObject({
      ...{ state: 'skipped', reason: 'its round failed: too little output', revert: 'too little output' },
    });
    expect(looked).toEqual([]);
  });

  test('a position that was frozen landed without money', async () => {
    const sent = [sentLeg(1, 0)];
    const logs = [frozen(1), planExecuted(0n)];
    const { legs: ended } = await outcomeOf(world, receiptOf(logs), sent);
    const none = { account: address(1), debt: DEBT, collateral: COLLATERAL, repaid: 0n, seized: 0n };
    expect(ended[0]).toMatchObject({ state: 'landed', measured: none });
    const { spend, ...deal } = sent[0]!.deals[0]!;
    const [bare] = (await outcomeOf(world, receiptOf(logs), [{ ...sent[0]!, deals: [deal] }])).legs;
    expect(bare!.measured).toEqual({ ...none, debt: COLLATERAL });
  });

  test('a contract that tells nothing of a leg, or of a plan, is not believed', async () => {
    const short = await outcomeOf(world, receiptOf([liquidated(0), planExecuted(1n)]), legs(0, 0));
    expect(short.legs[1]).toMatchObject({ state: 'skipped', reason: 'the contract tells nothing of it' });
    const reason = `${LIQUIDATOR} is no Liquidator: it says nothing of a plan`;
    const silent = await outcomeOf(world, receiptOf([liquidated(0)]), legs(0));
    expect(silent).toEqual({
      ...{ state: 'reverted', reason, profits: [], value: 0n },
      legs: endOfAll(legs(0), 'reverted', reason),
    });
  });
});

describe('legs that several deals are folded into', () => {
  const fold = (...ids: string[]): Sent => ({
    ...sentLeg(1),
    deals: ids.map((id) => ({ ...sentLeg(1).deals[0]!, id })),
  });
  const fate = (id: string, state: Fate['state'], name?: string): Fate =>
    name === undefined ? { id, state } : { id, state, reason: { name, args: [], data: '0x' } };
  const ruled = (fates: Fate[], gone: boolean | undefined = false): OutcomeWorld => ({
    ...world,
    protocolOf: () => ({ fates: () => fates, gone: () => gone, explain: ({ name }) => `it says ${name}` }),
  });
  const logs = [liquidated(1), planExecuted(5n)];

  test('land if one of the deals did, each deal with what became of it', async () => {
    const fates = [fate('a', 'lost', 'Gone'), fate('b', 'landed'), fate('c', 'skipped')];
    const [leg] = (await outcomeOf(ruled(fates), receiptOf(logs), [fold('a', 'b', 'c')])).legs;
    expect(leg).toMatchObject({
      state: 'landed',
      deals: [
        { id: 'a', state: 'lost', reason: 'it says Gone', revert: 'Gone()' },
        { id: 'b', state: 'landed' },
        { id: 'c', state: 'skipped' },
      ],
      measured: { repaid: 70n },
    });
    expect(leg!.reason).toBeUndefined();
  });

  test('are lost if all of the deals are, though the contract has an event of the leg', async () => {
    const fates = [fate('a', 'lost', 'First'), fate('b', 'lost', 'Second')];
    const outcome = await outcomeOf(ruled(fates), receiptOf(logs), [fold('a', 'b')]);
    expect(outcome.legs[0]).toMatchObject({ state: 'lost', reason: 'it says First', revert: 'First()' });
    expect(outcome.legs[0]!.measured).toBeUndefined();
    expect(outcome).toMatchObject({ state: 'lost', reason: 'it says First', value: 5n });
  });

  test('are skipped otherwise, for the reason of the first that nobody else took', async () => {
    const fates = [fate('a', 'lost', 'First'), fate('b', 'skipped', 'Second')];
    const outcome = await outcomeOf(ruled(fates), receiptOf(logs), [fold('a', 'b')]);
    expect(outcome.legs[0]).toMatchObject({ state: 'skipped', reason: 'it says Second', revert: 'Second()' });
    expect(outcome).toMatchObject({ state: 'reverted', reason: 'it says Second' });
  });

  test('are asked of the protocol with the logs that led to them', async () => {
    const asked: unknown[] = [];
    const protocol: Pick<Protocol, 'fates' | 'gone' | 'explain'> = {
      ...{ gone: () => false, explain: () => '' },
      fates(sent, own, before) {
        asked.push(
          sent,
          own.topics[0],
          before.map(({ address }) => address),
        );
        return [fate('a', 'landed')];
      },
    };
    const of: string[] = [];
    const asking: OutcomeWorld = {
      ...world,
      protocolOf(id) {
        of.push(id);
        return protocol;
      },
    };
    const sent = fold('a');
    await outcomeOf(asking, receiptOf([other(7), other(8), ...logs]), [sent]);
    expect(asked).toEqual([sent, liquidated(1).topics[0], [address(7), address(8)]]);
    expect(of).toEqual(['aave-v3']);
  });
});

describe('a plan that reverted', () => {
  const reverts = (data: Hex) => {
    node.known.set(TX, transaction(TX));
    node.answers.set('eth_call', () => {
      throw rpcError('execution reverted', data);
    });
  };
  const outcome = (sent: Sent[]) => outcomeOf(world, receiptOf([], 'reverted'), sent);

  test.each([45, 47])('46 legs or more of which leg %s meets a pause are not lost', async (index) => {
    reverts(nothingLanded(legFailed(BigInt(index), PAUSED)));
    const sent = Array.from({ length: 48 }, (_, n) => sentLeg(n));
    const ended = await outcome(sent);
    expect(ended.state).toBe('reverted');
    expect(new Set(states(ended))).toEqual(new Set(['reverted']));
    expect(ended.legs[index]).toMatchObject({ reason: 'ReservePaused', revert: 'ReservePaused()' });
    expect(ended.reason).toBe(`reverted: NothingLanded(LegFailed(${index}, ReservePaused()))`);
    // All but the one that the revert names are looked at.
    expect(looked.length).toBe(47);
    expect(looked.map(([borrower]) => borrower)).not.toContain(address(index));
  });

  test('numbers in what a plan reverted with are no reasons', async () => {
    reverts(belowFloor);
    expect(await outcome(legs(0))).toMatchObject({ state: 'reverted', reason: 'reverted: BelowFloor(45, 47)' });
  });

  test('is lost if every leg is: the one that the revert names by what it says, the others by their accounts', async () => {
    reverts(nothingLanded(legFailed(1n, text('45'))));
    safe = [address(0), address(1)];
    const ended = await outcome(legs(0, 1, 1));
    expect(states(ended)).toEqual(['lost', 'lost', 'lost']);
    expect(ended).toMatchObject({ state: 'lost', reason: 'reverted: NothingLanded(LegFailed(1, 45))', value: 0n });
    expect(ended.legs[2]).toMatchObject({ reason: 'HealthFactorNotBelowThreshold', revert: '45' });
    const why = { state: 'lost', reason: 'a rival was first, or it is out of danger again' };
    expect(ended.legs[0]).toEqual({ ...why, deals: [{ id: legs(0)[0]!.deals[0]!.id, ...why }] });
    expect(looked).toEqual([
      [address(0), BLOCK],
      [address(1), BLOCK],
    ]);
  });

  test('has reverted if one leg was still to be had, each leg by itself', async () => {
    reverts(nothingLanded(legFailed(0n, HEALTHY)));
    const ended = await outcome(legs(0, 1));
    expect(states(ended)).toEqual(['reverted', 'lost']);
    expect(ended.state).toBe('reverted');
    expect(ended.legs[0]).toMatchObject({
      reason: 'reverted: NothingLanded(LegFailed(0, HealthFactorNotBelowThreshold()))',
    });
  });

  test('is run again before its block and behind it, where it may have gone well', async () => {
    node.known.set(TX, transaction(TX, { input: '0xabcd', gas: 1_001n }));
    const ended = await outcome(legs(0));
    expect(ended.reason).toBe('reverted behind another transaction of its block');
    const calls = node.asked.filter(({ method }) => method === 'eth_call').map(({ params }) => params);
    expect(calls.map(([, block]) => block)).toEqual(['0x63', '0x64']);
    expect(calls[0]![0]).toMatchObject({ to: LIQUIDATOR, data: '0xabcd', gas: '0x3e9' });
    node.known.set(TX, transaction(TX, { gas: 1_000n }));
    expect((await outcome(legs(0))).reason).toBe('out of gas');
  });

  test('is no reason to stop where the node has it no more', async () => {
    const ended = await outcome(legs(0));
    expect(ended.state).toBe('reverted');
    expect(ended.reason).toContain('could not be found');
  });
});

test('an end that no leg had a part in is that of all', () => {
  const [a, b] = legs(0, 0);
  const now = { state: 'expired', reason: 'why' };
  expect(endOfAll([a!, b!], 'expired', 'why')).toEqual(
    [a, b].map((leg) => ({ ...now, deals: [{ id: leg!.deals[0]!.id, ...now }] })),
  );
});
