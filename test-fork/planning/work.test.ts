import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Bundle, bundlesOf } from '../../keeper/src/planning/bundles.ts';
import { dealsOf, gasOf, netOf } from '../../keeper/src/planning/exact-draft.ts';
import { offerOf } from '../../keeper/src/planning/offer.ts';
import { bestPlan, bonusOf, openSearch, quotesOf, ranked as rankedIn } from '../../keeper/src/planning/search.ts';
import { setPrice } from '../lab/chain.ts';
import { openRig, type Rig, type Sight } from './rig.ts';

/** Quotes that a liquidation may still take which was begun before there were enough: some sizes, each of some rounds. */
const ONE_MORE = 1_000;

let rig: Rig;
let sight: Sight;
let bundles: Bundle[];
beforeAll(async () => {
  rig = await openRig(inject('labUrl'));
  await setPrice(rig.scene, 'WETH', 1_700n * 10n ** 8n);
  sight = await rig.look(rig.scene.directory.borrowers);
  bundles = bundlesOf(sight.situation.views, sight.deals);
}, 120_000);
afterAll(() => rig?.scene.stop());

/** The first plan for everybody under water, and the quotes that it took to rank and to plan. */
function planned(work?: { ranking: number; plan: number }) {
  const { situation } = sight;
  const search = openSearch(situation, bundles, work);
  const ranked = rankedIn(search, bundles);
  const ranking = quotesOf(search);
  const { draft, full } = bestPlan(search, ranked);
  return { ranked, ranking, draft, full, planning: quotesOf(search) - ranking };
}

test('the same accounts at the same head give the same plan for the same work', () => {
  expect(bundles.length).toBeGreaterThan(50);
  const [one, other] = [planned(), planned()];
  expect(other.planning).toBe(one.planning);
  expect(dealsOf(other.draft)).toEqual(dealsOf(one.draft));
});

test('of less work comes a smaller plan, that is legal and worth what it says', async () => {
  const { situation, head, timestamp } = sight;
  const all = planned();
  const nets: bigint[] = [];
  for (const plan of [50, 300, 1_000]) {
    const less = planned({ ranking: 50_000, plan });
    expect(less.full).toBe(true);
    expect(less.planning).toBeLessThan(plan + ONE_MORE);
    expect(less.ranked).toEqual(all.ranked);
    expect(gasOf(less.draft)).toBeLessThanOrEqual(situation.limits.gas);
    const { plan: sent, terms } = offerOf(situation, less.draft, head);
    expect(await rig.call(sent, head, timestamp)).toBe(terms.value);
    nets.push(netOf(situation, less.draft));
  }
  expect(nets[0]).toBeGreaterThan(0n);
  expect(nets[1]).toBeGreaterThan(nets[0]!);
  expect(nets[2]).toBeGreaterThan(nets[1]!);
  expect(netOf(situation, all.draft)).toBeGreaterThan(nets[2]!);
});

test('those for whom there is no time to be ranked come behind the others, the highest bonus first', () => {
  const { ranked, ranking, draft } = planned({ ranking: 500, plan: 50_000 });
  expect(ranking).toBeLessThan(500 + ONE_MORE);
  expect(new Set(ranked)).toEqual(new Set(bundles));
  const bonuses = ranked.map(({ deals }) => Math.max(...deals.map((deal) => Number(bonusOf(sight.situation, deal)))));
  const behind = bonuses.slice(-30);
  expect(behind).toEqual([...behind].sort((a, b) => b - a));
  expect(dealsOf(draft).length).toBeGreaterThan(50);
});
