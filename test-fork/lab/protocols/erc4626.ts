import { foundryArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { approveByDeployer, give, type Tokens, unitsFor } from '../tokens.ts';

const DEPOSITED_USD = 10_000_000;
/** Given to the vault afterwards: a share is worth a tenth more than it cost. */
const EARNED_USD = 1_000_000;

/** Deploys a vault over WETH, OpenZeppelin's ERC-4626, with deposits and earnings in it. */
export async function deployErc4626(sender: Sender, tokens: Tokens): Promise<LabDirectory['erc4626']> {
  const artifact = foundryArtifact('WethVault');
  const vault = await sender.deploy(artifact, [tokens.tokens.WETH]);
  await approveByDeployer(sender, tokens, vault, ['WETH']);
  await give(sender, tokens, 'WETH', sender.deployer, DEPOSITED_USD);
  await sender.call(vault, artifact.abi, 'deposit', [unitsFor('WETH', DEPOSITED_USD), sender.deployer]);
  await give(sender, tokens, 'WETH', vault, EARNED_USD);
  return { WETH: vault };
}
