import {
  type Abi,
  type Address,
  createTestClient,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  numberToHex,
} from 'viem';
import { type Artifact, linked } from './artifacts.ts';
import { nodeTransport } from './node.ts';

/** The block gas limit of the lab, as on Ethereum since the end of 2025. */
export const BLOCK_GAS_LIMIT = 60_000_000;

/** What a creation may use: a byte of code costs 200 gas to store and up to 16 to send, and the rest is for the constructor. */
const deployGas = (data: Hex) => 2_000_000 + 230 * (data.length / 2);
const CALL_GAS = 1_500_000;

type CallOptions = { from?: Address; value?: bigint; gas?: number };

/**
 * Sends the transactions of a build. They wait in the pool until a block is asked for or the next one would not fit,
 * so that many share a block, and every block has a timestamp of ours: the same build gives the same chain.
 */
export type Sender = {
  /** The account that deploys and sends unless a call says otherwise. */
  deployer: Address;
  /** Queues a creation; the address is known before it is mined. */
  deploy(artifact: Artifact, args?: readonly unknown[], libraries?: Record<string, Address>): Promise<Address>;
  /** Where the deployer's next creation lands if `ahead` more of its transactions come first. */
  addressAfter(ahead: number): Address;
  /** Queues a call. */
  call(to: Address, abi: Abi, functionName: string, args?: readonly unknown[], options?: CallOptions): Promise<void>;
  /**
   * Mines what is queued (an empty block if nothing is) and moves time on.
   * @param seconds how far the next block is from the last one; default 12.
   * @returns the block's number.
   * @throws when a transaction failed, naming it.
   */
  mine(seconds?: number): Promise<number>;
  /** Any method of the node. */
  request<T>(method: string, params: unknown[]): Promise<T>;
};

/** A sender on an anvil started with automatic mining off and impersonation on. */
export async function createSender(url: string, deployer: Address): Promise<Sender> {
  const client = createTestClient({ mode: 'anvil', transport: nodeTransport(url) });
  const request = <T>(method: string, params: unknown[]) =>
    client.request({ method, params } as unknown as Parameters<typeof client.request>[0]) as Promise<T>;

  const nonces = new Map<Address, number>();
  let labels: string[] = [];
  let queuedGas = 0;
  let time = Number((await request<{ timestamp: Hex }>('eth_getBlockByNumber', ['latest', false])).timestamp);

  async function mine(seconds = 12): Promise<number> {
    time += seconds;
    await request('evm_setNextBlockTimestamp', [numberToHex(time)]);
    await request('evm_mine', []);
    type Receipt = { status: Hex; blockNumber: Hex; transactionHash: Hex };
    const receipts = await request<Receipt[]>('eth_getBlockReceipts', ['latest']);
    const failed = receipts.findIndex(({ status }) => status !== '0x1');
    if (failed >= 0) throw new Error(`lab: ${labels[failed]} reverted (${receipts[failed]!.transactionHash})`);
    if (receipts.length !== labels.length)
      throw new Error(
        `lab: ${labels.length} transactions queued, ${receipts.length} mined; first queued: ${labels[0]}`,
      );
    labels = [];
    queuedGas = 0;
    return Number(await request<Hex>('eth_blockNumber', []));
  }

  async function send(
    label: string,
    data: Hex,
    gas: number,
    { to, from = deployer, value = 0n }: CallOptions & { to?: Address },
  ) {
    if (queuedGas + gas > BLOCK_GAS_LIMIT) await mine();
    const nonce = nonces.get(from) ?? 0;
    nonces.set(from, nonce + 1);
    queuedGas += gas;
    labels.push(label);
    await request('eth_sendTransaction', [
      {
        from,
        to,
        data,
        nonce: numberToHex(nonce),
        gas: numberToHex(gas),
        value: numberToHex(value),
        maxFeePerGas: numberToHex(100_000_000_000n),
        maxPriorityFeePerGas: '0x0',
      },
    ]);
    return nonce;
  }

  return {
    deployer,
    async deploy(artifact, args = [], libraries = {}) {
      const data = encodeDeployData({ abi: artifact.abi, bytecode: linked(artifact, libraries), args });
      const nonce = await send('a contract creation', data, Math.round(deployGas(data)), {});
      return getContractAddress({ from: deployer, nonce: BigInt(nonce) });
    },
    addressAfter: (ahead) => getContractAddress({ from: deployer, nonce: BigInt((nonces.get(deployer) ?? 0) + ahead) }),
    async call(to, abi, functionName, args = [], { gas = CALL_GAS, ...options } = {}) {
      await send(`${functionName} on ${to}`, encodeFunctionData({ abi, functionName, args }), gas, { to, ...options });
    },
    mine,
    request,
  };
}
