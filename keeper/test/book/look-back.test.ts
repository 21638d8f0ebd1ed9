import type { Address, PublicClient } from 'viem';
import { expect, test } from 'vitest';
import { wasUnderwater } from '../../src/book/look-back.ts';
import type { Account, Health, Market, Unjudged } from '../../src/protocols/protocol.ts';

const client = {} as PublicClient;
const block = { number: 7n, hash: '0x07', timestamp: 700n } as const;
const one = '0x00000000000000000000000000000000000000A1' as Address;
const lower = one.toLowerCase() as Address;

/** A market that says of each account what it is told to, of the block and the moment it is asked for. */
function marketOf(healths: Record<string, Partial<Health> | Unjudged>): Market {
  const read = async (_: unknown, at: typeof block) => ({ block: at });
  const readAccounts = async (_: unknown, state: { block: typeof block }, keys: readonly Address[]) => {
    expect(state.block).toBe(block);
    return new Map(keys.map((key) => [key.toLowerCase(), { address: key.toLowerCase(), group: 0, cells: [] }]));
  };
  const at = (_: unknown, accounts: (key: Address) => Account | undefined, moment: unknown) => {
    expect(moment).toBe(block);
    return { health: (key: Address) => healths[accounts(key)!.address] };
  };
  return { read, readAccounts, at } as unknown as Market;
}

test.each<[string, Partial<Health> | Unjudged, boolean]>([
  ['is saved', { underwater: false }, false],
  ['is still under water', { underwater: true }, true],
  ['cannot be judged, and is not taken for saved', { error: 'no price' }, true],
])('an account that %s', async (_, health, expected) => {
  expect(await wasUnderwater(client, marketOf({ [lower]: health }), [one], block)).toBe(expected);
});

test('one of several is enough', async () => {
  const other = '0x00000000000000000000000000000000000000b2';
  const market = marketOf({ [lower]: { underwater: false }, [other]: { underwater: true } });
  expect(await wasUnderwater(client, market, [one, other], block)).toBe(true);
  expect(await wasUnderwater(client, market, [one], block)).toBe(false);
});
