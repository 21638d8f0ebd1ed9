import {
  type Address,
  createPublicClient,
  custom,
  type Hash,
  type Hex,
  keccak256,
  numberToHex,
  type PublicClient,
  parseTransaction,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { Head } from '../../src/chain/head.ts';
import { address } from './sent.ts';

export const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
export const LIQUIDATOR = address(0x500);

type Request = { method: string; params: readonly unknown[] };
type Answer = (params: readonly unknown[]) => unknown;

/** A node of a few methods, without a chain: what it answers is set by the test. */
export type FakeNode = {
  client: PublicClient;
  /** What it was asked, in order. */
  asked: Request[];
  /** How many nonces the operator has used: in blocks, and with what waits. */
  nonces: { latest: number; pending: number };
  baseFee: bigint;
  priority: bigint;
  /** What the operator holds, wei. */
  balance: bigint;
  /** By hash: transactions that it knows. */
  known: Map<Hash, object>;
  receipts: Map<Hash, object>;
  /** Raw transactions that it took. */
  taken: Hex[];
  /** In place of its own answer to a method. */
  answers: Map<string, Answer>;
};

/** An error as a node answers it. */
export const rpcError = (message: string, data?: Hex) => Object.assign(new Error(message), { code: 3, data });

export function fakeNode(): FakeNode {
  const node: Omit<FakeNode, 'client'> = {
    asked: [],
    nonces: { latest: 0, pending: 0 },
    baseFee: 100n,
    priority: 10n,
    balance: 10n ** 18n,
    known: new Map(),
    receipts: new Map(),
    taken: [],
    answers: new Map(),
  };
  const own: Record<string, Answer> = {
    eth_getTransactionCount: ([, tag]) => numberToHex(node.nonces[tag as 'latest']),
    eth_getBlockByNumber: () => ({ ...BLOCK, baseFeePerGas: numberToHex(node.baseFee) }),
    eth_getBlockByHash: () => BLOCK,
    eth_getBalance: () => numberToHex(node.balance),
    eth_maxPriorityFeePerGas: () => numberToHex(node.priority),
    eth_getTransactionByHash: ([hash]) => node.known.get(hash as Hash) ?? null,
    eth_getTransactionReceipt: ([hash]) => node.receipts.get(hash as Hash) ?? null,
    eth_call: () => '0x',
    eth_sendRawTransaction([raw]) {
      node.taken.push(raw as Hex);
      const hash = keccak256(raw as Hex);
      const { nonce = 0 } = parseTransaction(raw as `0x02${string}`);
      node.known.set(hash, transaction(hash));
      node.nonces.pending = Math.max(node.nonces.pending, nonce + 1);
      return hash;
    },
  };
  const request = async ({ method, params = [] }: { method: string; params?: readonly unknown[] }) => {
    node.asked.push({ method, params });
    const answer = node.answers.get(method) ?? own[method];
    if (!answer) throw new Error(`the node of this test does not answer ${method}`);
    return answer(params);
  };
  const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 });
  return Object.assign(node, { client: client as PublicClient });
}

const ZERO: Hash = `0x${'0'.repeat(64)}`;
const BLOCK = {
  ...{ number: '0x64', hash: ZERO, parentHash: ZERO, timestamp: '0x3e8', gasLimit: '0x1c9c380', gasUsed: '0x0' },
  ...{ size: '0x0', difficulty: '0x0', totalDifficulty: '0x0', transactions: [] },
};

/** A transaction as a node gives it. */
export const transaction = (hash: Hash, changes: { input?: Hex; gas?: bigint } = {}) => ({
  ...{ hash, type: '0x2', from: account.address, to: LIQUIDATOR, nonce: '0x0', value: '0x0', chainId: '0x1' },
  ...{ gas: numberToHex(changes.gas ?? 100_000n), input: changes.input ?? '0x', blockNumber: '0x64', blockHash: ZERO },
  ...{ transactionIndex: '0x0', maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x1' },
});

/** A receipt as a node gives it. */
export const receipt = (
  hash: Hash,
  changes: {
    block?: bigint;
    status?: 'success' | 'reverted';
    to?: Address;
    logs?: readonly object[];
    blockHash?: Hash;
  } = {},
) => ({
  ...{ transactionHash: hash, blockHash: changes.blockHash ?? ZERO, blockNumber: numberToHex(changes.block ?? 100n) },
  ...{ status: changes.status === 'reverted' ? '0x0' : '0x1', to: changes.to ?? LIQUIDATOR, from: account.address },
  ...{ gasUsed: numberToHex(1_000n), effectiveGasPrice: numberToHex(7n), cumulativeGasUsed: '0x0', type: '0x2' },
  ...{ logs: changes.logs ?? [], logsBloom: '0x', transactionIndex: '0x0', contractAddress: null },
});

export const hashOf = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;

export const head = (number: bigint): Head => ({
  ...{ number, hash: hashOf(Number(number)), parentHash: hashOf(Number(number) - 1), timestamp: number * 12n },
  ...{ gasLimit: 30_000_000n, baseFeePerGas: 100n, logsBloom: '0x' },
});
