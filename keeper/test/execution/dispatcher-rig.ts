// A dispatcher before a node that answers as it is told, and what it tells.
import { encodeErrorResult, type Hash, type Hex } from 'viem';
import { afterEach, beforeEach } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { openGasPrices } from '../../src/chain/gas-price.ts';
import { packedIn, unpackPlan } from '../../src/contract/unpack.ts';
import { type Dispatcher, type DispatcherOptions, openDispatcher } from '../../src/execution/dispatcher.ts';
import { type Ledger, openLedger } from '../../src/execution/ledger.ts';
import { openPurse } from '../../src/execution/purse.ts';
import type { Tell } from '../../src/execution/tell.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import type { RpcLog } from './events.ts';
import { account, type FakeNode, fakeNode, LIQUIDATOR, receipt, rpcError } from './node.ts';
import { brings, offer } from './offer.ts';
import { sentLeg } from './sent.ts';

export let store: Store;
export let node: FakeNode;
export let ledger: Ledger;
/** What was told: the name, and what the test looks at. */
export let told: unknown[][];
/** Borrowers that a rehearsal fails for. */
export let failing: Set<string>;
/** Every test of the file begins with a new node, store and ledger. */
export function eachAnew(): void {
  beforeEach(() => {
    store = openStore({ path: ':memory:', chainId: 1 });
    // Offers are reckoned at 1 wei for a unit of gas.
    node = Object.assign(fakeNode(), { baseFee: 1n, priority: 1n });
    ledger = openLedger(store, account.address);
    [told, failing] = [[], new Set()];
    node.answers.set('eth_call', ([request]) => {
      const { rounds } = unpackPlan(packedIn((request as { data: Hex }).data));
      const borrowers = rounds.flatMap(({ legs }) => legs.map(({ borrower }) => borrower.toLowerCase()));
      const bad = borrowers.filter((borrower) => failing.has(borrower)).length;
      if (bad === borrowers.length) throw rpcError('execution reverted', NOT_LANDED);
      // As they bring in an offer of so many; those that fail bring nothing.
      return brings(5_000n * BigInt(borrowers.length - bad));
    });
    node.answers.set('eth_simulateV1', () => {
      throw Object.assign(new Error('the method eth_simulateV1 does not exist'), { code: -32_601 });
    });
  });
  afterEach(() => store.close());
}

export const NOT_LANDED = encodeErrorResult({ abi: liquidatorAbi, errorName: 'NothingLanded', args: ['0x'] });
export const REVERTED = 'reverted: NothingLanded(0x)';
export const tell: Tell = {
  setAside: (of, { reason }) => told.push(['set aside', of, reason]),
  forget: (claims) => told.push(['forget', ...claims]),
  waiting: (count) => told.push(['waiting', count]),
  wouldSend: ({ sent }, { gas }) => told.push(['would send', sent.length, gas]),
  takenApart: ({ sent }, reason) => told.push(['taken apart', sent.length, reason]),
  sent: ({ sent }, hash, { gas, terms }) => told.push(['sent', sent.length, hash, gas, terms.net]),
  takenUp: ({ about }) => told.push(['taken up', about.id]),
  lane: ({ kind }) => told.push([kind]),
  straits: (now) => now && told.push(['straits', now.kind]),
  withdrawn: ({ id }, state, reason) => told.push(['withdrawn', id, state, reason]),
  outcome: ({ id }, { transactionHash }, { state, legs }) =>
    told.push(['outcome', id, transactionHash, state, legs.map((leg) => leg.state)]),
};

type Changes = { settings?: Partial<DispatcherOptions['settings']> } & Partial<Omit<DispatcherOptions, 'settings'>>;
export const open = (changes: Changes = {}): Promise<Dispatcher> =>
  openDispatcher({
    ...{
      client: node.client,
      chainId: 1,
      prices: openGasPrices(node.client),
      purse: openPurse({}),
      operator: account,
      liquidator: LIQUIDATOR,
    },
    ...{ ledger, tell, stillThere: async () => true, mined: [] },
    ...changes,
    settings: {
      ...{ dryRun: false, minProfit: 100n, maxInFlight: 2, bumpAfterBlocks: 3 },
      ...changes.settings,
    },
  });
export const two = () => offer([sentLeg(1), sentLeg(2, 1)]);
export const one = (n: number) => offer([sentLeg(n)], { value: 5_000n });
export const states = () => store.attempts.recent(9).map(({ id, state }) => [id, state]);
export const standing = () => store.standings.all().map(({ claim, state }) => [claim, state]);
export const mine = (hash: Hash, logs: RpcLog[], block = 11n) => {
  node.receipts.set(hash, receipt(hash, { logs, block }));
  node.nonces.latest += 1;
};
