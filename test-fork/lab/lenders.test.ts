import { type Address, parseAbi, zeroAddress } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Actor, actor } from './actor.ts';
import { forkLab, type Lab } from './anvil.ts';
import { compileContracts, foundryArtifact, npmArtifact } from './artifacts.ts';
import { mint } from './chain.ts';
import type { AssetSymbol } from './tokens.ts';

const ALICE: Address = '0x00000000000000000000000000000000000a11ce';
const erc20Abi = parseAbi([
  'function balanceOf(address) view returns (uint256)',
  'function approve(address, uint256)',
  'function transfer(address, uint256)',
]);

let lab: Lab;
let alice: Actor;
/** A contract that borrows from anybody. */
let borrower: Address;
beforeAll(async () => {
  await compileContracts('all');
  lab = await forkLab({ url: inject('labUrl'), anvil: { autoImpersonate: true } });
  alice = await actor(lab, ALICE);
  borrower = await alice.deploy(foundryArtifact('FlashBorrower'));
});
afterAll(() => lab?.stop());

let snapshot: `0x${string}`;
beforeEach(async () => {
  if (snapshot) await lab.client.revert({ id: snapshot });
  snapshot = await lab.client.snapshot();
});

const token = (symbol: AssetSymbol) => lab.directory.tokens[symbol].address;
const balance = (symbol: AssetSymbol, of: Address) =>
  lab.client.readContract({ address: token(symbol), abi: erc20Abi, functionName: 'balanceOf', args: [of] });

/** Sends the borrower to a lender with `own` of the token in its pocket; returns what it held and what it was charged. */
async function borrow(
  method: string,
  lender: Address,
  symbol: AssetSymbol,
  amount: bigint,
  own = 0n,
  ...more: unknown[]
) {
  if (own > 0n) await mint(lab, symbol, borrower, own);
  const { abi } = foundryArtifact('FlashBorrower');
  const before = await balance(symbol, lender);
  await alice.send(borrower, abi, method, [lender, token(symbol), amount, ...more]);
  const read = (functionName: string) => lab.client.readContract({ address: borrower, abi, functionName });
  const [held, fee] = (await Promise.all([read('held'), read('fee')])) as [bigint, bigint];
  return { held, fee, gained: (await balance(symbol, lender)) - before };
}

const symbols: AssetSymbol[] = ['WETH', 'WBTC', 'USDC', 'DAI', 'USDT'];

test.each(symbols)('Morpho Blue lends all its %s for nothing', async (symbol) => {
  const { morpho } = lab.directory.morpho;
  const amount = await balance(symbol, morpho);
  expect(amount).toBeGreaterThan(0n);
  expect(await borrow('borrowMorpho', morpho, symbol, amount)).toEqual({ held: amount, fee: 0n, gained: 0n });
});

describe('Balancer v2', () => {
  test.each(symbols)('the Vault lends all its %s for nothing', async (symbol) => {
    const { vault } = lab.directory.balancerV2;
    const amount = await balance(symbol, vault);
    expect(amount).toBeGreaterThan(0n);
    expect(await borrow('borrowBalancerV2', vault, symbol, amount)).toEqual({ held: amount, fee: 0n, gained: 0n });
  });

  test('a fee set by its admin is charged, rounded up, and goes to the collector', async () => {
    const { vault, feesCollector, feeAdmin } = lab.directory.balancerV2;
    const collectorAbi = parseAbi(['function setFlashLoanFeePercentage(uint256)']);
    const admin = await actor(lab, feeAdmin);
    await admin.send(feesCollector, collectorAbi, 'setFlashLoanFeePercentage', [10n ** 14n]);
    // 1 bp of 1,000.000001 USDC is 100000.0001 units.
    const amount = 1_000_000_001n;
    expect(await borrow('borrowBalancerV2', vault, 'USDC', amount, 100_001n)).toEqual({
      held: amount + 100_001n,
      fee: 100_001n,
      gained: 0n,
    });
    expect(await balance('USDC', feesCollector)).toBe(100_001n);
  });
});

test.each(symbols)('the Balancer v3 Vault lends all its %s for nothing', async (symbol) => {
  const { vault } = lab.directory.balancerV3;
  const amount = await balance(symbol, vault);
  expect(amount).toBeGreaterThan(0n);
  expect(await borrow('borrowBalancerV3', vault, symbol, amount)).toEqual({ held: amount, fee: 0n, gained: 0n });
});

describe('Uniswap v2', () => {
  const pairAbi = parseAbi([
    'function token0() view returns (address)',
    'function getReserves() view returns (uint112, uint112, uint32)',
  ]);
  const routerAbi = parseAbi([
    'function swapExactTokensForTokens(uint256, uint256, address[], address, uint256) returns (uint256[])',
  ]);

  test('pairs stand at the oracle price, $50M a side', async () => {
    const { uniswapV2, pancakeV2 } = lab.directory;
    for (const { pairs } of [uniswapV2, pancakeV2]) {
      expect(Object.keys(pairs)).toHaveLength(4);
      expect(await balance('WETH', pairs.WETH_USDC)).toBe(25_000n * 10n ** 18n);
      expect(await balance('USDC', pairs.WETH_USDC)).toBe(50_000_000_000_000n);
      expect(await balance('WBTC', pairs.WBTC_WETH)).toBe(83_333_333_333n);
      expect(await balance('DAI', pairs.WETH_DAI)).toBe(50_000_000n * 10n ** 18n);
      expect(await balance('USDT', pairs.WETH_USDT)).toBe(50_000_000_000_000n);
    }
  });

  test('a swap through the router pays what the formula says', async () => {
    const { router, pairs } = lab.directory.uniswapV2;
    const pair = { address: pairs.WETH_USDC, abi: pairAbi } as const;
    const first = await lab.client.readContract({ ...pair, functionName: 'token0' });
    const [r0, r1] = await lab.client.readContract({ ...pair, functionName: 'getReserves' });
    const [reserveIn, reserveOut] = first === token('WETH') ? [r0, r1] : [r1, r0];
    const amountIn = 123_456_789_012_345_678_901n;
    const expected = (amountIn * 997n * reserveOut) / (reserveIn * 1000n + amountIn * 997n);
    await mint(lab, 'WETH', ALICE, amountIn);
    await alice.send(token('WETH'), erc20Abi, 'approve', [router, amountIn]);
    const path = [token('WETH'), token('USDC')];
    await alice.send(router, routerAbi, 'swapExactTokensForTokens', [amountIn, 0n, path, ALICE, 2n ** 64n]);
    expect(await balance('USDC', ALICE)).toBe(expected);
  });

  test.each([
    ['Uniswap', 'uniswapV2', 9970n],
    ['PancakeSwap', 'pancakeV2', 9980n],
  ] as const)('a flash swap of %s is repaid with its fee and no less', async (_, section, keptBps) => {
    const pair = lab.directory[section].pairs.WETH_USDC;
    const amount = 1_000_000_000_000n;
    const fee = (amount * 10_000n) / keptBps + 1n - amount;
    expect(await borrow('borrowV2', pair, 'USDC', amount, fee, keptBps)).toEqual({
      held: amount + fee,
      fee,
      gained: fee,
    });
    await expect(borrow('borrowV2', pair, 'USDC', amount, fee, keptBps + 1n)).rejects.toThrow(': K');
  });
});

test('Aave v3.0 lends for its premium of 9 bps', async () => {
  const { pool, dataProvider } = lab.directory.aaveV30;
  const revisionAbi = parseAbi(['function POOL_REVISION() view returns (uint256)']);
  expect(await lab.client.readContract({ address: pool, abi: revisionAbi, functionName: 'POOL_REVISION' })).toBe(1n);
  const tokensAbi = parseAbi(['function getReserveTokensAddresses(address) view returns (address, address, address)']);
  for (const symbol of symbols) {
    const [aToken] = await lab.client.readContract({
      address: dataProvider,
      abi: tokensAbi,
      functionName: 'getReserveTokensAddresses',
      args: [token(symbol)],
    });
    const amount = 10_000_000n;
    const before = await balance(symbol, aToken);
    const loan = await borrow('borrowAave', pool, symbol, amount, 9_000n);
    expect(loan).toEqual({ held: amount + 9_000n, fee: 9_000n, gained: 0n });
    expect(await balance(symbol, aToken)).toBe(before + 9_000n);
  }
});

describe('Uniswap v4', () => {
  test.each(['WETH', 'USDC'] as const)('the PoolManager lends all its %s for nothing', async (symbol) => {
    const { poolManager } = lab.directory.uniswapV4;
    const amount = await balance(symbol, poolManager);
    expect(amount).toBeGreaterThan(0n);
    expect(await borrow('borrowUniswapV4', poolManager, symbol, amount)).toEqual({ held: amount, fee: 0n, gained: 0n });
  });

  test('it lends native ether', async () => {
    const { poolManager } = lab.directory.uniswapV4;
    const amount = await lab.client.getBalance({ address: poolManager });
    expect(amount).toBeGreaterThan(149_000n * 10n ** 18n);
    const { abi } = foundryArtifact('FlashBorrower');
    await alice.send(borrower, abi, 'borrowUniswapV4', [poolManager, zeroAddress, amount]);
    expect(await lab.client.readContract({ address: borrower, abi, functionName: 'held' })).toBe(amount);
    expect(await lab.client.getBalance({ address: poolManager })).toBe(amount);
  });

  test.each([
    ['WETH_USDC', 500n],
    ['ETH_USDC', 3000n],
  ] as const)('a swap in %s pays the price of the oracle less the fee', async (name, fee) => {
    const { swapRouter, pools } = lab.directory.uniswapV4;
    const { id: _, ...key } = pools[name];
    const { abi } = npmArtifact('@uniswap/v4-core/out/PoolSwapTest.sol/PoolSwapTest.json');
    const amount = 10n ** 18n;
    const native = name === 'ETH_USDC';
    if (!native) {
      await mint(lab, 'WETH', ALICE, amount);
      await alice.send(token('WETH'), erc20Abi, 'approve', [swapRouter, amount]);
    }
    const zeroForOne = key.currency1 === token('USDC');
    const sqrtPriceLimitX96 = zeroForOne ? 4_295_128_740n : 2n ** 159n;
    const swap = { zeroForOne, amountSpecified: -amount, sqrtPriceLimitX96 };
    const settings = { takeClaims: false, settleUsingBurn: false };
    await alice.send(swapRouter, abi, 'swap', [key, swap, settings, '0x'], native ? amount : 0n);
    const paid = await balance('USDC', ALICE);
    const ideal = (2_000_000_000n * (1_000_000n - fee)) / 1_000_000n;
    expect(paid).toBeLessThan(ideal);
    // One of 150,000 ether moves the price by 13 millionths, and half of that is paid.
    expect(paid).toBeGreaterThan((ideal * 999_990n) / 1_000_000n);
  });
});

test('the ERC-4626 vault takes WETH in and pays it out, a share at 1.1 of it', async () => {
  const { WETH: vault } = lab.directory.erc4626;
  const vaultAbi = parseAbi([
    'function asset() view returns (address)',
    'function deposit(uint256, address) returns (uint256)',
    'function redeem(uint256, address, address) returns (uint256)',
  ]);
  expect(await lab.client.readContract({ address: vault, abi: vaultAbi, functionName: 'asset' })).toBe(token('WETH'));
  const amount = 11n * 10n ** 18n;
  await mint(lab, 'WETH', ALICE, amount);
  await alice.send(token('WETH'), erc20Abi, 'approve', [vault, amount]);
  await alice.send(vault, vaultAbi, 'deposit', [amount, ALICE]);
  const shares = await lab.client.readContract({
    address: vault,
    abi: erc20Abi,
    functionName: 'balanceOf',
    args: [ALICE],
  });
  expect(shares).toBe(10n * 10n ** 18n);
  await alice.send(vault, vaultAbi, 'redeem', [shares, ALICE, ALICE]);
  // One wei stays with the other owners.
  expect(await balance('WETH', ALICE)).toBe(amount - 1n);
});
