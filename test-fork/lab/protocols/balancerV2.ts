import { type Address, encodePacked, getContractAddress, keccak256, toFunctionSelector } from 'viem';
import { npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { give, symbols, type Tokens } from '../tokens.ts';
import { LENDER_USD } from './morpho.ts';

const DAY = 86_400n;

const task = (name: string, contract: string) =>
  npmArtifact(`@balancer-labs/v2-deployments/dist/tasks/${name}/artifact/${contract}.json`);

/**
 * Deploys Balancer v2's Vault and Authorizer from the bytecode in `@balancer-labs/v2-deployments`. The Vault lends its whole
 * balance for nothing, as on Ethereum, until the deployer calls `setFlashLoanFeePercentage` on the fees collector
 * (18 decimals, at most 1 %), which it may.
 */
export async function deployBalancerV2(sender: Sender, tokens: Tokens): Promise<LabDirectory['balancerV2']> {
  const { deployer } = sender;
  const authorizerArtifact = task('20210418-authorizer', 'Authorizer');
  const authorizer = await sender.deploy(authorizerArtifact, [deployer]);
  const vault = await sender.deploy(task('20210418-vault', 'Vault'), [
    authorizer,
    tokens.tokens.WETH,
    90n * DAY,
    30n * DAY,
  ]);
  // The Vault's constructor creates the collector; it is the first thing it creates.
  const feesCollector = getContractAddress({ from: vault, nonce: 1n });
  const role = actionId(feesCollector, 'function setFlashLoanFeePercentage(uint256)');
  await sender.call(authorizer, authorizerArtifact.abi, 'grantRole', [role, deployer]);
  for (const symbol of symbols) await give(sender, tokens, symbol, vault, LENDER_USD);
  return { vault, authorizer, feesCollector, feeAdmin: deployer };
}

/** Balancer's name for the right to call a function of one contract. */
function actionId(contract: Address, signature: string) {
  return keccak256(encodePacked(['uint256', 'bytes4'], [BigInt(contract), toFunctionSelector(signature)]));
}
