import { type Hex, keccak256, parseTransaction } from 'viem';
import { describe, expect, test } from 'vitest';
import { packedIn, unpackPlan } from '../../src/contract/unpack.ts';
import { openPurse } from '../../src/execution/purse.ts';
import type { Offer } from '../../src/planning/offer.ts';
import {
  eachAnew,
  failing,
  NOT_LANDED,
  node,
  one,
  open,
  REVERTED,
  standing,
  states,
  store,
  told,
  two,
} from './dispatcher-rig.ts';
import { account, head, LIQUIDATOR, rpcError } from './node.ts';
import { brings, offer } from './offer.ts';
import { address, claim, sentLeg } from './sent.ts';

eachAnew();

describe('an offer', () => {
  test('that is rehearsed well is planned, sent and told, with its budget for gas', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(two(), head(10n));
    const hash = keccak256(node.taken[0]!);
    expect(told).toEqual([['sent', 2, hash, 1_000n, 9_000n]]);
    const [attempt] = store.attempts.recent(1);
    expect(attempt).toMatchObject({
      ...{ state: 'sent', hashes: [hash], legs: two().sent, operator: account.address.toLowerCase(), to: LIQUIDATOR },
      ...{ value: 10_000n, gas: 1_000n, budget: 9_900n, validUntil: 999n, nonce: 0, sentAt: 10n },
    });
    expect(standing()).toEqual([
      [claim(1), 'sent'],
      [claim(2), 'sent'],
    ]);
    expect(dispatcher.inFlight().map(({ about }) => about.id)).toEqual([1]);
  });

  test('of one leg that fails is set aside by its claims', async () => {
    failing.add(address(1));
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    expect(told).toEqual([['set aside', claim(1), REVERTED]]);
    expect([node.taken, states()]).toEqual([[], []]);
    expect(dispatcher.due([claim(1), claim(2)], head(10n))).toEqual([claim(2)]);
    expect(dispatcher.due([claim(1)], head(11n))).toEqual([claim(1)]);
  });

  test('of several is taken apart, and what is left of it is sent at the same head', async () => {
    failing.add(address(2));
    const dispatcher = await open();
    await dispatcher.attempt(offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }), head(10n));
    expect(told).toEqual([
      ['taken apart', 3, 'brings 10000 wei and not the 15000 it was planned for'],
      ['set aside', claim(2), REVERTED],
      ['sent', 2, keccak256(node.taken[0]!), 1_000n, 9_000n],
    ]);
    expect(
      dispatcher.due(
        [1, 2, 3, 4].map((n) => claim(n)),
        head(11n),
      ),
    ).toEqual([claim(2), claim(4)]);
  });

  test('of which none fails alone is sent as it is where it pays, though it brings less than planned', async () => {
    const dispatcher = await open();
    await dispatcher.attempt(
      offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 99_000n, smallest: 5_000n }),
      head(10n),
    );
    expect(told.map(([what, count]) => [what, count])).toEqual([
      ['taken apart', 3],
      ['sent', 3],
    ]);
    expect(store.attempts.get(1)).toMatchObject({ value: 15_000n, state: 'sent' });
  });

  test('that reverts though none fails alone is planned twice more, and then sent one by one, the best first', async () => {
    const worth = new Map([1n, 2n, 3n].map((n) => [address(Number(n)), 4_000n + 1_000n * n]));
    node.answers.set('eth_call', ([request]) => {
      const { rounds } = unpackPlan(packedIn((request as { data: Hex }).data));
      const [borrower, ...more] = rounds.flatMap(({ legs }) => legs.map((leg) => leg.borrower.toLowerCase()));
      if (more.length > 0) throw rpcError('execution reverted', NOT_LANDED);
      return brings(worth.get(borrower as Hex)!);
    });
    const pending: string[][] = [];
    const company = (): Offer => ({
      ...offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n }),
      anew: (claims) => [1, 2, 3].filter((n) => claims.has(claim(n))).map(one),
      async anewOnPending(claims) {
        pending.push([...claims]);
        return [company()];
      },
    });
    const dispatcher = await open();
    await dispatcher.attempt(company(), head(10n));
    const all = [1, 2, 3].map((n) => claim(n));
    expect(pending).toEqual([all, all]);
    expect(told.map(([what, count]) => [what, count])).toEqual([
      ['taken apart', 3],
      ['taken apart', 3],
      ['taken apart', 3],
      ['sent', 1],
      ['sent', 1],
      ['waiting', 1],
    ]);
    expect(store.attempts.recent(9).map(({ value }) => value)).toEqual([6_000n, 7_000n]);
    expect(dispatcher.isFull()).toBe(true);
  });

  test('that no node takes has expired, and its claims are set aside', async () => {
    node.answers.set('eth_sendRawTransaction', () => {
      throw rpcError('no room');
    });
    const dispatcher = await open();
    await dispatcher.attempt(one(1), head(10n));
    expect(states()).toEqual([[1, 'expired']]);
    expect(store.attempts.get(1)!.reason).toContain('no room');
    expect(told).toEqual([['set aside', claim(1), store.attempts.get(1)!.reason]]);
    expect(standing()).toEqual([[claim(1), 'set aside']]);
    expect(dispatcher.due([claim(1)], head(10n))).toEqual([]);
  });

  test('is only told of in a dry run, rehearsed where there is what to rehearse with', async () => {
    for (const [changes, gas] of [
      [{ operator: undefined }, 0],
      [{ liquidator: undefined }, 0],
      [{ settings: { dryRun: true } }, 1],
    ] as const) {
      told.length = 0;
      node.asked.length = 0;
      const dispatcher = await open(changes);
      await dispatcher.attempt(one(1), head(10n));
      expect(told).toEqual([['would send', 1, 1_000n]]);
      expect(node.asked.filter(({ method }) => method === 'eth_call').length).toBe(gas);
      expect([dispatcher.isFull(), dispatcher.inFlight()]).toEqual([false, []]);
      dispatcher.prepare(head(11n));
      await dispatcher.onHead(head(11n));
      await dispatcher.unwind(10n, 11n);
    }
    expect([node.taken, states()]).toEqual([[], []]);
  });
});

describe('money', () => {
  /** A batch of three that is expected to burn so much; anew, as many of its legs as may burn the gas given, 1,000 each. */
  const batch = (gas = 3_000n) => ({
    ...offer([sentLeg(1), sentLeg(2), sentLeg(3)], { value: 15_000n, anew: fitting }),
    gas,
  });
  const fitting = (_: ReadonlySet<string>, __?: number, most = 0n) => {
    const legs = Math.min(3, Number(most / 1_500n));
    return legs === 0
      ? []
      : [
          {
            ...offer(
              Array.from({ length: legs }, (_, index) => sentLeg(index + 1)),
              { value: 5_000n * BigInt(legs) },
            ),
            gas: 1_000n * BigInt(legs),
          },
        ];
  };
  const sizes = () => told.filter(([what]) => what === 'sent').map(([, legs]) => legs);

  test('a node that caps what a transaction may cost gets a smaller batch at the same head, and at later ones', async () => {
    // 4,500 gas at 3 wei is more than 9,000 wei; 3,000 gas is not.
    node.answers.set('eth_sendRawTransaction', ([raw]) => {
      const { gas, maxFeePerGas } = parseTransaction(raw as `0x02${string}`);
      if (gas! * maxFeePerGas! > 9_000n) throw rpcError('tx fee (13500 wei) exceeds the configured cap (9000 wei)');
      node.taken.push(raw as Hex);
      return keccak256(raw as Hex);
    });
    const dispatcher = await open();
    await dispatcher.attempt(batch(), head(10n));
    expect(sizes()).toEqual([2]);
    expect(states()).toEqual([
      [2, 'sent'],
      [1, 'expired'],
    ]);
    // Nothing of it is set aside.
    expect(dispatcher.due([claim(3)], head(10n))).toEqual([claim(3)]);
  });

  test('is what the operator holds less what is on its way', async () => {
    node.balance = 10n ** 6n;
    const dispatcher = await open();
    expect(await dispatcher.means(head(10n))).toBe(10n ** 6n / 3n);
    await dispatcher.attempt(two(), head(10n));
    // Its limit of 1,500 gas may cost 3 wei each.
    expect(await dispatcher.means(head(10n))).toBe((10n ** 6n - 4_500n) / 3n);
    expect(told.at(-1)).toEqual(['straits', 'low']);
    // What is left beside it pays for nothing; it is waited for, which is no news.
    node.balance = 904_499n;
    await dispatcher.countMoney(head(10n));
    expect(await dispatcher.means(head(10n))).toBe(0n);
    expect(told.at(-1)).toEqual(['straits', 'low']);
    node.balance = 899_999n;
    await dispatcher.countMoney(head(10n));
    expect(told.at(-1)).toEqual(['straits', 'empty']);
  });

  test('that has become too little for a planned batch makes it smaller before it is rehearsed', async () => {
    const purse = openPurse({ maxTxCost: 9_000n });
    const dispatcher = await open({ purse });
    await dispatcher.attempt(batch(2_501n), head(10n));
    expect(sizes()).toEqual([2]);
    expect(node.taken.length).toBe(1);
  });

  test('that people allow for no transaction is told of', async () => {
    const dispatcher = await open({ purse: openPurse({ maxTxCost: 899_999n }) });
    await dispatcher.means(head(10n));
    expect(told).toEqual([['straits', 'bound']]);
  });

  test('is not spent where the chain asks more than --max-gas-price', async () => {
    node.baseFee = 8n;
    const dispatcher = await open({ purse: openPurse({ maxGasPrice: 7n }) });
    expect(await dispatcher.means(head(10n))).toBe(0n);
    expect(told).toEqual([['straits', 'gas price']]);
  });
});
