import { type Address, erc20Abi, type Hash, parseAbi } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readTally } from '../../keeper/src/contract/plan.ts';
import { agreeWithChain, allowancesLeft, holdings, type Row, rowOf } from '../demo/check.ts';
import { mineUntilDone } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { healthOf, setPrice } from '../lab/chain.ts';
import type { AssetSymbol } from '../lab/tokens.ts';

const WAD = 10n ** 18n;
const USD = 10n ** 8n;
const liquidatorAbi = parseAbi([
  'event PlanExecuted(address indexed operator, uint256 value, uint256 tally, (address token, uint256 amount)[] profits)',
]);
const uniswapAbi = parseAbi([
  'event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
]);
const poolAbi = parseAbi([
  'function getReserveAToken(address) view returns (address)',
  'function getReserveVariableDebtToken(address) view returns (address)',
]);
const oracleAbi = parseAbi(['function getAssetPrice(address) view returns (uint256)']);

/** Of the lines of a keeper, the accounts. */
const accountsOf = (lines: readonly LogLine[], msg: string) =>
  lines.filter((line) => line.msg === msg).map(({ account }) => account as Address);

describe('ether falls by 15 %', () => {
  let scene: Scene;
  let keeper: KeeperProcess;
  let rehearsal: readonly LogLine[];
  let rows: Row[];
  let fromBlock: bigint;
  let before: { treasury: Record<string, bigint>; nonce: number; code: number | null };
  /** Accounts made to measure, by what is to become of them. */
  let made: Record<'half' | 'whole' | 'dust' | 'sameAsset', Address>;

  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    const { client, operator, treasury } = scene;
    made = {
      // Health 0.98 and much of everything: half may be closed.
      half: await openAccount(scene, 'half', { collateral: { WETH: 25 }, debt: { USDC: 36_000 } }),
      // Health 0.90.
      whole: await openAccount(scene, 'whole', { collateral: { WETH: 25 }, debt: { USDC: 39_000 } }),
      // Half of the debt, $1,710, would leave less than $1,000 of either collateral of $2,100.
      dust: await openAccount(scene, 'dust', {
        collateral: { WETH: 2_100 / 1_700, WBTC: 2_100 / 60_000 },
        debt: { DAI: 3_420 },
      }),
      // Falls under the line by the dollars it owes; most of its debt is in what it has supplied.
      sameAsset: await openAccount(scene, 'same asset', {
        collateral: { WETH: 100 },
        debt: { WETH: 55, USDT: 50_000 },
      }),
    };
    await setPrice(scene, 'WETH', 1_700n * USD);

    const nonce = await client.getTransactionCount({ address: operator });
    const look = scene.keeper(['--once', '--dry-run', '--max-legs', '1']);
    const code = await look.ended;
    rehearsal = look.lines;
    before = { treasury: await holdings(scene, treasury), nonce, code };
    expect(await client.getTransactionCount({ address: operator })).toBe(nonce);

    fromBlock = await client.getBlockNumber({ cacheTime: 0 });
    await client.setAutomine(false);
    // One account a transaction: what is said of each is then of it alone.
    keeper = scene.keeper(['--max-in-flight', '24', '--max-legs', '1']);
    await mineUntilDone(scene, keeper);
    // What it had on its way would be in the block on which the second one rehearses.
    expect(await keeper.stop()).toBe(0);
    rows = keeper.lines.filter(({ msg }) => msg === 'landed').map(rowOf);
  });
  afterAll(() => scene?.stop());

  test('--once --dry-run says what it would do, sends nothing and ends with 0', () => {
    expect(before).toMatchObject({ nonce: 0, code: 0 });
    const said = accountsOf(rehearsal, 'would liquidate');
    expect(said.length).toBeGreaterThanOrEqual(20);
    expect(rows.map(({ account }) => account)).toEqual(expect.arrayContaining(said));
  });

  test('every borrower is found, from the block that created the Pool', () => {
    const line = keeper.lines.find(({ msg }) => msg === 'every borrower is read')!;
    expect(line.fromBlock).toBe(String(scene.directory.aave.creationBlock));
    expect(line.accounts).toBeGreaterThanOrEqual(scene.directory.borrowers.length + Object.keys(made).length);
  });

  test('20 accounts and more are liquidated, and every line is a LiquidationCall of the Pool to the last unit', async () => {
    expect(new Set(rows.map(({ account }) => account)).size).toBeGreaterThanOrEqual(20);
    await agreeWithChain(scene, rows, fromBlock + 1n);
  });

  test('the profit told is what the treasury received, and the operator holds no token', async () => {
    const { treasury, operator } = scene;
    expect(treasury).not.toBe(operator);
    const after = await holdings(scene, treasury);
    const told: Record<string, bigint> = Object.fromEntries(Object.keys(after).map((symbol) => [symbol, 0n]));
    for (const row of rows) for (const [symbol, amount] of Object.entries(row.profit)) told[symbol]! += amount;
    const received = Object.entries(after).map(([symbol, amount]) => [symbol, amount - before.treasury[symbol]!]);
    expect(Object.fromEntries(received)).toEqual(told);
    expect(told.WETH).toBeGreaterThan(WAD);
    expect(Object.values(await holdings(scene, operator)).filter((amount) => amount !== 0n)).toEqual([]);
  });

  test('the Liquidator is left with no token and no allowance', async () => {
    const { liquidator, treasury, operator } = scene;
    expect(Object.values(await holdings(scene, liquidator)).filter((amount) => amount !== 0n)).toEqual([]);
    expect(await allowancesLeft(scene, liquidator, [treasury, operator])).toBe(0);
  });

  test('nobody is left under water whose liquidation pays: a second keeper has a reason for each and would send nothing', async () => {
    const second = scene.keeper(['--once', '--dry-run']);
    expect(await second.ended).toBe(0);
    expect(accountsOf(second.lines, 'would liquidate')).toEqual([]);
    const all = await healthOf(scene, [...scene.directory.borrowers, ...Object.values(made)]);
    const left = all.filter(({ healthFactor }) => healthFactor < WAD).map(({ account }) => account);
    expect(accountsOf(second.lines, 'skipped')).toEqual(expect.arrayContaining(left));
  });

  test('health between 0.95 and 1 and more than $2,000 on both sides: half is closed', async () => {
    const row = await only(made.half, 950n, 1_000n);
    expect([row.debt, row.collateral]).toEqual(['USDC', 'WETH']);
    const left = await owed(row, 'USDC');
    // Half is taken in base currency and the rest is scaled: each rounds by a unit or two. It is half of what is owed when it is
    // judged; what has accrued since is left.
    const difference = left - row.repaid;
    expect(difference).toBeGreaterThanOrEqual(-4n);
    expect(difference).toBeLessThanOrEqual(row.repaid / 1_000_000n);
  });

  test('health of 0.95 and less: all is closed', async () => {
    const row = await only(made.whole, 0n, 950n);
    expect(await owed(row, 'USDC')).toBe(0n);
    expect(row.repaid).toBeGreaterThanOrEqual(39_000n * 10n ** 6n);
  });

  test('no dust is left: as much is taken as leaves $1,000 of the collateral', async () => {
    const row = await only(made.dust, 950n, 1_000n);
    const left = await supplied(row, row.collateral as AssetSymbol);
    expect(left).toBeGreaterThanOrEqual(1_000n * USD);
    // The keeper stays a thousandth below what is legal.
    expect(left).toBeLessThan(1_002n * USD);
  });

  test('debt and collateral in one asset: a flash loan and no swap', async () => {
    const row = await only(made.sameAsset, 950n, 1_000n);
    expect([row.debt, row.collateral]).toEqual(['WETH', 'WETH']);
    const { swaps, flashFee } = await funding(row.hash);
    expect(swaps).toBe(0);
    // Aave's 5 bps, rounded up, of the loan; it is repaid with a minute of interest on top.
    expect(flashFee).toBeGreaterThanOrEqual((row.repaid * 5n) / 10_000n);
    expect(row.profit).toEqual({ WETH: row.seized - row.repaid - flashFee });
  });

  /** The account's one row; its health in the block before was between the two permilles. */
  async function only(account: Address, above: bigint, below: bigint): Promise<Row> {
    const mine = rows.filter((row) => row.account === account);
    expect(mine).toHaveLength(1);
    const { blockNumber } = await scene.client.getTransactionReceipt({ hash: mine[0]!.hash });
    const [health] = await healthOf(scene, [account], blockNumber - 1n);
    expect(health!.healthFactor * 1_000n).toBeGreaterThan(above * WAD);
    expect(health!.healthFactor * 1_000n).toBeLessThan(below * WAD);
    return mine[0]!;
  }

  /** What the account owes of an asset at the end of the block of its liquidation, smallest units. */
  const owed = (row: Row, symbol: AssetSymbol) => balance(row, symbol, 'getReserveVariableDebtToken');

  /** What the account has supplied of an asset there, USD with 8 decimals. */
  async function supplied(row: Row, symbol: AssetSymbol): Promise<bigint> {
    const { oracle } = scene.directory.aave;
    const { address, decimals } = scene.directory.tokens[symbol];
    const price = await scene.client.readContract({
      address: oracle,
      abi: oracleAbi,
      functionName: 'getAssetPrice',
      args: [address],
    });
    return ((await balance(row, symbol, 'getReserveAToken')) * price) / 10n ** BigInt(decimals);
  }

  async function balance(
    { account, hash }: Row,
    symbol: AssetSymbol,
    which: 'getReserveAToken' | 'getReserveVariableDebtToken',
  ) {
    const { client, directory } = scene;
    const { blockNumber } = await client.getTransactionReceipt({ hash });
    const args = [directory.tokens[symbol].address] as const;
    const address = await client.readContract({
      address: directory.aave.pool,
      abi: poolAbi,
      functionName: which,
      args,
    });
    const of = { address, abi: erc20Abi, functionName: 'balanceOf', args: [account] } as const;
    return client.readContract({ ...of, blockNumber });
  }

  async function funding(hash: Hash): Promise<{ swaps: number; flashFee: bigint }> {
    const { client } = scene;
    const { blockHash } = await client.getTransactionReceipt({ hash });
    const own = <T extends { transactionHash: Hash }>(logs: T[]) => logs.filter((log) => log.transactionHash === hash);
    const swaps = own(await client.getLogs({ event: uniswapAbi[0], blockHash }));
    const plans = own(await client.getLogs({ event: liquidatorAbi[0], address: scene.liquidator, blockHash }));
    return { swaps: swaps.length, flashFee: readTally(plans[0]!.args.tally!).flashFee };
  }
});
