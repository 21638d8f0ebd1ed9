import {
  type Address,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  sliceHex,
  stringToHex,
} from 'viem';
import { stablesEMode } from './aave.ts';
import { foundryArtifact } from './artifacts.ts';
import { type Random, random } from './random.ts';
import type { Sender } from './sender.ts';
import { type AssetSymbol, assets, mintForDeployer, symbols, type Tokens, unitsFor } from './tokens.ts';

/** One account to create: amounts are in each asset's smallest unit. */
export type Borrower = {
  address: Address;
  stablesEMode: boolean;
  collaterals: { symbol: AssetSymbol; amount: bigint }[];
  debts: { symbol: AssetSymbol; amount: bigint }[];
};

const COUNT = 320;
const STABLE: AssetSymbol[] = ['USDC', 'DAI', 'USDT'];
const VOLATILE: AssetSymbol[] = ['WETH', 'WBTC'];
/** What those who borrow stablecoins supply; mostly WETH, the asset whose fall the tests start from. */
const LONGS: AssetSymbol[][] = [['WETH'], ['WETH'], VOLATILE, [...VOLATILE, 'USDC']];
const BATCHES = 15;
const EIGHT_HOURS = 8 * 3600;

/** An address nobody has the key of, for a role in the lab of a seed. */
export function labAddress(seed: number, role: string): Address {
  return getAddress(sliceHex(keccak256(stringToHex(`plimsoll lab ${seed} ${role}`)), 12));
}

/**
 * Invents the borrowers of a seed. Sizes run from $500 to $300k of debt, half of the healths lie within 25 % of the line,
 * and every twelfth account owes an asset that it also supplies.
 */
export function inventBorrowers(seed: number): Borrower[] {
  const rng = random(seed);
  return Array.from({ length: COUNT }, (_, i) => invent(rng, labAddress(seed, `borrower ${i}`), i));
}

function invent(rng: Random, address: Address, index: number): Borrower {
  const style = rng.next();
  const eMode = style >= 0.82 && style < 0.93;
  let [from, into] = [[...symbols], [...symbols]];
  if (style < 0.62) [from, into] = [LONGS[Math.floor(rng.next() * LONGS.length)]!, STABLE];
  else if (style < 0.82) [from, into] = [STABLE, VOLATILE];
  else if (eMode) [from, into] = [rng.next() < 0.8 ? STABLE : [...STABLE, 'WETH'], [...STABLE]];

  const collaterals = rng.pick(from, 1 + Math.floor(4 * rng.next() ** 2));
  const debts = rng.pick(into, 1 + Math.floor(3 * rng.next() ** 2.5));
  const twin = collaterals[0]!;
  if (index % 12 === 0 && !debts.includes(twin) && (!eMode || twin !== 'WETH')) debts[0] = twin;

  const near = rng.next();
  const health = near < 0.55 ? rng.between(1.02, 1.25) : near < 0.8 ? rng.between(1.25, 1.7) : rng.between(1.7, 2.95);
  const debtUsd = rng.logBetween(500, 300_000);
  const weights = normalised(rng, collaterals.length);
  const threshold = collaterals.reduce((sum, symbol, i) => sum + weights[i]! * thresholdOf(symbol, eMode), 0) / 10_000;
  const collateralUsd = (debtUsd * health) / threshold;
  const debtWeights = normalised(rng, debts.length);
  return {
    address,
    stablesEMode: eMode,
    collaterals: collaterals.map((symbol, i) => ({ symbol, amount: unitsFor(symbol, collateralUsd * weights[i]!) })),
    debts: debts.map((symbol, i) => ({ symbol, amount: unitsFor(symbol, debtUsd * debtWeights[i]!) })),
  };
}

function thresholdOf(symbol: AssetSymbol, eMode: boolean): number {
  const member = (stablesEMode.members as readonly AssetSymbol[]).includes(symbol);
  return eMode && member ? stablesEMode.threshold : assets[symbol].threshold;
}

/** Shares that add up to one. */
export function normalised(rng: Random, count: number): number[] {
  const raw = Array.from({ length: count }, () => rng.between(0.2, 1));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value) => value / sum);
}

/**
 * Creates the accounts in the market, in batches eight hours apart so that interest separates them. The deployer supplies
 * on their behalf (its allowance must be in place); each borrower then borrows by itself.
 */
export async function openAccounts(
  sender: Sender,
  tokens: Tokens,
  pool: Address,
  borrowers: readonly Borrower[],
  onBatch: (done: number) => void,
): Promise<void> {
  const { abi } = foundryArtifact('PoolInstance');
  const encode = (functionName: string, args: readonly unknown[]) => encodeFunctionData({ abi, functionName, args });
  for (const symbol of symbols) {
    const needed = borrowers.flatMap(({ collaterals }) => collaterals).filter((c) => c.symbol === symbol);
    await mintForDeployer(
      sender,
      tokens,
      symbol,
      needed.reduce((sum, { amount }) => sum + amount, 0n),
    );
  }
  const perBatch = Math.ceil(borrowers.length / BATCHES);
  for (let start = 0; start < borrowers.length; start += perBatch) {
    const batch = borrowers.slice(start, start + perBatch);
    for (const { address, stablesEMode: eMode, collaterals, debts } of batch) {
      await sender.request('anvil_setBalance', [address, numberToHex(10n ** 18n)]);
      const supplies = collaterals.map((c) => encode('supply', [tokens.tokens[c.symbol], c.amount, address, 0]));
      const borrows: Hex[] = eMode ? [encode('setUserEMode', [stablesEMode.id])] : [];
      borrows.push(...debts.map((d) => encode('borrow', [tokens.tokens[d.symbol], d.amount, 2n, 0, address])));
      await sender.call(pool, abi, 'multicall', [supplies], { gas: 350_000 * supplies.length });
      await sender.call(pool, abi, 'multicall', [borrows], { from: address, gas: 600_000 * borrows.length });
    }
    await sender.mine(EIGHT_HOURS);
    onBatch(Math.min(start + perBatch, borrowers.length));
  }
}
