import { type Hex, keccak256 } from 'viem';
import { describe, expect, test, vi } from 'vitest';
import { openLedger } from '../../src/execution/ledger.ts';
import { marketKey } from '../../src/store/key.ts';
import { eachAnew, failing, mine, node, one, open, standing, states, store, told, two } from './dispatcher-rig.ts';
import { aaveError, legSkipped, liquidated, planExecuted } from './events.ts';
import { account, head, receipt, rpcError } from './node.ts';
import { offer } from './offer.ts';
import { address, COLLATERAL, claim, MARKET, sentLeg } from './sent.ts';

eachAnew();

describe('what is on its way', () => {
  test('holds its claims until it has ended, in every market of its legs', async () => {
    const other = marketKey('aave-v3', address(0x777));
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(1, 1, other)]), head(10n));
    const all = [claim(1), claim(1, other), claim(2, other)];
    expect(dispatcher.due(all, head(10n))).toEqual([claim(2, other)]);
    mine(keccak256(node.taken[0]!), [liquidated(1), legSkipped(1, 0n, aaveError('ReservePaused')), planExecuted(6n)]);
    await dispatcher.onHead(head(11n));
    expect(dispatcher.due(all, head(11n))).toEqual(all);
  });

  test('ends leg by leg: in the store, in the history, in what is told and in the sum', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }), head(10n));
    const hash = keccak256(node.taken[0]!);
    told.length = 0;
    const [lost, skipped] = ['HealthFactorNotBelowThreshold', 'ReservePaused'].map(aaveError) as [Hex, Hex];
    const profits = [{ token: COLLATERAL, amount: 5n }];
    mine(hash, [liquidated(1), legSkipped(2, 0n, lost), legSkipped(3, 0n, skipped), planExecuted(66n, profits)]);
    await dispatcher.onHead(head(11n));
    expect(told).toEqual([['outcome', 1, hash, 'landed', ['landed', 'lost', 'skipped']]]);
    expect(store.attempts.get(1)).toMatchObject({
      ...{ state: 'landed', value: 66n, gas: 1_000n, cost: 7_000n },
      outcomes: [
        { state: 'landed' },
        { state: 'lost', reason: 'HealthFactorNotBelowThreshold' },
        { state: 'skipped', reason: 'ReservePaused' },
      ],
    });
    // The head's own time, as it was mined there.
    expect(store.liquidations.of(hash)).toMatchObject([
      { leg: 0, value: 66n, gasCost: 7_000n, block: 11n, time: 132n },
    ]);
    expect(dispatcher.summary).toEqual({
      ...{ liquidated: 1, skipped: 1, lost: 1, reverted: 0, cancelled: 0, value: 66n, gas: 7_000n },
    });
  });

  test('is looked at again where the node fails while it is written down', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    const hash = keccak256(node.taken[0]!);
    mine(hash, [liquidated(1), planExecuted(6n)], 11n);
    node.answers.set('eth_getBlockByHash', () => {
      throw rpcError('busy');
    });
    await expect(dispatcher.onHead(head(12n))).rejects.toThrow('busy');
    expect(states()).toEqual([[1, 'sent']]);
    node.answers.delete('eth_getBlockByHash');
    await dispatcher.onHead(head(13n));
    expect(states()).toEqual([[1, 'landed']]);
    // An older block's time is asked for.
    expect(store.liquidations.of(hash)).toMatchObject([{ block: 11n, time: 1_000n }]);
    expect(dispatcher.summary.liquidated).toBe(1);
    await dispatcher.onHead(head(14n));
    expect(dispatcher.summary.liquidated).toBe(1);
  });

  test('that was unwound before it was written down is on its way', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    const hash = keccak256(node.taken[0]!);
    mine(hash, [liquidated(1), planExecuted(6n)], 11n);
    node.answers.set('eth_getBlockByHash', () => {
      throw rpcError('busy');
    });
    await expect(dispatcher.onHead(head(12n))).rejects.toThrow('busy');
    node.answers.delete('eth_getBlockByHash');
    node.receipts.clear();
    node.nonces.latest = 0;
    await dispatcher.unwind(10n, 12n);
    await dispatcher.onHead(head(12n));
    expect(states()).toEqual([[1, 'sent']]);
    expect(told.at(-1)).toEqual(['unwound']);
    expect(standing()).toEqual([[claim(1), 'sent']]);
    expect(dispatcher.summary.liquidated).toBe(0);
  });

  test('that was replaced, or given up, is told with its reason', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    node.nonces.latest = 1;
    vi.useFakeTimers({ toFake: ['performance'] });
    for (let n = 0; n < 3; n++) await dispatcher.onHead(head(11n));
    expect(told.at(-1)).toEqual(['not known yet']);
    // It holds neither what it is about nor a place.
    expect(dispatcher.due([claim(1)], head(11n))).toEqual([claim(1)]);
    expect([dispatcher.inFlight().length, states()]).toEqual([1, [[1, 'sent']]]);
    vi.advanceTimersByTime(120_000);
    await dispatcher.onHead(head(12n));
    vi.useRealTimers();
    const reason = 'its nonce was used by a transaction that is not ours';
    expect(told.at(-1)).toEqual(['withdrawn', 1, 'replaced', reason]);
    expect(store.attempts.get(1)).toMatchObject({
      state: 'replaced',
      reason,
      outcomes: [{ state: 'replaced', reason }],
    });
    expect(dispatcher.summary).toMatchObject({ cancelled: 1, gas: 0n });
    // The truth comes late: the record is corrected, and nothing is counted twice.
    const hash = keccak256(node.taken[0]!);
    node.receipts.set(hash, receipt(hash, { logs: [liquidated(1), planExecuted(6n)], block: 11n }));
    await dispatcher.onHead(head(13n));
    expect(states()).toEqual([[1, 'landed']]);
    expect(store.liquidations.of(hash)).toMatchObject([{ leg: 0, value: 6n, block: 11n }]);
    expect(told.at(-1)).toEqual(['outcome', 1, hash, 'landed', ['landed']]);
    expect(dispatcher.summary).toMatchObject({ liquidated: 1, cancelled: 0, value: 6n, gas: 7_000n });
  });

  test('that was cancelled cost the gas of the empty transaction', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(two(), head(10n));
    node.answers.set('eth_call', () => {
      throw rpcError('execution reverted');
    });
    await dispatcher.onHead(head(13n));
    expect(told.at(-1)).toEqual(['cancelling']);
    const empty = keccak256(node.taken[1]!);
    node.receipts.set(empty, receipt(empty, { block: 14n, to: account.address }));
    node.nonces.latest = 1;
    await dispatcher.onHead(head(14n));
    expect(store.attempts.get(1)).toMatchObject({ state: 'cancelled', gas: 1_000n, cost: 7_000n });
    expect(told.at(-1)!.slice(0, 3)).toEqual(['withdrawn', 1, 'cancelled']);
    expect(dispatcher.summary).toMatchObject({ cancelled: 2, gas: 7_000n, liquidated: 0 });
  });

  test('is taken up from an earlier run, and what was given up there has expired', async () => {
    const before = await open();
    await before.attempt(one(1), head(10n));
    await before.attempt(one(2), head(10n));
    told.length = 0;
    // Of the second one no node knows, and it would not work now.
    failing.add(address(2));
    node.known.delete(keccak256(node.taken[1]!));
    const dispatcher = await open({ ledger: openLedger(store, account.address) });
    expect(told).toEqual([['taken up', 1]]);
    await dispatcher.onHead(head(11n));
    expect(told.at(-1)!.slice(0, 3)).toEqual(['withdrawn', 2, 'expired']);
    expect(dispatcher.summary.cancelled).toBe(1);
    expect(states()).toEqual([
      [2, 'expired'],
      [1, 'sent'],
    ]);
  });
});

describe('claims that are set aside', () => {
  test('are told, forgotten when they change, and forgotten of a market where they may not be acted on any more', async () => {
    const other = marketKey('aave-v3', address(0x777));
    const dispatcher = await open();
    for (const each of [claim(1), claim(2), claim(3, other)])
      dispatcher.setAside(each, { reason: 'no pool' }, head(10n));
    expect(told[0]).toEqual(['set aside', claim(1), 'no pool']);
    const all = [claim(1), claim(2), claim(3, other)];
    expect(dispatcher.due(all, head(10n))).toEqual([]);
    dispatcher.rescued(MARKET, new Set([claim(1)]));
    expect(told.at(-1)).toEqual(['forget', claim(2)]);
    expect(dispatcher.due(all, head(10n))).toEqual([claim(2)]);
    dispatcher.forget([claim(1), claim(3, other)]);
    expect(told.at(-1)).toEqual(['forget', claim(1), claim(3, other)]);
    expect(dispatcher.due(new Set(all), head(10n))).toEqual(all);
    expect(standing().map(([, state]) => state)).toEqual(['watched', 'watched', 'watched']);
  });
});

test('nothing has come of it yet, and what contracts may revert with is known of all of them', async () => {
  const { errors, summary } = await open();
  const names = errors.flatMap((each) => (each.type === 'error' ? each.name : []));
  expect(names).toEqual(expect.arrayContaining(['LegFailed', 'HealthFactorNotBelowThreshold']));
  expect(summary).toEqual({ liquidated: 0, skipped: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n });
});
