import { type Address, getAddress } from 'viem';
import { expect, test } from 'vitest';
import { busyIn } from '../../src/execution/busy.ts';

const address = (n: number) => `0x${n.toString(16).padStart(40, 'abcdef')}` as Address;
const [debt, collateral] = [address(1), address(2)];
const flight = (protocol: string, market: Address, accounts: readonly Address[]) => ({
  about: {
    id: 1,
    market: { protocol, address: market },
    legs: accounts.map((account) => ({ account, debt, collateral })),
  },
});

test('accounts on their way are those of all transactions of the market, however their addresses are written', () => {
  const market = { protocol: 'aave-v3', address: address(10) };
  const flights = [
    flight('aave-v3', getAddress(address(10)), [getAddress(address(20)), address(21)]),
    flight('aave-v3', address(10), [address(21), address(22)]),
    flight('aave-v3', address(11), [address(23)]),
    flight('compound-v3', address(10), [address(24)]),
  ];
  expect([...busyIn(flights, market)]).toEqual([address(20), address(21), address(22)]);
  expect(busyIn([], market).size).toBe(0);
});
