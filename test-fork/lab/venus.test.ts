import { type Abi, type Address, parseAbi } from 'viem';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type Actor, actor } from './actor.ts';
import { forkLab, type Lab } from './anvil.ts';
import { mint, setPrice } from './chain.ts';
import type { AssetSymbol } from './tokens.ts';

const [ALICE, BOB]: Address[] = [
  '0x00000000000000000000000000000000000a11ce',
  '0x0000000000000000000000000000000000000b0b',
];
const erc20Abi = parseAbi(['function balanceOf(address) view returns (uint256)', 'function approve(address, uint256)']);
const comptrollerAbi = parseAbi([
  'function enterMarkets(address[]) returns (uint256[])',
  'function getAccountLiquidity(address) view returns (uint256, uint256, uint256)',
]);
const vTokenAbi = parseAbi([
  'function mint(uint256) returns (uint256)',
  'function borrow(uint256) returns (uint256)',
  'function redeem(uint256) returns (uint256)',
  'function liquidateBorrow(address, uint256, address) returns (uint256)',
  'function borrowBalanceStored(address) view returns (uint256)',
  'function exchangeRateStored() view returns (uint256)',
  'function borrowIndex() view returns (uint256)',
  'function accrueInterest() returns (uint256)',
]);
const nativeAbi = parseAbi([
  'function mint() payable',
  'function borrow(uint256) returns (uint256)',
  'function redeem(uint256) returns (uint256)',
  'function liquidateBorrow(address, address) payable',
  'function borrowBalanceStored(address) view returns (uint256)',
  'function exchangeRateStored() view returns (uint256)',
]);
const gateAbi = parseAbi([
  'function liquidateBorrow(address, address, uint256, address) payable',
  'error LiquidationFailed(uint256)',
]);
const WAD = 10n ** 18n;

let lab: Lab;
let [alice, bob]: Actor[] = [];
beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl'), anvil: { autoImpersonate: true } });
  [alice, bob] = [await actor(lab, ALICE!), await actor(lab, BOB!)];
});
afterAll(() => lab?.stop());

let snapshot: `0x${string}`;
beforeEach(async () => {
  if (snapshot) await lab.client.revert({ id: snapshot });
  snapshot = await lab.client.snapshot();
});

const token = (symbol: AssetSymbol) => lab.directory.tokens[symbol].address;
const balance = (address: Address, of: Address) =>
  lab.client.readContract({ address, abi: erc20Abi, functionName: 'balanceOf', args: [of] });
const number = (address: Address, functionName: string, args: readonly unknown[] = []) =>
  lab.client.readContract({ address, abi: vTokenAbi as Abi, functionName, args }) as Promise<bigint>;

/** Calls a function that reports failure by its return value, sends it, and returns that value. */
async function code({ address, send }: Actor, to: Address, abi: Abi, functionName: string, args: readonly unknown[]) {
  const call = { account: address, address: to, abi, functionName, args } as const;
  const { result } = await lab.client.simulateContract(call);
  await send(to, abi, functionName, args);
  return result as unknown as bigint;
}

async function supply(from: Actor, market: Address, symbol: AssetSymbol, amount: bigint) {
  await mint(lab, symbol, from.address, amount);
  await from.send(token(symbol), erc20Abi, 'approve', [market, amount]);
  expect(await code(from, market, vTokenAbi, 'mint', [amount])).toBe(0n);
}

/** Alice puts up 10 WETH and borrows 15,000 USDC, and WETH falls to 1,800: a shortfall of 600 USD. */
async function sinkAlice(section: 'venus' | 'venusDiamond') {
  const { comptroller, markets } = lab.directory[section];
  await supply(alice!, markets.WETH, 'WETH', 10n * WAD);
  await alice!.send(comptroller, comptrollerAbi, 'enterMarkets', [[markets.WETH]]);
  expect(await code(alice!, markets.USDC, vTokenAbi, 'borrow', [15_000_000_000n])).toBe(0n);
  expect(await balance(token('USDC'), ALICE!)).toBe(15_000_000_000n);
  await setPrice(lab, 'WETH', 1_800_00000000n);
  return lab.directory[section];
}

test('Venus 0.4.1: interest accrues with blocks, and prices are the feeds', async () => {
  const { markets, oracle } = lab.directory.venus;
  const oracleAbi = parseAbi(['function getUnderlyingPrice(address) view returns (uint256)']);
  const price = (args: [Address]) =>
    lab.client.readContract({ address: oracle, abi: oracleAbi, functionName: 'getUnderlyingPrice', args });
  await lab.client.mine({ blocks: 5 });
  for (const market of Object.values(markets)) {
    const before = await number(market, 'borrowIndex');
    await alice!.send(market, vTokenAbi, 'accrueInterest');
    expect(await number(market, 'borrowIndex')).toBeGreaterThan(before);
  }
  await setPrice(lab, 'WETH', 1_234_00000000n);
  expect(await price([markets.WETH])).toBe(1_234n * WAD);
  expect(await price([markets.ETH])).toBe(1_234n * WAD);
  expect(await price([markets.USDC])).toBe(10n ** 30n);
});

test('Venus 0.4.1: liquidateBorrow returns 0, seizes by the formula, and what is seized redeems', async () => {
  const { markets } = await sinkAlice('venus');
  const repay = 7_500_000_000n;
  await mint(lab, 'USDC', BOB!, repay);
  await bob!.send(token('USDC'), erc20Abi, 'approve', [markets.USDC, repay]);
  expect(await code(bob!, markets.USDC, vTokenAbi, 'liquidateBorrow', [ALICE, repay, markets.WETH])).toBe(0n);

  const exchangeRate = await number(markets.WETH, 'exchangeRateStored');
  const numerator = (11n * 10n ** 17n * 10n ** 30n) / WAD;
  const denominator = (1_800n * WAD * exchangeRate) / WAD;
  const seized = (((numerator * WAD) / denominator) * repay) / WAD;
  expect(await balance(markets.WETH, BOB!)).toBe(seized);
  expect(await code(bob!, markets.WETH, vTokenAbi, 'redeem', [seized])).toBe(0n);
  expect(await balance(token('WETH'), BOB!)).toBe(((await number(markets.WETH, 'exchangeRateStored')) * seized) / WAD);
});

test('Venus 0.4.1: more than the close factor, or a healthy account, is refused by code and not by a revert', async () => {
  const { markets } = await sinkAlice('venus');
  await mint(lab, 'USDC', BOB!, 15_000_000_000n);
  await bob!.send(token('USDC'), erc20Abi, 'approve', [markets.USDC, 15_000_000_000n]);
  // COMPTROLLER_REJECTION
  expect(await code(bob!, markets.USDC, vTokenAbi, 'liquidateBorrow', [ALICE, 7_600_000_000n, markets.WETH])).toBe(3n);
  await setPrice(lab, 'WETH', 2_000_00000000n);
  expect(await code(bob!, markets.USDC, vTokenAbi, 'liquidateBorrow', [ALICE, 1_000_000n, markets.WETH])).toBe(3n);
  expect(await balance(token('USDC'), BOB!)).toBe(15_000_000_000n);
});

test('Venus 0.4.1: a debt of native ether is repaid with ether, and native collateral redeems to it', async () => {
  const { comptroller, markets } = lab.directory.venus;
  await alice!.send(markets.ETH, nativeAbi, 'mint', [], WAD);
  await supply(alice!, markets.USDC, 'USDC', 20_000_000_000n);
  await alice!.send(comptroller, comptrollerAbi, 'enterMarkets', [[markets.ETH, markets.USDC]]);
  expect(await code(alice!, markets.ETH, nativeAbi, 'borrow', [9n * WAD])).toBe(0n);
  await setPrice(lab, 'WETH', 2_200_00000000n);
  await bob!.send(markets.ETH, nativeAbi, 'liquidateBorrow', [ALICE, markets.ETH], WAD / 2n);
  const seized = await balance(markets.ETH, BOB!);
  expect(seized).toBeGreaterThan(0n);
  const before = await lab.client.getBalance({ address: BOB! });
  const { gasUsed, effectiveGasPrice } = await bob!.send(markets.ETH, nativeAbi, 'redeem', [seized]);
  const paid = ((await number(markets.ETH, 'exchangeRateStored')) * seized) / WAD;
  expect(await lab.client.getBalance({ address: BOB! })).toBe(before - gasUsed * effectiveGasPrice + paid);
});

test('Venus 10.3.0: only the gate liquidates, and it keeps half of the bonus', async () => {
  const { markets } = await sinkAlice('venusDiamond');
  const { liquidator } = lab.directory.venusDiamond;
  const repay = 7_000_000_000n;
  await mint(lab, 'USDC', BOB!, repay);
  await bob!.send(token('USDC'), erc20Abi, 'approve', [markets.USDC, repay]);
  // COMPTROLLER_REJECTION, of a caller that is not the gate.
  expect(await code(bob!, markets.USDC, vTokenAbi, 'liquidateBorrow', [ALICE, repay, markets.WETH])).toBe(3n);

  await bob!.send(token('USDC'), erc20Abi, 'approve', [liquidator, repay]);
  const before = await balance(markets.WETH, ALICE!);
  await bob!.send(liquidator, gateAbi, 'liquidateBorrow', [markets.USDC, ALICE, repay, markets.WETH]);
  const seized = before - (await balance(markets.WETH, ALICE!));
  const exchangeRate = await number(markets.WETH, 'exchangeRateStored');
  const worth = (seized * exchangeRate * 1_800n) / WAD / 10n ** 12n;
  // 110 % of what was repaid, less than a millionth lost to rounding.
  expect(worth).toBeGreaterThan(7_699_990_000n);
  expect(worth).toBeLessThanOrEqual(7_700_000_000n);
  const bonus = (seized * (WAD / 10n)) / ((11n * WAD) / 10n);
  expect(await balance(markets.WETH, BOB!)).toBe(seized - bonus / 2n);
  await expect(
    bob!.send(liquidator, gateAbi, 'liquidateBorrow', [markets.USDC, ALICE, 0n, markets.WETH]),
  ).rejects.toThrow('LiquidationFailed');
});

test('Venus 10.3.0: a redemption costs a thousandth', async () => {
  const { markets } = lab.directory.venusDiamond;
  await supply(alice!, markets.USDC, 'USDC', 1_000_000_000n);
  const tokens = await balance(markets.USDC, ALICE!);
  expect(await code(alice!, markets.USDC, vTokenAbi, 'redeem', [tokens])).toBe(0n);
  const whole = ((await number(markets.USDC, 'exchangeRateStored')) * tokens) / WAD;
  expect(await balance(token('USDC'), ALICE!)).toBe(whole - whole / 1000n);
});

test('Venus 10.3.0: a debt of native ether is liquidated through the gate with ether', async () => {
  const { comptroller, markets, liquidator } = lab.directory.venusDiamond;
  await supply(alice!, markets.USDC, 'USDC', 20_000_000_000n);
  await alice!.send(comptroller, comptrollerAbi, 'enterMarkets', [[markets.USDC]]);
  expect(await code(alice!, markets.ETH, nativeAbi, 'borrow', [8n * WAD])).toBe(0n);
  await setPrice(lab, 'WETH', 2_200_00000000n);
  await bob!.send(liquidator, gateAbi, 'liquidateBorrow', [markets.ETH, ALICE, WAD, markets.USDC], WAD);
  expect(await balance(markets.USDC, BOB!)).toBeGreaterThan(0n);
  expect(await number(markets.ETH, 'borrowBalanceStored', [ALICE])).toBeLessThan(7n * WAD + WAD / 1000n);
});
