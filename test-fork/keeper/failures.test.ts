import { type Address, parseAbiItem, toFunctionSelector } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { isRehearsal, type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { breakFeed, healthOf, setPrice } from '../lab/chain.ts';

const borrow = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);

describe('a price source that reverts, and a node that fails every rehearsal of one head', () => {
  let scene: Scene;
  let proxy: RpcProxy;
  let keeper: KeeperProcess;
  /** Under water after the fall, by whether the price of WBTC matters to them. */
  let plain: Address;
  let withWbtc: Address;
  let nodeFails = true;

  const landed = () => keeper.lines.filter(({ msg }) => msg === 'landed').map(({ account }) => account);

  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    plain = await openAccount(scene, 'plain', { collateral: { WETH: 500 }, debt: { USDC: 800_000 } });
    withWbtc = await openAccount(scene, 'with wbtc', { collateral: { WETH: 100, WBTC: 0.1 }, debt: { USDC: 165_000 } });
    await setPrice(scene, 'WETH', 1_920n * 10n ** 8n);
    await breakFeed(scene, 'WBTC');
    await scene.client.setAutomine(false);
    proxy = await startProxy(scene.url, (request) =>
      nodeFails && isRehearsal(request) ? { error: { code: -32_000, message: 'header not found' } } : undefined,
    );
    keeper = scene.keeper(['--max-in-flight', '16', '--max-legs', '1'], proxy.url);
  });
  afterAll(async () => {
    await scene?.stop();
    await proxy?.stop();
  });

  test('who holds the asset is set aside, with the reason in one line', async () => {
    const { client, directory } = scene;
    const line = await keeper.waitFor(({ msg }) => msg === 'set aside');
    expect(line.reason).toBe(
      `no price for WBTC (${directory.tokens.WBTC.address}): the oracle reverted with ${toFunctionSelector('FeedIsBroken()')}`,
    );
    // Those who have paid everything back too: the Pool has no word for them either.
    const logs = await client.getLogs({ address: directory.aave.pool, event: borrow, fromBlock: 0n });
    const everybody = [...new Set(logs.map(({ args }) => args.onBehalfOf!))];
    const answers = await Promise.allSettled(everybody.map((account) => healthOf({ client, directory }, [account])));
    expect(line.count).toBe(answers.filter(({ status }) => status === 'rejected').length);
  });

  test('a plan whose rehearsal failed is tried again at the next head, and lands', async () => {
    const skipped = await keeper.waitFor(({ msg, account }) => msg === 'skipped' && account === plain);
    expect(skipped.reason).toContain('header not found');
    nodeFails = false;
    await mineUntilDone(scene, keeper);
    expect(landed()).toContain(plain);
    expect(landed()).not.toContain(withWbtc);
  });

  test('healed, the accounts that were set aside are judged again', async () => {
    await breakFeed(scene, 'WBTC', false);
    await keeper.waitFor(({ msg, account }) => msg === 'sent' && account === withWbtc);
    await mineUntilDone(scene, keeper);
    expect(landed()).toContain(withWbtc);
    expect(keeper.lines.filter(({ msg }) => msg === 'set aside')).toHaveLength(1);
    expect(await keeper.stop()).toBe(0);
  });
});
