import { createPublicClient, encodeErrorResult, http, parseAbi } from 'viem';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeError, revertDataOf } from '../src/log/describe-error.ts';
import { addSecret, addSecretUrl, createLogger, describeUrl, scrub } from '../src/log/log.ts';
import { closedPort } from './support/cli.ts';

const KEY = '7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6';
const PASSWORD = 'corr"ect horse\\battery';
const URLS = [
  'https://eth.example/v2/aPiKeY0123456789',
  'https://eth.example/?apikey=Query-Key-0123456789',
  'https://alice:wonderland99@eth.example/',
  'wss://eth.example:8546/ws/SocketKey0123456789',
];
/** No output may hold any of these, in any case. */
const LEAKS = [KEY, 'horse', 'aPiKeY0123456789', 'Query-Key', 'wonderland99', 'SocketKey'];

beforeAll(() => {
  addSecret(`0x${KEY}`);
  addSecret(PASSWORD);
  URLS.forEach(addSecretUrl);
});

async function logged(format: 'pretty' | 'json', level: string, fields: object, message = 'said'): Promise<string> {
  let out = '';
  const log = await createLogger({ format, level }, { write: (line) => (out += line) });
  log.warn(fields, message);
  return out;
}

function expectNoLeak(out: string): void {
  expect(out).not.toBe('');
  for (const leak of LEAKS) expect(out.toLowerCase()).not.toContain(leak.toLowerCase());
}

describe.each(['json', 'pretty'] as const)('the %s log', (format) => {
  test('hides keys with and without 0x, in any case', async () => {
    const fields = {
      bare: KEY,
      prefixed: `0x${KEY}`,
      upper: `0x${KEY.toUpperCase()}`,
      nested: { list: [`pk=${KEY};`] },
    };
    const out = await logged(format, 'info', fields, `the key is 0x${KEY}`);
    expectNoLeak(out);
    expect(out).toContain('the key is [redacted]');
    expect(out.match(/\[redacted\]/g)).toHaveLength(5);
  });

  test('hides a password with characters that JSON escapes', async () => {
    expectNoLeak(await logged(format, 'info', { nested: { deep: { PASSWORD } } }, `it is ${PASSWORD}`));
  });

  test('hides the path, query and login of an endpoint', async () => {
    const out = await logged(format, 'info', { rpc: URLS }, `asking ${URLS.join(' and ')}`);
    expectNoLeak(out);
    expect(out).toContain(
      'asking https://eth.example/… and https://eth.example/… and https://eth.example/… and wss://eth.example:8546/…',
    );
  });

  test('hides what an error and its causes say', async () => {
    const cause = new Error(`refused by ${URLS[0]}`, { cause: new Error(`login ${URLS[2]} with ${KEY}`) });
    const out = await logged(format, 'debug', { err: new Error(`failed with ${PASSWORD}`, { cause }) });
    expectNoLeak(out);
    expect(out).toContain('refused by https://eth.example/…');
    expect(out).not.toContain('    at ');
  });

  test("hides the endpoint in viem's errors", async () => {
    const origin = `http://127.0.0.1:${await closedPort()}`;
    const url = `${origin}/v2/ViemKey0123456789`;
    addSecretUrl(url);
    const error = await createPublicClient({ transport: http(url, { retryCount: 0 }) })
      .getBlockNumber()
      .catch((thrown: unknown) => thrown);
    expect((error as Error).message).toContain('ViemKey0123456789');
    const out = await logged(format, 'trace', { err: error, raw: (error as Error).message });
    expect(out).not.toContain('ViemKey');
    expect(out).toContain(`${origin}/…`);
    expect(describeError(error)).toBe('HTTP request failed. fetch failed (ECONNREFUSED)');
  });
});

test('a short secret is hidden as a word and leaves other words alone', () => {
  addSecret('pass');
  expect(scrub('the pass is pass, compass and passage stay')).toBe(
    'the [redacted] is [redacted], compass and passage stay',
  );
});

test('a login is hidden in URLs nobody registered', () => {
  expect(scrub('moved to https://bob:builder@other.example/x')).toBe('moved to https://other.example/x');
});

test('endpoints are shown by their origin', () => {
  expect([...URLS, 'http://127.0.0.1:8545', 'http://127.0.0.1:8545/', '/run/geth.ipc'].map(describeUrl)).toEqual([
    'https://eth.example/…',
    'https://eth.example/…',
    'https://eth.example/…',
    'wss://eth.example:8546/…',
    'http://127.0.0.1:8545',
    'http://127.0.0.1:8545',
    '/run/geth.ipc',
  ]);
});

test('amounts are decimal strings in JSON', async () => {
  const line = JSON.parse(
    await logged('json', 'info', { profit: 10n ** 30n, legs: [{ repay: 7n }], by: new Map([['a', 1n]]) }),
  );
  expect(line).toMatchObject({
    level: 'warn',
    msg: 'said',
    profit: '1000000000000000000000000000000',
    legs: [{ repay: '7' }],
  });
  expect(line.by).toEqual({ a: '1' });
});

test('causes are told at debug only', async () => {
  const err = new Error('outer', { cause: new Error('inner') });
  expect(JSON.parse(await logged('json', 'info', { err })).err).toEqual({ type: 'Error', message: 'outer' });
  expect(JSON.parse(await logged('json', 'debug', { err })).err).toEqual({
    type: 'Error',
    message: 'outer',
    causes: ['inner'],
  });
});

test('a revert is decoded with its numbers, from wherever the node put the data', () => {
  const abi = parseAbi(['error ProfitTooLow(uint256 profit, uint256 floor)']);
  const data = encodeErrorResult({ abi, errorName: 'ProfitTooLow', args: [12n, 30n] });
  for (const carried of [{ data }, { data: { data } }]) {
    const error = new Error('execution reverted', { cause: Object.assign(new Error('from the node'), carried) });
    expect(describeError(error, abi)).toBe('reverted: ProfitTooLow(12, 30)');
    expect(describeError(error)).toBe(`reverted: ${data.slice(0, 10)}`);
    expect(revertDataOf(error)).toBe(data);
  }
  const reason = encodeErrorResult({ abi: parseAbi(['error Error(string)']), errorName: 'Error', args: ['LOK'] });
  expect(describeError(Object.assign(new Error('x'), { data: reason }))).toBe('reverted: LOK');
});

test('an error without revert data has none: nothing, too little for a selector, no error', () => {
  for (const none of [new Error('x'), Object.assign(new Error('x'), { data: '0x1234' }), 'x', undefined])
    expect(revertDataOf(none)).toBeUndefined();
});

test('a revert that carries another is decoded to the bottom', () => {
  const abi = parseAbi(['error NothingLanded(bytes)', 'error LegFailed(uint256, bytes)', 'error NotBelowThreshold()']);
  const inner = encodeErrorResult({ abi, errorName: 'NotBelowThreshold' });
  const leg = encodeErrorResult({ abi, errorName: 'LegFailed', args: [0n, inner] });
  const data = encodeErrorResult({ abi, errorName: 'NothingLanded', args: [leg] });
  expect(describeError(Object.assign(new Error('x'), { data }), abi)).toBe(
    'reverted: NothingLanded(LegFailed(0, NotBelowThreshold()))',
  );
});
