import { type Address, encodePacked, getContractAddress, keccak256 } from 'viem';
import { type Artifact, npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { type AssetSymbol, give, type Tokens } from '../tokens.ts';

/** Whole USD on either side of a pair. */
const PAIR_USD = 50_000_000;

const PAIRS = ['WETH_USDC', 'WETH_USDT', 'WETH_DAI', 'WBTC_WETH'] as const;

/** Deploys Uniswap v2 (fee 0.3 %) from the bytecode in `@uniswap/v2-core` and `@uniswap/v2-periphery`, pairs at the oracle's prices. */
export async function deployUniswapV2(sender: Sender, tokens: Tokens): Promise<LabDirectory['uniswapV2']> {
  const core = (name: string) => npmArtifact(`@uniswap/v2-core/build/${name}.json`);
  const { factory, pairs } = await deployPairs(sender, tokens, core('UniswapV2Factory'), core('UniswapV2Pair'));
  const router = await sender.deploy(npmArtifact('@uniswap/v2-periphery/build/UniswapV2Router02.json'), [
    factory,
    tokens.tokens.WETH,
  ]);
  return { factory, router, pairs };
}

/** Deploys PancakeSwap's fork of it (fee 0.2 %, callback `pancakeCall`) from the bytecode in `@pancakeswap-libs/pancake-swap-core`. */
export async function deployPancakeV2(sender: Sender, tokens: Tokens): Promise<LabDirectory['pancakeV2']> {
  const core = (name: string) => npmArtifact(`@pancakeswap-libs/pancake-swap-core/build/${name}.json`);
  return deployPairs(sender, tokens, core('PancakeFactory'), core('PancakePair'));
}

async function deployPairs(sender: Sender, tokens: Tokens, factoryArtifact: Artifact, pairArtifact: Artifact) {
  const factory = await sender.deploy(factoryArtifact, [sender.deployer]);
  const bytecodeHash = keccak256(pairArtifact.bytecode);
  const pairs = {} as Record<(typeof PAIRS)[number], Address>;
  for (const name of PAIRS) {
    const [a, b] = name.split('_') as [AssetSymbol, AssetSymbol];
    const sorted = [tokens.tokens[a], tokens.tokens[b]].sort((x, y) => (BigInt(x) < BigInt(y) ? -1 : 1)) as [
      Address,
      Address,
    ];
    const salt = keccak256(encodePacked(['address', 'address'], sorted));
    const pair = getContractAddress({ opcode: 'CREATE2', from: factory, salt, bytecodeHash });
    await sender.call(factory, factoryArtifact.abi, 'createPair', sorted, { gas: 3_500_000 });
    await give(sender, tokens, a, pair, PAIR_USD);
    await give(sender, tokens, b, pair, PAIR_USD);
    await sender.call(pair, pairArtifact.abi, 'mint', [sender.deployer], { gas: 300_000 });
    pairs[name] = pair;
  }
  return { factory, pairs };
}
