import { type Address, numberToHex } from 'viem';
import { deployAave, deployLibraries, listReserves, setLtvs, supplyDepth } from './aave.ts';
import { foundryArtifact, multicall3Bytecode, textAsCode } from './artifacts.ts';
import { inventBorrowers, labAddress, openAccounts } from './borrowers.ts';
import { type CoreDirectory, DIRECTORY_ADDRESS, type LabDirectory, type Scope } from './directory.ts';
import { liveOn, REPAID } from './history.ts';
import { deployAaveSecond, populateAaveV30 } from './protocols/aaveSecond.ts';
import { deployAaveV30 } from './protocols/aaveV30.ts';
import { deployBalancerV2 } from './protocols/balancerV2.ts';
import { deployBalancerV3 } from './protocols/balancerV3.ts';
import { deployErc4626 } from './protocols/erc4626.ts';
import { deployMorpho } from './protocols/morpho.ts';
import { deployPancakeV2, deployUniswapV2 } from './protocols/uniswapV2.ts';
import { deployUniswapV4 } from './protocols/uniswapV4.ts';
import { deployVenus } from './protocols/venus.ts';
import { deployVenusDiamond } from './protocols/venusDiamond.ts';
import { BLOCK_GAS_LIMIT, createSender, type Sender } from './sender.ts';
import { assets, deployTokens, listed, symbols, type Tokens } from './tokens.ts';
import { deployUniswap } from './uniswap.ts';

/** The lab's chain id. */
export const LAB_CHAIN_ID = 31337;

/** Where Multicall3 lives on every chain. */
const MULTICALL3: Address = '0xcA11bde05977b3631167028862bE2a173976CA11';

/** What the anvil must be started with for {@link populateLab} to be deterministic. */
export const populateOptions = {
  chainId: LAB_CHAIN_ID,
  /** 2026-01-01T00:00:00Z. */
  timestamp: 1_767_225_600,
  gasLimit: BLOCK_GAS_LIMIT,
  noMining: true,
  order: 'fifo',
  autoImpersonate: true,
  preserveHistoricalStates: true,
};

type Population = {
  /** Decides the borrowers and every address. */
  seed: number;
  scope: Scope;
  /** Gets a line at each stage. */
  onProgress: (line: string) => void;
};

/**
 * Builds the lab on a fresh anvil started with {@link populateOptions}. The artifacts must be compiled.
 * @returns the directory; a {@link LabDirectory} when the scope is `all`.
 */
export async function populateLab(url: string, { seed, scope, onProgress }: Population): Promise<CoreDirectory> {
  const deployer = labAddress(seed, 'deployer');
  const sender = await createSender(url, deployer);
  // Ether for the WETH of all pools.
  await sender.request('anvil_setBalance', [deployer, numberToHex(10n ** 26n)]);
  await installMulticall3(sender);

  const tokens = await deployTokens(sender);
  await sender.mine();
  const libraries = await deployLibraries(sender);
  const listing = { name: 'Plimsoll lab', label: 'Lab', listed: listed(tokens), eMode: true };
  const { configurator, ...aave } = await deployAave(sender, libraries, listing);
  const ui = foundryArtifact('UiPoolDataProviderV3');
  const uiPoolDataProvider = await sender.deploy(ui, [tokens.feeds.WETH, tokens.feeds.USDC]);
  await listReserves(sender, listing, { pool: aave.pool, configurator });
  await sender.mine();
  onProgress('Aave v3.6 deployed');

  const uniswapV3 = await deployUniswap(sender, tokens);
  await sender.mine();
  onProgress(`Uniswap v3 deployed, ${uniswapV3.pools.length} pools`);

  await supplyDepth(sender, listing.listed, aave.pool, depositors(seed));
  await sender.mine();
  const borrowers = inventBorrowers(seed);
  await openAccounts(sender, tokens, aave.pool, borrowers, (done) => {
    if (done === borrowers.length) onProgress(`${done} borrowers opened`);
  });
  await liveOn(sender, tokens, aave.pool, borrowers);
  await setLtvs(sender, listing, configurator, 'ltv');
  await sender.mine();

  const core: CoreDirectory = {
    seed,
    chainId: LAB_CHAIN_ID,
    aave: { ...aave, uiPoolDataProvider },
    uniswapV3,
    ...addressesOf(tokens),
    borrowers: borrowers.slice(REPAID).map(({ address }) => address),
    deployer,
  };
  const directory = scope === 'core' ? core : await withOthers(sender, tokens, libraries, core);
  if (scope === 'all') onProgress('the other protocols deployed');
  await sender.request('anvil_setCode', [DIRECTORY_ADDRESS, textAsCode(JSON.stringify(directory))]);
  await sender.mine();
  return directory;
}

/** Adds what else the Liquidator meets. It comes last and in this order: a new one at the end moves no address before it. */
async function withOthers(
  sender: Sender,
  tokens: Tokens,
  libraries: Record<string, Address>,
  core: CoreDirectory,
): Promise<LabDirectory> {
  const morpho = await deployMorpho(sender, tokens);
  const balancerV2 = await deployBalancerV2(sender, tokens);
  const uniswapV2 = await deployUniswapV2(sender, tokens);
  const pancakeV2 = await deployPancakeV2(sender, tokens);
  const venus = await deployVenus(sender, tokens);
  const aaveV30 = await deployAaveV30(sender, tokens);
  const uniswapV4 = await deployUniswapV4(sender, tokens);
  const venusDiamond = await deployVenusDiamond(sender, tokens, venus.oracle);
  const balancerV3 = await deployBalancerV3(sender, tokens, balancerV2.authorizer);
  const erc4626 = await deployErc4626(sender, tokens);
  const { aaveSecond, link } = await deployAaveSecond(sender, tokens, libraries, core);
  const borrowers = await populateAaveV30(sender, tokens, aaveV30, core.seed);
  await sender.mine();
  return {
    ...core,
    morpho,
    balancerV2,
    uniswapV2,
    pancakeV2,
    venus,
    aaveV30: { ...aaveV30, borrowers },
    uniswapV4,
    venusDiamond,
    balancerV3,
    erc4626,
    aaveSecond,
    link,
  };
}

function depositors(seed: number): Address[] {
  return Array.from({ length: 5 }, (_, i) => labAddress(seed, `depositor ${i}`));
}

function addressesOf({ tokens, feeds }: Tokens): Pick<CoreDirectory, 'tokens' | 'feeds'> {
  const entries = symbols.map((symbol) => [symbol, { address: tokens[symbol], decimals: assets[symbol].decimals }]);
  return { tokens: Object.fromEntries(entries), feeds };
}

async function installMulticall3(sender: Sender): Promise<void> {
  const copy = await sender.deploy({ abi: [], bytecode: multicall3Bytecode(), linkReferences: {} });
  await sender.mine();
  await sender.request('anvil_setCode', [MULTICALL3, await sender.request('eth_getCode', [copy, 'latest'])]);
}
