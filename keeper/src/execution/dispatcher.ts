import type { Abi, Address, LocalAccount, PublicClient } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import type { GasPrices } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { openL1Fee } from '../chain/l1-fee.ts';
import type { L1Source } from '../config/chains.ts';
import { mostGas } from '../planning/gas.ts';
import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/terms.ts';
import { protocolOf, protocols } from '../protocols/registry.ts';
import type { MarketKey } from '../store/key.ts';
import { attempt, isFull, setAside } from './attempt.ts';
import { claimsInFlight } from './claims.ts';
import type { DispatcherState, Summary } from './dispatcher-state.ts';
import type { Flight } from './flight.ts';
import { type Lane, openLane } from './lane.ts';
import type { About, Ledger } from './ledger.ts';
import { countMoney, meansAt } from './means.ts';
import type { StillThere } from './outcomes.ts';
import type { Purse } from './purse.ts';
import { planData } from './rehearse.ts';
import { settle } from './settle.ts';
import type { Tell } from './tell.ts';
import { tryOut } from './try-out.ts';

/** What the dispatcher takes of the settings and of the chain. */
export type DispatcherOptions = {
  client: PublicClient;
  chainId: number;
  /** Where the chain tells what calldata costs; as its preset says when left out. */
  l1Source?: L1Source | undefined;
  /** What a transaction may cost, and fees by head with what it asks for at least. */
  purse: Purse;
  prices: GasPrices;
  /** Every endpoint that may be used now, each alone; none where there is only one. */
  each?: () => readonly PublicClient[];
  /** `undefined` in a dry run without a key. */
  operator: LocalAccount | undefined;
  /** `undefined` in a dry run without a Liquidator. */
  liquidator: Address | undefined;
  settings: {
    dryRun: boolean;
    /** Wei. */
    minProfit: bigint;
    maxInFlight: number;
    bumpAfterBlocks: number;
  };
  ledger: Ledger;
  tell: Tell;
  stillThere: StillThere;
  /** What an earlier run had seen mined in one of the last blocks. */
  mined: readonly { flight: Flight<About>; block: bigint }[];
};

/** Where plans become transactions, and transactions outcomes. Everything is found by its claims. */
export type Dispatcher = {
  readonly summary: Summary;
  /** What the contracts may revert with. */
  readonly errors: Abi;
  inFlight(): readonly Flight<About>[];
  /** Whether no more may be on its way. */
  isFull(): boolean;
  /** Those of the claims that may be planned for: not on their way, and not set aside for now. */
  due(claims: Iterable<string>, head: Head): string[];
  setAside(claim: string, without: Without, head: Head): void;
  /** What these claims are about has changed: what was said of it holds no longer. */
  forget(claims: Iterable<string>): void;
  /** Of a market only these claims may still be acted on; what else of it was set aside is only watched again. */
  rescued(market: MarketKey, claims: ReadonlySet<string>): void;
  /** The gas that a transaction may bring at this head for what there is to spend; 0 where nothing can be sent, which is told. */
  means(head: Head): Promise<bigint>;
  /** Asks what the operator holds: for the next head, when nothing waits. */
  countMoney(head: Head): Promise<void>;
  /** Rehearses the offer and sends it, unless it no longer pays; a plan that fails is taken apart, at the same head. */
  attempt(offer: Offer, head: Head): Promise<void>;
  /** Tries an offer out and forgets it: nothing is sent, said or written down. */
  practise(offer: Offer, head: Head): Promise<void>;
  /** Asks what a transaction at this head needs, while it is still found out whether there is one. */
  prepare(head: Head): void;
  /** Looks after what is on its way, and writes down what has ended. */
  onHead(head: Head): Promise<void>;
  /** The blocks above `ancestor` are no longer on the chain. */
  unwind(ancestor: bigint, head: bigint): Promise<void>;
};

/** What the Liquidator and every protocol may revert with. */
const errors: Abi = [...liquidatorAbi, ...Object.values(protocols).flatMap((protocol) => protocol.errors)];

/**
 * Opens the dispatcher, with what an earlier run left on its way.
 *
 * @throws when the node fails
 * @example
 * const dispatcher = await openDispatcher({ client, chainId: 1, prices, operator, liquidator, settings, ledger, tell, stillThere, mined });
 * await dispatcher.onHead(head);
 * for (const offer of offers) if (!dispatcher.isFull()) await dispatcher.attempt(offer, head);
 */
export async function openDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const { client, chainId, operator, liquidator, settings, ledger, tell, stillThere, purse, prices } = options;
  const state: DispatcherState = {
    ...{ client, errors, protocolOf, stillThere, operator, liquidator, ledger, tell, purse, prices },
    l1Fee: openL1Fee(client, chainId, options.l1Source),
    minProfit: settings.minProfit,
    maxInFlight: settings.maxInFlight,
    lane: undefined,
    summary: { liquidated: 0, skipped: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n },
    unsettled: [],
    withdrawn: new Map(),
  };
  if (operator && liquidator && !settings.dryRun) {
    state.lane = await laneOf(state, options, operator);
    purse.balance = await client.getBalance({ address: operator.address, blockTag: 'latest' });
  }
  const inFlight = () => state.lane?.inFlight() ?? [];
  for (const flight of inFlight()) tell.takenUp(flight);
  return {
    summary: state.summary,
    errors,
    inFlight,
    isFull: () => isFull(state),
    due: (claims, head) => due(state, claims, head),
    setAside: (claim, without, head) => setAside(state, [claim], without, head),
    forget: (claims) => forget(state, [...claims]),
    rescued: (market, claims) =>
      forget(
        state,
        ledger.asideIn(market).filter((claim) => !claims.has(claim)),
      ),
    means: (head) => meansAt(state, head),
    countMoney: (head) => countMoney(state, head),
    attempt: (offer, head) => attempt(state, offer, head),
    practise: (offer, head) => practise(state, offer, head),
    prepare: (head) => state.lane?.prepare(head),
    onHead: (head) => onHead(state, head),
    unwind: async (ancestor, head) => state.lane?.unwind(ancestor, head),
  };
}

function laneOf(state: DispatcherState, options: DispatcherOptions, account: LocalAccount): Promise<Lane<About>> {
  const { client, chainId, purse, prices, each = () => [], settings, ledger, tell, mined } = options;
  return openLane<About>(
    {
      ...{ client, prices, purse, each, account, chainId },
      bumpAfterBlocks: BigInt(settings.bumpAfterBlocks),
      save: ledger.save,
      onEvent(event) {
        if (event.kind === 'unwound') {
          const { about, cancelling } = event;
          state.unsettled = state.unsettled.filter((ended) => ended.about.id !== about.id);
          ledger.unwound(about, cancelling);
        }
        tell.lane(event);
      },
    },
    { resume: ledger.resume(), mined },
  );
}

function due({ lane, ledger }: DispatcherState, claims: Iterable<string>, head: Head): string[] {
  const busy = claimsInFlight(lane?.inFlight() ?? []);
  const free = [...claims].filter((claim) => !busy.has(claim));
  return ledger.due(free, head);
}

async function practise(state: DispatcherState, offer: Offer, { gasLimit }: Head): Promise<void> {
  const { operator, liquidator } = state;
  if (!operator || !liquidator) return;
  await tryOut(state, offer, { from: operator.address, to: liquidator, most: mostGas(gasLimit) });
  await state.lane?.practise(liquidator, planData(offer.plan));
}

function forget({ ledger, tell }: DispatcherState, claims: readonly string[]): void {
  ledger.forget(claims);
  tell.forget(claims);
}

async function onHead(state: DispatcherState, head: Head): Promise<void> {
  state.unsettled.push(...((await state.lane?.onHead(head)) ?? []));
  for (const ended of [...state.unsettled]) {
    await settle(state, ended, head);
    state.unsettled = state.unsettled.filter((each) => each !== ended);
  }
}
