import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Flight } from '../../src/execution/flight.ts';
import { type About, type Ledger, landedOf, openLedger, type PlannedTerms } from '../../src/execution/ledger.ts';
import type { Outcome } from '../../src/execution/outcomes.ts';
import { marketKey } from '../../src/store/key.ts';
import type { Sent } from '../../src/store/sent.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { hashOf, head, LIQUIDATOR } from './node.ts';
import { address, COLLATERAL, claim, DEBT, MARKET, sentLeg } from './sent.ts';

const OPERATOR = address(0xaa);
const OTHER = marketKey('compound-v3', address(0x901));
let store: Store;
let ledger: Ledger;
beforeEach(() => {
  store = openStore({ path: ':memory:', chainId: 1 });
  ledger = openLedger(store, OPERATOR);
});
afterEach(() => store.close());

const terms: PlannedTerms = {
  ...{ operator: OPERATOR, to: LIQUIDATOR, value: 100n, gas: 200n, budget: 50n, validUntil: 9n },
  data: '0xabcd',
};
const version: Pick<Flight<About>, 'nonce' | 'hashes' | 'signed' | 'sentAt' | 'fees'> = {
  ...{ nonce: 4, hashes: [hashOf(1)], sentAt: 10n },
  signed: '0x02',
  fees: { maxFeePerGas: 7n, maxPriorityFeePerGas: 3n },
};
const flight = (about: About, changes: Partial<Flight<About>> = {}): Flight<About> => {
  const { operator, validUntil, ...kept } = terms;
  return { ...kept, ...version, hashes: [...version.hashes], about, ...changes };
};
/** A plan that was sent. */
function sentPlan(...legs: Sent[]): About {
  const about = ledger.planned(legs, terms);
  ledger.save(flight(about));
  ledger.sent(about);
  return about;
}
const standing = () => store.standings.all().map(({ claim, state, reason }) => [claim, state, reason]);
const attempt = ({ id }: About) => store.attempts.get(id)!;
const at = { hash: hashOf(1), block: 11n, time: 132n, gas: 90n, cost: 900n };
const measured = (n: number, seized: bigint) => ({
  ...{ account: address(n), debt: DEBT, collateral: COLLATERAL, repaid: 1n, seized },
});

describe('a plan', () => {
  test('is an attempt before it is signed, and each of its claims stands with it', () => {
    const about = ledger.planned([sentLeg(1), sentLeg(2, 1, OTHER)], terms);
    expect(about).toEqual({ id: 1, legs: [sentLeg(1), sentLeg(2, 1, OTHER)] });
    expect(attempt(about)).toMatchObject({ ...terms, state: 'planned', legs: about.legs, nonce: undefined });
    expect(standing()).toEqual([
      [claim(1), 'planned', undefined],
      [claim(2, OTHER), 'planned', undefined],
    ]);
    ledger.save(flight(about, { cancelling: 'why' }));
    expect(attempt(about)).toMatchObject({ ...version, state: 'planned', reason: 'why' });
    ledger.sent(about);
    expect(attempt(about).state).toBe('sent');
    expect(standing().map(([, state]) => state)).toEqual(['sent', 'sent']);
  });

  test('that was mined is kept leg by leg, with what each moved and its share', () => {
    const folded: Sent = {
      ...sentLeg(3),
      deals: ['a', 'b'].map((id) => ({ ...sentLeg(3).deals[0]!, id, claims: [id] })),
    };
    const about = sentPlan(sentLeg(1), sentLeg(2), folded, sentLeg(4, 1, OTHER));
    const id = (n: number, market = MARKET) => sentLeg(n, 0, market).deals[0]!.id;
    const skipped = { state: 'skipped', reason: 'paused', revert: 'ReservePaused()' } as const;
    const legs = [
      { state: 'landed', deals: [{ id: id(1), state: 'landed' }], measured: measured(1, 30n) },
      { ...skipped, deals: [{ id: id(2), ...skipped }] },
      // Of `b` the protocol says nothing: it goes with its leg.
      { state: 'landed', deals: [{ id: 'a', state: 'lost', reason: 'gone' }], measured: measured(3, 10n) },
      { state: 'lost', reason: 'rival', deals: [{ id: id(4, OTHER), state: 'lost', reason: 'rival' }] },
    ] as const;
    const profits = [{ token: COLLATERAL, amount: 8n }];
    const prices = new Map([[COLLATERAL, 7n]]);
    const outcome: Outcome = { state: 'landed', reason: undefined, legs, profits, value: 77n, prices };
    ledger.mined(about, outcome, at);

    expect(attempt(about)).toMatchObject({ state: 'landed', value: 77n, gas: 90n, cost: 900n, reason: undefined });
    expect(attempt(about).outcomes).toEqual(
      legs.map((leg) => {
        const { measured: _, ...kept } = { measured: undefined, ...leg };
        return kept;
      }),
    );
    const shared = { market: MARKET, hash: at.hash, block: 11n, time: 132n };
    expect(store.liquidations.of(at.hash)).toEqual([
      {
        ...shared,
        leg: 0,
        ...measured(1, 30n),
        profits: [{ token: COLLATERAL, amount: 6n }],
        value: 58n,
        gasCost: 675n,
      },
      {
        ...shared,
        leg: 2,
        ...measured(3, 10n),
        profits: [{ token: COLLATERAL, amount: 2n }],
        value: 19n,
        gasCost: 225n,
      },
    ]);
    expect(standing()).toEqual(
      [
        ['a', 'lost', 'gone'],
        [claim(1), 'landed', undefined],
        [claim(2), 'skipped', 'paused'],
        ['b', 'landed', undefined],
        [claim(4, OTHER), 'lost', 'rival'],
      ].sort(([a], [b]) => (a! < b! ? -1 : 1)),
    );
    expect(landedOf(outcome, at).map(({ leg, share }) => [leg, share.gas])).toEqual([
      [0, 68n],
      [2, 22n],
    ]);
  });

  test('of which nothing landed keeps what it promised, and what it cost', () => {
    const about = sentPlan(sentLeg(1));
    const end = { state: 'lost', reason: 'rival', deals: [{ id: sentLeg(1).deals[0]!.id, state: 'lost' }] } as const;
    ledger.mined(about, { state: 'lost', reason: 'why', legs: [end], profits: [], value: 0n }, at);
    expect(attempt(about)).toMatchObject({ state: 'lost', reason: 'why', value: 100n, gas: 90n, cost: 900n });
    expect(attempt(about).outcomes).toEqual([end]);
    expect(store.liquidations.recent(9)).toEqual([]);
    expect(standing()).toEqual([[claim(1), 'lost', undefined]]);
  });

  test.each(['expired', 'replaced', 'cancelled'] as const)('that is %s ends so for all of its legs', (state) => {
    const about = sentPlan(sentLeg(1), sentLeg(2));
    ledger.withdrawn(about, state, 'why', state === 'cancelled' ? at : undefined);
    const costs = state === 'cancelled' ? { gas: 90n, cost: 900n } : { gas: 200n, cost: undefined };
    expect(attempt(about)).toMatchObject({ state, reason: 'why', ...costs });
    const now = { state, reason: 'why' };
    expect(attempt(about).outcomes).toEqual(
      [1, 2].map((n) => ({ ...now, deals: [{ id: sentLeg(n).deals[0]!.id, ...now }] })),
    );
    expect(standing()).toEqual([1, 2].map((n) => [claim(n), state, 'why']));
  });

  test('whose block is unwound is on its way again, and the history forgets it', () => {
    const about = sentPlan(sentLeg(1));
    const legs = [{ state: 'landed', deals: [], measured: measured(1, 3n) }] as const;
    ledger.mined(about, { state: 'landed', reason: undefined, legs, profits: [], value: 5n }, at);
    ledger.unwound(about, 'being taken back');
    expect(attempt(about)).toMatchObject({ state: 'sent', cost: undefined, reason: 'being taken back' });
    expect(attempt(about).outcomes).toBeUndefined();
    expect(store.liquidations.recent(9)).toEqual([]);
    expect(standing()).toEqual([[claim(1), 'sent', undefined]]);
  });
});

describe('resuming', () => {
  test('takes up what was signed, and ends what was not', () => {
    const [unsigned, sent] = [ledger.planned([sentLeg(1)], terms), sentPlan(sentLeg(2))];
    store.attempts.insert({ ...terms, legs: [sentLeg(3)], operator: address(0xbb), ...version, hashes: [] });
    expect(openLedger(store, OPERATOR).resume()).toEqual([flight(sent)]);
    expect(attempt(unsigned)).toMatchObject({ state: 'expired', reason: 'the keeper ended before it was signed' });
    expect(attempt(unsigned).outcomes).toMatchObject([{ state: 'expired' }]);
    expect(openLedger(store, undefined).resume()).toEqual([]);
  });

  test.each(['nonce', 'signed', 'fees', 'sentAt'] as const)('ends what has no %s: it never went out', (field) => {
    const { id } = sentPlan(sentLeg(2));
    store.attempts.update(id, { [field]: undefined });
    expect(ledger.resume()).toEqual([]);
    expect(store.attempts.get(id)!.state).toBe('expired');
  });

  test('goes on taking back what was being taken back', () => {
    const about = sentPlan(sentLeg(2));
    store.attempts.update(about.id, { reason: 'why' });
    expect(ledger.resume()).toEqual([flight(about, { cancelling: 'why' })]);
  });
});

describe('a claim that is set aside', () => {
  const due = (block: bigint, of: Ledger = ledger) => of.due([claim(1), claim(2)], head(block));

  test('is due again later and later, the longer the very same is said of it', () => {
    const waits: bigint[] = [];
    for (let block = 100n; waits.length < 8; ) {
      ledger.setAside(claim(1), 'no pool', head(block));
      let next = block;
      while (!due(next).includes(claim(1))) next += 1n;
      waits.push(next - block);
      block = next;
    }
    expect(waits).toEqual([1n, 1n, 1n, 2n, 2n, 4n, 4n, 4n]);
    // Another reason is counted anew.
    ledger.setAside(claim(1), 'no price', head(200n));
    expect([due(200n), due(201n)]).toEqual([[claim(2)], [claim(1), claim(2)]]);
  });

  test('is kept with the block from which on it is due, also by the next run', () => {
    for (const block of [10n, 11n, 12n, 13n]) ledger.setAside(claim(1), 'no pool', head(block));
    expect(store.standings.all()).toMatchObject([
      { claim: claim(1), state: 'set aside', reason: 'no pool', retryBlock: 15n },
    ]);
    const next = openLedger(store, OPERATOR);
    expect([due(14n, next), due(15n, next)]).toEqual([[claim(2)], [claim(1), claim(2)]]);
    // The next run counts from one: it was said once before.
    for (const block of [20n, 21n, 22n]) next.setAside(claim(1), 'no pool', head(block));
    expect([due(23n, next), due(24n, next)]).toEqual([[claim(2)], [claim(1), claim(2)]]);
  });

  test('what stands elsewhere, or without a block, holds nobody up', () => {
    store.standings.set(claim(1), { state: 'set aside', reason: 'x' });
    store.standings.set(claim(2), { state: 'lost', retryBlock: 999n });
    expect(due(1n, openLedger(store, OPERATOR))).toEqual([claim(1), claim(2)]);
  });

  test('is forgotten when it changes, and only then watched', () => {
    ledger.setAside(claim(1), 'no pool', head(100n));
    ledger.forget([claim(1), claim(2)]);
    expect(due(100n)).toEqual([claim(1), claim(2)]);
    expect(standing()).toEqual([[claim(1), 'watched', undefined]]);
    // What was said is said as if for the first time.
    for (let n = 0; n < 3; n++) ledger.setAside(claim(1), 'no pool', head(100n));
    expect(due(101n)).toContain(claim(1));
  });

  test('is set aside no more once it is planned for', () => {
    ledger.setAside(claim(1), 'no pool', head(100n));
    ledger.planned([sentLeg(1)], terms);
    expect(due(100n)).toContain(claim(1));
    ledger.forget([claim(1)]);
    expect(standing()).toEqual([[claim(1), 'planned', undefined]]);
  });

  test('is found by its market', () => {
    for (const each of [claim(1), claim(2), claim(1, OTHER), `${OTHER}/stock/WETH`])
      ledger.setAside(each, 'x', head(1n));
    expect(ledger.asideIn(MARKET)).toEqual([claim(1), claim(2)]);
    expect(ledger.asideIn(OTHER)).toEqual([claim(1, OTHER), `${OTHER}/stock/WETH`]);
  });
});
