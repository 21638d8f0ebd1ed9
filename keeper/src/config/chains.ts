import { type ChainPreset, OP_STACK, SCROLL, usual } from './chain-preset.ts';
import { TEST_NETWORKS } from './test-networks.ts';

export { type L1Source, OP_STACK, SCROLL, USUAL_V2_FEE, type V2Factory } from './chain-preset.ts';

// Each address has beside it where it is published; what is published nowhere is left out. Block times: viem/chains 2.57.20.

const UNISWAP_V3 = '0x1F98431c8aD98523631AE4a59f267346ea31F984';

/** The chains that need no `--wrapped-native`, and the local development chain. */
export const CHAINS: readonly ChainPreset[] = [
  {
    id: 1,
    key: 'ethereum',
    name: 'Ethereum',
    nativeSymbol: 'ETH',
    wrappedNative: '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Ethereum.sol
    blockTime: 12_000,
    uniswapV3: UNISWAP_V3, // https://github.com/Uniswap/contracts/blob/main/deployments/1.md
    uniswapV2: [
      usual('0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f'), // https://github.com/Uniswap/contracts/blob/main/deployments/1.md
      usual('0xC0AEe478e3658e2610c5F7A4A2E1777cE9e4f2Ac'), // https://github.com/sushiswap/subgraphs/blob/master/config/ethereum.js
    ],
  },
  {
    id: 10,
    key: 'optimism',
    name: 'OP Mainnet',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Optimism.sol
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: UNISWAP_V3, // https://github.com/Uniswap/contracts/blob/main/deployments/10.md
    uniswapV2: [usual('0x0c3c1c532F1e39EdF36BE9Fe0bE1410313E074Bf')], // https://github.com/Uniswap/contracts/blob/main/deployments/10.md
  },
  {
    id: 56,
    key: 'bsc',
    name: 'BNB Smart Chain',
    nativeSymbol: 'BNB',
    wrappedNative: '0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3BNB.sol
    blockTime: 750,
    uniswapV3: '0xdB1d10011AD0Ff90774D0C6Bb92e5C5c8b4461F7', // https://github.com/Uniswap/contracts/blob/main/deployments/56.md
    uniswapV2: [
      usual('0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6'), // https://github.com/Uniswap/contracts/blob/main/deployments/56.md
      { factory: '0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73', fee: 25 }, // https://developer.pancakeswap.finance/contracts/v2/addresses
    ],
  },
  {
    id: 100,
    key: 'gnosis',
    name: 'Gnosis',
    nativeSymbol: 'XDAI',
    wrappedNative: '0xe91D153E0b41518A2Ce8Dd3D7944Fa863463a97d', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Gnosis.sol
    blockTime: 5_000,
    uniswapV3: '0xe32F7dD7e3f098D518ff19A22d5f028e076489B1', // https://github.com/0xProject/0x-settler/blob/master/src/core/univ3forks/UniswapV3.sol
  },
  {
    id: 137,
    key: 'polygon',
    name: 'Polygon',
    nativeSymbol: 'POL',
    wrappedNative: '0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Polygon.sol
    blockTime: 2_000,
    uniswapV3: UNISWAP_V3, // https://github.com/Uniswap/contracts/blob/main/deployments/137.md
    uniswapV2: [
      usual('0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C'), // https://github.com/Uniswap/contracts/blob/main/deployments/137.md
      usual('0x5757371414417b8C6CAad45bAeF941aBc7d3Ab32'), // https://github.com/QuickSwap/QuickSwap-subgraph/blob/master/subgraph.yaml
    ],
  },
  {
    id: 143,
    key: 'monad',
    name: 'Monad',
    nativeSymbol: 'MON',
    wrappedNative: '0x3bd359C1119dA7Da1D913D1C4D2B7c461115433A', // https://github.com/Uniswap/contracts/blob/main/deployments/json/143.json
    blockTime: 300,
    uniswapV3: '0x204FAca1764B154221e35c0d20aBb3c525710498', // https://github.com/Uniswap/contracts/blob/main/deployments/143.md
    uniswapV2: [usual('0x182a927119D56008d921126764bF884221b10f59')], // https://github.com/Uniswap/contracts/blob/main/deployments/143.md
  },
  {
    id: 146,
    key: 'sonic',
    name: 'Sonic',
    nativeSymbol: 'S',
    wrappedNative: '0x039e2fB66102314Ce7b64Ce5Ce3E5183bc94aD38', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Sonic.sol
    blockTime: 630,
    uniswapV3: '0xcb2436774C3e191c85056d248EF4260ce5f27A9D', // https://github.com/0xProject/0x-settler/blob/master/src/core/univ3forks/UniswapV3.sol
  },
  {
    id: 196,
    key: 'x-layer',
    name: 'X Layer',
    nativeSymbol: 'OKB',
    wrappedNative: '0xe538905cf8410324e03A5A23C1c177a474D59b2b', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3XLayer.sol
    blockTime: 1_000,
    uniswapV3: '0x4B2ab38DBF28D31D467aA8993f6c2585981D6804', // https://github.com/Uniswap/contracts/blob/main/deployments/196.md
    uniswapV2: [usual('0xDf38F24fE153761634Be942F9d859f3DBA857E95')], // https://github.com/Uniswap/contracts/blob/main/deployments/196.md
  },
  {
    id: 324,
    key: 'zksync',
    name: 'ZKsync Era',
    nativeSymbol: 'ETH',
    wrappedNative: '0x5AEa5775959fBC2557Cc8789bC1bf90A239D9a91', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3ZkSync.sol
    blockTime: 200,
    cannotRun: 'its contracts are of another machine than the EVM (EraVM), for which the Liquidator is not compiled',
    uniswapV3: '0x8FdA5a7a8dCA67BBcDd10F02Fa0649A937215422', // https://docs.uniswap.org/contracts/v3/reference/deployments/ZKsync-deployments
  },
  {
    id: 1088,
    key: 'metis',
    name: 'Metis',
    nativeSymbol: 'METIS',
    wrappedNative: '0x75cb093E4D61d2A2e65D8e0BBb01DE8d89b53481', // https://github.com/Metis-DAO/Metis/blob/main/readme/connection-details.md
    blockTime: 2_000,
  },
  {
    id: 1868,
    key: 'soneium',
    name: 'Soneium',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Soneium.sol
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x42aE7Ec7ff020412639d443E245D936429Fbe717', // https://github.com/Uniswap/contracts/blob/main/deployments/1868.md
    uniswapV2: [usual('0x97FeBbC2AdBD5644ba22736E962564B23F5828CE')], // https://github.com/Uniswap/contracts/blob/main/deployments/1868.md
  },
  {
    id: 4326,
    key: 'megaeth',
    name: 'MegaETH',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3MegaEth.sol
    blockTime: 1_000,
    uniswapV3: '0x3a5F0CD7d62452b7f899B2A5758BFa57be0dE478', // https://github.com/Uniswap/contracts/blob/main/deployments/4326.md
    uniswapV2: [usual('0xbf56488c857A881ae7e3BED27Cf99c10A7Ab7e50')], // https://github.com/Uniswap/contracts/blob/main/deployments/4326.md
  },
  {
    id: 5000,
    key: 'mantle',
    name: 'Mantle',
    nativeSymbol: 'MNT',
    wrappedNative: '0x78c1b0C915c4FAA5FffA6CAbf0219DA63d7f4cb8', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Mantle.sol
    blockTime: 2_000,
    uniswapV3: '0x0d922Fb1Bc191F64970ac40376643808b4B74Df9', // https://github.com/0xProject/0x-settler/blob/master/src/core/univ3forks/UniswapV3.sol
  },
  {
    id: 8453,
    key: 'base',
    name: 'Base',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Base.sol
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x33128a8fC17869897dcE68Ed026d694621f6FDfD', // https://github.com/Uniswap/contracts/blob/main/deployments/8453.md
    uniswapV2: [usual('0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6')], // https://github.com/Uniswap/contracts/blob/main/deployments/8453.md
  },
  {
    id: 9745,
    key: 'plasma',
    name: 'Plasma',
    nativeSymbol: 'XPL',
    wrappedNative: '0x6100E367285b01F48D07953803A2d8dCA5D19873', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Plasma.sol
    blockTime: 1_000,
  },
  { id: 31337, key: 'anvil', name: 'Anvil', nativeSymbol: 'ETH', blockTime: 1_000 },
  {
    id: 42161,
    key: 'arbitrum',
    name: 'Arbitrum One',
    nativeSymbol: 'ETH',
    wrappedNative: '0x82aF49447D8a07e3bd95BD0d56f35241523fBab1', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Arbitrum.sol
    blockTime: 250,
    l1Fee: 'arbitrum',
    uniswapV3: UNISWAP_V3, // https://github.com/Uniswap/contracts/blob/main/deployments/42161.md
    uniswapV2: [usual('0xf1D7CC64Fb4452F05c498126312eBE29f30Fbcf9')], // https://github.com/Uniswap/contracts/blob/main/deployments/42161.md
  },
  {
    id: 42220,
    key: 'celo',
    name: 'Celo',
    nativeSymbol: 'CELO',
    wrappedNative: '0x471EcE3750Da237f93B8E339c536989b8978a438', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Celo.sol
    blockTime: 1_000,
    l1Fee: OP_STACK,
    uniswapV3: '0xAfE208a311B21f13EF87E33A90049fC17A7acDEc', // https://github.com/Uniswap/contracts/blob/main/deployments/42220.md
    uniswapV2: [usual('0x79a530c8e2fA8748B7B40dd3629C0520c2cCf03f')], // https://github.com/Uniswap/contracts/blob/main/deployments/42220.md
  },
  {
    id: 43114,
    key: 'avalanche',
    name: 'Avalanche',
    nativeSymbol: 'AVAX',
    wrappedNative: '0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Avalanche.sol
    blockTime: 1_700,
    uniswapV3: '0x740b1c1de25031C31FF4fC9A62f554A55cdC1baD', // https://github.com/Uniswap/contracts/blob/main/deployments/43114.md
    uniswapV2: [
      usual('0x9e5A52f57b3038F1B8EeE45F28b3C1967e22799C'), // https://github.com/Uniswap/contracts/blob/main/deployments/43114.md
      usual('0x9Ad6C38BE94206cA50bb0d90783181662f0Cfa10'), // https://github.com/traderjoe-xyz/joe-core/blob/main/deployments/avalanche/JoeFactory.json
    ],
  },
  {
    id: 57073,
    key: 'ink',
    name: 'Ink',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3InkWhitelabel.sol
    blockTime: 1_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x640887A9ba3A9C53Ed27D0F7e8246A4F933f3424', // https://github.com/Uniswap/contracts/blob/main/deployments/57073.md
    uniswapV2: [usual('0xfe57A6BA1951F69aE2Ed4abe23e0f095DF500C04')], // https://github.com/Uniswap/contracts/blob/main/deployments/57073.md
  },
  {
    id: 59144,
    key: 'linea',
    name: 'Linea',
    nativeSymbol: 'ETH',
    wrappedNative: '0xe5D7C2a44FfDDf6b295A15c148167daaAf5Cf34f', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Linea.sol
    blockTime: 2_000,
    uniswapV3: '0x31FAfd4889FA1269F7a13A66eE0fB458f27D72A9', // https://github.com/Uniswap/contracts/blob/main/deployments/59144.md
    uniswapV2: [usual('0x114A43DF6C5f54EBB8A9d70Cd1951D3dD68004c7')], // https://github.com/Uniswap/contracts/blob/main/deployments/59144.md
  },
  {
    id: 534352,
    key: 'scroll',
    name: 'Scroll',
    nativeSymbol: 'ETH',
    wrappedNative: '0x5300000000000000000000000000000000000004', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Scroll.sol
    blockTime: 3_000,
    l1Fee: SCROLL,
    uniswapV3: '0x70C62C8b8e801124A4Aa81ce07b637A3e83cb919', // https://github.com/0xProject/0x-settler/blob/master/src/core/univ3forks/UniswapV3.sol
  },
  ...TEST_NETWORKS,
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
