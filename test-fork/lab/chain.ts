import {
  type Abi,
  type Account,
  type Address,
  type Client,
  createTestClient,
  defineChain,
  encodeFunctionData,
  type Hex,
  type HttpTransport,
  numberToHex,
  type PublicActions,
  parseAbi,
  publicActions,
  type TestActions,
  type WalletActions,
  walletActions,
} from 'viem';
import { labAddress } from './borrowers.ts';
import type { CoreDirectory, LabDirectory } from './directory.ts';
import { nodeTransport } from './node.ts';
import { sqrtPriceX96 } from './prices.ts';
import type { AssetSymbol } from './tokens.ts';

/** The lab as viem's chain, with Multicall3 at its usual address. */
export const labChain = defineChain({
  id: 31337,
  name: 'Plimsoll lab',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [] } },
  contracts: { multicall3: { address: '0xcA11bde05977b3631167028862bE2a173976CA11' } },
});

/** Reads, sends for any account, and anvil's own methods. */
export type LabClient = Client<
  HttpTransport,
  typeof labChain,
  undefined,
  undefined,
  PublicActions<HttpTransport, typeof labChain> & WalletActions<typeof labChain, Account | undefined> & TestActions
>;

/** What the helpers below need of a lab. */
export type LabHandle = { client: LabClient; directory: CoreDirectory };

/** One account as Aave's `getUserAccountData` reports it: USD amounts have 8 decimals, thresholds bps, health 18 decimals. */
export type AccountHealth = {
  account: Address;
  totalCollateralBase: bigint;
  totalDebtBase: bigint;
  availableBorrowsBase: bigint;
  currentLiquidationThreshold: bigint;
  ltv: bigint;
  healthFactor: bigint;
};

const feedAbi = parseAbi([
  'function set(int256)',
  'function setBroken(bool)',
  'function latestAnswer() view returns (int256)',
]);
const tokenAbi = parseAbi([
  'function mint(address to, uint256 amount)',
  'function deposit() payable',
  'function transfer(address to, uint256 amount)',
  'function approve(address spender, uint256 amount)',
  'function balanceOf(address) view returns (uint256)',
]);
const poolAbi = parseAbi(['function slot0() view returns (uint160, int24, uint16, uint16, uint16, uint8, bool)']);
const routerAbi = parseAbi([
  'struct Swap { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(Swap) payable returns (uint256)',
]);
const aavePoolAbi = parseAbi([
  'function getUserAccountData(address) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
]);

/** Moves the pools after a price change; anyone could. */
const ARBITRAGEUR = labAddress(0, 'arbitrageur');
/** What it holds of each token before it trades, whole USD: more than all pools together can take. */
const ARBITRAGEUR_USD = 20_000_000_000n;

/** A client of a lab or a fork of one, with all actions and a quick poll. */
export function testClient(url: string): LabClient {
  return createTestClient({ mode: 'anvil', chain: labChain, transport: nodeTransport(url), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions) as LabClient;
}

/** Gives an account ether: its balance becomes `wei`. */
export async function fund({ client }: LabHandle, address: Address, wei: bigint): Promise<void> {
  await client.setBalance({ address, value: wei });
}

/** Mines one block `seconds` after the newest one. */
export async function advance({ client }: LabHandle, seconds: number): Promise<void> {
  const { timestamp } = await client.getBlock();
  await client.setNextBlockTimestamp({ timestamp: timestamp + BigInt(seconds) });
  await client.mine({ blocks: 1 });
}

/** Gives `to` an amount of a token, in its smallest unit, in a block of its own; WETH out of fresh ether. */
export async function mint(lab: LabHandle, symbol: PricedSymbol, to: Address, amount: bigint): Promise<void> {
  await sendAll(lab, await mintCalls(lab, tokenOf(lab.directory, symbol), to, amount));
}

/** An asset of the lab by its symbol; LINK where the lab carries it. */
export type PricedSymbol = AssetSymbol | 'LINK';

/**
 * Sets the price of an asset at the oracle (USD, 8 decimals), and trades every pool of that token to where the oracle's
 * prices meet. All of it is mined in one block when this returns.
 */
export async function setPrice(lab: LabHandle, symbol: AssetSymbol, usd: bigint): Promise<void> {
  await setPrices(lab, { [symbol]: usd });
}

/** As {@link setPrice}, of several assets in one block: every market that lists one of them sees them fall together. */
export async function setPrices(lab: LabHandle, prices: Partial<Record<PricedSymbol, bigint>>): Promise<void> {
  const { client, directory } = lab;
  const { tokens, pools } = tradedIn(directory);
  const answers = await client.multicall({
    allowFailure: false,
    contracts: tokens.map(({ feed }) => ({ address: feed, abi: feedAbi, functionName: 'latestAnswer' }) as const),
  });
  const priced = tokens.map((token, i) => ({ ...token, price: prices[token.symbol] ?? answers[i]! }));
  const byAddress = (address: Address) => priced.find((token) => token.address === address)!;
  const moved = priced.filter(({ symbol }) => prices[symbol] !== undefined);

  const calls: Call[] = moved.map(({ feed, price }) => ({
    to: feed,
    abi: feedAbi,
    functionName: 'set',
    args: [price],
  }));
  for (const pool of pools) {
    const [token0, token1] = [byAddress(pool.token0), byAddress(pool.token1)];
    if (!moved.includes(token0) && !moved.includes(token1)) continue;
    const target = sqrtPriceX96(token0, token1);
    const [current] = await client.readContract({ address: pool.address, abi: poolAbi, functionName: 'slot0' });
    if (current === target) continue;
    // Selling token0 lowers the price of the pool, selling token1 raises it; the limit stops the swap at the target.
    const [sold, bought] = target < current ? [token0, token1] : [token1, token0];
    const amountIn = (ARBITRAGEUR_USD * 10n ** BigInt(sold.decimals + 8)) / sold.price;
    calls.push(...(await mintCalls(lab, sold, ARBITRAGEUR, amountIn)));
    // Tether refuses to change an allowance that is not zero.
    for (const amount of [0n, amountIn])
      calls.push({
        to: sold.address,
        abi: tokenAbi,
        functionName: 'approve',
        args: [directory.uniswapV3.router, amount],
      });
    const swap = {
      tokenIn: sold.address,
      tokenOut: bought.address,
      fee: pool.fee,
      recipient: ARBITRAGEUR,
      deadline: 2n ** 64n,
      amountIn,
      amountOutMinimum: 0n,
      sqrtPriceLimitX96: target,
    };
    const to = directory.uniswapV3.router;
    calls.push({ to, abi: routerAbi, functionName: 'exactInputSingle', args: [swap], gas: SWAP_GAS });
  }
  await sendAll(lab, calls);
}

/** Where a token of the lab is, and its price feed. @throws when the lab has none of that name */
export function tokenOf(directory: CoreDirectory, symbol: PricedSymbol) {
  const token = tradedIn(directory).tokens.find((each) => each.symbol === symbol);
  if (!token) throw new Error(`this lab has no ${symbol}`);
  return token;
}

/** Every token that has a price in the lab, and the pools of Uniswap v3 between them. */
function tradedIn(directory: CoreDirectory) {
  const symbols = Object.keys(directory.tokens) as AssetSymbol[];
  const first = symbols.map((symbol) => ({ symbol, ...directory.tokens[symbol], feed: directory.feeds[symbol] }));
  const { link } = directory as Partial<LabDirectory>;
  const tokens: { symbol: PricedSymbol; address: Address; decimals: number; feed: Address }[] = link
    ? [...first, { symbol: 'LINK', ...link }]
    : first;
  return { tokens, pools: [...directory.uniswapV3.pools, ...(link?.pools ?? [])] };
}

/** Makes every read of an asset's feed revert, or heals it; mined when this returns. */
export async function breakFeed(lab: LabHandle, symbol: PricedSymbol, broken = true): Promise<void> {
  const { feed } = tokenOf(lab.directory, symbol);
  await sendAll(lab, [{ to: feed, abi: feedAbi, functionName: 'setBroken', args: [broken] }]);
}

/**
 * Health of many accounts in one multicall.
 * @param blockNumber as of this block; default the newest.
 */
export async function healthOf(
  { client, directory }: LabHandle,
  accounts: readonly Address[],
  blockNumber?: bigint,
): Promise<AccountHealth[]> {
  const results = await client.multicall({
    allowFailure: false,
    blockNumber,
    contracts: accounts.map(
      (account) =>
        ({
          address: directory.aave.pool,
          abi: aavePoolAbi,
          functionName: 'getUserAccountData',
          args: [account],
        }) as const,
    ),
  });
  return results.map(
    (
      [totalCollateralBase, totalDebtBase, availableBorrowsBase, currentLiquidationThreshold, ltv, healthFactor],
      i,
    ) => ({
      account: accounts[i]!,
      totalCollateralBase,
      totalDebtBase,
      availableBorrowsBase,
      currentLiquidationThreshold,
      ltv,
      healthFactor,
    }),
  );
}

type Call = { to: Address; abi: Abi; functionName: string; args: readonly unknown[]; value?: bigint; gas?: number };

/** What a call may use: as little as serves, since a block holds what its transactions may use and not what they do. */
const CALL_GAS = 150_000;
const SWAP_GAS = 1_500_000;

async function mintCalls(
  { client }: LabHandle,
  { symbol, address: token }: { symbol: PricedSymbol; address: Address },
  to: Address,
  amount: bigint,
): Promise<Call[]> {
  if (symbol !== 'WETH') return [{ to: token, abi: tokenAbi, functionName: 'mint', args: [to, amount] }];
  const balance = await client.getBalance({ address: ARBITRAGEUR });
  await client.setBalance({ address: ARBITRAGEUR, value: balance + amount });
  const deposit: Call = { to: token, abi: tokenAbi, functionName: 'deposit', args: [], value: amount };
  if (to === ARBITRAGEUR) return [deposit];
  return [deposit, { to: token, abi: tokenAbi, functionName: 'transfer', args: [to, amount] }];
}

/** Sends calls from the arbitrageur in order, mines them in one block, and leaves the node's way of mining as it was. */
async function sendAll({ client }: LabHandle, calls: readonly Call[]): Promise<void> {
  const from = ARBITRAGEUR;
  const automine = await client.getAutomine();
  const balance = await client.getBalance({ address: from });
  await client.setBalance({ address: from, value: balance + 10n ** 20n });
  await client.impersonateAccount({ address: from });
  if (automine) await client.setAutomine(false);
  try {
    const hashes: Hex[] = [];
    for (const { to, abi, functionName, args, value = 0n, gas = CALL_GAS } of calls) {
      const data = encodeFunctionData({ abi, functionName, args });
      const transaction = { from, to, data, value: numberToHex(value), gas: numberToHex(gas) };
      hashes.push(await client.request({ method: 'eth_sendTransaction', params: [transaction] }));
    }
    await client.mine({ blocks: 1 });
    for (const [i, hash] of hashes.entries()) {
      const { status } = await client.getTransactionReceipt({ hash });
      if (status !== 'success') throw new Error(`lab: ${calls[i]!.functionName} on ${calls[i]!.to} reverted (${hash})`);
    }
  } finally {
    if (automine) await client.setAutomine(true);
  }
}
