import { type Address, encodeFunctionData, parseAbi, zeroAddress } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createColumns } from '../../keeper/src/book/columns.ts';
import { createScreen } from '../../keeper/src/book/screen.ts';
import { value } from '../../keeper/src/protocols/aave-v3/health.ts';
import { type AavePool, readPool } from '../../keeper/src/protocols/aave-v3/pool.ts';
import type { AaveState } from '../../keeper/src/protocols/aave-v3/state.ts';
import type { Account, Deal } from '../../keeper/src/protocols/protocol.ts';
import { type Borrower, inventBorrowers } from '../lab/borrowers.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import { abi, claimOf, createRig, liquidationOf, liquidator, type Rig, symbols } from './rig.ts';
import { crossPrices, expectEnough, playSequences, type SequencesSeen } from './sequences.ts';

const BORROWERS = 80;
const ROUNDS = 12;
const DAY = 86_400;
const STABLES = ['USDC', 'DAI', 'USDT'] as const;
/** The category while accounts are opened, bps; later its threshold falls, since its reserves have one price. */
const EMODE = { threshold: 9500, bonus: 10100 };
/** Every third debt in these is taken at a stable rate. */
const STABLE_RATE: readonly AssetSymbol[] = ['USDC', 'DAI'];

const abi30 = parseAbi([
  'function configureReserveAsCollateral(address asset, uint256 ltv, uint256 threshold, uint256 bonus)',
  'function setReserveStableRateBorrowing(address asset, bool enabled)',
  'function setAssetEModeCategory(address asset, uint8 category)',
  'function setEModeCategory(uint8 id, uint16 ltv, uint16 threshold, uint16 bonus, address oracle, string label)',
  'function setUserEMode(uint8 category)',
  'function getUserAccountData(address) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
]);

let rig: Rig;
let borrowers: Address[];

beforeAll(async () => {
  rig = await createRig(inject('labUrl'), 'aaveV30');
  for (const symbol of symbols) {
    const { threshold, bonus } = assets[symbol];
    await configure('configureReserveAsCollateral', [token(symbol), threshold, threshold, bonus]);
  }
  for (const symbol of STABLE_RATE) await configure('setReserveStableRateBorrowing', [token(symbol), true]);
  await setEMode(token('USDC'));
  for (const symbol of STABLES) await configure('setAssetEModeCategory', [token(symbol), 1]);
  const invented = inventBorrowers(30).slice(0, BORROWERS);
  for (const [index, borrower] of invented.entries()) await openAccount(borrower, index);
  borrowers = invented.map(({ address }) => address);
});

afterAll(() => rig.lab.stop());

const token = (symbol: AssetSymbol) => rig.lab.directory.tokens[symbol].address;

async function configure(functionName: (typeof abi30)[number]['name'], args: readonly unknown[]): Promise<void> {
  const { aclAdmin, configurator } = rig.lab.directory.aaveV30;
  await rig.send(aclAdmin, configurator, encodeFunctionData({ abi: abi30, functionName, args } as never));
}

/** @param source - the asset whose price all reserves of the category have; the zero address for each its own */
const setEMode = (source: Address, threshold = EMODE.threshold) =>
  configure('setEModeCategory', [1, threshold, threshold, EMODE.bonus, source, 'Stablecoins']);

async function openAccount({ address, stablesEMode, collaterals, debts }: Borrower, index: number): Promise<void> {
  const { pool } = rig.lab.directory.aaveV30;
  await rig.lab.client.setBalance({ address, value: 10n ** 18n });
  for (const { symbol, amount } of collaterals) {
    const args = [token(symbol), amount, address, 0] as const;
    await rig.send(liquidator, pool, encodeFunctionData({ abi, functionName: 'supply', args }));
  }
  if (stablesEMode)
    await rig.send(address, pool, encodeFunctionData({ abi: abi30, functionName: 'setUserEMode', args: [1] }));
  for (const { symbol, amount } of debts) {
    // Not of an asset that is collateral, too: the Pool refuses that at a stable rate.
    const own = collaterals.some((collateral) => collateral.symbol === symbol);
    const stable = index % 3 === 0 && STABLE_RATE.includes(symbol) && !own;
    const parts = stable ? [amount / 2n, amount - amount / 2n] : [amount];
    for (const [part, share] of parts.entries()) {
      const args = [token(symbol), share, stable && part === 0 ? 1n : 2n, 0, address] as const;
      await rig.send(address, pool, encodeFunctionData({ abi, functionName: 'borrow', args }));
    }
  }
  if (stablesEMode) await borrowToTheLimit(address, debts[0]!.symbol);
}

/** Few are in an eMode, and those near the line. */
async function borrowToTheLimit(address: Address, symbol: AssetSymbol): Promise<void> {
  const { pool } = rig.lab.directory.aaveV30;
  const [, , available] = await rig.client.readContract({
    address: pool,
    abi: abi30,
    functionName: 'getUserAccountData',
    args: [address],
  });
  const amount = (available * 98n * 10n ** BigInt(assets[symbol].decimals)) / (100n * assets[symbol].price);
  const args = [token(symbol), amount, 2n, 0, address] as const;
  await rig.send(address, pool, encodeFunctionData({ abi, functionName: 'borrow', args }));
}

const seen = {
  healths: 0,
  liquidations: 0,
  half: 0,
  closesDebt: 0,
  closesCollateral: 0,
  limitedByLiquidity: 0,
  owedAtStableRate: 0,
  pricedByEMode: 0,
  pricedAlone: 0,
};

/** Leaves so much of a token to be paid out of the Pool. */
async function drain(pool: AavePool, symbol: AssetSymbol = 'WETH', left = 3): Promise<void> {
  const { state } = await rig.read(await rig.head(), [], pool);
  const free = state.reserves[pool.assets.find((asset) => asset.symbol === symbol)!.id]!.liquidity;
  const kept = (BigInt(Math.round(left * 1e6)) * 10n ** BigInt(assets[symbol].decimals)) / 1_000_000n;
  const supply = [token('WBTC'), 50_000n * 10n ** 8n, liquidator, 0] as const;
  await rig.send(liquidator, pool.address, encodeFunctionData({ abi, functionName: 'supply', args: supply }));
  const borrow = [token(symbol), free - kept, 2n, 0, liquidator] as const;
  await rig.send(liquidator, pool.address, encodeFunctionData({ abi, functionName: 'borrow', args: borrow }));
}

async function playRound(round: number): Promise<void> {
  const rng = random(3000 + round);
  const ownPrice = round % 2 === 0;
  await setEMode(ownPrice ? token('USDC') : zeroAddress, Math.floor(rng.between(7900, 9300)));
  // Some owe in an eMode what is no longer of it: the call still values it at the category's price.
  if (round % 4 === 2) await configure('setAssetEModeCategory', [token('DAI'), 0]);
  const pool = await readPool(rig.client, rig.pool.address);
  expect(pool.eModePriceSources).toEqual(new Map(ownPrice ? [[1, token('USDC')]] : []));
  if (round % 4 === 3) await drain(pool);
  await shock(rng);
  const block = await rig.mineAt((await rig.head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 30 * DAY))));
  const { state, accounts, view: at } = await rig.read(block, borrowers, pool);
  expect(accounts.size).toBe(BORROWERS);
  seen.healths += await rig.compareHealth(at(block.timestamp), accounts.keys(), block);
  const next = block.timestamp + BigInt(Math.floor(rng.logBetween(1, 60 * DAY)));
  const view = at(next);
  seen.healths += await rig.undone(async () => rig.compareHealth(view, accounts.keys(), await rig.mineAt(next)));

  const columns = createColumns();
  for (const account of accounts.values()) columns.upsert(account);
  const rows = createScreen(columns).suspects(view.coefficients);
  const screened = new Set(Array.from(rows, (row) => columns.addressAt(row)));
  for (const account of accounts.values()) {
    const health = view.health(account.address);
    if ('error' in health) throw new Error(health.error);
    if (!health.underwater) continue;
    expect(screened).toContain(account.address);
    for (const deal of view.deals([account.address])) {
      expect(await rig.liquidate(view, deal)).toEqual(claimOf(deal));
      seen.liquidations++;
      const { closesDebt, closesCollateral } = liquidationOf(deal);
      if (closesDebt) seen.closesDebt++;
      else if (closesCollateral) seen.closesCollateral++;
      else if (isHalf(pool, state, account, next, deal)) seen.half++;
      else seen.limitedByLiquidity++;
      const debt = pool.assets.find(({ address }) => address === deal.spend!.asset)!;
      if (account.cells.some(({ slot }) => slot === 256 + 3 * debt.id)) seen.owedAtStableRate++;
      if (account.group === 1) seen[ownPrice ? 'pricedByEMode' : 'pricedAlone']++;
    }
  }
}

async function shock(rng: Random): Promise<void> {
  for (const symbol of symbols) {
    const volatile = symbol === 'WETH' || symbol === 'WBTC';
    const factor = volatile ? rng.between(0.6, 1.25) : rng.between(0.9, 1.04);
    await rig.setFeed(symbol, BigInt(Math.round(Number(assets[symbol].price) * factor)));
  }
}

/** Half of what the account owes of the debt asset, give or take a rounding. */
function isHalf(pool: AavePool, state: AaveState, account: Account, timestamp: bigint, { spend }: Deal): boolean {
  const valuation = value(pool, state, account, timestamp);
  if ('error' in valuation) return false;
  const { id } = pool.assets.find(({ address }) => address === spend!.asset)!;
  const difference = valuation.holdings.find((holding) => holding.id === id)!.debt - 2n * spend!.amount;
  return difference >= -1n && difference <= 1n;
}

test('a Pool of 3.0 is opened with the rules of its revision', () => {
  const { pool } = rig;
  expect(pool).toMatchObject({ revision: 1n, rules: { version: '3.0' }, baseUnit: 10n ** 8n });
  expect(pool.thresholds.fullCloseHealth).toBe(95n * 10n ** 16n);
  expect(pool.assets.map(({ symbol, address }) => ({ symbol, address }))).toEqual(
    symbols.map((symbol) => ({ symbol, address: token(symbol) })),
  );
});

test('health and liquidations equal the bytecode of Aave v3.0 to the last unit', async () => {
  for (let round = 0; round < ROUNDS; round++) await rig.undone(() => playRound(round));
  console.log(`differential 3.0: ${JSON.stringify(seen)}`);
  expect(seen.healths).toBe(2 * ROUNDS * BORROWERS);
  expect(seen.liquidations).toBeGreaterThanOrEqual(100);
  for (const [kind, times] of Object.entries(seen)) expect(times, kind).toBeGreaterThan(0);
});

test('deals of several accounts in one block equal the chain, where they share what a reserve can pay out', async () => {
  const played: SequencesSeen[] = [];
  for (let round = 0; round < 10; round++) {
    await rig.undone(async () => {
      const rng = random(8000 + round);
      // Few of these owe WETH; dollars are owed and held, and the former bring what the latter draw on.
      const dollars = round % 2 === 1;
      await drain(rig.pool, dollars ? 'USDC' : 'WETH', rng.logBetween(1, 60) * (dollars ? 200 : 1));
      await shock(rng);
      if (dollars) await crossPrices(rig, rng, 'USDC', 'WETH');
      const block = await rig.mineAt((await rig.head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 30 * DAY))));
      const { accounts, view } = await rig.read(block, borrowers, await readPool(rig.client, rig.pool.address));
      const next = view(block.timestamp + BigInt(Math.floor(rng.logBetween(1, DAY))));
      played.push(await playSequences(rig, next, [...accounts.keys()], rng, 24));
    });
  }
  expectEnough('3.0', played, 200);
});
