import type { Address } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { bestOffers } from '../../keeper/src/planning/offers.ts';
import type { Situation } from '../../keeper/src/planning/situation.ts';
import type { Deal } from '../../keeper/src/protocols/protocol.ts';
import { poolGraph } from '../../keeper/src/venues/paths.ts';
import { openScene } from '../harness/scene.ts';
import { type Random, random } from '../lab/random.ts';
import { exhaustive } from './exhaustive.ts';
import { type Rig, rigOn, type Sight } from './rig.ts';
import { type Positions, positionsOf, shake } from './scenes.ts';

/** `pnpm test:long` tries 2,000. */
const CASES = process.env.LONG === 'true' ? 2_000 : 200;
const CASES_A_SCENE = 40;
const SEED = 7_000;
const GWEI = 10n ** 9n;

let rig: Rig;
let positions: Positions;
beforeAll(async () => {
  const scene = await openScene(inject('labUrl'));
  rig = await rigOn(scene, [{ factory: scene.directory.uniswapV2.factory, fee: 30 }]);
  positions = await positionsOf(rig);
});
afterAll(() => rig?.scene.stop());

const seen = {
  cases: 0,
  sent: 0,
  nothingPays: 0,
  accounts: [0, 0, 0, 0],
  batches: 0,
  partial: 0,
  beyond: 0,
  loans: 0,
  pairs: 0,
  risky: 0,
  published: 0,
};
const ratios: number[] = [];
let planning = 0;

test(`the plan is legal, worth what was said to the wei, and of the highest profit (${CASES} cases, seeds from ${SEED})`, async () => {
  for (let scene = 0; ratios.length < CASES; scene++) {
    await rig.scene.undone(async () => {
      const dice = random(SEED + scene);
      await shake(rig, dice, positions);
      const sight = await rig.look(rig.scene.directory.borrowers);
      const accounts = accountsIn(sight.deals);
      expect(accounts.length).toBeGreaterThan(3);
      for (let index = 0; index < CASES_A_SCENE && ratios.length < CASES; index++) {
        await tryCase(sight, accounts, dice, index);
      }
    });
  }
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const least = Math.min(...ratios);
  console.log(
    `planner: mean ${mean.toFixed(5)}, least ${least.toFixed(5)}, ${JSON.stringify(seen)}, ${(planning / CASES).toFixed(1)} ms a plan`,
  );
  expect(mean).toBeGreaterThanOrEqual(0.995);
  expect(least).toBeGreaterThanOrEqual(0.97);
  const { accounts, ...kinds } = seen;
  for (const [kind, count] of [...Object.entries(kinds), ...accounts.slice(1).entries()]) {
    expect(count, String(kind)).toBeGreaterThan(0);
  }
}, 3_600_000);

/** What there is to do, account by account. */
const accountsIn = (deals: readonly Deal[]): Deal[][] => [...Map.groupBy(deals, ({ claims }) => claims[0]).values()];

async function tryCase(sight: Sight, accounts: readonly Deal[][], dice: Random, index: number): Promise<void> {
  const some = dice.pick(accounts, 1 + Math.floor(dice.next() * 3));
  const situation = withRisks(withPools(sight.situation, some, dice), dice);
  const started = performance.now();
  const { offers } = bestOffers(situation, some.flat(), sight.head, 1);
  planning += performance.now() - started;
  const best = exhaustive(situation, some);
  const [offer] = offers;
  seen.cases++;
  seen.accounts[some.length]!++;
  const found = offer?.terms.net ?? 0n;
  // Less than a thousandth of a cent is nothing.
  const ratio = best < 10n ** 10n ? 1 : Number((found * 1_000_000n) / best) / 1e6;
  ratios.push(Math.min(1, ratio));
  if (ratio > 1) seen.beyond++;
  if (!offer) {
    seen.nothingPays++;
    return;
  }
  if (offer.plan.rounds.some(({ legs }) => legs.length > 1)) seen.batches++;
  if (offer.rounds.flat().some((deal) => !some.flat().includes(deal))) seen.partial++;
  if (offer.ways.some((way) => way.startsWith('flash loan'))) seen.loans++;
  if (offer.ways.some((way) => way.includes('v2'))) seen.pairs++;
  expect(await rig.call({ ...offer.plan, floor: 0n }, sight.head, sight.timestamp)).toBe(offer.terms.value);
  if (index !== 0) return;
  const { scene } = rig;
  const before = await scene.client.snapshot();
  const [sent] = await rig.sendAll([offer.plan], sight.timestamp);
  expect(sent).toMatchObject({ value: offer.terms.value, landed: offer.sent.length });
  await scene.client.revert({ id: before });
  seen.sent++;
}

/** Three pools at most: of the first account's first pair, and over others. And a price of gas. */
function withPools(situation: Situation, accounts: readonly Deal[][], dice: Random): Situation {
  const named = new Set<Address>(accounts.flat().flatMap(({ spend, gain }) => [spend!.asset, gain!.asset]));
  const all = [...situation.graph.values()].flat();
  const near = all.filter(({ token0, token1 }) => named.has(token0) && named.has(token1));
  const kept = dice.pick(near.length >= 3 ? near : all, 3);
  const gasPrice = BigInt(Math.round(dice.logBetween(0.05, 60) * 1e6)) * (GWEI / 1_000_000n);
  return { ...situation, graph: poolGraph(kept), gasPrice };
}

/** In half of the cases accounts may be gone and plans be beaten, and in half of them calldata costs something. */
function withRisks(situation: Situation, dice: Random): Situation {
  const risky = dice.next() < 0.5;
  const part = (most: number) => (risky ? BigInt(Math.floor(dice.between(0, most) * 1e6)) : 0n);
  const [stale, loss] = [part(0.3), part(0.5)];
  const bytePrice = dice.next() < 0.5 ? situation.gasPrice * BigInt(Math.floor(dice.between(1, 400))) : 0n;
  if (risky) seen.risky++;
  if (bytePrice > 0n) seen.published++;
  return { ...situation, stale, loss, bytePrice };
}
