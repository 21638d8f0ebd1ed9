import { concatHex, createTestClient, type Hash, padHex, parseEther, slice, walletActions } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, nodeTransport, startAnvil } from '../../test-fork/lab/node.ts';
import { executeData, packPlan } from '../src/contract/pack.ts';
import { FUNDING, type Plan, PROTOCOL, VENUE } from '../src/contract/plan.ts';
import { type Run, runCli } from './support/cli.ts';

const at = (byte: `0x${string}`) => padHex(byte, { size: 20 });
const [WETH, USDC, POOL, PAIR] = [at('0x11'), at('0x22'), at('0x33'), at('0x44')];
const [MARKET, ALICE, BOB] = [at('0x55'), at('0x66'), at('0x77')];
const ALL = 2n ** 256n - 1n;

const plan: Plan = {
  validUntil: 1_800_000_000n,
  floor: parseEther('0.25'),
  tip: parseEther('0.01'),
  weth: WETH,
  tokens: [
    { token: WETH, price: 10n ** 18n },
    { token: USDC, price: 5n * 10n ** 26n + 5n * 10n ** 17n },
  ],
  rounds: [
    {
      funding: FUNDING.uniswapV3Flash,
      source: POOL,
      debtToken: USDC,
      amount: 3_000_000_000n,
      maxPay: 1_500_000n,
      extra: '0x',
      legs: [
        { protocol: PROTOCOL.aaveV3, market: MARKET, borrower: ALICE, collateral: WETH, repay: ALL, extra: '0x' },
        {
          protocol: PROTOCOL.compoundV2,
          market: MARKET,
          borrower: BOB,
          collateral: WETH,
          repay: 7n,
          extra: '0xabcd',
        },
      ],
      swaps: [
        { venue: VENUE.uniswapV2, pool: PAIR, tokenIn: WETH, tokenOut: USDC, amountIn: ALL, minOut: 9n, extra: '0x' },
      ],
    },
    {
      funding: FUNDING.none,
      source: at('0x00'),
      debtToken: USDC,
      amount: 0n,
      maxPay: 0n,
      extra: '0x',
      legs: [],
      swaps: [],
    },
  ],
};
const calldata = executeData(packPlan(plan));

/** The rows of all tables in what was printed, each as its cells; other lines as one. */
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /[\p{L}\d#]/u.test(line))
    .map((line) =>
      line
        .replace(/^│|│$/g, '')
        .split('│')
        .map((cell) => cell.trim()),
    );

const TABLES = [
  ['valid until', 'floor', 'tip'],
  ['2027-01-15T08:00:00.000Z (1800000000)', '0.25 native', `0.01 native ${WETH}`],
  ['#', 'token', 'wei a unit'],
  ['#2', WETH, '1'],
  ['#1', USDC, '500000000.5'],
  ['round 1 of 2'],
  ['funding', 'source', 'debt token', 'amount', 'max pay', 'extra'],
  ['uniswapV3Flash', POOL, '#1', '3000000000', '1500000', ''],
  ['leg of', 'market', 'borrower', 'collateral', 'repay', 'extra'],
  ['aaveV3', MARKET, ALICE, '#2', 'most', ''],
  ['compoundV2', MARKET, BOB, '#2', '7', '0xabcd'],
  ['swap in', 'pool', 'tokens', 'amount in', 'min out', 'extra'],
  ['uniswapV2', PAIR, '#2 to #1', 'all', '9', ''],
  ['round 2 of 2'],
  ['funding', 'source', 'debt token', 'amount', 'max pay', 'extra'],
  ['none', at('0x00'), '#1', '0', '0', ''],
];

let anvil: Anvil;
/** Transactions that carry the plan, and another call. */
let [ours, another]: Hash[] = [];

beforeAll(async () => {
  anvil = await startAnvil();
  const node = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) }).extend(walletActions);
  const [account] = await node.getAddresses();
  const send = (data: `0x${string}`) => node.sendTransaction({ account: account!, chain: null, to: POOL, data });
  ours = await send(calldata);
  another = await send('0xa9059cbb00');
});

afterAll(() => anvil?.stop());

const printed = ({ code, stderr, stdout }: Run) => {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

describe('prints a plan', () => {
  test.concurrent('of calldata, without an endpoint and without a protocol', async () => {
    expect(rowsOf(printed(await runCli(['decode', calldata])))).toEqual(TABLES);
  });

  test.concurrent('of a transaction', async () => {
    expect(rowsOf(printed(await runCli(['decode', ours!, '--rpc', anvil.url])))).toEqual(TABLES);
  });

  test.concurrent('as JSON', async () => {
    const text = printed(await runCli(['decode', calldata, '--json']));
    const [first, second] = plan.rounds;
    expect(JSON.parse(text)).toEqual({
      validUntil: '1800000000',
      floor: '250000000000000000',
      tip: '10000000000000000',
      weth: WETH,
      tokens: [
        { token: WETH, price: '1000000000000000000' },
        { token: USDC, price: '500000000500000000000000000' },
      ],
      rounds: [
        {
          ...first,
          funding: 'uniswapV3Flash',
          amount: '3000000000',
          maxPay: '1500000',
          legs: [
            { ...first!.legs[0], protocol: 'aaveV3', repay: String(ALL) },
            { ...first!.legs[1], protocol: 'compoundV2', repay: '7' },
          ],
          swaps: [{ ...first!.swaps[0], venue: 'uniswapV2', amountIn: String(ALL), minOut: '9' }],
        },
        { ...second, funding: 'none', amount: '0', maxPay: '0' },
      ],
    });
  });

  test.concurrent('that is valid for ever and tips nobody', async () => {
    const eternal = executeData(packPlan({ ...plan, validUntil: ALL, tip: 0n, rounds: [] }));
    expect(rowsOf(printed(await runCli(['decode', eternal]))).slice(1, 2)).toEqual([
      ['for ever', '0.25 native', 'none'],
    ]);
  });
});

describe('refuses in one line', () => {
  const [bytes, missing] = [(calldata.length - 2) / 2, padHex('0x01')];
  const foreign = "calldata of 0xa9059cbb, not of the Liquidator's execute (0x10dbf67f)";
  test.concurrent.each<[what: string, given: () => string[], line: () => string]>([
    ['what is not ours', () => ['0xa9059cbb00'], () => foreign],
    ['a transaction that is not ours', () => [another!, '--rpc', anvil.url], () => foreign],
    [
      'what is cut short',
      () => [slice(calldata, 0, bytes - 1)],
      () => `the plan is cut short: it has ${bytes - 5} bytes and goes on to ${bytes - 4} at least`,
    ],
    [
      'what goes on behind the plan',
      () => [concatHex([calldata, '0x00'])],
      () => `the plan ends after ${bytes - 4} bytes, and there are ${bytes - 3}`,
    ],
    [
      'what is no hex',
      () => ['0x10dbf67'],
      () => 'what is to be decoded is neither calldata nor the hash of a transaction: pass 0x and whole bytes',
    ],
    ['nothing', () => [], () => "missing required argument 'calldata|hash'; plimsoll --help lists the flags"],
    [
      'a transaction that there is not',
      () => [missing, '--rpc', anvil.url],
      () => `there is no transaction ${missing} on chain 31337 (Anvil)`,
    ],
  ])('%s', async (_, given, line) => {
    const { code, stderr } = await runCli(['decode', ...given()]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `plimsoll: ${line()}\n` });
  });
});

test('the help lists it', async () => {
  expect(printed(await runCli(['--help']))).toContain('decode [options] <calldata|hash>');
});
