import { type Address, parseAbi } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { forkLab, type Lab } from './anvil.ts';
import { setPrices } from './chain.ts';
import { sqrtPriceX96 } from './prices.ts';

const WAD = 10n ** 18n;
const abi = parseAbi([
  'function getUserAccountData(address) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
  'function getAssetPrice(address) view returns (uint256)',
  'function slot0() view returns (uint160, int24, uint16, uint16, uint16, uint8, bool)',
]);

let lab: Lab;
beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl') });
});
afterAll(() => lab?.stop());

/** As the oracle of a market says, USD with 8 decimals. */
const priceOf = (market: 'aave' | 'aaveSecond', token: Address) =>
  lab.client.readContract({
    address: lab.directory[market].oracle,
    abi,
    functionName: 'getAssetPrice',
    args: [token],
  });

test('borrowers of the second market and of Aave v3.0 are all above the line', async () => {
  const { client, directory } = lab;
  for (const { pool, borrowers } of [directory.aaveSecond, directory.aaveV30]) {
    const read = { address: pool, abi, functionName: 'getUserAccountData' } as const;
    const contracts = borrowers.map((account) => ({ ...read, args: [account] as const }));
    const answers = await client.multicall({ allowFailure: false, contracts });
    expect(answers.length).toBeGreaterThanOrEqual(20);
    for (const [, debt, , , , health] of answers) {
      expect(debt).toBeGreaterThan(0n);
      expect(health).toBeGreaterThan((WAD * 102n) / 100n);
    }
  }
});

test('LINK has pools of its own, and all pools follow when several prices move in one block', async () => {
  const { client, directory } = lab;
  const { link, tokens, uniswapV3 } = directory;
  expect(await priceOf('aaveSecond', link.address)).toBe(15_00000000n);
  const before = await client.getBlockNumber({ cacheTime: 0 });
  await setPrices(lab, { WETH: 1_700_00000000n, WBTC: 51_000_00000000n, LINK: 12_00000000n });
  expect(await client.getBlockNumber({ cacheTime: 0 })).toBe(before + 1n);
  expect(await priceOf('aaveSecond', link.address)).toBe(12_00000000n);
  expect(await priceOf('aaveSecond', tokens.WBTC.address)).toBe(51_000_00000000n);

  const priced = async (address: Address) => {
    if (address === link.address) return { decimals: link.decimals, price: 12_00000000n };
    const { decimals } = Object.values(tokens).find((token) => token.address === address)!;
    return { decimals, price: await priceOf('aave', address) };
  };
  expect(link.pools).toHaveLength(3);
  for (const { address, token0, token1 } of [...uniswapV3.pools, ...link.pools]) {
    const [current] = await client.readContract({ address, abi, functionName: 'slot0' });
    expect(current).toBe(sqrtPriceX96(await priced(token0), await priced(token1)));
  }
});
