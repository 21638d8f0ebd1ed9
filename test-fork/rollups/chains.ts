import {
  type Address,
  type Hash,
  type Hex,
  numberToHex,
  type PublicClient,
  parseAbi,
  serializeTransaction,
  type TransactionSerializableEIP1559,
} from 'viem';
import type { Lab } from '../lab/anvil.ts';
import { rootRequire } from '../lab/paths.ts';
import { deployedCode } from './compile.ts';

/** What the layer below charges for a unit of gas, of calldata and of blobs; wei. */
export type Below = { baseFee: bigint; blobBaseFee: bigint };

/** A rollup that a fork of the lab can be made to look like, as far as its data fee goes. */
export type Rollup = {
  name: string;
  chainId: number;
  /** Whom the keeper asks. */
  oracle: Address;
  /** Puts the code there that answers, and lets it charge so. */
  charge(lab: Lab, below: Below): Promise<void>;
  /** Wei that the chain takes of a transaction beside its gas, by the same code. */
  charged(client: PublicClient, hash: Hash): Promise<bigint>;
};

const oracleAbi = parseAbi([
  'function getL1Fee(bytes) view returns (uint256)',
  'function getOperatorFee(uint256) view returns (uint256)',
]);
const nodeAbi = parseAbi([
  'function gasEstimateL1Component(address, bool, bytes) payable returns (uint64, uint256, uint256)',
]);

type Slots = Record<number, bigint>;

/** Puts code at an address, with what its storage is to hold. */
export async function place({ client }: Lab, address: Address, bytecode: Hex, slots: Slots): Promise<void> {
  await client.setCode({ address, bytecode });
  for (const [slot, value] of Object.entries(slots)) {
    await client.setStorageAt({ address, index: Number(slot), value: numberToHex(value, { size: 32 }) });
  }
}

/** A transaction as it is published, or as it was before it was signed. */
async function publishedAs(client: PublicClient, hash: Hash, signed: boolean): Promise<Hex> {
  const { r, s, yParity, input: data, ...sent } = await client.getTransaction({ hash });
  const unsigned = { ...sent, data, type: 'eip1559' } as TransactionSerializableEIP1559;
  return serializeTransaction(unsigned, signed ? { r, s, yParity: yParity! } : undefined);
}

/** As yet nobody's: no preset is for it. */
const UNLISTED = 9_999_991;

const asks = (oracle: Address, signed: boolean) => async (client: PublicClient, hash: Hash) => {
  const args = [await publishedAs(client, hash, signed)] as const;
  return client.readContract({ address: oracle, abi: oracleAbi, functionName: 'getL1Fee', args });
};

const OP_ORACLE = '0x420000000000000000000000000000000000000F';
const OP_L1_BLOCK = '0x4200000000000000000000000000000000000015';

/** GasPriceOracle and L1Block as compiled in @eth-optimism/contracts-bedrock, since Fjord, at OP Mainnet's scalars. */
const opStack: Rollup = {
  name: 'OP Mainnet',
  chainId: 10,
  oracle: OP_ORACLE,
  async charge(lab, { baseFee, blobBaseFee }) {
    const code = (name: string): Hex =>
      rootRequire(`@eth-optimism/contracts-bedrock/forge-artifacts/${name}.sol/${name}.json`).deployedBytecode.object;
    // isEcotone, isFjord
    await place(lab, OP_ORACLE, code('GasPriceOracle'), { 0: 0x0101n });
    const scalars = (1_014_213n << 64n) | (5_227n << 96n);
    await place(lab, OP_L1_BLOCK, code('L1Block'), { 1: baseFee, 3: scalars, 7: blobBaseFee });
  },
  charged: asks(OP_ORACLE, false),
};

const SCROLL_ORACLE = '0x5300000000000000000000000000000000000002';

/** L1GasPriceOracle compiled from @scroll-tech/contracts, since Galileo. */
const scroll: Rollup = {
  name: 'Scroll',
  chainId: 534_352,
  oracle: SCROLL_ORACLE,
  async charge(lab, { baseFee, blobBaseFee }) {
    const source = 'node_modules/@scroll-tech/contracts/L2/predeploys/L1GasPriceOracle.sol';
    const [commitScalar, blobScalar, penaltyFactor] = [2_394_981_796n, 201_695_604n, 10_000n];
    await place(lab, SCROLL_ORACLE, deployedCode(source, 'solc-0.8.24'), {
      1: baseFee,
      5: blobBaseFee,
      6: commitScalar,
      7: blobScalar,
      10: penaltyFactor,
      12: 1n, // isGalileo
    });
  },
  charged: asks(SCROLL_ORACLE, true),
};

const NODE_INTERFACE = '0x00000000000000000000000000000000000000C8';

/** A reference of our own in the place where nodes answer. */
const arbitrum: Rollup = {
  name: 'Arbitrum One',
  chainId: 42_161,
  oracle: NODE_INTERFACE,
  async charge(lab, { baseFee }) {
    const code = deployedCode('test-fork/rollups/NodeInterface.sol');
    await place(lab, NODE_INTERFACE, code, { 0: baseFee, 1: 10n ** 9n });
  },
  async charged(client, hash) {
    const { to, input } = await client.getTransaction({ hash });
    const { result } = await client.simulateContract({
      address: NODE_INTERFACE,
      abi: nodeAbi,
      functionName: 'gasEstimateL1Component',
      args: [to!, false, input],
    });
    return result[0] * result[1];
  },
};

export const rollups: readonly Rollup[] = [opStack, scroll, arbitrum];

const BEHIND = '0x420000000000000000000000000000000000F00f';

/** The OP stack's own code behind an operator fee of our own, since Jovian: 0.2 gwei a unit of gas, and some for each. */
const jovian: Rollup = {
  name: 'an OP stack with an operator fee',
  chainId: UNLISTED,
  oracle: OP_ORACLE,
  async charge(lab, below) {
    await opStack.charge(lab, below);
    await lab.client.setCode({ address: BEHIND, bytecode: (await lab.client.getCode({ address: OP_ORACLE }))! });
    const code = deployedCode('test-fork/rollups/OperatorFee.sol');
    await place(lab, OP_ORACLE, code, { 0: 0x0101n, 1: 2_000_000n, 2: 10n ** 13n, 3: 1n });
  },
  async charged(client, hash) {
    const { gasUsed } = await client.waitForTransactionReceipt({ hash });
    const call = { address: OP_ORACLE, abi: oracleAbi, functionName: 'getOperatorFee', args: [gasUsed] } as const;
    return (await opStack.charged(client, hash)) + (await client.readContract(call));
  },
};

/** Rollups on chains that there is no preset for: what they charge is found out. */
export const unlisted: readonly Rollup[] = [
  jovian,
  { ...scroll, name: 'a Scroll of another id', chainId: UNLISTED },
  { ...arbitrum, name: 'an Arbitrum of another id', chainId: UNLISTED },
];
