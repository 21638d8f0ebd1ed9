import { HttpRequestError, RpcRequestError, TimeoutError } from 'viem';
import { describe, expect, test } from 'vitest';
import { faultOf, unreachable } from '../src/chain/errors.ts';
import { refusalOf } from '../src/chain/log-refusal.ts';

const BODY = { method: 'eth_getLogs', params: [{ fromBlock: '0x429429', toBlock: '0x413429' }] };
const url = 'http://node/429/timeout/too-many-results';

/** As viem throws it. */
const rpc = (code: number, message: string, data?: unknown) =>
  new RpcRequestError({ body: BODY, error: { code, message, data }, url });
const http = (status: number, details = '', headers = new Headers()) =>
  new HttpRequestError({ body: BODY, details, headers, status, url });

const suggested: [node: string, code: number, message: string, to: bigint][] = [
  [
    'Alchemy',
    -32_600,
    'You can make eth_getLogs requests with up to a 500 block range. Based on your parameters, this block range should work: [0x123c9b2, 0x123cba5]',
    0x123cba5n,
  ],
  [
    'Alchemy, by size',
    -32_602,
    'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x0, 0x133e71]',
    0x133e71n,
  ],
  ['Infura', -32_005, 'query returned more than 10000 results. Try with this block range [0xCB3D, 0x7B737].', 0x7b737n],
  [
    'zkSync',
    -32_602,
    'Query returned more than 10000 results. Try with this block range [0x7dfd25, 0x7e0fcc].',
    0x7e0fccn,
  ],
  ['Reth', -32_602, 'query exceeds max results 20000, retry with the range 6000000-6000509', 6_000_509n],
];

const stated: [node: string, code: number, message: string, blocks: bigint][] = [
  ['QuickNode', -32_614, 'eth_getLogs is limited to a 10,000 range', 10_000n],
  ['QuickNode, older', -32_000, 'eth_getLogs and eth_newFilter are limited to a 10,000 blocks range', 10_000n],
  ['QuickNode, trial', -32_614, 'eth_getLogs is limited to a 5 range, upgrade from free trial or discover plan', 5n],
  [
    'Alchemy, free',
    -32_600,
    'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Upgrade to PAYG for expanded block range.',
    10n,
  ],
  ['Infura', -32_602, 'range 1000000 exceeds limit of 10000', 10_000n],
  ['Infura, both ends', -32_602, 'range 25887126 - 25897126 exceeds limit of 10000', 10_000n],
  ['dRPC', 35, 'ranges over 10000 blocks are not supported on freetier', 10_000n],
  ['Avalanche', -32_000, 'requested too many blocks from 0 to 16777216, maximum is set to 2048', 2_048n],
  ['publicnode', -32_701, 'exceed maximum block range: 50000', 50_000n],
  ['BSC', -32_000, 'exceed maximum block range: 5000', 5_000n],
  ['Reth', -32_602, 'query exceeds max block range 100000', 100_000n],
  ['1RPC', -32_602, 'eth_getLogs is limited to 0 - 50 blocks range', 50n],
  ['BlockPI', -32_602, 'eth_getLogs is limited to 1024 block range. Please check the parameter requirements', 1_024n],
  ['thirdweb', -32_005, 'Log response size exceeded. Maximum allowed number of requested blocks is 1000', 1_000n],
  ['Morph', -32_000, 'block range is larger than max block range, block range = 5120, max block range = 5000', 5_000n],
  ['Sei', -32_000, 'block range too large (2000), maximum allowed is 1000 blocks', 1_000n],
  ['Cloudflare', -32_047, 'Max range: 800', 800n],
  ['Klaytn', -32_005, 'In eth_getLogs, eth_newFilter, the block range is limited to 2000.', 2_000n],
  ['SimplyVC', -32_000, 'too wide blocks range, the limit is 100', 100n],
];

const unstated: [node: string, code: number, message: string][] = [
  ['Infura', -32_005, 'query returned more than 10000 results'],
  ['Ankr', -32_600, 'block range is too wide'],
  ['Arc', -32_012, 'requested range too large'],
  ['Candle', -32_600, 'block range too high'],
  ['Chainstack', -32_602, 'Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits'],
  ['Nethermind', -32_005, 'Too many logs requested. Max logs per response is 20000.'],
  ['Besu', -32_005, 'Requested range exceeds maximum RPC range limit'],
  ['BSC', -32_005, 'limit exceeded'],
  ['Alchemy', -32_602, 'Log response size exceeded. Please reduce query block range.'],
  ['Geth', -32_003, 'response too large'],
];

const rates: [node: string, code: number, message: string][] = [
  [
    'Alchemy',
    429,
    'Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely ignore this message.',
  ],
  ['Alchemy, monthly', 429, 'Monthly capacity limit exceeded. Visit https://dashboard.alchemy.com to upgrade'],
  ['Infura', -32_005, 'daily request count exceeded, request rate limited'],
  ['Infura, second', -32_005, 'project ID request rate exceeded'],
  ['QuickNode', -32_007, '50/second request limit reached - reduce calls per second or upgrade your account'],
  ['QuickNode, credits', -32_012, 'credits limited to 6000/sec'],
  ['Ankr', -32_005, 'Too many requests, reason: call rate limit exhausted, retry in 10s'],
  ['Chainstack', -32_005, "You've exceeded the RPS limit available on the current plan."],
  ['Base', -32_016, 'over rate limit'],
  ['dRPC', 15, 'Too many request, try again later'],
];

const timeouts: [node: string, code: number, message: string][] = [
  ['Infura', -32_005, 'query timeout exceeded'],
  ['Chainstack', -32_002, 'request timed out'],
  ['dRPC', 30, 'Request timeout on the free tier, please upgrade your tier to the paid one'],
  ['Geth', -32_000, 'execution aborted (timeout = 5s)'],
  ['Erigon', -32_000, 'context deadline exceeded'],
];

const others: [node: string, code: number, message: string][] = [
  ['any', 3, 'execution reverted'],
  ['Geth', -32_000, 'missing trie node 0000'],
  ['Geth, past the end', -32_602, 'block range extends beyond current head block'],
  ['Geth, upside down', -32_602, 'invalid block range params'],
  ['Alchemy', -32_000, 'One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found.'],
  ['any', -32_603, 'Internal error'],
];

describe('a search for logs that is refused', () => {
  test.each(suggested)('names the range that would do: %s', (_, code, message, to) => {
    expect(refusalOf(rpc(code, message))).toEqual({ kind: 'range', to });
  });

  test('names it in its data', () => {
    const data = { from: '0xBDE5F8', limit: 10_000, to: '0x102DBCC' };
    expect(refusalOf(rpc(-32_005, 'query returned more than 10000 results', data))).toEqual({
      kind: 'range',
      to: 0x102dbccn,
    });
  });

  test.each(stated)('names how many blocks it takes: %s', (_, code, message, blocks) => {
    expect(refusalOf(rpc(code, message))).toEqual({ kind: 'range', blocks });
  });

  test.each(unstated)('only says that it is too much: %s', (_, code, message) => {
    expect(refusalOf(rpc(code, message))).toEqual({ kind: 'range' });
  });

  test.each(rates)('came too often: %s', (_, code, message) => {
    expect(refusalOf(rpc(code, message))).toEqual({ kind: 'rate' });
  });

  test.each(timeouts)('took too long: %s', (_, code, message) => {
    expect(refusalOf(rpc(code, message))).toEqual({ kind: 'timeout' });
  });

  test.each(others)('for another reason: %s', (_, code, message) => {
    expect(refusalOf(rpc(code, message))).toBe(undefined);
  });

  test('by nobody, as no endpoint is left, is no matter of what was asked', () => {
    const nobody = unreachable('no --rpc endpoint can be used: http://a (429 Too Many Requests), http://b (timed out)');
    expect(refusalOf(nobody)).toBe(undefined);
    expect(faultOf(nobody)).toBe('unreachable');
  });

  test('by its status', () => {
    expect(refusalOf(http(413, 'Request Entity Too Large'))).toEqual({ kind: 'range' });
    expect(refusalOf(http(429))).toEqual({ kind: 'rate' });
    expect(refusalOf(http(429, '', new Headers({ 'Retry-After': '7' })))).toEqual({ kind: 'rate', retryAfter: 7_000 });
    expect(refusalOf(http(504, 'Gateway Timeout'))).toEqual({ kind: 'timeout' });
    expect(refusalOf(new TimeoutError({ body: BODY, url }))).toEqual({ kind: 'timeout' });
    expect(refusalOf(http(502, 'Bad Gateway'))).toBe(undefined);
    expect(refusalOf(new Error('fetch failed'))).toBe(undefined);
  });
});
