import { type Address, getAddress, parseAbiItem } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import { openScene, type Scene, setFeed } from '../harness/scene.ts';
import { healthOf } from '../lab/chain.ts';

const borrow = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);
/** A block of three million gas has places for twenty. */
const [GAS_LIMIT, PLACES] = [3_000_000n, 20];

let scene: Scene;
/** Under water, those who are due first in front: debt or what collateral there is for it, times depth. */
let ranked: Address[];

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  const { client, directory } = scene;
  await client.setAutomine(false);
  const logs = await client.getLogs({ address: directory.aave.pool, event: borrow, fromBlock: 0n });
  const everybody = [...new Set(logs.map(({ args }) => getAddress(args.onBehalfOf!)))];
  const healths = await scene.undone(async () => {
    await fall();
    return healthOf(scene, everybody);
  });
  ranked = healths
    .filter(({ healthFactor }) => healthFactor < 10n ** 18n)
    .map(({ account, totalCollateralBase, totalDebtBase, healthFactor }) => {
      const value = Math.min(Number(totalCollateralBase), Number(totalDebtBase));
      return { account, rank: value * (2 - Number(healthFactor) / 1e18) };
    })
    .sort((a, b) => b.rank - a.rank)
    .map(({ account }) => account);
});
afterAll(() => scene?.stop());

/** Ether falls, in a block. */
async function fall(): Promise<void> {
  await setFeed(scene, 'WETH', 1_700n * 10n ** 8n);
  await scene.client.mine({ blocks: 1 });
}

test('more is due than fits in a block: those of the highest rank first, the others at the next heads, nobody never', async () => {
  expect(ranked.length).toBeGreaterThan(PLACES + 10);
  const keeper = scene.keeper(['--stale-probability', '0']);
  await keeper.waitFor(({ msg }) => msg === 'every borrower is read');
  await scene.client.setBlockGasLimit({ gasLimit: GAS_LIMIT });
  await fall();
  const queued = await keeper.waitFor(({ msg }) => /^wait for the next head/.test(msg));
  expect(queued).toMatchObject({ count: ranked.length - PLACES, planned: PLACES });
  await keeper.waitFor(({ msg }) => msg === 'sent');
  const planned = () =>
    keeper.lines
      .filter(({ msg }) => ['sent', 'skipped', 'taken apart'].includes(msg))
      .flatMap(({ account, who = account }) => who as Address | Address[]);
  expect(planned().filter((account) => !ranked.slice(0, PLACES).includes(account))).toEqual([]);

  await mineUntilDone(scene, keeper);
  expect(ranked.filter((account) => !planned().includes(account))).toEqual([]);
  const landed = keeper.lines.filter(({ msg }) => msg === 'landed').map(({ account }) => account as Address);
  expect(new Set(landed).size).toBeGreaterThan(PLACES);
}, 240_000);
