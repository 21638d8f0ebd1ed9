import { encodeFunctionData, pad, toFunctionSelector } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { Account } from '../../keeper/src/protocols/protocol.ts';
import { breakFeed } from '../lab/chain.ts';
import { assets } from '../lab/tokens.ts';
import { abi, createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig(inject('labUrl'));
});
afterAll(() => rig.lab.stop());

test('an account whose price source reverts is set aside with its reason, the others are judged', () =>
  rig.undone(async () => {
    const { market, lab } = rig;
    await breakFeed(lab, 'WBTC');
    const block = await rig.head();
    const { state, accounts } = await rig.read(block);
    const wbtc = market.assets.find(({ symbol }) => symbol === 'WBTC')!;
    const uses = (account: Account) => account.cells.some(({ slot }) => slot >> 1 === wbtc.id);
    const affected = [...accounts.values()].filter(uses);
    expect(affected.length).toBeGreaterThan(0);
    for (const account of affected) {
      const judged = aaveV3.health(market, state, account, block.timestamp);
      expect(judged).toEqual({
        error: `no price for WBTC (${wbtc.address}): the oracle reverted with ${toFunctionSelector('FeedIsBroken()')}`,
      });
      expect(aaveV3.options(market, state, account, block.timestamp)).toEqual([]);
    }
    const others = new Map([...accounts].filter(([, account]) => !uses(account)));
    expect(await rig.compareHealth(state, others, block)).toBeGreaterThan(0);
  }));

test('a paused reserve and one in its grace period offer nothing; the second after, all of it', () =>
  rig.undone(async () => {
    const { market, lab } = rig;
    const weth = lab.directory.tokens.WETH.address;
    const pause = (paused: boolean, grace: number) => {
      const data = encodeFunctionData({ abi, functionName: 'setReservePause', args: [weth, paused, grace] });
      return rig.send(lab.directory.aave.aclAdmin, market.configurator, data);
    };
    const offers = async (timestamp?: bigint) => {
      const { state, accounts } = await rig.read(await rig.head());
      return [...accounts.values()]
        .flatMap((account) => aaveV3.options(market, state, account, timestamp ?? state.block.timestamp + 1n))
        .filter(({ collateralAsset }) => collateralAsset === weth);
    };

    await rig.setFeed('WETH', assets.WETH.price / 2n);
    const before = await offers();
    expect(before.length).toBeGreaterThan(0);
    await pause(true, 0);
    expect(await offers()).toEqual([]);
    await expect(rig.liquidate(before[0]!, (await rig.head()).timestamp + 1n)).rejects.toThrow('refused');

    await pause(false, 3600);
    const until = (await rig.head()).timestamp + 3600n;
    expect(await offers(until)).toEqual([]);
    await expect(rig.liquidate(before[0]!, until)).rejects.toThrow('refused');
    const after = await offers(until + 1n);
    expect(after.length).toBeGreaterThanOrEqual(before.length);
    const [option] = after;
    expect(await rig.liquidate(option!, until + 1n)).toEqual({ repay: option!.repay, seized: option!.seized });
  }));

test('a block the node does not have is an error of the node, not of a price', async () => {
  const block = { ...(await rig.head()), hash: pad('0x12', { size: 32 }) };
  await expect(rig.read(block)).rejects.toThrow('Requested resource not found');
});
