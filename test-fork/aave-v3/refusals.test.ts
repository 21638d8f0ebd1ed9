import { encodeFunctionData, pad, toFunctionSelector } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Account } from '../../keeper/src/protocols/protocol.ts';
import { breakFeed } from '../lab/chain.ts';
import { assets } from '../lab/tokens.ts';
import { abi, claimOf, createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig(inject('labUrl'));
});
afterAll(() => rig.lab.stop());

test('an account whose price source reverts is set aside with its reason, the others are judged', () =>
  rig.undone(async () => {
    const { pool, lab } = rig;
    await breakFeed(lab, 'WBTC');
    const block = await rig.head();
    const { accounts, view } = await rig.read(block);
    const now = view(block.timestamp);
    const wbtc = pool.assets.find(({ symbol }) => symbol === 'WBTC')!;
    const uses = (account: Account) => account.cells.some(({ slot }) => slot >> 1 === wbtc.id);
    const affected = [...accounts.values()].filter(uses);
    expect(affected.length).toBeGreaterThan(0);
    for (const account of affected) {
      expect(now.health(account.address)).toEqual({
        error: `no price for WBTC (${wbtc.address}): the oracle reverted with ${toFunctionSelector('FeedIsBroken()')}`,
      });
      expect(now.deals([account.address])).toEqual([]);
    }
    const others = [...accounts.values()].filter((account) => !uses(account)).map(({ address }) => address);
    expect(await rig.compareHealth(now, others, block)).toBeGreaterThan(0);
  }));

test('a paused reserve and one in its grace period offer nothing; the second after, all of it', () =>
  rig.undone(async () => {
    const { pool, lab } = rig;
    const weth = lab.directory.tokens.WETH.address;
    const pause = (paused: boolean, grace: number) => {
      const data = encodeFunctionData({ abi, functionName: 'setReservePause', args: [weth, paused, grace] });
      return rig.send(lab.directory.aave.aclAdmin, pool.configurator, data);
    };
    const offers = async (timestamp?: bigint) => {
      const { state, accounts, view: at } = await rig.read(await rig.head());
      const view = at(timestamp ?? state.block.timestamp + 1n);
      return { view, deals: view.deals([...accounts.keys()]).filter(({ gain }) => gain!.asset === weth) };
    };

    await rig.setFeed('WETH', assets.WETH.price / 2n);
    const before = await offers();
    expect(before.deals.length).toBeGreaterThan(0);
    const [deal] = before.deals;
    await pause(true, 0);
    const paused = await offers();
    expect(paused.deals).toEqual([]);
    expect(paused.view.fit(deal!)).toBeUndefined();
    const later = (await rig.head()).timestamp + 1n;
    await expect(rig.liquidate(before.view, deal!, later)).rejects.toThrow('refused');

    await pause(false, 3600);
    const until = (await rig.head()).timestamp + 3600n;
    expect((await offers(until)).deals).toEqual([]);
    await expect(rig.liquidate(before.view, deal!, until)).rejects.toThrow('refused');
    const after = await offers(until + 1n);
    expect(after.deals.length).toBeGreaterThanOrEqual(before.deals.length);
    const [again] = after.deals;
    expect(await rig.liquidate(after.view, again!)).toEqual(claimOf(again!));
  }));

test('a block the node does not have is an error of the node, not of a price', async () => {
  const block = { ...(await rig.head()), hash: pad('0x12', { size: 32 }) };
  await expect(rig.read(block)).rejects.toThrow('Requested resource not found');
});
