import { type Address, createTestClient, encodeFunctionData, type Hex, http, numberToHex, parseAbi } from 'viem';
import type { Lab } from '../../test-fork/lab/anvil.ts';
import { labAddress } from '../../test-fork/lab/borrowers.ts';
import { mint } from '../../test-fork/lab/chain.ts';
import { random } from '../test/book/random.ts';

const abi = parseAbi([
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf)',
  'function multicall(bytes[] calls)',
]);
const ETHER = 10n ** 18n;
/** Accounts a block: their supplies and borrowings fill two thirds of its gas. */
const PER_BLOCK = 60;
const SUPPLIES_PER_CALL = 20;

/** What an account is to have: WETH, and a debt in whole tokens of a stablecoin. */
export type Wanted = { collateral: number; debt: number; of: 'USDC' | 'DAI' };

/**
 * Lets `count` more accounts borrow, 60 a block, each with one or two collaterals and debts, and mines `blocks` empty ones in
 * all between them. The lab must have been started with `autoImpersonate` and `noMining`.
 */
export async function crowd(lab: Lab, count: number, blocks: number): Promise<Address[]> {
  const rng = random(count);
  const people = Array.from({ length: count }, (_, index) => labAddress(0, `crowd ${index}`));
  const between = Math.floor(blocks / Math.ceil(count / PER_BLOCK));
  const { WETH, WBTC, USDC, DAI } = lab.directory.tokens;
  const borrowers = people.map((address, index): Borrower => {
    const supplies = [{ asset: WETH.address, amount: ETHER / 2n }];
    if (index % 2 === 0) supplies.push({ asset: WBTC.address, amount: 10n ** 5n });
    const debts = [{ asset: USDC.address, amount: BigInt(1 + rng.below(400)) * 10n ** 6n }];
    if (index % 3 === 0) debts.push({ asset: DAI.address, amount: BigInt(1 + rng.below(90)) * ETHER });
    return { address, supplies, debts };
  });
  await open(lab, borrowers, between);
  return people;
}

/** Opens accounts as wanted, 60 a block. The lab must have been started with `autoImpersonate`, and not mine by itself. */
export async function openAccounts(lab: Lab, wanted: readonly Wanted[]): Promise<void> {
  const { WETH, USDC, DAI } = lab.directory.tokens;
  const borrowers = wanted.map(({ collateral, debt, of }, index): Borrower => {
    const units = BigInt(Math.round(debt * 1e6));
    const owed =
      of === 'USDC' ? { asset: USDC.address, amount: units } : { asset: DAI.address, amount: units * 10n ** 12n };
    const supplies = [{ asset: WETH.address, amount: BigInt(collateral) * ETHER }];
    return { address: labAddress(0, `wanted ${index}`), supplies, debts: [owed] };
  });
  await open(lab, borrowers, 0);
}

type Amount = { asset: Address; amount: bigint };
type Borrower = { address: Address; supplies: Amount[]; debts: Amount[] };

async function open(lab: Lab, borrowers: readonly Borrower[], between: number): Promise<void> {
  const { client, url, directory } = lab;
  const { pool } = directory.aave;
  const { WETH, WBTC } = directory.tokens;
  const batching = createTestClient({ mode: 'anvil', transport: http(url, { batch: { batchSize: 200 } }) });
  const whale = labAddress(0, 'whale');
  await client.setBalance({ address: whale, value: 1_000_000n * ETHER });
  for (const symbol of ['WETH', 'WBTC'] as const) {
    const { address } = { WETH, WBTC }[symbol];
    const supplies = borrowers.flatMap(({ supplies }) => supplies.filter(({ asset }) => asset === address));
    await mint(
      lab,
      symbol,
      whale,
      supplies.reduce((sum, { amount }) => sum + amount, 0n),
    );
  }

  const fees = { maxFeePerGas: numberToHex(10n ** 12n), maxPriorityFeePerGas: numberToHex(10n ** 9n) };
  const nonces = new Map<Address, number>();
  const hashes: Hex[] = [];
  async function send(from: Address, to: Address, data: Hex, gas: number): Promise<void> {
    const nonce = nonces.get(from) ?? 0;
    nonces.set(from, nonce + 1);
    const transaction = { from, to, data, gas: numberToHex(gas), nonce: numberToHex(nonce), ...fees };
    hashes.push(await batching.request({ method: 'eth_sendTransaction', params: [transaction] } as never));
  }
  const supply = (asset: Address, amount: bigint, of: Address) =>
    encodeFunctionData({ abi, functionName: 'supply', args: [asset, amount, of, 0] });
  const borrow = (asset: Address, amount: bigint, by: Address) =>
    encodeFunctionData({ abi, functionName: 'borrow', args: [asset, amount, 2n, 0, by] });
  const multicall = (calls: Hex[]) => encodeFunctionData({ abi, functionName: 'multicall', args: [calls] });

  for (const { address } of [WETH, WBTC]) {
    await send(whale, address, encodeFunctionData({ abi, functionName: 'approve', args: [pool, 2n ** 255n] }), 100_000);
  }
  await client.mine({ blocks: 1 });

  for (let at = 0; at < borrowers.length; at += PER_BLOCK) {
    const group = borrowers.slice(at, at + PER_BLOCK);
    await Promise.all(group.map(({ address }) => batching.setBalance({ address, value: ETHER })));
    const supplies = group.flatMap(({ address, supplies }) =>
      supplies.map(({ asset, amount }) => supply(asset, amount, address)),
    );
    for (let first = 0; first < supplies.length; first += SUPPLIES_PER_CALL) {
      await send(whale, pool, multicall(supplies.slice(first, first + SUPPLIES_PER_CALL)), 7_000_000);
    }
    await client.mine({ blocks: 1 });
    await Promise.all(
      group.map(({ address, debts }) => {
        const calls = debts.map(({ asset, amount }) => borrow(asset, amount, address));
        return send(address, pool, multicall(calls), 450_000 * calls.length);
      }),
    );
    await client.mine({ blocks: 1 });
    if (between > 0) await client.mine({ blocks: between });
  }
  const receipts = await Promise.all(
    hashes.map((hash) => batching.request({ method: 'eth_getTransactionReceipt', params: [hash] } as never)),
  );
  const failed = (receipts as ({ status: Hex } | null)[]).filter((receipt) => receipt?.status !== '0x1');
  if (failed.length > 0) throw new Error(`${failed.length} of ${hashes.length} transactions of the crowd failed`);
}
