import type { Abi, Address, Hex, TransactionReceipt } from 'viem';
import { type Artifact, linked } from './artifacts.ts';
import type { LabHandle } from './chain.ts';

/** Sends for accounts nobody has the key of, on a fork started with `autoImpersonate` that mines every transaction. */
export type Actor = {
  address: Address;
  /** Sends a call and waits for it. @throws when it reverts. */
  send(
    to: Address,
    abi: Abi,
    functionName: string,
    args?: readonly unknown[],
    value?: bigint,
  ): Promise<TransactionReceipt>;
  /** Creates a contract. */
  deploy(artifact: Artifact, args?: readonly unknown[]): Promise<Address>;
};

/** Named in every transaction: estimating would start above what one transaction may use. */
const GAS = 10_000_000n;

/** An account with a thousand ether more than it had. */
export async function actor({ client }: LabHandle, address: Address): Promise<Actor> {
  const balance = await client.getBalance({ address });
  await client.setBalance({ address, value: balance + 10n ** 21n });
  const mined = async (hash: Hex) => {
    const receipt = await client.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`${hash} of ${address} reverted`);
    return receipt;
  };
  return {
    address,
    async send(to, abi, functionName, args = [], value = 0n) {
      const call = { account: address, address: to, abi, functionName, args, value, gas: GAS } as const;
      // Only a simulation says why.
      await client.simulateContract(call);
      return mined(await client.writeContract(call));
    },
    async deploy(artifact, args = []) {
      const bytecode = linked(artifact, {});
      const hash = await client.deployContract({ account: address, abi: artifact.abi, bytecode, args, gas: GAS });
      return (await mined(hash)).contractAddress!;
    },
  };
}
