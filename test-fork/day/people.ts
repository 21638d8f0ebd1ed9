import { type Address, encodeFunctionData, type Hex, numberToHex, parseAbi } from 'viem';
import { units } from '../harness/scene.ts';
import type { Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import type { Random } from '../lab/random.ts';
import { type AssetSymbol, assets, symbols } from '../lab/tokens.ts';

/** A transaction of somebody, not yet sent; `tip` in wei per gas decides its place in the block. */
export type Call = { from: Address; to: Address; data: Hex; value?: bigint; tip?: bigint };

/** Holds every token, pays for what people do, and trades the pools to the oracle's prices. */
export const PROVIDER = labAddress(0, 'provider');
/** Liquidates by itself, with money of its own. */
export const RIVAL = labAddress(0, 'rival');
export const person = (index: number): Address => labAddress(0, `person ${index}`);

export const abi = parseAbi([
  'function mint(address to, uint256 amount)',
  'function deposit() payable',
  'function transfer(address to, uint256 amount)',
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf)',
  'function repay(address asset, uint256 amount, uint256 mode, address onBehalfOf)',
  'function withdraw(address asset, uint256 amount, address to)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'function getReserveAToken(address) view returns (address)',
]);

const MAX = 2n ** 256n - 1n;
const GAS = 1_500_000;
/** The node puts the higher fee first: people come behind the keeper, who offers a gwei and more. */
const FEE = 5n * 10n ** 8n;
/** Blocks without news before the day, so that the lab's own borrowers are found by the search through the past. */
const NIGHT = 100;

/** Queues calls in their order; among those of one tip the first sent comes first. */
export async function sendCalls({ client }: Lab, calls: readonly Call[]): Promise<void> {
  for (const { from, to, data, value = 0n, tip = 0n } of calls) {
    const fees = { maxFeePerGas: numberToHex(FEE + tip), maxPriorityFeePerGas: numberToHex(tip) };
    const transaction = { from, to, data, value: numberToHex(value), gas: numberToHex(GAS), ...fees };
    await client.request({ method: 'eth_sendTransaction', params: [transaction] });
  }
}

/**
 * Gives everybody what the day takes, in blocks that no reorg of it reaches. The node must not mine by itself.
 *
 * @param people - as many may come
 */
export async function wakePeople(lab: Lab, people = 200): Promise<void> {
  const { client, directory } = lab;
  const { aave, tokens, uniswapV3 } = directory;
  for (const rich of [PROVIDER, RIVAL]) await client.setBalance({ address: rich, value: 10n ** 28n });
  for (let index = 0; index < people; index++) await client.setBalance({ address: person(index), value: 10n ** 22n });
  const calls = [PROVIDER, RIVAL].flatMap((who) =>
    symbols.flatMap((symbol): Call[] => {
      const to = tokens[symbol].address;
      const amount = (2n * 10n ** 18n * 10n ** BigInt(assets[symbol].decimals)) / assets[symbol].price;
      const call = (functionName: 'mint' | 'approve', args: readonly [Address, bigint]): Call => ({
        ...{ from: who, to },
        data: encodeFunctionData({ abi, functionName, args }),
      });
      const made =
        symbol === 'WETH'
          ? { from: who, to, data: encodeFunctionData({ abi, functionName: 'deposit' }), value: amount }
          : call('mint', [who, amount]);
      return [made, call('approve', [aave.pool, MAX]), call('approve', [uniswapV3.router, MAX])];
    }),
  );
  await sendCalls(lab, calls);
  await client.mine({ blocks: 1 });
  const block = await client.getBlock();
  const receipts = await Promise.all(block.transactions.map((hash) => client.getTransactionReceipt({ hash })));
  const failed = receipts.filter(({ status }) => status !== 'success');
  if (failed.length > 0 || receipts.length !== calls.length) throw new Error(`${failed.length} of the gifts reverted`);
  await client.mine({ blocks: NIGHT });
}

const LONGS: readonly AssetSymbol[] = ['WETH', 'WETH', 'WETH', 'WBTC'];
const STABLES: readonly AssetSymbol[] = ['USDC', 'DAI', 'USDT'];

/** What somebody has and owes once it has come: a long position, close to what it may borrow. */
export type Profile = {
  account: Address;
  collateral: AssetSymbol;
  supplied: bigint;
  debt: AssetSymbol;
  borrowed: bigint;
};

/** @param prices - USD with 8 decimals */
export function inventPerson(index: number, rng: Random, prices: Record<AssetSymbol, bigint>): Profile {
  const collateral = LONGS[Math.floor(rng.next() * LONGS.length)]!;
  const debt = STABLES[Math.floor(rng.next() * STABLES.length)]!;
  const debtUsd = rng.logBetween(2_000, 120_000);
  const used = rng.between(0.9, 0.99);
  const price = Number(prices[collateral]) / 1e8;
  const supplied = units(collateral, debtUsd / (used * (assets[collateral].ltv / 10_000)) / price);
  return { account: person(index), collateral, supplied, debt, borrowed: units(debt, debtUsd) };
}

/** What people do in the market. */
export function doings({ directory }: Lab, aTokens: Record<AssetSymbol, Address>) {
  const { pool } = directory.aave;
  const asset = (symbol: AssetSymbol) => directory.tokens[symbol].address;
  return {
    /** Comes and borrows. */
    open: ({ account, collateral, supplied, debt, borrowed }: Profile): Call[] => [
      {
        from: PROVIDER,
        to: pool,
        data: encodeFunctionData({
          ...{ abi, functionName: 'supply', args: [asset(collateral), supplied, account, 0] },
        }),
      },
      {
        from: account,
        to: pool,
        data: encodeFunctionData({ abi, functionName: 'borrow', args: [asset(debt), borrowed, 2n, 0, account] }),
      },
    ],
    /** Pays back a part of what it owed at first. */
    repay: ({ account, debt, borrowed }: Profile, part: number): Call => ({
      from: PROVIDER,
      to: pool,
      data: encodeFunctionData({ abi, functionName: 'repay', args: [asset(debt), share(borrowed, part), 2n, account] }),
    }),
    /** Takes out a part of its collateral; refused when that would put it under water. */
    withdraw: ({ account, collateral, supplied }: Profile, part: number): Call => ({
      from: account,
      to: pool,
      data: encodeFunctionData({
        ...{ abi, functionName: 'withdraw', args: [asset(collateral), share(supplied, part), account] },
      }),
    }),
    /** Gives another a part of its aTokens. */
    transfer: ({ account, collateral, supplied }: Profile, to: Address, part: number): Call => ({
      from: account,
      to: aTokens[collateral],
      data: encodeFunctionData({ abi, functionName: 'transfer', args: [to, share(supplied, part)] }),
    }),
    /** Liquidates before anybody else in the block. */
    rival: (account: Address, debt: Address, collateral: Address): Call => ({
      ...{ from: RIVAL, to: pool, tip: 100n * 10n ** 9n },
      data: encodeFunctionData({ abi, functionName: 'liquidationCall', args: [collateral, debt, account, MAX, false] }),
    }),
  };
}

const share = (whole: bigint, part: number) => (whole * BigInt(Math.round(part * 1e6))) / 1_000_000n;
