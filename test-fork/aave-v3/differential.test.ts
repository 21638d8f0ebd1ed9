import { type Address, createPublicClient, encodeFunctionData, http } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { Account, Option } from '../../keeper/src/protocols/protocol.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import { type Random, random } from '../lab/random.ts';
import { assets } from '../lab/tokens.ts';
import { abi, createRig, MAX, type Rig, type SentLog, symbols } from './rig.ts';

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
async function drain(): Promise<void> {
  const { lab, market, send } = rig;
  const [weth, wbtc] = [lab.directory.tokens.WETH.address, lab.directory.tokens.WBTC.address];
  const pool = market.address;
  const { state } = await rig.read(await rig.head());
  const free = state.reserves[market.assets.find(({ address }) => address === weth)!.id]!.liquidity;
  const amount = 100_000n * 10n ** 8n;
  await mint(lab, 'WBTC', whale, amount);
  await send(whale, wbtc, encodeFunctionData({ abi, functionName: 'approve', args: [pool, amount] }));
  await send(whale, pool, encodeFunctionData({ abi, functionName: 'supply', args: [wbtc, amount, whale, 0] }));
  const args = [weth, free - LEFT, 2n, 0, whale] as const;
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
const pairOf = ({ debtAsset, collateralAsset }: Option) => `${debtAsset} ${collateralAsset}`;

function count(option: Option, account: Account, drained: boolean, half: boolean): void {
  seen.liquidations++;
  if (option.closesDebt) seen.closesDebt++;
  else if (option.closesCollateral) seen.closesCollateral++;
  else if (half) seen.half++;
  else seen[drained && option.seized < LEFT ? 'liquidityLimited' : 'dustLimited']++;
  if (account.group !== 0) seen.eMode++;
  if (option.debtAsset === option.collateralAsset) seen.sameAsset++;
  executed.set(pairOf(option), (executed.get(pairOf(option)) ?? 0) + 1);
}

/** The option whose kind and pair has been tried least. */
const rarest = (options: readonly Option[]): Option =>
  options.reduce((best, option) => (rank(option) < rank(best) ? option : best));
const rank = (option: Option) => (executed.get(pairOf(option)) ?? 0) - (option.argument === MAX ? 0 : 1000);

async function playRound(round: number): Promise<void> {
  const { market, lab } = rig;
  const rng = random(1000 + round);
  const drained = round % 4 === 3;
  if (drained) await drain();
  await shock(rng, round);
  const block = await rig.mineAt((await rig.head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 60 * DAY))));
  const { state, accounts } = await rig.read(block);
  expect(accounts.size).toBe(lab.directory.borrowers.length);
  seen.healths += await rig.compareHealth(state, accounts, block);
  const next = block.timestamp + BigInt(Math.floor(rng.logBetween(1, 90 * DAY)));
  seen.healths += await rig.undone(async () => rig.compareHealth(state, accounts, await rig.mineAt(next)));

  for (const account of accounts.values()) {
    const health = aaveV3.health(market, state, account, next);
    if ('error' in health || !health.underwater) continue;
    seen.underwater++;
    const options = aaveV3.options(market, state, account, next);
    if (options.length === 0) throw new Error(`${account.address} is under water without an option`);
    for (const option of options) offered.add(pairOf(option));
    const option = rarest(options);
    for (const tried of options.filter((other) => other === option || !executed.has(pairOf(other)))) {
      expect(await rig.liquidate(tried, next)).toEqual({ repay: tried.repay, seized: tried.seized });
      const { base, decimals } = aaveV3.price(market, state, tried.debtAsset)!;
      // Half of the position, rounded to a unit of the debt token.
      const difference = health.debtBase - (2n * tried.repay * base) / 10n ** BigInt(decimals);
      count(tried, account, drained, difference >= 0n && difference <= 4n + (2n * base) / 10n ** BigInt(decimals));
    }
    // The same call, landing later than it was judged for: it is still accepted, and what is in hand suffices.
    if (rng.next() < 0.1) {
      const { repay } = await rig.liquidate(option, next + 1n + BigInt(Math.floor(rng.between(0, 60))));
      expect(repay).toBeLessThanOrEqual(option.funding);
      seen.landedLater++;
    }
  }
}

describe('against the bytecode of Aave v3.6', () => {
  test('opens by Pool and by PoolAddressesProvider alike', async () => {
    const { market, client, lab } = rig;
    expect(await aaveV3.open(client, lab.directory.aave.addressesProvider)).toEqual(market);
    expect(market).toMatchObject({
      chainId: 31337,
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
    expect(market.assets.map(({ symbol, address, decimals }) => ({ symbol, address, decimals }))).toEqual(
      symbols.map((symbol) => ({ symbol, ...lab.directory.tokens[symbol] })),
    );
  });

  test('reads the same on a chain that is not known to have Multicall3', async () => {
    const plain = createPublicClient({ transport: http(rig.lab.url) });
    const block = await rig.head();
    const market = await aaveV3.open(plain, rig.lab.directory.aave.pool, block);
    expect(market).toEqual(rig.market);
    const state = await aaveV3.readMarket(plain, market, block);
    const accounts = await aaveV3.readAccounts(plain, market, state, rig.lab.directory.borrowers);
    expect({ state, accounts }).toEqual(await rig.read(block));
  });

  test('finds every borrower in the logs', async () => {
    const { accounts, backfill } = aaveV3.discovery(rig.market);
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
});
