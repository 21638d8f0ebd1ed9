import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { createTestClient, encodeAbiParameters, encodeFunctionResult, type Hex, multicall3Abi, pad } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, nodeTransport, startAnvil } from '../../test-fork/lab/node.ts';
import { CHAIN_KEYS } from '../src/config/chains.ts';
import { aaveMarkets } from '../src/protocols/aave-v3/presets.ts';
import { cast, closedPort, type Run, type RunOptions, runCli, temporaryFolder } from './support/cli.ts';

// anvil's first account, and one that owns nothing.
const RICH = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const POOR = generatePrivateKey();
const PASSWORD = 'battery-staple-93';
const MARKET = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
const NOTHING = '0x00000000000000000000000000000000000000A1';
const NOT_A_LIQUIDATOR = '0x00000000000000000000000000000000000000A2';
/** Answers every call with zero: treasury zero, nobody is an operator. */
const REFUSES_ALL = '0x00000000000000000000000000000000000000A3';
/** Answers every call with one, as MARKET does: everybody is an operator, and whatever a market is asked has an answer. */
const TAKES_ALL = '0x00000000000000000000000000000000000000a4';

const AAVE = ['--protocol', 'aave-v3'];
const DRY = [...AAVE, '--dry-run'];

/** A request of JSON-RPC. */
type Asked = { id: number; method: string; params: readonly unknown[] };

let ethereum: Anvil;
let anvil: Anvil;
let web: Server;
let silent: Server;
/** A node that says which chain it is, that a market is one and wraps the coin, and answers nothing else: it has no blocks. */
let stuck: Server;
let keystore: string;
let closed: number;
let folder: string;

beforeAll(async () => {
  folder = temporaryFolder();
  keystore = join(folder, 'operator');
  [ethereum, anvil, closed] = await Promise.all([startAnvil({ chainId: 1 }), startAnvil(), closedPort()]);
  web = createServer((_, response) => response.writeHead(404).end('<html>nothing here</html>')).listen(0, '127.0.0.1');
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  const aggregate = (...results: Hex[]) =>
    encodeFunctionResult({
      abi: multicall3Abi,
      functionName: 'aggregate3',
      result: results.map((returnData) => ({ success: true, returnData })),
    });
  const one = pad('0x01');
  const isMarket = aggregate(one, one, one);
  const isCoin = aggregate(encodeAbiParameters([{ type: 'string' }], ['COIN']), pad('0x12'), one, one);
  const known: Record<string, (params: readonly unknown[]) => string> = {
    eth_chainId: () => '0x7a69',
    eth_getCode: ([of]) => (of === MARKET.toLowerCase() || of === MARKET ? '0x60' : '0x'),
    eth_getBalance: () => '0x1',
    // What is asked of the coin begins with its symbol.
    eth_call: ([call]) => ((call as { data: Hex }).data.includes('95d89b41') ? isCoin : isMarket),
  };
  stuck = createServer(async (request, response) => {
    const body = (await json(request)) as Asked | Asked[];
    const asked = [body].flat();
    if (!asked.every(({ method }) => method in known)) return;
    const answers = asked.map(({ id, method, params }) => ({ jsonrpc: '2.0', id, result: known[method]!(params) }));
    response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]));
  }).listen(0, '127.0.0.1');
  await cast('wallet', 'import', 'operator', '-k', folder, '--private-key', RICH, '--unsafe-password', PASSWORD);
  chmodSync(keystore, 0o600);
  for (const [name, content] of [
    ['right', `${PASSWORD}\n`],
    ['wrong', 'staple-battery-39\n'],
    ['broken.json', '{"version":3}'],
  ]) {
    writeFileSync(join(folder, name!), content!, { mode: 0o600 });
  }
  const chain = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) });
  await chain.setCode({ address: NOT_A_LIQUIDATOR, bytecode: '0x5f5ffd' });
  await chain.setCode({ address: REFUSES_ALL, bytecode: '0x60205ff3' });
  for (const address of [TAKES_ALL, MARKET] as const) await chain.setCode({ address, bytecode: '0x60015f5260205ff3' });
});

afterAll(async () => {
  web?.close();
  for (const server of [silent, stuck]) {
    server?.closeAllConnections();
    server?.close();
  }
  await Promise.all([ethereum?.stop(), anvil?.stop()]);
});

const port = (server: Server) => (server.address() as AddressInfo).port;
const local = () => ['--rpc', anvil.url, '--market', MARKET, '--wrapped-native', MARKET];

/** One line on standard error, and nothing of what should stay inside. */
function expectRefusal(run: Run, code: number, line: string): void {
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code, stderr: `plimsoll: ${line}\n` });
  const all = run.stdout + run.stderr;
  for (const leak of [RICH.slice(2), POOR.slice(2), PASSWORD, 'staple-battery', 'SecretPath', '    at ']) {
    expect(all).not.toContain(leak);
  }
}

type Case = [
  what: string,
  code: number,
  given: () => string[] | [string[], RunOptions],
  line: string | (() => string | Promise<string>),
];

const knownChains = CHAIN_KEYS.join(', ');
const knownMarkets = async () =>
  (await aaveMarkets())
    .filter(({ chainId }) => chainId === 1)
    .map(({ id }) => id)
    .join(', ');
const keyed = (...args: string[]): [string[], RunOptions] => [
  [...AAVE, ...local(), ...args],
  { env: { PLIMSOLL_PRIVATE_KEY: RICH } },
];
const withKeystore = (...args: string[]) => [...DRY, ...local(), ...args];

const cases: Case[] = [
  ['an unknown protocol', 2, () => ['--protocol', 'aave-v9'], '--protocol aave-v9: expected aave-v3'],
  [
    'a protocol of a later version',
    2,
    () => ['--protocol', 'aave-v3,dex223'],
    '--protocol aave-v3,dex223: is not in this version of plimsoll; use aave-v3',
  ],
  [
    'neither a protocol nor a market',
    2,
    () => ['--dry-run'],
    '--protocol or --market is required: --protocol aave-v3 watches its main market on the chain, --market 0x… one by its address',
  ],
  [
    'an unknown flag',
    2,
    () => ['--protocl', 'aave-v3'],
    "unknown option '--protocl' (Did you mean --protocol?); plimsoll --help lists the flags",
  ],
  [
    'an unknown chain',
    2,
    () => [...DRY, '--chain', 'bace'],
    `--chain bace: unknown chain (did you mean base?); expected a chain id or one of ${knownChains}`,
  ],
  [
    'an unknown market',
    2,
    () => [...DRY, '--rpc', ethereum.url, '--market', 'etherium-core'],
    async () =>
      `--market etherium-core: no such market on chain 1 (Ethereum) (did you mean ethereum-core?); known here: ${await knownMarkets()}`,
  ],
  [
    'a market of an unknown protocol',
    2,
    () => ['--dry-run', '--rpc', ethereum.url, '--market', 'aave-v2:ethereum-core'],
    '--market aave-v2:ethereum-core: no such protocol (did you mean aave-v3?); known: aave-v3',
  ],
  [
    'an address that is no market',
    2,
    () => ['--dry-run', '--rpc', anvil.url, '--wrapped-native', MARKET, '--market', NOTHING],
    `--market ${NOTHING} is no market of aave-v3 on chain 31337 (Anvil): pass the address of one, or a preset's name`,
  ],
  [
    'no market on a chain that has none by name',
    2,
    () => [...DRY, '--rpc', anvil.url, '--wrapped-native', MARKET],
    '--market is required on chain 31337 (Anvil): aave-v3 has no main market there that is known by name; give the address of one',
  ],
  [
    'an endpoint of another chain',
    2,
    () => [...DRY, '--rpc', `${ethereum.url}/?key=SecretPath`, '--chain', 'base'],
    () => `--rpc ${ethereum.url}/… answers for chain 1 (Ethereum), but --chain says 8453 (Base); change one`,
  ],
  [
    'two endpoints of two chains',
    2,
    () => [...DRY, '--rpc', `${ethereum.url},${anvil.url}`],
    () => `--rpc ${anvil.url} answers for chain 31337 (Anvil), but ${ethereum.url} for 1 (Ethereum); change one`,
  ],
  [
    'an endpoint nobody listens on',
    1,
    () => [...DRY, '--rpc', `http://127.0.0.1:${closed}/SecretPath`],
    () =>
      `--rpc http://127.0.0.1:${closed}/… does not answer: HTTP request failed. fetch failed (ECONNREFUSED); start the node or pass another --rpc`,
  ],
  [
    'a socket nobody listens on',
    1,
    () => [...DRY, '--rpc', `ws://127.0.0.1:${closed}/SecretPath`],
    () =>
      `--rpc ws://127.0.0.1:${closed}/… does not answer: the WebSocket cannot be opened; start the node or pass another --rpc`,
  ],
  [
    'an endpoint that is silent',
    1,
    () => [...DRY, '--rpc', `http://127.0.0.1:${port(silent)}`],
    () =>
      `--rpc http://127.0.0.1:${port(silent)} does not answer: no answer within 8 s; start the node or pass another --rpc`,
  ],
  [
    'an endpoint that is a web page',
    1,
    () => [...DRY, '--rpc', `http://127.0.0.1:${port(web)}`],
    () =>
      `--rpc http://127.0.0.1:${port(web)} does not answer: HTTP request failed. "<html>nothing here</html>"; start the node or pass another --rpc`,
  ],
  [
    'no code at the Liquidator',
    1,
    () => keyed('--liquidator', NOTHING),
    `--liquidator ${NOTHING} has no code on chain 31337 (Anvil): deploy one with forge script Deploy and pass the address it prints`,
  ],
  [
    'something else at the Liquidator',
    1,
    () => keyed('--liquidator', NOT_A_LIQUIDATOR),
    `--liquidator ${NOT_A_LIQUIDATOR} is a contract on chain 31337 (Anvil), but not a Liquidator: pass the address that forge script Deploy printed`,
  ],
  [
    'an operator that is not authorised',
    1,
    () => keyed('--liquidator', REFUSES_ALL),
    `operator 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 is not authorised on --liquidator ${REFUSES_ALL}: the owner must call setOperator(0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266, true)`,
  ],
  [
    'no gas money',
    1,
    () => [[...AAVE, ...local(), '--liquidator', TAKES_ALL], { env: { PLIMSOLL_PRIVATE_KEY: POOR } }],
    `operator ${privateKeyToAccount(POOR).address} has no ETH on chain 31337 (Anvil) to pay for gas: send it some, or pass --dry-run`,
  ],
  [
    'a key on the command line',
    2,
    () => [...AAVE, '--private-key', RICH],
    '--private-key is not a flag: every user of this machine can read a command line; set PLIMSOLL_PRIVATE_KEY in the environment, or use --account',
  ],
  [
    'a wrong password',
    2,
    () => withKeystore('--keystore', keystore, '--password-file', join(folder, 'wrong')),
    () => `--keystore ${keystore}: wrong password for ${keystore}; check --password-file ${join(folder, 'wrong')}`,
  ],
  [
    'a malformed keystore',
    2,
    () => withKeystore('--keystore', join(folder, 'broken.json'), '--password-file', join(folder, 'right')),
    () =>
      `--keystore ${folder}/broken.json: ${folder}/broken.json is not a keystore (web3 secret storage v3); cast wallet import makes one`,
  ],
  [
    'an absurd number',
    2,
    () => [[...DRY, '--min-profit', '1000000000'], {}],
    '--min-profit 1000000000: expected a decimal number of the native coin from 0 to 1000000, like 0.01',
  ],
  [
    'an absurd number in .env',
    2,
    () => [DRY, { files: { '.env': 'PLIMSOLL_SLIPPAGE=NaN\n' } }],
    'PLIMSOLL_SLIPPAGE NaN: expected a whole number of basis points from 0 to 5000',
  ],
  [
    'an unknown key in the config file',
    2,
    () => [DRY, { files: { 'plimsoll.config.json': '{"minProffit": 1}' } }],
    'plimsoll.config.json: unknown key minProffit (did you mean minProfit?); plimsoll --help lists the settings',
  ],
];

describe('refuses in one line that names what is wrong', () => {
  test.concurrent.each(cases)('%s', async (_, code, given, line) => {
    const arranged = given();
    const [args, options] = (Array.isArray(arranged[0]) ? arranged : [arranged, {}]) as [string[], RunOptions];
    expectRefusal(await runCli(args, options), code, typeof line === 'string' ? line : await line());
  });
});

describe('starts', () => {
  test.concurrent('prints help without connecting', async () => {
    const run = await runCli(['--help']);
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    expect(run.stdout).toContain('--protocol <name>');
  });

  test.concurrent('a signal before the loop ends it in order', async () => {
    const run = await runCli([...DRY, '--rpc', `http://127.0.0.1:${port(silent)}/SecretPath`], {
      signals: [['plimsoll starts', 'SIGTERM']],
    });
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
    const lines = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toEqual(['plimsoll starts', 'stopping; once more to stop at once']);
    expect(lines[0].rpc).toEqual([`http://127.0.0.1:${port(silent)}/…`]);
  });

  test.concurrent('a second signal ends it at once', async () => {
    const given = [...DRY, '--rpc', `http://127.0.0.1:${port(stuck)}`, '--market', MARKET, '--wrapped-native', MARKET];
    const run = await runCli(given, {
      signals: [
        ['"msg":"ready"', 'SIGINT'],
        ['once more', 'SIGINT'],
      ],
    });
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 130, stderr: '' });
  });

  test.concurrent('causes are told at debug, still without a stack or a secret', async () => {
    const run = await runCli([...DRY, '--rpc', `http://127.0.0.1:${closed}/SecretPath`, '--log-level', 'debug']);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('\n  because: ');
    expect(run.stderr).not.toMatch(/ {4}at |SecretPath/);
  });
});
