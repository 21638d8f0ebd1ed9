import type { Address } from 'viem';
import { foundryArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { give, symbols, type Tokens } from '../tokens.ts';
import { LENDER_USD } from './morpho.ts';

const DAY = 86_400;
const artifact = (name: string) => foundryArtifact(name, 'balancer');

/**
 * Deploys Balancer v3's Vault with its extension, admin and fee controller, compiled from `@balancer-labs/v3-vault`. What it
 * holds is only lent once it has been counted, which `settle` does for anybody who has unlocked the Vault.
 * @param authorizer who answers for rights; Balancer v2's speaks the same language.
 */
export async function deployBalancerV3(
  sender: Sender,
  tokens: Tokens,
  authorizer: Address,
): Promise<LabDirectory['balancerV3']> {
  // The parts name the Vault, and the Vault names its parts: it comes fourth.
  const vault = sender.addressAfter(3);
  const admin = await sender.deploy(artifact('VaultAdmin'), [vault, 90 * DAY, 30 * DAY, 1_000_000n, 10_000n]);
  const extension = await sender.deploy(artifact('VaultExtension'), [vault, admin]);
  const feeController = await sender.deploy(artifact('ProtocolFeeController'), [vault, 0n, 0n]);
  await sender.deploy(artifact('Vault'), [extension, authorizer, feeController]);

  const counter = foundryArtifact('FlashBorrower');
  const anybody = await sender.deploy(counter);
  for (const symbol of symbols) {
    await give(sender, tokens, symbol, vault, LENDER_USD);
    await sender.call(anybody, counter.abi, 'countBalancerV3', [vault, tokens.tokens[symbol]], { gas: 300_000 });
  }
  return { vault };
}
