import { type ChainPreset, OP_STACK, usual } from './chain-preset.ts';

/** Test networks that have a market. */
export const TEST_NETWORKS: readonly ChainPreset[] = [
  {
    id: 43113,
    key: 'fuji',
    name: 'Avalanche Fuji',
    nativeSymbol: 'AVAX',
    wrappedNative: '0xd00ae08403B9bbb9124bB305C09058E32C39A48c', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Fuji.sol
    blockTime: 2_000,
  },
  {
    id: 84532,
    key: 'base-sepolia',
    name: 'Base Sepolia',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3BaseSepolia.sol
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x4752ba5DBc23f44D87826276BF6Fd6b1C372aD24', // https://docs.uniswap.org/contracts/v3/reference/deployments/base-deployments
  },
  {
    id: 421614,
    key: 'arbitrum-sepolia',
    name: 'Arbitrum Sepolia',
    nativeSymbol: 'ETH',
    wrappedNative: '0x1dF462e2712496373A347f8ad10802a5E95f053D', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3ArbitrumSepolia.sol
    blockTime: 250,
    l1Fee: 'arbitrum',
    uniswapV3: '0x248AB79Bbb9bC29bB72f7Cd42F17e054Fc40188e', // https://docs.uniswap.org/contracts/v3/reference/deployments/arbitrum-deployments
  },
  {
    id: 763373,
    key: 'ink-sepolia',
    name: 'Ink Sepolia',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://specs.optimism.io/protocol/predeploys.html
    blockTime: 1_000,
    l1Fee: OP_STACK,
  },
  {
    id: 11155111,
    key: 'sepolia',
    name: 'Sepolia',
    nativeSymbol: 'ETH',
    wrappedNative: '0xC558DBdd856501FCd9aaF1E62eae57A9F0629a3c', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3Sepolia.sol
    blockTime: 12_000,
    uniswapV3: '0x0227628f3F023bb0B980b67D528571c95c6DaC1c', // https://github.com/Uniswap/contracts/blob/main/deployments/11155111.md
    uniswapV2: [usual('0xB7f907f7A9eBC822a80BD25E224be42Ce0A698A0')], // https://github.com/Uniswap/contracts/blob/main/deployments/11155111.md
  },
  {
    id: 11155420,
    key: 'optimism-sepolia',
    name: 'OP Sepolia',
    nativeSymbol: 'ETH',
    wrappedNative: '0x4200000000000000000000000000000000000006', // https://github.com/aave-dao/aave-address-book/blob/main/src/AaveV3OptimismSepolia.sol
    blockTime: 2_000,
    l1Fee: OP_STACK,
    uniswapV3: '0x8CE191193D15ea94e11d327b4c7ad8bbE520f6aF', // https://github.com/Uniswap/sdks/blob/main/sdks/sdk-core/src/addresses.ts
  },
];
