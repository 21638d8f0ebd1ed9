import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeFunctionResult,
  getAddress,
  type Hex,
  multicall3Abi,
} from 'viem';
import { mainnet } from 'viem/chains';
import { expect, test } from 'vitest';
import { scaledTokenAbi } from '../../src/protocols/aave-v3/abi.ts';
import { readTotalDebts } from '../../src/protocols/aave-v3/totals.ts';
import { asset } from './scene.ts';

const block = { number: 5n, hash: `0x${'05'.repeat(32)}` as Hex, timestamp: 60n };
const reserve = (id: number, debtToken: number, symbol: string) => ({
  ...{ id, symbol, address: asset(id), decimals: 6, aToken: asset(100 + id) },
  ...{ variableDebtToken: asset(debtToken), stableDebtToken: asset(200 + id) },
});

test('what everybody owes is the scaled supply of the variable debt tokens, at the block, in the cells of that debt', async () => {
  const supplies = new Map([
    [getAddress(asset(50)), 10n ** 27n],
    [getAddress(asset(51)), 0n],
  ]);
  const asked: unknown[] = [];
  const client = createPublicClient({
    chain: mainnet,
    transport: custom({
      async request({ method, params }: { method: string; params: [{ data: Hex }, unknown] }) {
        if (method === 'eth_chainId') return '0x1';
        asked.push(params[1]);
        const { args } = decodeFunctionData({ abi: multicall3Abi, data: params[0].data });
        const [calls] = args as unknown as [readonly { target: Address }[]];
        const result = calls.map(({ target }) => {
          const supply = supplies.get(getAddress(target))!;
          const returnData = encodeFunctionResult({
            abi: scaledTokenAbi,
            functionName: 'scaledTotalSupply',
            result: supply,
          });
          return { success: true, returnData };
        });
        return encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result });
      },
    }),
  });
  const debts = await readTotalDebts(client, { assets: [reserve(3, 50, 'USDC'), reserve(7, 51, 'DAI')] }, block);
  expect(debts).toEqual([
    { asset: { address: asset(3), symbol: 'USDC', decimals: 6 }, slot: 6, amount: 10n ** 27n },
    { asset: { address: asset(7), symbol: 'DAI', decimals: 6 }, slot: 14, amount: 0n },
  ]);
  expect(asked).toEqual([expect.objectContaining({ blockHash: block.hash })]);
});
