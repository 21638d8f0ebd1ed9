import { type Address, type Hash, type PublicClient, parseEther } from 'viem';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { endOf } from '../harness/blocks.ts';
import type { LogLine } from '../harness/keeper.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { forkLab } from '../lab/anvil.ts';
import { setPrice } from '../lab/chain.ts';
import { rollups, unlisted } from './chains.ts';

const GWEI = 10n ** 9n;
const CHEAP = { baseFee: 20n * GWEI, blobBaseFee: GWEI };
/** So dear that no plan for the account pays. */
const DEAR = { baseFee: 20n * 10n ** 6n * GWEI, blobBaseFee: 10n ** 6n * GWEI };

let scene: Scene;
afterEach(() => scene?.stop());

describe.each(rollups)('$name', (rollup) => {
  test('a fee that is not told, that is too dear, that is paid: each in the terms of the plan', async () => {
    const anvil = { autoImpersonate: true, chainId: rollup.chainId };
    scene = await openScene(await forkLab({ url: inject('labUrl'), anvil }));
    const { client } = scene;
    const account = await openAccount(scene, 'small', { collateral: { WETH: 1 }, debt: { USDC: 1_500 } });
    await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
    await client.setAutomine(false);

    const keeper = scene.keeper(['--max-legs', '1', '--max-in-flight', '64']);
    const skipped = await keeper.waitFor(of('skipped', account));
    expect(skipped.reason).toBe(
      `what chain ${rollup.chainId} (${rollup.name}) charges for calldata is not known: ${asked(rollup.chainId)} of ${rollup.oracle} answers nothing; is it there?`,
    );

    await rollup.charge(scene, DEAR);
    const tooDear = await until(client, () =>
      keeper.lines.find((line) => of('skipped', account)(line) && 'l1' in line),
    );
    expect(tooDear.reason).toMatch(/^pays -\d+ wei after gas, less than --min-profit$/);
    expect(wei(tooDear, 'value')).toBeGreaterThan(wei(tooDear, 'gasCost'));
    expect(wei(tooDear, 'l1')).toBeGreaterThan(wei(tooDear, 'value'));
    expect(wei(tooDear, 'net')).toBe(netOf(tooDear));

    await rollup.charge(scene, CHEAP);
    const sent = await until(client, () => keeper.lines.find(of('sent', account)));
    expect(wei(sent, 'net')).toBe(netOf(sent));
    const charged = await rollup.charged(client as unknown as PublicClient, sent.hash as Hash);
    expect(charged).toBeGreaterThan(0n);
    // What surrounds the calldata is not known yet when the fee is asked for: no less, and a few bytes more.
    const more = wei(sent, 'l1') - charged;
    expect(more).toBeGreaterThanOrEqual(0n);
    expect(more * 100n).toBeLessThan(charged * 3n);
    await until(client, () => keeper.lines.find(of('landed', account)));
    expect(await endOf(scene, keeper)).toBe(0);
  }, 300_000);
});

describe.each(unlisted)('$name', (rollup) => {
  test('is priced without a preset', async () => {
    const anvil = { autoImpersonate: true, chainId: rollup.chainId };
    scene = await openScene(await forkLab({ url: inject('labUrl'), anvil }));
    const { client } = scene;
    const account = await openAccount(scene, 'small', { collateral: { WETH: 1 }, debt: { USDC: 1_500 } });
    await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
    await client.setAutomine(false);
    await rollup.charge(scene, CHEAP);

    const keeper = scene.keeper(['--max-legs', '1', '--max-in-flight', '64']);
    const sent = await until(client, () => keeper.lines.find(of('sent', account)));
    await until(client, () => keeper.lines.find(of('landed', account)));
    const charged = await rollup.charged(client as unknown as PublicClient, sent.hash as Hash);
    expect(charged).toBeGreaterThan(10n ** 12n);
    // The gas that was planned with, which is more than what was used, and not by half.
    const more = wei(sent, 'l1') - charged;
    expect(more).toBeGreaterThanOrEqual(0n);
    expect(more * 2n).toBeLessThan(charged);
    expect(keeper.lines.filter(({ msg }) => msg.includes('calldata'))).toEqual([]);
    expect(await endOf(scene, keeper)).toBe(0);
  }, 300_000);
});

const asked = (chainId: number) => (chainId === 42_161 ? 'gasEstimateL1Component' : 'getL1Fee');

const of = (msg: string, account: Address) => (line: LogLine) =>
  line.msg === msg && [line.who ?? line.account].flat().includes(account);

const wei = (line: LogLine, term: string): bigint => parseEther(line[term] as string);

const netOf = (line: LogLine): bigint =>
  ['gasCost', 'l1', 'tip', 'lossCost'].reduce((left, term) => left - wei(line, term), wei(line, 'value'));

/** Lets the chain make blocks, several at a time for an account that is set aside, until the keeper has said it. */
async function until(client: Scene['client'], said: () => LogLine | undefined): Promise<LogLine> {
  for (let blocks = 0; blocks < 40; blocks++) {
    await client.mine({ blocks: 4 });
    for (let wait = 0; wait < 20; wait++) {
      const line = said();
      if (line) return line;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('the keeper has not said it in 160 blocks');
}
