import { type Address, createPublicClient, encodeFunctionData, http } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aaveV3, marketOf } from '../../keeper/src/protocols/aave-v3/index.ts';
import { readPool } from '../../keeper/src/protocols/aave-v3/pool.ts';
import type { Account, Deal } from '../../keeper/src/protocols/protocol.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import { type Random, random } from '../lab/random.ts';
import { assets } from '../lab/tokens.ts';
import { abi, claimOf, createRig, liquidationOf, liquidator, MAX, type Rig, type SentLog, symbols } from './rig.ts';
import { crossPrices, expectEnough, playSequences, type SequencesSeen } from './sequences.ts';

const DAY = 86_400;
const ROUNDS = 14;
/** WETH that a drained Pool can still pay out. */
const LEFT = 3n * 10n ** 18n;
const whale = labAddress(0, 'differential whale');

let rig: Rig;

beforeAll(async () => {
  rig = await createRig(inject('labUrl'));
  await rig.lab.client.setBalance({ address: whale, value: 10n ** 24n });
});

afterAll(() => rig.lab.stop());

/** Leaves a few WETH in the Pool, so that it cannot pay out every collateral. */
async function drain(left = 3): Promise<void> {
  const { lab, send } = rig;
  const [weth, wbtc] = [lab.directory.tokens.WETH.address, lab.directory.tokens.WBTC.address];
  const pool = rig.pool.address;
  const { state } = await rig.read(await rig.head());
  const free = state.reserves[rig.pool.assets.find(({ address }) => address === weth)!.id]!.liquidity;
  const amount = 100_000n * 10n ** 8n;
  await mint(lab, 'WBTC', whale, amount);
  await send(whale, wbtc, encodeFunctionData({ abi, functionName: 'approve', args: [pool, amount] }));
  await send(whale, pool, encodeFunctionData({ abi, functionName: 'supply', args: [wbtc, amount, whale, 0] }));
  const args = [weth, free - (LEFT * BigInt(Math.round(left * 1e6))) / 3_000_000n, 2n, 0, whale] as const;
  await send(whale, pool, encodeFunctionData({ abi, functionName: 'borrow', args }));
}

/** Prices that put accounts a little, or far, under water; stablecoins may break their peg. */
async function shock(rng: Random, round: number): Promise<void> {
  const depth = round % 3 === 2 ? 0.5 : 0.2;
  for (const symbol of symbols) {
    const volatile = symbol === 'WETH' || symbol === 'WBTC';
    const factor = volatile ? rng.between(1 - depth, 1 + depth) : rng.between(round % 2 ? 0.88 : 0.97, 1.04);
    await rig.setFeed(symbol, BigInt(Math.round(Number(assets[symbol].price) * factor)));
  }
}

const seen = {
  healths: 0,
  underwater: 0,
  liquidations: 0,
  landedLater: 0,
  half: 0,
  closesDebt: 0,
  closesCollateral: 0,
  dustLimited: 0,
  liquidityLimited: 0,
  eMode: 0,
  sameAsset: 0,
};
const offered = new Set<string>();
const executed = new Map<string, number>();
const pairOf = ({ spend, gain }: Deal) => `${spend!.asset} ${gain!.asset}`;

function count(deal: Deal, account: Account, drained: boolean, half: boolean): void {
  const { closesDebt, closesCollateral, seized } = liquidationOf(deal);
  seen.liquidations++;
  if (closesDebt) seen.closesDebt++;
  else if (closesCollateral) seen.closesCollateral++;
  else if (half) seen.half++;
  else seen[drained && seized < LEFT ? 'liquidityLimited' : 'dustLimited']++;
  if (account.group !== 0) seen.eMode++;
  if (deal.spend!.asset === deal.gain!.asset) seen.sameAsset++;
  executed.set(pairOf(deal), (executed.get(pairOf(deal)) ?? 0) + 1);
}

/** The deal whose kind and pair has been tried least. */
const rarest = (deals: readonly Deal[]): Deal => deals.reduce((best, deal) => (rank(deal) < rank(best) ? deal : best));
const rank = (deal: Deal) => (executed.get(pairOf(deal)) ?? 0) - (liquidationOf(deal).argument === MAX ? 0 : 1000);

async function playRound(round: number): Promise<void> {
  const { lab } = rig;
  const rng = random(1000 + round);
  const drained = round % 4 === 3;
  if (drained) await drain();
  await shock(rng, round);
  const block = await rig.mineAt((await rig.head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 60 * DAY))));
  const { accounts, view: at } = await rig.read(block);
  expect(accounts.size).toBe(lab.directory.borrowers.length);
  seen.healths += await rig.compareHealth(at(block.timestamp), accounts.keys(), block);
  const next = block.timestamp + BigInt(Math.floor(rng.logBetween(1, 90 * DAY)));
  const view = at(next);
  seen.healths += await rig.undone(async () => rig.compareHealth(view, accounts.keys(), await rig.mineAt(next)));

  for (const account of accounts.values()) {
    const health = view.health(account.address);
    if ('error' in health || !health.underwater) continue;
    seen.underwater++;
    const deals = view.deals([account.address]);
    if (deals.length === 0) throw new Error(`${account.address} is under water without a deal`);
    for (const deal of deals) offered.add(pairOf(deal));
    const deal = rarest(deals);
    for (const tried of deals.filter((other) => other === deal || !executed.has(pairOf(other)))) {
      expect(await rig.liquidate(view, tried)).toEqual(claimOf(tried));
      const { base, decimals } = view.price(tried.spend!.asset)!;
      // Half of the position, rounded to a unit of the debt token.
      const difference = health.debtBase - (2n * tried.spend!.amount * base) / 10n ** BigInt(decimals);
      count(tried, account, drained, difference >= 0n && difference <= 4n + (2n * base) / 10n ** BigInt(decimals));
    }
    // The same call, landing later than it was judged for: it is still accepted, and what is in hand suffices.
    if (rng.next() < 0.1) {
      const { repay } = await rig.liquidate(view, deal, next + 1n + BigInt(Math.floor(rng.between(0, 60))));
      expect(repay).toBeLessThanOrEqual(deal.spend!.inHand);
      seen.landedLater++;
    }
  }
}

describe('against the bytecode of Aave v3.6', () => {
  test('opens by Pool and by PoolAddressesProvider alike', async () => {
    const { pool, client, lab } = rig;
    const { aave } = lab.directory;
    expect(await readPool(client, aave.addressesProvider)).toEqual(pool);
    for (const address of [aave.pool, aave.addressesProvider])
      expect(await aaveV3.find(client, address)).toBe(aave.pool);
    for (const address of [aave.oracle, lab.directory.tokens.WETH.address]) {
      expect(await aaveV3.find(client, address)).toBeUndefined();
    }
    const us = { liquidator, wrappedNative: lab.directory.tokens.WETH.address };
    const { key, assets: listed } = await aaveV3.open(client, aave.pool, us);
    expect(key).toBe(`aave-v3:${aave.pool.toLowerCase()}`);
    expect(listed).toEqual(pool.assets);
    expect(pool).toMatchObject({
      address: lab.directory.aave.pool,
      oracle: lab.directory.aave.oracle,
      revision: 10n,
      baseUnit: 10n ** 8n,
      lastEMode: 1,
      thresholds: {
        fullCloseHealth: 95n * 10n ** 16n,
        fullCloseBase: 2000n * 10n ** 8n,
        minLeftoverBase: 1000n * 10n ** 8n,
      },
    });
    expect(pool.assets.map(({ symbol, address, decimals }) => ({ symbol, address, decimals }))).toEqual(
      symbols.map((symbol) => ({ symbol, ...lab.directory.tokens[symbol] })),
    );
  });

  test('reads the same on a chain that is not known to have Multicall3', async () => {
    const plain = createPublicClient({ transport: http(rig.lab.url) });
    const block = await rig.head();
    const pool = await readPool(plain, rig.lab.directory.aave.pool, block);
    expect(pool).toEqual(rig.pool);
    const market = marketOf(pool);
    const state = await market.read(plain, block);
    const accounts = await market.readAccounts(plain, state, rig.lab.directory.borrowers);
    const { view: _, ...read } = await rig.read(block);
    expect({ state, accounts }).toEqual(read);
  });

  test('finds every borrower in the logs', async () => {
    const { accounts, backfill } = marketOf(rig.pool).discovery;
    const { addresses, events } = backfill;
    const logs = await rig.client.getLogs({ address: [...addresses], events, fromBlock: 0n });
    const found = new Set<Address>((logs as unknown as SentLog[]).flatMap((log) => accounts(log)));
    expect(rig.lab.directory.borrowers.length).toBeGreaterThan(0);
    expect(rig.lab.directory.borrowers.filter((borrower) => !found.has(borrower.toLowerCase() as Address))).toEqual([]);
  });

  test('health and liquidations equal the chain to the last unit', async () => {
    for (let round = 0; round < ROUNDS; round++) await rig.undone(() => playRound(round));
    console.log(`differential: ${JSON.stringify(seen)}, pairs ${executed.size}`);
    expect(seen.healths).toBeGreaterThanOrEqual(1000);
    expect(seen.liquidations).toBeGreaterThanOrEqual(200);
    expect(seen.liquidations).toBeGreaterThanOrEqual(seen.underwater);
    expect([...executed.keys()].sort()).toEqual([...offered].sort());
    for (const [kind, times] of Object.entries(seen)) expect(times, kind).toBeGreaterThan(0);
  });

  test('deals of several accounts in one block equal the chain, where they share what a reserve can pay out', async () => {
    const played: SequencesSeen[] = [];
    for (let round = 0; round < 10; round++) {
      await rig.undone(async () => {
        const rng = random(7000 + round);
        await drain(rng.logBetween(1, 60));
        await shock(rng, round);
        if (round % 2 === 1) await crossPrices(rig, rng, 'WETH', 'WBTC');
        const block = await rig.mineAt((await rig.head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 30 * DAY))));
        const { accounts, view } = await rig.read(block);
        const next = view(block.timestamp + BigInt(Math.floor(rng.logBetween(1, DAY))));
        played.push(await playSequences(rig, next, [...accounts.keys()], rng, 24));
      });
    }
    expectEnough('3.6', played, 200);
  });
});
