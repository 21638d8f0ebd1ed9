import { type Address, encodeFunctionData, type Hash, type Hex, maxUint256, parseAbi } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { endOf, taken } from '../harness/blocks.ts';
import { type ChainFate, fatesOnChain } from '../harness/fates.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { following, lendToTheLine, pauseReserve } from '../harness/markets.ts';
import { readRounds } from '../harness/plans.ts';
import { openAccount, openScene, type Scene, type Wanted } from '../harness/scene.ts';
import { fatesInLog, fatesInStatus, inOrder, landedInHistory, statusOf } from '../harness/told.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint, type PricedSymbol, setPrices, tokenOf } from '../lab/chain.ts';

/** A fall of one per cent: it takes under water what is opened next to the line, and nobody else in the lab. */
const FALLEN = { WETH: 1_980n * 10n ** 8n, WBTC: 59_400n * 10n ** 8n, LINK: 1_485n * 10n ** 6n };
/** ILiquidator.sol's number of a flash swap. */
const FLASH_SWAP = 1;
const RIVAL = labAddress(0, 'rival');
const abi = parseAbi([
  'function approve(address spender, uint256 amount)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
]);

let scene: Scene;
let snapshot: Hex;
let keeper: KeeperProcess | undefined;
/** Pools of the two markets of Aave v3.6. */
let first: Address;
let second: Address;
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  const { client, directory } = scene;
  [first, second] = [directory.aave.pool, directory.aaveSecond.pool];
  await client.setBalance({ address: RIVAL, value: 10n ** 22n });
  for (const symbol of ['WBTC', 'USDT'] as const) {
    const { address, decimals } = tokenOf(directory, symbol);
    await mint(scene, symbol, RIVAL, 1_000_000n * 10n ** BigInt(decimals));
    await scene.send(RIVAL, address, encodeFunctionData({ abi, functionName: 'approve', args: [first, maxUint256] }));
  }
  await lendToTheLine(scene, 'aave', ['WETH', 'WBTC']);
  await lendToTheLine(scene, 'aaveSecond', ['WBTC', 'LINK']);
  snapshot = await client.snapshot();
});
afterAll(() => scene?.stop());
beforeEach(async () => {
  await scene.client.revert({ id: snapshot });
  snapshot = await scene.client.snapshot();
  await scene.client.setAutomine(true);
});
/** A test that failed leaves its keeper behind, which would send beside the next one's. */
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
});

/** Opens accounts next to the line. */
async function openAll(wanted: Record<string, Wanted>): Promise<Record<string, Address>> {
  const accounts: Record<string, Address> = {};
  for (const [name, each] of Object.entries(wanted)) accounts[name] = await openAccount(scene, name, each);
  return accounts;
}

/** Starts a keeper of both markets, lets prices fall, and waits for its one transaction, which must have so many legs. */
async function sentWith(legs: number): Promise<{ keeper: KeeperProcess; hash: Hash; input: Hex }> {
  await scene.client.setAutomine(false);
  keeper = scene.keeper(['--max-in-flight', '1'], undefined, { markets: [first, second] });
  await following(keeper, 2);
  await taken(scene, keeper);
  await setPrices(scene, FALLEN);
  const { hash } = (await keeper.waitFor(({ msg }) => msg === 'sent')) as LogLine & { hash: Hash };
  const { input } = await scene.client.getTransaction({ hash });
  expect(readRounds(input).flatMap((round) => round.legs)).toHaveLength(legs);
  return { keeper, hash, input };
}

/** Liquidates with money of its own, before anybody else in the block. */
const rival = (account: Address, debt: PricedSymbol, collateral: PricedSymbol) => {
  const [owed, seized] = [debt, collateral].map((symbol) => tokenOf(scene.directory, symbol).address);
  const args = [seized!, owed!, account, maxUint256, false] as const;
  return scene.send(RIVAL, first, encodeFunctionData({ abi, functionName: 'liquidationCall', args }));
};

/** Mines what is on its way in one block, with ours behind the others, and lets the keeper take it. */
async function mineBehind(others: readonly Hash[], ours: Hash): Promise<void> {
  const { client } = scene;
  await client.mine({ blocks: 1 });
  const receipts = await Promise.all([...others, ours].map((hash) => client.getTransactionReceipt({ hash })));
  const indexes = receipts.map(({ transactionIndex }) => transactionIndex);
  expect(new Set(receipts.map(({ blockNumber }) => blockNumber)).size).toBe(1);
  expect(Math.max(...indexes)).toBe(indexes.at(-1));
  expect(receipts.slice(0, -1).map(({ status }) => status)).toEqual(others.map(() => 'success'));
  await taken(scene, keeper!);
}

/** Store, log, status and history tell leg by leg what the chain's events tell. */
async function allAgree(keeper: KeeperProcess, chain: readonly ChainFate[]): Promise<void> {
  const fates = inOrder(
    chain.map(({ account, market, state, reason }) => ({ account, market, state, ...(reason ? { reason } : {}) })),
  );
  expect(inOrder(fatesInLog(keeper.lines))).toEqual(fates);
  expect(inOrder(fatesInStatus(await statusOf(keeper)))).toEqual(fates);
  const landed = chain.filter(({ state }) => state === 'landed');
  const amounts = landed.map(({ account, market, debt, collateral, repaid, seized }) => {
    return { account, market, debt, collateral, repaid, seized };
  });
  expect(inOrder(landedInHistory(keeper))).toEqual(inOrder(amounts));
}

/** @returns of a leg that went as named, the rest of what the chain says */
const the = (fates: readonly ChainFate[], account: Address | undefined) =>
  fates.find((fate) => fate.account === account);

describe('five legs, of which a rival takes one and one is paused between rehearsal and block', () => {
  test('in one loan, which goes on without the two', async () => {
    // Debt and collateral in one asset are paid for by a loan without a sale; both markets share it.
    const owing = (wbtc: number, pool: Address): Wanted => ({
      collateral: { WBTC: wbtc },
      debt: { WBTC: wbtc * 0.45, USDT: wbtc * 19_700 },
      pool,
    });
    const accounts = await openAll({
      'loan a': owing(2, first),
      'loan b': owing(2.5, first),
      'loan c': owing(3, first),
      'loan taken': owing(3.5, first),
      'loan paused': owing(4, second),
    });
    const { keeper, hash, input } = await sentWith(5);
    const rounds = readRounds(input);
    expect(rounds.map(({ legs }) => legs.length)).toEqual([5]);
    expect(rounds[0]!.funding).not.toBe(FLASH_SWAP);
    const others = [
      await rival(accounts['loan taken']!, 'WBTC', 'WBTC'),
      await pauseReserve(scene, 'aaveSecond', 'WBTC'),
    ];
    await mineBehind(others, hash);

    const fates = await fatesOnChain(scene, hash);
    expect(fates.filter(({ state }) => state === 'landed')).toHaveLength(3);
    expect(the(fates, accounts['loan taken'])).toMatchObject({ state: 'lost', market: first });
    expect(the(fates, accounts['loan paused'])).toMatchObject({ state: 'skipped', reason: 'ReservePaused' });
    await allAgree(keeper, fates);
    expect(await endOf(scene, keeper)).toBe(0);
  });

  test('in five flash swaps, of which two are skipped whole', async () => {
    const accounts = await openAll({
      'swap a': { collateral: { WETH: 25 }, debt: { USDC: 41_400 } },
      'swap taken': { collateral: { WETH: 30 }, debt: { USDT: 49_700 } },
      'swap b': { collateral: { WBTC: 1 }, debt: { DAI: 46_700 } },
      'swap c': { collateral: { WBTC: 1.2 }, debt: { USDT: 56_050 }, pool: second },
      'swap paused': { collateral: { LINK: 4_000 }, debt: { DAI: 42_500 }, pool: second },
    });
    const { keeper, hash, input } = await sentWith(5);
    expect(readRounds(input).map(({ legs }) => legs.length)).toEqual([1, 1, 1, 1, 1]);
    const others = [
      await rival(accounts['swap taken']!, 'USDT', 'WETH'),
      await pauseReserve(scene, 'aaveSecond', 'LINK'),
    ];
    await mineBehind(others, hash);

    const fates = await fatesOnChain(scene, hash);
    expect(fates.filter(({ state }) => state === 'landed')).toHaveLength(3);
    expect(the(fates, accounts['swap taken'])).toMatchObject({ state: 'lost', market: first });
    expect(the(fates, accounts['swap paused'])).toMatchObject({ state: 'skipped', reason: 'ReservePaused' });
    await allAgree(keeper, fates);
    expect(await endOf(scene, keeper)).toBe(0);
  });
});

test('46 legs that fail with ReservePaused are not lost: the last of them is number 45, which was once an error of Aave', async () => {
  const owing: Wanted = { collateral: { WBTC: 0.4 }, debt: { WBTC: 0.18, USDT: 7_880 } };
  const names = Array.from({ length: 46 }, (_, index) => `crowd ${index}`);
  await openAll(Object.fromEntries(names.map((name) => [name, owing])));
  const { keeper, hash, input } = await sentWith(46);
  expect(readRounds(input)).toHaveLength(1);
  await mineBehind([await pauseReserve(scene, 'aave', 'WBTC')], hash);

  expect((await scene.client.getTransactionReceipt({ hash })).status).toBe('reverted');
  const { attempts } = await statusOf(keeper);
  expect(attempts[0]).toMatchObject({ state: 'reverted', reason: expect.stringContaining('ReservePaused()') });
  expect(attempts[0]!.legs).toHaveLength(46);
  expect(attempts[0]!.legs.filter(({ state }) => state === 'lost')).toEqual([]);
  expect(keeper.lines.filter(({ msg }) => msg === 'lost')).toEqual([]);
  expect(await endOf(scene, keeper)).toBe(0);
});
