import { expect, inject, onTestFinished, test } from 'vitest';
import { FUNDING } from '../../keeper/src/contract/plan.ts';
import type { Funding } from '../../keeper/src/planning/funding.ts';
import { bestOffers } from '../../keeper/src/planning/offers.ts';
import { setFeed } from '../harness/scene.ts';
import { openRig } from './rig.ts';

test('whom exact numbers leave out of a plan gets another at the same head, and none is said to pay too little that pays', async () => {
  const rig = await openRig(inject('labUrl'));
  onTestFinished(() => rig.scene.stop());
  await setFeed(rig.scene, 'WETH', 1_700n * 10n ** 8n);
  await rig.scene.client.mine({ blocks: 1 });
  const { situation, deals, head } = await rig.look(rig.scene.directory.borrowers);
  const whole = bestOffers(situation, deals, head);
  expect(whole.offers.map(({ sent }) => sent.length > 50)).toEqual([true]);

  // In exact numbers the rounds of several accounts find no loan, which estimates do not know.
  const { rounds } = whole.offers[0]!.plan;
  const several = rounds.filter(({ legs, funding }) => legs.length > 1 && funding !== FUNDING.uniswapV3Swap);
  expect(several.length).toBeGreaterThan(0);
  const lend: Funding = (asset, amount, round) =>
    round && several.some(({ debtToken, amount: of }) => debtToken === asset && amount === of)
      ? undefined
      : situation.lend(asset, amount, round);
  const { offers, without } = bestOffers({ ...situation, lend }, deals, head);
  expect(offers.length).toBeGreaterThan(1);
  const accounts = ({ offers }: typeof whole) =>
    new Set(offers.flatMap(({ rounds }) => rounds.flat().flatMap(({ claims }) => claims)));
  expect(
    [...accounts(whole)].filter((account) => !accounts({ offers, without }).has(account) && !without.has(account)),
  ).toEqual([]);
  expect(offers.filter(({ terms }) => terms.net < 0n)).toEqual([]);
  expect(
    [...without.values()].filter(({ reason, terms }) => terms && (terms.net >= 0n || !reason.startsWith('pays -'))),
  ).toEqual([]);
}, 240_000);
