import { type Address, getAddress, parseEventLogs } from 'viem';
import { expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { dealsOf } from '../../keeper/src/planning/exact-draft.ts';
import { type Chosen, walked } from '../../keeper/src/planning/exact-walk.ts';
import { type Again, type Offer, offerOf } from '../../keeper/src/planning/offer.ts';
import { bestOffers } from '../../keeper/src/planning/offers.ts';
import { type Way, waysFor } from '../../keeper/src/planning/ways.ts';
import type { Deal } from '../../keeper/src/protocols/protocol.ts';
import { openAccount, openScene, units } from '../harness/scene.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import { type Rig, rigOn, type Sight } from './rig.ts';
import { type Positions, positionsOf, shake } from './scenes.ts';

// What a plan claims is what the chain does: for random accounts, prices, sets and orders of deals, where they share stocks and claims
// too. Another protocol is another row of `PROTOCOLS`.

/** Cases of each protocol; half of them are chosen at random, half by the planner. `pnpm test:long` tries 1,200. */
const CASES = process.env.LONG === 'true' ? 1_200 : 200;
const SEED = 90_000;
const CASES_A_SCENE = 12;

/** How a protocol is set up: accounts in a market whose prices move, and stocks that are short. */
type Subject = {
  name: string;
  /** @returns makes another market of it: prices, depths, stocks */
  open(): Promise<{ rig: Rig; accounts: readonly Address[]; vary(dice: Random): Promise<void> }>;
  /** Stocks that several deals of a case should have competed for, at least so many times over all cases. */
  contested: number;
};

const PROTOCOLS: Subject[] = [
  {
    name: 'aave-v3',
    contested: 5,
    async open() {
      const scene = await openScene(inject('labUrl'));
      const rig = await rigOn(scene, [{ factory: scene.directory.uniswapV2.factory, fee: 30 }]);
      const positions: Positions = await positionsOf(rig);
      let borrowers = 0;
      return {
        rig,
        accounts: scene.directory.borrowers,
        async vary(dice) {
          await shake(rig, dice, positions);
          for (const symbol of dice.pick(['WETH', 'WBTC'] as const, 1 + Math.floor(dice.next() * 2))) {
            await borrowAllBut(rig, symbol, dice.logBetween(1, symbol === 'WETH' ? 60 : 3), `whale ${borrowers++}`);
          }
        },
      };
    },
  },
];

/** Somebody safe borrows what a reserve has, but for so many whole tokens. */
async function borrowAllBut(
  { scene, market, client }: Rig,
  symbol: AssetSymbol,
  left: number,
  name: string,
): Promise<void> {
  const block = await client.getBlock();
  const head = { number: block.number!, hash: block.hash!, timestamp: block.timestamp };
  const state = await market.read(client, head);
  const view = market.at(state, () => undefined, { timestamp: head.timestamp, number: head.number });
  const there = view.stock(`${market.key}/liquidity/${scene.directory.tokens[symbol].address}`);
  const unit = Number(units(symbol, 1));
  const wanted = Math.floor((Number(there) / unit - left) * 1e5) / 1e5;
  if (wanted <= 0) return;
  const dollars = Math.ceil((wanted * Number(assets[symbol].price)) / 1e8) * 3;
  await openAccount(scene, name, { collateral: { USDC: dollars }, debt: { [symbol]: wanted } });
  await scene.client.mine({ blocks: 1 });
}

for (const { name, open, contested } of PROTOCOLS) {
  test(`${name}: what plans claim is what the chain's events say (${CASES} cases, seeds from ${SEED})`, async () => {
    const { rig, accounts, vary } = await open();
    const seen = { plans: 0, legs: 0, twice: 0, contested: 0, rounds: 0, cut: 0 };
    try {
      for (let tried = 0, seed = 0; tried < CASES; seed++) {
        await rig.scene.undone(async () => {
          const dice = random(SEED + seed);
          await vary(dice);
          const sight = await rig.look(accounts);
          for (let index = 0; index < CASES_A_SCENE && tried < CASES; index++, tried++) {
            const offer = index % 2 === 0 ? atRandom(sight, dice) : planned(sight, dice);
            if (!offer) continue;
            const before = await rig.scene.client.snapshot();
            await expectToDo(rig, sight, offer);
            await rig.scene.client.revert({ id: before });
            count(seen, sight, offer);
          }
        });
      }
    } finally {
      await rig.scene.stop();
    }
    console.log(`${name}: ${JSON.stringify(seen)}`);
    expect(seen.contested).toBeGreaterThanOrEqual(contested);
    for (const [kind, times] of Object.entries(seen)) expect(times, kind).toBeGreaterThan(0);
  }, 3_600_000);
}

type Planned = Omit<Offer, keyof Again>;

/** Deals in any order, each at any size, over any way; those of an account after one another. */
function atRandom({ situation, deals, view, head }: Sight, dice: Random): Planned | undefined {
  const chosen: Chosen[] = [];
  const add = (deal: Deal) => {
    const [way] = dice.pick(waysFor(situation, situation.pools, deal), 1);
    if (!way) return;
    const amount = deal.spend!.amount;
    const most = dice.next() < 0.5 ? amount : (amount * BigInt(Math.floor(dice.between(20, 99)))) / 100n;
    const shared = dice.next() < 0.7 ? chosen.find((round) => sameWay(round.way, way)) : undefined;
    const step = { deal, most, brings: [] };
    if (shared) chosen[chosen.indexOf(shared)] = { way: shared.way, steps: [...shared.steps, step] };
    else chosen.push({ way, steps: [step] });
  };
  for (const deal of dice.pick(deals, Math.min(deals.length, 1 + Math.floor(dice.next() * 10)))) {
    add(deal);
    if (dice.next() < 0.5)
      for (const next of dice.pick(view.after(deal).deals(deal.subjects.map(({ key }) => key)), 1)) add(next);
  }
  const draft = walked(situation, chosen);
  return dealsOf(draft).length > 0 ? offerOf(situation, draft, head) : undefined;
}

const sameWay = (a: Way, b: Way) => JSON.stringify(a) === JSON.stringify(b);

/** The best plan for some accounts. */
function planned({ situation, deals, head }: Sight, dice: Random): Planned | undefined {
  const claims = [...new Set(deals.flatMap((deal) => deal.claims))];
  const some = new Set(dice.pick(claims, Math.min(claims.length, 2 + Math.floor(dice.next() * 12))));
  const wanted = deals.filter((deal) => deal.claims.every((claim) => some.has(claim)));
  return bestOffers(situation, wanted, head, 1).offers[0];
}

/** Sends a plan, and holds it against the events: each leg, and what the treasury got. */
async function expectToDo(rig: Rig, { timestamp }: Sight, { plan, sent, rounds, terms }: Planned): Promise<void> {
  const [done] = await rig.sendAll([{ ...plan, floor: 0n }], timestamp);
  const events = parseEventLogs({ abi: liquidatorAbi, logs: [...done!.receipt.logs] });
  const legs = events.filter(({ eventName }) => eventName === 'Liquidated').map(({ args }) => args);
  const deals = rounds.flat();
  expect(legs).toMatchObject(
    deals.map(({ spend, gain, subjects }) => ({
      borrower: getAddress(subjects[0]!.key),
      debt: spend!.asset,
      collateral: gain!.asset,
      repaid: spend!.amount,
      seized: gain!.amount,
    })),
  );
  expect(sent.map(({ leg }) => leg)).toEqual(plan.rounds.flatMap((round) => round.legs));
  expect(events.filter(({ eventName }) => ['LegSkipped', 'RoundSkipped'].includes(eventName))).toEqual([]);
  expect(done!.value).toBe(terms.value);
}

/** What there was in the cases, so that they are known to be what they should. */
function count(seen: Record<string, number>, { deals, view }: Sight, { rounds }: Planned): void {
  const done = rounds.flat();
  seen.plans!++;
  seen.legs! += done.length;
  if (rounds.length > 1) seen.rounds!++;
  const claims = done.flatMap((deal) => deal.claims);
  if (new Set(claims).size < claims.length) seen.twice!++;
  if (done.some((deal) => !deals.includes(deal))) seen.cut!++;
  const drawn = new Map<string, { amount: bigint; deals: number }>();
  for (const { draws } of done) {
    for (const { on, amount } of draws) {
      const known = drawn.get(on) ?? { amount: 0n, deals: 0 };
      if (amount > 0n) drawn.set(on, { amount: known.amount + amount, deals: known.deals + 1 });
    }
  }
  // Several took all there was, about.
  const isContested = [...drawn].some(
    ([on, { amount, deals: count }]) => count > 1 && amount * 10n > view.stock(on) * 9n,
  );
  if (isContested) seen.contested!++;
}
