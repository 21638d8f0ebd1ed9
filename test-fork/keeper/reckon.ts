import { type Address, encodeFunctionData, erc20Abi, type Hex, type Log, parseAbi, parseEventLogs } from 'viem';
import type { Scene } from '../harness/scene.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import { type AssetSymbol, assets, symbols } from '../lab/tokens.ts';

// What a liquidation alone is worth, found without the keeper: the Pool says what it repays and seizes, the quoter of the pools what
// the collateral sells for.

const abi = parseAbi([
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
  'function getReserveAToken(address) view returns (address)',
  'function getReserveVariableDebtToken(address) view returns (address)',
  'function getAssetPrice(address) view returns (uint256)',
  'struct Single { address tokenIn; address tokenOut; uint256 amountIn; uint24 fee; uint160 sqrtPriceLimitX96; }',
  'function quoteExactInputSingle(Single params) returns (uint256 amountOut, uint160, uint32, uint256)',
]);

/** Gas of a transaction beside the call of the Pool: the flash swap, and settling with the treasury. */
const BESIDE = 300_000n;
/** Whole tokens of everything: more than any account owes. */
const PLENTY = 10_000_000n;

/** What an account's best liquidation earns before gas (wei), and the gas that it takes alone. */
export type Reckoned = { account: Address; earns: bigint; gas: bigint };

/**
 * The best liquidation of each account, alone, at the newest block; of one pair of assets, sold in one pool.
 *
 * @returns nothing of an account that nobody can liquidate at a gain
 */
export function reckon(scene: Scene, accounts: readonly Address[]): Promise<Reckoned[]> {
  return scene.undone(async () => {
    const rival = await fundRival(scene);
    const found: Reckoned[] = [];
    for (const account of accounts) {
      const pairs = await pairsOf(scene, account);
      const each = await Promise.all(pairs.map((pair) => worthOf(scene, rival, account, pair)));
      const best = each.filter((one) => one !== undefined).sort((a, b) => (a.earns < b.earns ? 1 : -1))[0];
      if (best) found.push({ account, ...best });
    }
    return found;
  });
}

async function fundRival(scene: Scene): Promise<Address> {
  const { client, directory } = scene;
  const rival = labAddress(0, 'reckoner');
  await client.setBalance({ address: rival, value: 10n ** 24n });
  for (const symbol of symbols) {
    await mint(scene, symbol, rival, PLENTY * 10n ** BigInt(assets[symbol].decimals));
    const args = [directory.aave.pool, 2n ** 255n] as const;
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args });
    await scene.send(rival, directory.tokens[symbol].address, data);
  }
  return rival;
}

type Pair = { debt: AssetSymbol; collateral: AssetSymbol };

/** Of what it owes and what it has supplied. */
async function pairsOf({ client, directory }: Scene, account: Address): Promise<Pair[]> {
  const balances = async (which: 'getReserveAToken' | 'getReserveVariableDebtToken') => {
    const held = symbols.map(async (symbol) => {
      const args = [directory.tokens[symbol].address] as const;
      const token = await client.readContract({ address: directory.aave.pool, abi, functionName: which, args });
      return client.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [account] });
    });
    const amounts = await Promise.all(held);
    return symbols.filter((_, index) => amounts[index]! > 0n);
  };
  const [debts, collaterals] = await Promise.all([
    balances('getReserveVariableDebtToken'),
    balances('getReserveAToken'),
  ]);
  return debts.flatMap((debt) => collaterals.map((collateral) => ({ debt, collateral })));
}

async function worthOf(
  scene: Scene,
  rival: Address,
  account: Address,
  { debt, collateral }: Pair,
): Promise<{ earns: bigint; gas: bigint } | undefined> {
  const { client, directory } = scene;
  const [spend, gain] = [directory.tokens[debt].address, directory.tokens[collateral].address];
  const args = [gain, spend, account, 2n ** 256n - 1n, false] as const;
  const call = {
    from: rival,
    to: directory.aave.pool,
    data: encodeFunctionData({ abi, functionName: 'liquidationCall', args }),
  };
  const answer = await client.request({
    method: 'eth_simulateV1',
    params: [{ blockStateCalls: [{ calls: [call] }] }, 'latest'],
  } as never);
  const [ran] = (answer as { calls: { status: Hex; gasUsed: Hex; logs: Log[] }[] }[])[0]!.calls;
  if (ran!.status !== '0x1') return undefined;
  const [done] = parseEventLogs({ abi, eventName: 'LiquidationCall', logs: ran!.logs });
  const { debtToCover, liquidatedCollateralAmount } = done!.args;
  const sold =
    debt === collateral ? liquidatedCollateralAmount : await saleOf(scene, gain, spend, liquidatedCollateralAmount);
  if (sold <= debtToCover) return undefined;
  const price = (symbol: AssetSymbol) =>
    client.readContract({
      address: directory.aave.oracle,
      abi,
      functionName: 'getAssetPrice',
      args: [directory.tokens[symbol].address],
    });
  const [ofDebt, ofEther] = await Promise.all([price(debt), price('WETH')]);
  const earns = ((sold - debtToCover) * ofDebt * 10n ** 18n) / (ofEther * 10n ** BigInt(assets[debt].decimals));
  return { earns, gas: BigInt(ran!.gasUsed) + BESIDE };
}

/** What the best pool between two tokens gives; 0 where there is none. */
async function saleOf(
  { client, directory }: Scene,
  tokenIn: Address,
  tokenOut: Address,
  amountIn: bigint,
): Promise<bigint> {
  const { pools, quoter } = directory.uniswapV3;
  const between = pools.filter(({ token0, token1 }) =>
    [token0, token1].every((token) => token === tokenIn || token === tokenOut),
  );
  const quotes = between.map(async ({ fee }) => {
    const args = [{ tokenIn, tokenOut, amountIn, fee, sqrtPriceLimitX96: 0n }] as const;
    const { result } = await client.simulateContract({
      address: quoter,
      abi,
      functionName: 'quoteExactInputSingle',
      args,
    });
    return result[0];
  });
  return (await Promise.all(quotes)).sort((a, b) => (a < b ? 1 : -1))[0] ?? 0n;
}
