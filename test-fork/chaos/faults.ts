import { type Hex, hexToBigInt, keccak256, numberToHex, parseTransaction } from 'viem';
import type { RpcAnswer, RpcRequest } from '../harness/proxy.ts';
import type { Answering, Wire, World } from './endpoint.ts';

/** A fault of an endpoint: while it lasts the other endpoint tells the truth. */
export type Fault = Answering & {
  name: string;
  /** Blocks that it lasts, from and to. */
  blocks: readonly [number, number];
  /** Whether the endpoint follows a fork of its own meanwhile. */
  forks?: true;
  /** Whether it takes minutes, and stays out of the short form. */
  long?: true;
  /** What of the keeper it waits for: it is tried by its name alone until then. */
  awaits?: string;
};

const error = (message: string, code = -32_000): RpcAnswer => ({ error: { code, message } });
const refuses = (method: string, answer: RpcAnswer) => (request: RpcRequest) =>
  request.method === method ? answer : undefined;
const page = (status: number, title: string): Wire => ({
  ...{ status, type: 'text/html' },
  text: `<html><head><title>${status} ${title}</title></head><body><center><h1>${title}</h1></center></body></html>`,
});
const json = (status: number, code: number, message: string): Wire => ({
  ...{ status, type: 'application/json' },
  text: JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } }),
});
/** One answer in so many, by the dice. */
const oneIn =
  (count: number, wire: (text: string) => Wire) =>
  (text: string, { rng }: World) =>
    rng.next() * count < 1 ? wire(text) : undefined;

/** Which block a request is about; undefined where about none. */
const blockOf = ({ params }: RpcRequest): unknown =>
  params.find(
    (param) => typeof param === 'object' && param !== null && ('blockHash' in param || 'blockNumber' in param),
  ) ?? params.at(-1);
const isHash = (block: unknown, hash: string): boolean =>
  block === hash || (block as { blockHash?: string } | undefined)?.blockHash === hash;
const isState = ({ method }: RpcRequest) =>
  ['eth_call', 'eth_getCode', 'eth_getBalance', 'eth_getStorageAt'].includes(method);

/** Milliseconds after its block that logs and states come, where they come late. */
const LATE = 400;
const LATE_STATE = 800;
/** Blocks that a stale endpoint is behind. */
const BEHIND = 20n;
const ETHER = 10n ** 18n;
const GWEI = 10n ** 9n;

/** Answers about the newest block with one some blocks before. */
async function stale({ method, params }: RpcRequest, { tip, ask }: World): Promise<RpcAnswer | undefined> {
  const number = numberToHex(tip.number - BEHIND);
  if (method === 'eth_blockNumber') return { result: number };
  if (method === 'eth_getBlockByNumber' && params[0] === 'latest')
    return { result: await ask('eth_getBlockByNumber', [number, params[1]]) };
  // As a node that is there: later blocks it does not have.
  if (method === 'eth_getBlockByHash' && params[0] === tip.hash) return { result: null };
  return undefined;
}

/** gas limit times fee of a signed transaction, wei, and its tip. */
function priceOf(raw: unknown): { most: bigint; tip: bigint } {
  const { gas = 0n, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(raw as Hex);
  return { most: gas * maxFeePerGas, tip: maxPriorityFeePerGas };
}

const cap = ({ method, params }: RpcRequest): RpcAnswer | undefined => {
  if (method !== 'eth_sendRawTransaction') return undefined;
  const { most } = priceOf(params[0]);
  const shown = (Number(most) / 1e18).toFixed(2);
  return most > ETHER ? error(`tx fee (${shown} ether) exceeds the configured cap (1.00 ether)`) : undefined;
};

const leastTip = ({ method, params }: RpcRequest): RpcAnswer | undefined => {
  if (method !== 'eth_sendRawTransaction') return undefined;
  const { tip } = priceOf(params[0]);
  const words = `transaction gas price below minimum: gas tip cap ${tip}, minimum needed ${2n * GWEI}`;
  return tip < 2n * GWEI ? error(words) : undefined;
};

/** Every fault of an endpoint that there is. */
export const faults: readonly Fault[] = [
  // The wire.
  { name: 'drops', blocks: [1, 3], wire: oneIn(4, () => 'hang up') },
  { name: 'slow', blocks: [1, 3], wait: ({ rng }) => rng.between(20, 400) },
  { name: 'silent', blocks: [1, 2], wait: () => 4_000, long: true },
  { name: 'too many requests, as a page', blocks: [1, 3], wire: oneIn(3, () => page(429, 'Too Many Requests')) },
  {
    name: 'too many requests, as JSON',
    blocks: [1, 3],
    wire: oneIn(3, () => json(429, -32_005, 'daily request count exceeded')),
  },
  { name: 'fails inside, as JSON', blocks: [1, 3], wire: oneIn(3, () => json(500, -32_603, 'Internal error')) },
  { name: 'fails inside, as a page', blocks: [1, 3], wire: oneIn(3, () => page(500, 'Internal Server Error')) },
  { name: 'gateway is away', blocks: [2, 4], wire: () => page(503, 'Service Temporarily Unavailable') },
  { name: 'no JSON', blocks: [1, 3], wire: oneIn(3, () => ({ text: 'upstream connect error or disconnect/reset' })) },
  { name: 'JSON cut short', blocks: [1, 3], wire: oneIn(3, (text) => ({ text: text.slice(0, text.length / 2) })) },
  { name: 'cut mid-frame', blocks: [1, 3], wire: oneIn(4, () => 'cut') },
  { name: 'an empty object', blocks: [1, 3], wire: oneIn(3, () => ({ text: '{}' })) },

  // Heads.
  { name: 'stale', blocks: [3, 5], ask: stale },
  { name: 'another chain id', blocks: [2, 4], ask: refuses('eth_chainId', { result: '0x38' }) },
  { name: 'another fork', blocks: [3, 5], forks: true },
  {
    name: 'a wrong hash in newHeads',
    blocks: [2, 4],
    push({ result }) {
      if (typeof result?.hash === 'string') result.hash = `0xbad0${result.hash.slice(6)}`;
    },
  },

  // What it cannot do.
  {
    name: 'no pending',
    blocks: [2, 4],
    ask: ({ method, params }) =>
      method === 'eth_getBlockByNumber' && params[0] === 'pending' ? { result: null } : undefined,
  },
  {
    name: 'no fee history, no pending',
    blocks: [2, 4],
    ask: ({ method, params }) =>
      method === 'eth_feeHistory' || params[0] === 'pending'
        ? error('pending block is not available', -32_000)
        : undefined,
  },
  {
    name: 'batches of three',
    blocks: [2, 4],
    batch: (size) => (size > 3 ? error('Batch of more than 3 requests are not allowed on free tier', 31) : undefined),
  },
  { name: 'no batches', blocks: [2, 4], batch: () => error('Invalid request', -32_600) },
  {
    name: 'no logs by hash',
    blocks: [2, 4],
    ask: ({ method, params }) =>
      method === 'eth_getLogs' && 'blockHash' in (params[0] as object)
        ? error('invalid argument 0: json: unknown field "blockHash"', -32_602)
        : undefined,
  },
  {
    name: 'no state by hash',
    blocks: [2, 4],
    ask: (request) =>
      isState(request) && typeof blockOf(request) === 'object'
        ? error('invalid argument 1: hex string without 0x prefix', -32_602)
        : undefined,
  },
  {
    name: 'no simulation',
    blocks: [2, 4],
    ask: refuses('eth_simulateV1', error('the method eth_simulateV1 does not exist/is not available', -32_601)),
  },

  // What it does not have.
  {
    name: 'unknown transactions are errors',
    blocks: [2, 4],
    async ask({ method, params }, { ask }) {
      if (!['eth_getTransactionReceipt', 'eth_getTransactionByHash'].includes(method)) return undefined;
      return (await ask(method, params)) === null ? error('transaction indexing is in progress') : undefined;
    },
  },
  { name: 'late receipts', blocks: [2, 4], ask: refuses('eth_getTransactionReceipt', { result: null }) },
  {
    name: 'late logs',
    blocks: [2, 4],
    ask: ({ method }, { tip }) => (method === 'eth_getLogs' && Date.now() - tip.at < LATE ? { result: [] } : undefined),
    awaits: 'logs that the bloom promises are looked for again',
  },
  {
    name: 'half of the logs',
    blocks: [2, 4],
    alter: ({ method }, result) =>
      method === 'eth_getLogs' && Array.isArray(result) ? result.slice(0, result.length / 2) : result,
    awaits: 'settled blocks are audited by a second endpoint',
  },
  {
    name: 'late state',
    blocks: [2, 4],
    ask: (request, { tip }) =>
      isState(request) && !isHash(blockOf(request), tip.before) && Date.now() - tip.at < LATE_STATE
        ? error('header not found')
        : undefined,
  },
  {
    name: 'old code is nothing',
    blocks: [2, 4],
    ask: ({ method, params }, { tip }) =>
      method === 'eth_getCode' && String(params[1]).startsWith('0x') && hexToBigInt(params[1] as Hex) < tip.number - 64n
        ? { result: '0x' }
        : undefined,
  },

  // Money.
  { name: 'a cap on what a transaction may cost', blocks: [2, 4], ask: cap },
  { name: 'a least tip', blocks: [2, 4], ask: leastTip },
  {
    name: 'absurd advice on tips',
    blocks: [2, 4],
    ask: refuses('eth_maxPriorityFeePerGas', { result: numberToHex(5_000n * GWEI) }),
  },
  {
    name: 'swallows what is sent',
    blocks: [1, 4],
    ask: ({ method, params }) =>
      method === 'eth_sendRawTransaction' ? { result: keccak256(params[0] as Hex) } : undefined,
  },
];
