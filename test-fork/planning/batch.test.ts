import { type Address, encodeFunctionData, type Hash, parseAbi } from 'viem';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { agreeWithChain, allowancesLeft, holdings, rowOf } from '../demo/check.ts';
import { mineUntilDone } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { openAccount, openScene, type Scene, units } from '../harness/scene.ts';
import { mint, setPrice } from '../lab/chain.ts';

const abi = parseAbi([
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
]);
const TERMS = ['value', 'bonus', 'flashFee', 'impact', 'gasCost', 'l1', 'tip', 'lossCost', 'net'];

let scene: Scene;
/** Under water, and able to save itself. */
let rescued: Address;
/** Under water by two debts, both of which may be closed. */
let twice: Address;
let fromBlock: bigint;

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  const { client, directory } = scene;
  rescued = await openAccount(scene, 'rescued', { collateral: { WETH: 25 }, debt: { USDC: 36_000 } });
  twice = await openAccount(scene, 'twice', { collateral: { WETH: 25 }, debt: { USDC: 20_000, DAI: 19_400 } });
  await mint(scene, 'WETH', rescued, units('WETH', 100));
  const approve = { abi, functionName: 'approve', args: [directory.aave.pool, units('WETH', 100)] } as const;
  await scene.send(rescued, directory.tokens.WETH.address, encodeFunctionData(approve));
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  await client.setAutomine(false);
  fromBlock = await client.getBlockNumber({ cacheTime: 0 });
});
afterAll(() => scene?.stop());

let keeper: KeeperProcess;
/** Not asked to stop: it would wait for what it has on its way, which nobody mines. */
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
});

test('a crash: dozens of accounts in a few transactions, each line to the last unit, the profit the treasury has', () =>
  scene.undone(async () => {
    const { liquidator, treasury, operator } = scene;
    const before = await holdings(scene, treasury);
    // Who may be gone costs a round of its own, and those fill a transaction sooner.
    keeper = scene.keeper(['--stale-probability', '0']);
    await keeper.waitFor(({ msg }) => msg === 'sent');
    await mineUntilDone(scene, keeper);

    const rows = keeper.lines.filter(({ msg }) => msg === 'landed').map(rowOf);
    const accounts = new Set(rows.map(({ account }) => account));
    expect(accounts.size).toBeGreaterThanOrEqual(40);
    expect(new Set(rows.map(({ hash }) => hash)).size).toBeLessThanOrEqual(4);
    await agreeWithChain(scene, rows, fromBlock + 1n);
    const told: Record<string, bigint> = Object.fromEntries(Object.keys(before).map((symbol) => [symbol, 0n]));
    for (const row of rows) for (const [symbol, amount] of Object.entries(row.profit)) told[symbol]! += amount;
    const after = Object.entries(await holdings(scene, treasury));
    expect(Object.fromEntries(after.map(([symbol, amount]) => [symbol, amount - before[symbol]!]))).toEqual(told);
    expect(Object.values(await holdings(scene, liquidator)).filter((amount) => amount !== 0n)).toEqual([]);
    expect(await allowancesLeft(scene, liquidator, [treasury, operator])).toBe(0);

    // Both debts of one account in one transaction: the second is legal as the first leaves it.
    const both = rows.filter(({ account }) => account === twice);
    expect(both.map(({ debt }) => debt).sort()).toEqual(['DAI', 'USDC']);
    expect(new Set(both.map(({ hash }) => hash)).size).toBe(1);

    const sent = keeper.lines.filter(({ msg }) => msg === 'sent');
    for (const line of sent) {
      const [value, bonus, flashFee, impact, gasCost, l1, tip, lossCost, net] = TERMS.map((term) => wei(line[term]));
      expect(value).toBe(bonus! - flashFee! - impact!);
      expect(net).toBe(value! - gasCost! - l1! - tip! - lossCost!);
      expect([l1, tip, lossCost]).toEqual([0n, 0n, 0n]);
      expect(impact).toBeGreaterThan(0n);
      expect(gasCost).toBeGreaterThan(0n);
    }
  }));

test('one of a batch saves itself meanwhile: it is set aside, the others are sent at the same head', () =>
  scene.undone(async () => {
    const { pool } = scene.directory.aave;
    const args = [scene.directory.tokens.WETH.address, units('WETH', 100), rescued, 0] as const;
    // Waits for its block: the keeper does not see it at the head, and its rehearsal does.
    await scene.send(rescued, pool, encodeFunctionData({ abi, functionName: 'supply', args }), 500_000n);
    keeper = scene.keeper();
    const apart = await keeper.waitFor(({ msg }) => msg === 'taken apart');
    expect(apart.who).toContain(rescued);
    expect(apart.reason).toMatch(/^brings \d+ wei and not the \d+ it was planned for$/);
    const aside = await keeper.waitFor(({ msg, account }) => msg === 'skipped' && account === rescued);
    expect(aside.reason).toMatch(/HealthFactorNotBelowThreshold/);
    const sent = await keeper.waitFor(({ msg }) => msg === 'sent');
    const others = (apart.who as Address[]).filter((account) => account !== rescued);
    expect(new Set(sent.who as Address[])).toEqual(new Set(others));
    expect(keeper.lines.filter(({ msg }) => msg === 'head')).toHaveLength(1);

    await scene.client.mine({ blocks: 1 });
    const { status } = await scene.client.waitForTransactionReceipt({ hash: sent.hash as Hash });
    expect(status).toBe('success');
    await keeper.waitFor(({ msg, account }) => msg === 'landed' && account === twice);
    expect(keeper.lines.filter(({ msg, account }) => msg === 'landed' && account === rescued)).toEqual([]);
  }));

/** Ether as the log writes it. */
function wei(written: unknown): bigint {
  const [whole, fraction = ''] = String(written).replace('-', '').split('.');
  const amount = BigInt(whole + fraction.padEnd(18, '0'));
  return String(written).startsWith('-') ? -amount : amount;
}
