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

/**
 * Lets `count` more accounts borrow, 60 a block, each with one or two collaterals and debts, and mines `blocks` empty ones in
 * all between them. The lab must have been started with `autoImpersonate` and `noMining`.
 */
export async function crowd(lab: Lab, count: number, blocks: number): Promise<Address[]> {
  const { client, url, directory } = lab;
  const { pool } = directory.aave;
  const { WETH, WBTC, USDC, DAI } = directory.tokens;
  const batching = createTestClient({ mode: 'anvil', transport: http(url, { batch: { batchSize: 200 } }) });
  const whale = labAddress(0, 'whale');
  await client.setBalance({ address: whale, value: 1_000_000n * ETHER });
  await mint(lab, 'WETH', whale, BigInt(count) * ETHER);
  await mint(lab, 'WBTC', whale, BigInt(count) * 10n ** 6n);

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

  const rng = random(count);
  const people = Array.from({ length: count }, (_, index) => labAddress(0, `crowd ${index}`));
  const between = Math.floor(blocks / Math.ceil(count / PER_BLOCK));
  for (let at = 0; at < count; at += PER_BLOCK) {
    const group = people.slice(at, at + PER_BLOCK);
    await Promise.all(group.map((address) => batching.setBalance({ address, value: ETHER })));
    const supplies = group.flatMap((of, index) => [
      supply(WETH.address, ETHER / 2n, of),
      ...(index % 2 === 0 ? [supply(WBTC.address, 10n ** 5n, of)] : []),
    ]);
    for (let first = 0; first < supplies.length; first += SUPPLIES_PER_CALL) {
      await send(whale, pool, multicall(supplies.slice(first, first + SUPPLIES_PER_CALL)), 7_000_000);
    }
    await client.mine({ blocks: 1 });
    await Promise.all(
      group.map((by, index) => {
        const calls = [borrow(USDC.address, BigInt(1 + rng.below(400)) * 10n ** 6n, by)];
        if (index % 3 === 0) calls.push(borrow(DAI.address, BigInt(1 + rng.below(90)) * ETHER, by));
        return send(by, pool, multicall(calls), 450_000 * calls.length);
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
  return people;
}
