import type { Address } from 'viem';

/** A factory of Uniswap v2 or a fork, and the fee of all its pairs, bps. */
export type V2Factory = { factory: Address; fee: number };

/**
 * Where a rollup tells what publishing calldata costs.
 *
 * - an oracle: `signed` where it wants the transaction as it is published; `inRatio` where it counts in ether and the chain's coin
 *   is another, whose rate it knows
 * - `arbitrum`: its nodes answer in the place of a contract
 * - `estimate`: nodes count all of it as gas of the transaction, and only their estimate says how much
 */
export type L1Source = { oracle: Address; signed: boolean; inRatio?: true } | 'arbitrum' | 'estimate';

/** What the keeper knows of a chain before it asks anything. */
interface ChainPreset {
  id: number;
  /** The word for `--chain`. */
  key: string;
  name: string;
  nativeSymbol: string;
  /** The ERC-20 that wraps the native coin. Absent on a development chain: `--wrapped-native` names it there. */
  wrappedNative?: Address;
  /** Usual time between blocks, milliseconds. */
  blockTime: number;
  /** Factory of Uniswap v3 itself; forks of it are given by flag. */
  uniswapV3?: Address;
  /** Factories of Uniswap v2 and of the large forks of it. */
  uniswapV2?: readonly V2Factory[];
  /** Where a rollup tells what publishing calldata costs. Chains without a preset are asked at start. */
  l1Fee?: L1Source;
}

/** The OP stack's GasPriceOracle, a predeploy. */
export const OP_STACK = { oracle: '0x420000000000000000000000000000000000000F', signed: false } as const;
/** Scroll's L1GasPriceOracle. */
export const SCROLL = { oracle: '0x5300000000000000000000000000000000000002', signed: true } as const;

// Wrapped coins: @aave-dao/aave-address-book 4.68.1. Factories: @uniswap/sdk-core 7.19.4; what it has not (Gnosis, Sonic,
// Scroll): as at least two public configurations agree (CoW Protocol, 0x Settler, SushiSwap, Oku); Plasma's is in no two. Of v2 the
// forks: as their documentation and public configurations agree (SushiSwap, PancakeSwap, QuickSwap, Trader Joe).
// Block times: viem/chains 2.57.20. Fee oracles: the predeploys of the OP stack, and
// of Scroll as its documentation gives it (docs.scroll.io).
/** Of Uniswap v2 and most of its forks, bps. */
export const USUAL_V2_FEE = 30;
const UNISWAP_V3 = '0x1F98431c8aD98523631AE4a59f267346ea31F984';

/** With the fee of Uniswap itself. */
const usual = (factory: Address): V2Factory => ({ factory, fee: USUAL_V2_FEE });

/** The chains that need no `--wrapped-native`, and the local development chain. */
export const CHAINS: readonly ChainPreset[] = [
  {
    id: 1,
    key: 'ethereum',
    name: 'Ethereum',
    nativeSymbol: 'ETH',
    wrappedNative: '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2',
    blockTime: 12_000,
    uniswapV3: UNISWAP_V3,
    uniswapV2: [
      usual('0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f'),
      usual('0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac'),
    ],
  },
  {
    id: 10,
    key: 'optimism',
    name: 'OP Mainnet',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006',
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: UNISWAP_V3,
    uniswapV2: [usual('0x0c3c1c532F1e39EdF36BE9Fe0bE1410313E074Bf')],
  },
  {
    id: 56,
    key: 'bsc',
    name: 'BNB Smart Chain',
    nativeSymbol: 'BNB',
    wrappedNative: '0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c',
    blockTime: 750,
    uniswapV3: '0xdB1d10011AD0Ff90774D0C6Bb92e5C5c8b4461F7',
    uniswapV2: [
      usual('0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6'),
      { factory: '0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73', fee: 25 },
    ],
  },
  {
    id: 100,
    key: 'gnosis',
    name: 'Gnosis',
    nativeSymbol: 'XDAI',
    wrappedNative: '0xe91D153E0b41518A2Ce8Dd3D7944Fa863463a97d',
    blockTime: 5_000,
    uniswapV3: '0xe32F7dD7e3f098D518ff19A22d5f028e076489B1',
  },
  {
    id: 137,
    key: 'polygon',
    name: 'Polygon',
    nativeSymbol: 'POL',
    wrappedNative: '0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270',
    blockTime: 2_000,
    uniswapV3: UNISWAP_V3,
    uniswapV2: [
      usual('0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C'),
      usual('0x5757371414417b8C6CAad45bAeF941aBc7d3Ab32'),
    ],
  },
  {
    id: 146,
    key: 'sonic',
    name: 'Sonic',
    nativeSymbol: 'S',
    wrappedNative: '0x039e2fB66102314Ce7b64Ce5Ce3E5183bc94aD38',
    blockTime: 630,
    uniswapV3: '0xcb2436774C3e191c85056d248EF4260ce5f27A9D',
  },
  {
    id: 8453,
    key: 'base',
    name: 'Base',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006',
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x33128a8fC17869897dcE68Ed026d694621f6FDfD',
    uniswapV2: [usual('0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6')],
  },
  {
    id: 9745,
    key: 'plasma',
    name: 'Plasma',
    nativeSymbol: 'XPL',
    wrappedNative: '0x6100E367285b01F48D07953803A2d8dCA5D19873',
    blockTime: 1_000,
  },
  { id: 31337, key: 'anvil', name: 'Anvil', nativeSymbol: 'ETH', blockTime: 1_000 },
  {
    id: 42161,
    key: 'arbitrum',
    name: 'Arbitrum One',
    nativeSymbol: 'ETH',
    wrappedNative: '0x82aF49447D8a07e3bd95BD0d56f35241523fBab1',
    blockTime: 250,
    l1Fee: 'arbitrum',
    uniswapV3: UNISWAP_V3,
    uniswapV2: [usual('0xf1D7CC64Fb4452F05c498126312eBE29f30Fbcf9')],
  },
  {
    id: 42220,
    key: 'celo',
    name: 'Celo',
    nativeSymbol: 'CELO',
    wrappedNative: '0x471EcE3750Da237f93B8E339c536989b8978a438',
    blockTime: 1_000,
    l1Fee: OP_STACK,
    uniswapV3: '0xAfE208a311B21f13EF87E33A90049fC17A7acDEc',
    uniswapV2: [usual('0x79a530c8e2fA8748B7B40dd3629C0520c2cCf03f')],
  },
  {
    id: 43114,
    key: 'avalanche',
    name: 'Avalanche',
    nativeSymbol: 'AVAX',
    wrappedNative: '0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7',
    blockTime: 1_700,
    uniswapV3: '0x740b1c1de25031C31FF4fC9A62f554A55cdC1baD',
    uniswapV2: [
      usual('0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C'),
      usual('0x9Ad6C38BE94206cA50bb0d90783181662f0Cfa10'),
    ],
  },
  {
    id: 59144,
    key: 'linea',
    name: 'Linea',
    nativeSymbol: 'ETH',
    wrappedNative: '0xe5D7C2a44FfDDf6b295A15c148167daaAf5Cf34f',
    blockTime: 2_000,
    uniswapV3: '0x31FAfd4889FA1269F7a13A66eE0fB458f27D72A9',
    uniswapV2: [usual('0x114A43DF6C5f54EBB8A9d70Cd1951D3dD68004c7')],
  },
  {
    id: 534352,
    key: 'scroll',
    name: 'Scroll',
    nativeSymbol: 'ETH',
    wrappedNative: '0x5300000000000000000000000000000000000004',
    blockTime: 3_000,
    l1Fee: SCROLL,
    uniswapV3: '0x70C62C8b8e801124A4Aa81ce07b637A3e83cb919',
  },
];

/** The words `--chain` understands besides chain ids. */
export const CHAIN_KEYS: readonly string[] = CHAINS.map(({ key }) => key);

/** The preset of a chain id, if there is one. */
export function chainPreset(id: number): ChainPreset | undefined {
  return CHAINS.find((chain) => chain.id === id);
}

/**
 * The chain id that `--chain` names: a preset's word or name, viem's name of the chain (`mainnet`, `bnb smart chain`), or an
 * id. Undefined when nobody knows the name.
 */
export async function findChainId(written: string): Promise<number | undefined> {
  const wanted = written.trim().toLowerCase();
  if (/^\d+$/.test(wanted)) {
    const id = Number(wanted);
    return id > 0 && Number.isSafeInteger(id) ? id : undefined;
  }
  const preset = CHAINS.find(({ key, name }) => key === wanted || name.toLowerCase() === wanted);
  if (preset) return preset.id;
  // Some 700 definitions, which take half a second to load: only a name that is not in the presets pays for them.
  const definitions = Object.entries(await import('viem/chains'));
  for (const [key, chain] of definitions) {
    if (typeof chain !== 'object' || !('id' in chain)) continue;
    if (key.toLowerCase() === wanted || chain.name.toLowerCase() === wanted) return chain.id;
  }
  return undefined;
}

/** How a chain is written in messages: `8453 (Base)`, or the bare id where there is no preset. */
export function showChain(id: number): string {
  const preset = chainPreset(id);
  return preset ? `${id} (${preset.name})` : String(id);
}
