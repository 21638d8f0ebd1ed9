import { BaseError, type Hex, type PublicClient, RawContractError } from 'viem';
import { describe, expect, test } from 'vitest';
import { runsCancun } from '../src/chain/opcodes.ts';
import { whyNoWrapper } from '../src/chain/wrapped-native.ts';
import { address } from './execution/sent.ts';

const ETHER = 10n ** 18n;
const reverted = () => {
  throw new BaseError('execution failed', {
    cause: Object.assign(new RawContractError({ data: '0x', message: 'execution reverted' }), { code: 3 }),
  });
};

/** A token, and what it holds of the coin. `nobody`: what the zero address has, of the coin and of the token. */
function token({
  symbol = 'WETH',
  decimals = 18,
  supply = 5n * ETHER,
  holds = 5n * ETHER,
  doors = ['0xd0e30db0', '0x2e1a7d4d'],
  nobody = [7n, 3n],
  code = '0x60',
} = {}) {
  const answers: Record<string, unknown> = { symbol, decimals, totalSupply: supply, balanceOf: nobody[1] };
  return {
    getCode: async () => code || undefined,
    getBalance: async ({ address: of }: { address: string }) => (BigInt(of) === 0n ? nobody[0] : holds),
    call: async ({ data }: { data: Hex }) => (doors.includes(data.slice(0, 10)) ? {} : reverted()),
    multicall: async ({ contracts }: { contracts: { functionName: string }[] }) =>
      contracts.map(({ functionName }) => {
        const result = answers[functionName];
        return result === '' ? { status: 'failure', error: new Error() } : { status: 'success', result };
      }),
  } as unknown as PublicClient;
}

describe('the wrapped native coin', () => {
  const not = (name: string) => `is ${name}, which does not wrap the native coin`;
  test.each<[string, Parameters<typeof token>[0], string | undefined]>([
    ['takes and pays out the coin and holds as much as it issued', {}, undefined],
    ['may hold more than it issued', { holds: 6n * ETHER }, undefined],
    ['may be the coin itself under an address', { symbol: 'CELO', doors: [], holds: 0n, nobody: [9n, 9n] }, undefined],
    ['has code', { code: '' }, 'has no code'],
    ['has a symbol', { symbol: '' }, 'is no token'],
    [
      'has the decimals of the coin',
      { symbol: 'USDC', decimals: 6, holds: 0n },
      `${not('USDC')}: it has 6 decimals and not 18`,
    ],
    ['takes the coin', { symbol: 'DAI', doors: [] }, `${not('DAI')}: nobody can pay the coin in and out`],
    ['pays it out', { symbol: 'X', doors: ['0xd0e30db0'] }, `${not('X')}: nobody can pay the coin in and out`],
    [
      'is backed by the coin',
      { symbol: 'yETH', holds: 5n * ETHER - 1n },
      `${not('yETH')}: it holds less of the coin than there are tokens`,
    ],
    [
      'is not taken for the coin itself where nobody has any',
      { symbol: 'Z', doors: [], nobody: [0n, 0n] },
      `${not('Z')}: nobody can pay the coin in and out`,
    ],
  ])('%s', async (_, of, why) => {
    expect(await whyNoWrapper(token(of), address(1))).toBe(why);
  });

  test('is not judged by a node that fails', async () => {
    const failing = { ...token(), call: async () => Promise.reject(new Error('socket hang up')) } as never;
    await expect(whyNoWrapper(failing, address(1))).rejects.toThrow('socket hang up');
  });
});

test('a chain lacks the opcodes of cancun only where it says so itself', async () => {
  const chain = (call: () => unknown) => ({ call: async () => call() }) as unknown as PublicClient;
  expect(await runsCancun(chain(() => ({})))).toBe(true);
  const invalid = new BaseError('failed', {
    cause: Object.assign(new Error('invalid opcode: TSTORE'), { code: -32_000 }),
  });
  expect(await runsCancun(chain(() => Promise.reject(invalid)))).toBe(false);
  expect(await runsCancun(chain(() => Promise.reject(new Error('socket hang up'))))).toBeUndefined();
});
