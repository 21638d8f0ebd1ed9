import { type Address, type PublicClient, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { whyNoV3Factory } from '../../src/venues/v3-factory.ts';
import { address } from '../execution/sent.ts';

const [FACTORY, POOL, ...TOKENS] = Array.from({ length: 14 }, (_, index) => address(index + 1)) as [
  Address,
  Address,
  ...Address[],
];
const SWAP = 'fa461e33';
const FLASH = 'e9cbafb0';

/** A chain with one factory that has one fee and one pool, between the tokens named. */
function chain(
  { factory = '0x60', pool = `0x63${SWAP}63${FLASH}`, spacing = 60, between = TOKENS.slice(0, 2) } = {},
  asked: number[] = [],
) {
  const codes: Record<string, string> = { [FACTORY]: factory, [POOL]: pool };
  const answer = ({ functionName, args }: { functionName: string; args: readonly unknown[] }) => {
    if (functionName === 'feeAmountTickSpacing') return args[0] === 3_000 ? spacing : 0;
    return args.slice(0, 2).every((token) => between.includes(String(token).toLowerCase() as Address))
      ? POOL
      : zeroAddress;
  };
  return {
    getCode: async ({ address: of }: { address: Address }) => (codes[of] === '0x' ? undefined : codes[of]),
    multicall: async ({ contracts }: { contracts: Parameters<typeof answer>[0][] }) => {
      asked.push(contracts.length);
      return contracts.map((call) => ({ status: 'success', result: answer(call) }));
    },
  } as unknown as PublicClient;
}

test('a factory whose pools call back by the names of Uniswap v3 is one', async () => {
  expect(await whyNoV3Factory(chain(), FACTORY, TOKENS)).toBeUndefined();
});

test('an address without code is none', async () => {
  expect(await whyNoV3Factory(chain({ factory: '0x' }), FACTORY, TOKENS)).toBe('has no code');
});

test('a contract that knows no fee is none', async () => {
  expect(await whyNoV3Factory(chain({ spacing: 0 }), FACTORY, TOKENS)).toBe(
    'is no Uniswap v3 factory: it knows no fee',
  );
});

test('one without a pool between the tokens is of no use', async () => {
  expect(await whyNoV3Factory(chain({ between: [] }), FACTORY, TOKENS)).toBe(
    "has no pool between any two of the markets' tokens",
  );
});

test('a pool between the last tokens is found too, and not asked for before the first are', async () => {
  const asked: number[] = [];
  expect(await whyNoV3Factory(chain({ between: TOKENS.slice(-2) }, asked), FACTORY, TOKENS)).toBeUndefined();
  expect(asked.filter((count) => count > 13)).toEqual([28, 66]);
});

test.each([
  ['trades', `63${FLASH}`, 'uniswapV3SwapCallback'],
  ['lends', `63${SWAP}`, 'uniswapV3FlashCallback'],
])('one whose pools call back by another name when they %s is refused', async (_, others, name) => {
  const pool = `0x6323a69e75${others}`;
  expect(await whyNoV3Factory(chain({ pool }), FACTORY, TOKENS)).toBe(
    `is no Uniswap v3: its pools do not call ${name}`,
  );
});
