import type { Abi, Address } from 'viem';
import { foundryArtifact } from './artifacts.ts';
import type { Sender } from './sender.ts';

/**
 * The lab's assets. Rates and thresholds are in bps, `price` in USD with 8 decimals, `depth` in whole USD supplied to Aave.
 * Risk parameters follow Aave's core market on Ethereum; USDT alone pays no protocol fee on liquidation, so both cases occur.
 */
export const assets = {
  WETH: {
    name: 'Wrapped Ether',
    pair: 'ETH / USD',
    decimals: 18,
    price: 2_000_00000000n,
    ltv: 8050,
    threshold: 8300,
    bonus: 10500,
    protocolFee: 1000,
    reserveFactor: 1500,
    rate: [9000, 0, 270, 8000],
    depth: 30_000_000,
  },
  WBTC: {
    name: 'Wrapped BTC',
    pair: 'BTC / USD',
    decimals: 8,
    price: 60_000_00000000n,
    ltv: 7300,
    threshold: 7800,
    bonus: 10500,
    protocolFee: 1000,
    reserveFactor: 5000,
    rate: [8000, 0, 400, 30000],
    depth: 24_000_000,
  },
  USDC: {
    name: 'USD Coin',
    pair: 'USDC / USD',
    decimals: 6,
    price: 1_00000000n,
    ltv: 7500,
    threshold: 7800,
    bonus: 10450,
    protocolFee: 1000,
    reserveFactor: 1000,
    rate: [9200, 0, 550, 4000],
    depth: 15_000_000,
  },
  DAI: {
    name: 'Dai Stablecoin',
    pair: 'DAI / USD',
    decimals: 18,
    price: 1_00000000n,
    ltv: 6300,
    threshold: 7700,
    bonus: 10500,
    protocolFee: 1000,
    reserveFactor: 2500,
    rate: [9200, 0, 550, 4000],
    depth: 12_000_000,
  },
  USDT: {
    name: 'Tether USD',
    pair: 'USDT / USD',
    decimals: 6,
    price: 1_00000000n,
    ltv: 7500,
    threshold: 7800,
    bonus: 10450,
    protocolFee: 0,
    reserveFactor: 1000,
    rate: [9200, 0, 550, 4000],
    depth: 15_000_000,
  },
} as const;

/** What a market of the lab needs to know of an asset; the units are those of {@link assets}. */
export type Asset = {
  name: string;
  pair: string;
  decimals: number;
  price: bigint;
  ltv: number;
  threshold: number;
  bonus: number;
  protocolFee: number;
  reserveFactor: number;
  rate: readonly [number, number, number, number];
  depth: number;
};

/** An asset with its token and its price feed, as a market lists it. */
export type Listed = { symbol: string; address: Address; feed: Address; asset: Asset };

/** Names an asset of the lab. */
export type AssetSymbol = keyof typeof assets;

export const symbols = Object.keys(assets) as AssetSymbol[];

/** An address for every asset. */
export type ByAsset = Record<AssetSymbol, Address>;

/** Tokens and price feeds of a lab. */
export type Tokens = { tokens: ByAsset; feeds: ByAsset };

/** What `usd` whole dollars buy of an asset at the lab's first prices, in the asset's smallest unit, rounded down. */
export function unitsFor(symbol: AssetSymbol, usd: number): bigint {
  return unitsOf(assets[symbol], usd);
}

/** As {@link unitsFor}, of any asset. */
export function unitsOf({ decimals, price }: Pick<Asset, 'decimals' | 'price'>, usd: number): bigint {
  return (BigInt(Math.round(usd * 1e8)) * 10n ** BigInt(decimals)) / price;
}

/** The lab's assets, or some of them, as a market lists them. */
export function listed({ tokens, feeds }: Tokens, of: readonly AssetSymbol[] = symbols): Listed[] {
  return of.map((symbol) => ({ symbol, address: tokens[symbol], feed: feeds[symbol], asset: assets[symbol] }));
}

/** Creates the five tokens and their feeds. */
export async function deployTokens(sender: Sender): Promise<Tokens> {
  const tokens = {} as ByAsset;
  const feeds = {} as ByAsset;
  for (const symbol of symbols) {
    const { name, decimals, pair, price } = assets[symbol];
    if (symbol === 'WETH') tokens[symbol] = await sender.deploy(foundryArtifact('WETH9'));
    else if (symbol === 'USDT') tokens[symbol] = await sender.deploy(foundryArtifact('Tether'));
    else {
      const artifact = foundryArtifact(symbol === 'USDC' ? 'UsdCoin' : 'Token');
      tokens[symbol] = await sender.deploy(artifact, [name, symbol, decimals]);
    }
    feeds[symbol] = await sender.deploy(foundryArtifact('PriceFeed'), [pair, price]);
  }
  return { tokens, feeds };
}

/** Queues the creation of `amount` of an asset for the deployer; WETH out of ether it must hold. */
export async function mintForDeployer(
  sender: Sender,
  { tokens }: Tokens,
  symbol: AssetSymbol,
  amount: bigint,
): Promise<void> {
  await mintListed(sender, { symbol, address: tokens[symbol] }, amount);
}

/** As {@link mintForDeployer}, of any token. */
export async function mintListed(
  sender: Sender,
  { symbol, address }: Pick<Listed, 'symbol' | 'address'>,
  amount: bigint,
): Promise<void> {
  if (symbol === 'WETH') await sender.call(address, foundryArtifact('WETH9').abi, 'deposit', [], { value: amount });
  else await sender.call(address, tokenAbi(), 'mint', [sender.deployer, amount]);
}

/** Queues `usd` whole dollars of an asset for `holder`, at the lab's first prices. */
export async function give(
  sender: Sender,
  { tokens }: Tokens,
  symbol: AssetSymbol,
  holder: Address,
  usd: number,
): Promise<void> {
  const amount = unitsFor(symbol, usd);
  const gas = 100_000;
  if (symbol !== 'WETH') return sender.call(tokens[symbol], tokenAbi(), 'mint', [holder, amount], { gas });
  const { abi } = foundryArtifact('WETH9');
  await sender.call(tokens.WETH, abi, 'deposit', [], { value: amount, gas });
  await sender.call(tokens.WETH, abi, 'transfer', [holder, amount], { gas });
}

/** Queues an unlimited allowance of the deployer's tokens; of all of them unless some are named. */
export async function approveByDeployer(
  sender: Sender,
  { tokens }: Tokens,
  spender: Address,
  of: readonly AssetSymbol[] = symbols,
): Promise<void> {
  for (const symbol of of) await approveToken(sender, tokens[symbol], spender);
}

/** Queues an unlimited allowance of the deployer's of any token. */
export async function approveToken(sender: Sender, token: Address, spender: Address): Promise<void> {
  await sender.call(token, tokenAbi(), 'approve', [spender, 2n ** 256n - 1n]);
}

function tokenAbi(): Abi {
  return foundryArtifact('Token').abi;
}
