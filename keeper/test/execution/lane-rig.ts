// A lane before a node that answers as it is told.
import { type Hash, type Hex, keccak256, type PublicClient, parseTransaction } from 'viem';
import { afterEach, beforeEach, vi } from 'vitest';
import { openGasPrices } from '../../src/chain/gas-price.ts';
import type { Ended, Flight, LaneEvent, Shipment } from '../../src/execution/flight.ts';
import { type Lane, openLane } from '../../src/execution/lane.ts';
import { openPurse, type Purse, type PurseSettings, pricedBy } from '../../src/execution/purse.ts';
import { account, type FakeNode, fakeNode, LIQUIDATOR, receipt, rpcError } from './node.ts';

export let node: FakeNode;
export let events: LaneEvent<string>[];
export let saved: Flight<string>[];
export let purse: Purse;
/** Nodes that may be asked alone, beside the one that is asked first. */
export let others: PublicClient[];

/** Every test of the file begins with a new node, and ends with real time. */
export function eachAnew(): void {
  beforeEach(() => {
    node = fakeNode();
    [events, saved, others] = [[], [], []];
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

type Past = { resume?: Flight<string>[]; mined?: { flight: Flight<string>; block: bigint }[] } & PurseSettings;
export const open = ({ resume = [], mined = [], ...settings }: Past = {}): Promise<Lane<string>> => {
  purse = openPurse(settings);
  return openLane<string>(
    {
      ...{
        client: node.client,
        prices: pricedBy(purse, openGasPrices(node.client)),
        account,
        chainId: 1,
        bumpAfterBlocks: 3n,
        purse,
        each: () => others,
      },
      onEvent: (event) => events.push(event),
      save: (flight) => saved.push(structuredClone({ ...flight })),
    },
    { resume, mined },
  );
};

export const shipment = (about: string, changes: Partial<Shipment<string>> = {}): Shipment<string> => ({
  ...{ to: LIQUIDATOR, data: '0xabcd', value: 9n, gas: 1_000n, limit: 1_500n, budget: 1_000_000n, about },
  ...changes,
});
export const read = (raw: Hex) => parseTransaction(raw as `0x02${string}`);
export const reverting = () =>
  node.answers.set('eth_call', () => {
    throw rpcError('execution reverted');
  });
export const mine = (hash: Hash, changes: Parameters<typeof receipt>[1] = {}) => {
  node.receipts.set(hash, receipt(hash, changes));
  node.nonces.latest += 1;
};
export const told = (ends: Ended<string>[]) =>
  ends.map((end) => [end.state, end.about, ...('reason' in end ? [end.reason] : [])]);

/** A flight of an earlier run, signed by this key. */
export async function flight(
  about: string,
  nonce: number,
  changes: Partial<Flight<string>> = {},
): Promise<Flight<string>> {
  const fees = { maxFeePerGas: 210n, maxPriorityFeePerGas: 10n };
  const body = { type: 'eip1559', chainId: 1, to: LIQUIDATOR, data: '0xabcd', gas: 1_500n, nonce, ...fees } as const;
  const signed = await account.signTransaction(body);
  const { limit, ...kept } = shipment(about);
  return { ...kept, nonce, fees, signed, hashes: [keccak256(signed)], sentAt: 10n, ...changes };
}
