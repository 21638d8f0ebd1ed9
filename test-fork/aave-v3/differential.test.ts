import {
  type Address,
  encodeFunctionData,
  type Hex,
  numberToHex,
  parseAbi,
  parseEventLogs,
  toFunctionSelector,
} from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { AaveAccount } from '../../keeper/src/protocols/aave-v3/account.ts';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { AaveMarket } from '../../keeper/src/protocols/aave-v3/market.ts';
import type { AaveState } from '../../keeper/src/protocols/aave-v3/state.ts';
import type { BlockRef, Option } from '../../keeper/src/protocols/protocol.ts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import { breakFeed, healthOf, mint } from '../lab/chain.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';

const MAX = 2n ** 256n - 1n;
const DAY = 86_400;
const ROUNDS = 14;
const symbols = Object.keys(assets) as AssetSymbol[];
const liquidator = labAddress(0, 'differential liquidator');
const whale = labAddress(0, 'differential whale');

const abi = parseAbi([
  'function set(int256)',
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'function setReservePause(address asset, bool paused, uint40 gracePeriod)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);

let lab: Lab;
let market: AaveMarket;

type Receipt = { status: Hex; logs: { address: Address; topics: [Hex, ...Hex[]]; data: Hex }[] };

/** Sends a transaction from any address and returns its receipt. */
async function send(from: Address, to: Address, data: Hex): Promise<Receipt> {
  const parameters = [{ from, to, data, gas: numberToHex(3_000_000) }];
  return (await lab.client.request({ method: 'eth_sendTransactionSync', params: parameters } as never)) as Receipt;
}

async function must(from: Address, to: Address, data: Hex): Promise<void> {
  const { status } = await send(from, to, data);
  if (status !== '0x1') throw new Error(`${to} refused ${data.slice(0, 10)} of ${from}`);
}

async function head(): Promise<BlockRef> {
  const { number, hash, timestamp } = await lab.client.getBlock();
  return { number: number!, hash: hash!, timestamp };
}

/** Mines one empty block at `timestamp`. */
async function mineAt(timestamp: bigint): Promise<BlockRef> {
  await lab.client.setNextBlockTimestamp({ timestamp });
  await lab.client.mine({ blocks: 1 });
  return head();
}

beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl'), anvil: { autoImpersonate: true } });
  const { client, directory } = lab;
  for (const address of [liquidator, whale]) await client.setBalance({ address, value: 10n ** 24n });
  for (const symbol of symbols) {
    const token = directory.tokens[symbol].address;
    await mint(lab, symbol, liquidator, 10n ** BigInt(directory.tokens[symbol].decimals + 8));
    await must(
      liquidator,
      token,
      encodeFunctionData({ abi, functionName: 'approve', args: [directory.aave.pool, MAX] }),
    );
  }
  market = await aaveV3.open(client as never, directory.aave.pool);
});

afterAll(() => lab.stop());

/** Leaves a few WETH in the Pool, so that it cannot pay out every collateral. */
async function drain(): Promise<void> {
  const { directory } = lab;
  const [weth, wbtc] = [directory.tokens.WETH.address, directory.tokens.WBTC.address];
  const pool = directory.aave.pool;
  const { reserves } = await aaveV3.readMarket(lab.client as never, market, await head());
  const free = reserves[market.assets.find(({ address }) => address === weth)!.id]!.virtualLiquidity;
  const amount = 100_000n * 10n ** 8n;
  await mint(lab, 'WBTC', whale, amount);
  await must(whale, wbtc, encodeFunctionData({ abi, functionName: 'approve', args: [pool, amount] }));
  await must(whale, pool, encodeFunctionData({ abi, functionName: 'supply', args: [wbtc, amount, whale, 0] }));
  const borrowed = free - 3n * 10n ** 18n;
  await must(whale, pool, encodeFunctionData({ abi, functionName: 'borrow', args: [weth, borrowed, 2n, 0, whale] }));
}

/** Prices that put accounts a little, or far, under water; stablecoins may break their peg. */
async function shock(rng: Random, round: number): Promise<void> {
  const depth = round % 3 === 2 ? 0.5 : 0.2;
  for (const symbol of symbols) {
    const stable = assets[symbol].decimals !== 8 && symbol !== 'WETH';
    const factor = stable ? rng.between(round % 2 ? 0.88 : 0.97, 1.04) : rng.between(1 - depth, 1 + depth);
    const price = BigInt(Math.round(Number(assets[symbol].price) * factor));
    await must(
      liquidator,
      lab.directory.feeds[symbol],
      encodeFunctionData({ abi, functionName: 'set', args: [price] }),
    );
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

/** Health of every account equals the Pool's, as of a block. */
async function compareHealth(state: AaveState, accounts: ReadonlyMap<Address, AaveAccount>, block: BlockRef) {
  const theirs = await healthOf(lab, [...accounts.keys()], block.number);
  for (const { account, healthFactor, totalCollateralBase, totalDebtBase } of theirs) {
    expect(aaveV3.health(market, state, accounts.get(account)!, block.timestamp)).toEqual({
      healthFactor,
      underwater: healthFactor < 10n ** 18n,
      collateralBase: totalCollateralBase,
      debtBase: totalDebtBase,
    });
    seen.healths++;
  }
}

/** What the Pool does with an option, in a block at `timestamp` that is undone again; throws when it refuses. */
async function liquidate(option: Option, timestamp: bigint): Promise<{ repay: bigint; seized: bigint }> {
  const { client, directory } = lab;
  const id = await client.snapshot();
  const { borrower, collateral, repay } = aaveV3.leg(market, option);
  await client.setNextBlockTimestamp({ timestamp });
  const args = [collateral, option.debtAsset, borrower, repay, false] as const;
  const receipt = await send(
    liquidator,
    directory.aave.pool,
    encodeFunctionData({ abi, functionName: 'liquidationCall', args }),
  );
  await client.revert({ id });
  if (receipt.status !== '0x1') throw new Error(`refused at ${timestamp}: ${Object.values(option)}`);
  const [event] = parseEventLogs({ abi, logs: receipt.logs as never, eventName: 'LiquidationCall' });
  const { debtToCover, liquidatedCollateralAmount, user } = event!.args;
  expect(user).toBe(option.account);
  expect(receipt.logs.flatMap((log) => aaveV3.discovery(market).accounts(log))).toContain(option.account);
  return { repay: debtToCover, seized: liquidatedCollateralAmount };
}

function count(option: Option, account: AaveAccount, drained: boolean): void {
  seen.liquidations++;
  if (option.argument !== MAX) seen[drained && option.seized < 3n * 10n ** 18n ? 'liquidityLimited' : 'dustLimited']++;
  else if (option.closesDebt) seen.closesDebt++;
  else if (option.closesCollateral) seen.closesCollateral++;
  else seen.half++;
  if (account.eMode !== 0) seen.eMode++;
  if (option.debtAsset === option.collateralAsset) seen.sameAsset++;
  executed.set(pairOf(option), (executed.get(pairOf(option)) ?? 0) + 1);
}

/** The option whose kind and pair has been tried least. */
const rarest = (options: readonly Option[]): Option =>
  options.reduce((best, option) => (rank(option) < rank(best) ? option : best));
const rank = (option: Option) => (executed.get(pairOf(option)) ?? 0) - (option.argument === MAX ? 0 : 1000);

async function playRound(round: number): Promise<void> {
  const rng = random(1000 + round);
  const drained = round % 4 === 3;
  if (drained) await drain();
  await shock(rng, round);
  const block = await mineAt((await head()).timestamp + BigInt(Math.floor(rng.logBetween(1, 60 * DAY))));
  const state = await aaveV3.readMarket(lab.client as never, market, block);
  const accounts = await aaveV3.readAccounts(lab.client as never, market, state, lab.directory.borrowers);
  expect(accounts.size).toBe(lab.directory.borrowers.length);
  await compareHealth(state, accounts, block);

  const next = block.timestamp + BigInt(Math.floor(rng.logBetween(1, 90 * DAY)));
  const id = await lab.client.snapshot();
  await compareHealth(state, accounts, await mineAt(next));
  await lab.client.revert({ id });

  for (const account of accounts.values()) {
    const health = aaveV3.health(market, state, account, next);
    if ('error' in health || !health.underwater) continue;
    seen.underwater++;
    const options = aaveV3.options(market, state, account, next);
    if (options.length === 0) throw new Error(`${account.address} is under water without an option`);
    for (const option of options) offered.add(pairOf(option));
    const option = rarest(options);
    for (const tried of options.filter((other) => other === option || !executed.has(pairOf(other)))) {
      expect(await liquidate(tried, next)).toEqual({ repay: tried.repay, seized: tried.seized });
      count(tried, account, drained);
    }
    // The same call, landing later than it was judged for: it is still accepted, and what is in hand suffices.
    if (rng.next() < 0.1) {
      const { repay } = await liquidate(option, next + 1n + BigInt(Math.floor(rng.between(0, 60))));
      expect(repay).toBeLessThanOrEqual(option.funding);
      seen.landedLater++;
    }
  }
}

describe('against the bytecode of Aave v3.6', () => {
  test('opens by Pool and by PoolAddressesProvider alike', async () => {
    const { directory, client } = lab;
    expect(await aaveV3.open(client as never, directory.aave.addressesProvider)).toEqual(market);
    expect(market).toMatchObject({
      chainId: 31337,
      address: directory.aave.pool,
      oracle: directory.aave.oracle,
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
      symbols.map((symbol) => ({ symbol, ...directory.tokens[symbol] })),
    );
  });

  test('finds every borrower in the logs', async () => {
    const { addresses, events } = aaveV3.discovery(market).backfill;
    const logs = await lab.client.getLogs({ address: [...addresses], events, fromBlock: 0n } as never);
    const found = new Set((logs as Receipt['logs']).flatMap((log) => aaveV3.discovery(market).accounts(log)));
    expect(lab.directory.borrowers.length).toBeGreaterThan(0);
    expect(lab.directory.borrowers.filter((borrower) => !found.has(borrower))).toEqual([]);
  });

  test('health and liquidations equal the chain to the last unit', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await lab.client.snapshot();
      await playRound(round);
      await lab.client.revert({ id });
    }
    console.log(`differential: ${JSON.stringify(seen)}, pairs ${executed.size}`);
    expect(seen.healths).toBeGreaterThanOrEqual(1000);
    expect(seen.liquidations).toBeGreaterThanOrEqual(200);
    expect(seen.liquidations).toBeGreaterThanOrEqual(seen.underwater);
    expect([...executed.keys()].sort()).toEqual([...offered].sort());
    for (const [kind, times] of Object.entries(seen)) expect(times, kind).toBeGreaterThan(0);
  });

  test('an account whose price source reverts is set aside with its reason, the others are judged', async () => {
    const id = await lab.client.snapshot();
    await breakFeed(lab, 'WBTC');
    const block = await head();
    const state = await aaveV3.readMarket(lab.client as never, market, block);
    const accounts = await aaveV3.readAccounts(lab.client as never, market, state, lab.directory.borrowers);
    const wbtc = market.assets.find(({ symbol }) => symbol === 'WBTC')!;
    const uses = (account: AaveAccount) => account.positions.some((position) => position.id === wbtc.id);
    const [affected, others] = [
      [...accounts.values()].filter(uses),
      new Map([...accounts].filter(([, account]) => !uses(account))),
    ];
    expect(affected.length).toBeGreaterThan(0);
    for (const account of affected) {
      const judged = aaveV3.health(market, state, account, block.timestamp);
      expect(judged).toEqual({
        error: `no price for WBTC (${wbtc.address}): the oracle reverted with ${toFunctionSelector('FeedIsBroken()')}`,
      });
      expect(aaveV3.options(market, state, account, block.timestamp)).toEqual([]);
    }
    expect(others.size).toBeGreaterThan(0);
    await compareHealth(state, others, block);
    await lab.client.revert({ id });
  });

  test('a paused reserve and one in its grace period offer nothing; the second after, all of it', async () => {
    const id = await lab.client.snapshot();
    const { directory, client } = lab;
    const halved = encodeFunctionData({ abi, functionName: 'set', args: [assets.WETH.price / 2n] });
    await must(liquidator, directory.feeds.WETH, halved);
    const pause = (paused: boolean, grace: number) =>
      must(
        directory.aave.aclAdmin,
        market.configurator,
        encodeFunctionData({
          abi,
          functionName: 'setReservePause',
          args: [directory.tokens.WETH.address, paused, grace],
        }),
      );
    const offers = async (timestamp?: bigint) => {
      const state = await aaveV3.readMarket(client as never, market, await head());
      const accounts = await aaveV3.readAccounts(client as never, market, state, directory.borrowers);
      return [...accounts.values()]
        .flatMap((account) => aaveV3.options(market, state, account, timestamp ?? state.block.timestamp + 1n))
        .filter(({ collateralAsset }) => collateralAsset === directory.tokens.WETH.address);
    };

    const before = await offers();
    expect(before.length).toBeGreaterThan(0);
    await pause(true, 0);
    expect(await offers()).toEqual([]);
    await expect(liquidate(before[0]!, (await head()).timestamp + 1n)).rejects.toThrow('refused');

    await pause(false, 3600);
    const until = (await head()).timestamp + 3600n;
    expect(await offers(until)).toEqual([]);
    await expect(liquidate(before[0]!, until)).rejects.toThrow('refused');
    const after = await offers(until + 1n);
    expect(after.length).toBeGreaterThanOrEqual(before.length);
    const [option] = after;
    expect(await liquidate(option!, until + 1n)).toEqual({ repay: option!.repay, seized: option!.seized });
    await lab.client.revert({ id });
  });
});
