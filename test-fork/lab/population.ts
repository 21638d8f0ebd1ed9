import { type Abi, type Address, numberToHex } from 'viem';
import { labAddress, normalised } from './borrowers.ts';
import { type Random, random } from './random.ts';
import type { Sender } from './sender.ts';
import { type Listed, mintListed, unitsOf } from './tokens.ts';

/** Amounts are in the asset's smallest unit. */
type Cell = { listed: Listed; amount: bigint };
type Person = { address: Address; collaterals: Cell[]; debts: Cell[] };

/** Who is to live in a market. */
export type Population = {
  /** A part of the addresses, so that nobody lives in two markets. */
  name: string;
  seed: number;
  count: number;
  pool: Address;
  /** Of the Pool. */
  abi: Abi;
  listed: readonly Listed[];
};

const SUPPLY_GAS = 400_000;
const BORROW_GAS = 700_000;

/**
 * Opens accounts in a market of any version of Aave v3, whose loan-to-values must be as high as its thresholds; the deployer
 * supplies for them, and its allowance must be in place. Most are long in what is volatile and owe stablecoins, some are short,
 * and two thirds are within 25 % of the line. Debts run from $2k to $150k.
 *
 * @returns the borrowers
 */
export async function openPopulation(sender: Sender, population: Population): Promise<Address[]> {
  const { pool, abi, listed } = population;
  const people = invent(population);
  for (const each of listed) {
    const needed = people.flatMap(({ collaterals }) => collaterals).filter((cell) => cell.listed === each);
    await mintListed(
      sender,
      each,
      needed.reduce((sum, { amount }) => sum + amount, 0n),
    );
  }
  for (const { address, collaterals, debts } of people) {
    await sender.request('anvil_setBalance', [address, numberToHex(10n ** 18n)]);
    for (const { listed, amount } of collaterals)
      await sender.call(pool, abi, 'supply', [listed.address, amount, address, 0], { gas: SUPPLY_GAS });
    for (const { listed, amount } of debts)
      await sender.call(pool, abi, 'borrow', [listed.address, amount, 2n, 0, address], {
        from: address,
        gas: BORROW_GAS,
      });
  }
  return people.map(({ address }) => address);
}

function invent({ name, seed, count, listed }: Population): Person[] {
  const rng = random(seed * 7_919 + name.length);
  const volatile = listed.filter(({ asset }) => !isStable(asset.price));
  const stable = listed.filter(({ asset }) => isStable(asset.price));
  return Array.from({ length: count }, (_, index) => {
    const style = rng.next();
    const [from, into] = style < 0.75 ? [volatile, stable] : style < 0.9 ? [stable, volatile] : [volatile, volatile];
    return inventOne(rng, labAddress(seed, `${name} borrower ${index}`), from, into);
  });
}

function inventOne(rng: Random, address: Address, from: readonly Listed[], into: readonly Listed[]): Person {
  // One that holds every volatile asset has nothing left to be short of.
  const collaterals = rng.pick(from, from === into || rng.next() < 0.7 ? 1 : 2);
  const others = into.filter((each) => !collaterals.includes(each));
  const debt = rng.pick(others, 1)[0]!;
  const near = rng.next() < 2 / 3;
  const health = near ? rng.between(1.03, 1.25) : rng.between(1.25, 2);
  const debtUsd = rng.logBetween(2_000, 150_000);
  const weights = normalised(rng, collaterals.length);
  const threshold = collaterals.reduce((sum, { asset }, i) => sum + weights[i]! * asset.threshold, 0) / 10_000;
  const collateralUsd = (debtUsd * health) / threshold;
  return {
    address,
    collaterals: collaterals.map((listed, i) => ({
      listed,
      amount: unitsOf(listed.asset, collateralUsd * weights[i]!),
    })),
    debts: [{ listed: debt, amount: unitsOf(debt.asset, debtUsd) }],
  };
}

const isStable = (price: bigint) => price === 1_00000000n;
