import type { Abi, Address, Hex, TransactionReceipt } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import type { Tracker } from '../book/tracker.ts';
import type { GasPrices } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { openL1Fee } from '../chain/l1-fee.ts';
import { describeError } from '../log/describe-error.ts';
import { mostGas } from '../planning/gas.ts';
import { type Offer, settled, type Terms } from '../planning/offer.ts';
import type { Without } from '../planning/offers.ts';
import type { Ready } from '../preflight.ts';
import { protocols } from '../protocols/registry.ts';
import type { Report } from '../report/report.ts';
import { busyIn } from './busy.ts';
import { type Flight, openLane, type Settled } from './lane.ts';
import type { About, Ledger, MinedAs } from './ledger.ts';
import { outcomeOf } from './outcome.ts';
import { planData, rehearse, rehearseByEstimate } from './rehearse.ts';
import { split } from './split.ts';

/** What a run came to. Wei. */
export type Summary = {
  liquidated: number;
  lost: number;
  reverted: number;
  cancelled: number;
  value: bigint;
  gas: bigint;
};

/** Where plans become transactions, and transactions outcomes. */
export type Dispatcher = {
  readonly summary: Summary;
  /** What the contracts may revert with. */
  readonly errors: Abi;
  /** Whether a head has been acted on; for `--once`. */
  acted: boolean;
  inFlight(): readonly Flight<About>[];
  /** Whether no more may be on its way. */
  isFull(): boolean;
  /** Those of the accounts, given in lower case, that may be planned for: not on their way, and not set aside for now. */
  due(market: Tracker, accounts: Iterable<Address>, head: Head): Address[];
  setAside(market: Tracker, account: Address, without: Without, head: Head): void;
  /** These accounts have changed: what was said of them holds no longer. */
  forget(market: Tracker, accounts: ReadonlySet<Address>): void;
  /** Only these are under water; who was set aside and is not among them is only watched again. */
  rescued(market: Tracker, underwater: ReadonlyMap<Address, unknown>): void;
  /** Rehearses the offer and sends it, unless it no longer pays; a batch that fails is taken apart, at the same head. */
  attempt(market: Tracker, offer: Offer, head: Head): Promise<void>;
  /** Asks what a transaction at this head needs, while it is still found out whether there is one. */
  prepare(head: Head): void;
  /** Looks after what is on its way, and writes down what has ended. */
  onHead(head: Head): Promise<void>;
  /** The blocks above `ancestor` are no longer on the chain. */
  unwind(ancestor: bigint, head: bigint): Promise<void>;
};

export async function openDispatcher(rooms: {
  ready: Ready;
  ledger: Ledger;
  report: Report;
  prices: GasPrices;
  /** What an earlier run had seen mined in one of the last blocks. */
  mined: readonly { flight: Flight<About>; block: bigint }[];
}): Promise<Dispatcher> {
  const { ledger, report } = rooms;
  const { settings, chain, operator, liquidator } = rooms.ready;
  const { client } = chain;
  const { minProfit } = settings;
  const l1Fee = openL1Fee(client, chain.id);
  const errors: Abi = [...liquidatorAbi, ...Object.values(protocols).flatMap((protocol) => protocol.errors)];
  const summary: Summary = { liquidated: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n };
  /** Accounts that were set aside, by market. */
  const aside = new Map<Tracker, Set<Address>>();
  const lane =
    operator && liquidator && !settings.dryRun
      ? await openLane<About>({
          client,
          prices: rooms.prices,
          account: operator.account,
          chainId: chain.id,
          bumpAfterBlocks: BigInt(settings.bumpAfterBlocks),
          maxGasPrice: settings.maxGasPrice,
          save: ledger.save,
          resume: ledger.resume(),
          mined: rooms.mined,
          onEvent(event) {
            if (event.kind === 'unwound') ledger.unwound(event.about, event.cancelling);
            report.lane(event);
          },
        })
      : undefined;
  const inFlight = () => lane?.inFlight() ?? [];
  for (const flight of inFlight()) report.takenUp(flight);

  function setAside(market: Tracker, account: Address, { reason, terms }: Without, head: Head): void {
    const accounts = aside.get(market) ?? new Set();
    aside.set(market, accounts.add(account.toLowerCase() as Address));
    ledger.setAside(market.key, account, reason, head);
    report.skipped(account, reason, terms);
  }

  function forget(market: Tracker, accounts: ReadonlySet<Address>): void {
    ledger.forget(market.key, accounts);
    report.forget(accounts);
    for (const account of accounts) aside.get(market)?.delete(account);
  }

  async function settle(ended: Settled<About>, head: Head): Promise<void> {
    const { about } = ended;
    if (!('receipt' in ended)) {
      const { state } = ended;
      const reason = state === 'replaced' ? 'its nonce was used by a transaction that is not ours' : ended.reason;
      ledger.ended(about, state, reason);
      summary.cancelled += 1;
      return report.withdrawn(about, state, reason);
    }
    const { receipt } = ended;
    const mined = minedAs(receipt, await timeOf(receipt, head));
    summary.gas += mined.cost;
    if (ended.state === 'cancelled') {
      ledger.ended(about, 'cancelled', ended.reason, mined);
      summary.cancelled += 1;
      return report.withdrawn(about, 'cancelled', ended.reason);
    }
    const outcome = await outcomeOf(client, receipt, errors);
    if (outcome.state === 'landed') {
      summary.liquidated += outcome.legs.length;
      summary.value += outcome.value;
      ledger.landed(about, outcome, mined);
    } else {
      summary[outcome.state] += 1;
      ledger.ended(about, outcome.state, outcome.reason, mined);
    }
    report.outcome(about, receipt, outcome);
  }

  /** The plan's calldata, and what a run of it on the pending block says. */
  async function tryOut(offer: Offer, head: Head): Promise<Tried> {
    const data = planData(offer.plan);
    try {
      const call = { from: operator!.account.address, to: liquidator!.address, data };
      const bounds = { expected: offer.gas, most: mostGas(head.gasLimit) };
      const charged = l1Fee.of(data);
      const termsOf = async (value: bigint, gas: bigint): Promise<Terms> => {
        const l1 = await charged;
        // Nodes of some rollups count the layer below as gas.
        return settled({ ...offer.terms, value, gasCost: (gas - l1.gas) * offer.gasPrice, l1: l1.fee });
      };
      const isShort = (value: bigint) => offer.legs.length > 1 && value + offer.smallest / 2n < offer.terms.value;
      const suffices = async (value: bigint, limit: bigint) =>
        !isShort(value) && (await termsOf(value, limit)).net >= minProfit;
      const run = l1Fee.isGas ? rehearseByEstimate : rehearse;
      const [{ value, gas, limit }] = await Promise.all([run(client, call, bounds, 'pending', suffices), charged]);
      const terms = await termsOf(value, gas);
      if (isShort(value))
        return { reason: `brings ${value} wei and not the ${offer.terms.value} it was planned for`, terms };
      if (terms.net < minProfit) return { reason: `pays ${terms.net} wei after gas, less than --min-profit`, terms };
      return { data, gas, limit, terms };
    } catch (error) {
      return { reason: describeError(error, errors) };
    }
  }

  async function attempt(market: Tracker, offer: Offer, head: Head): Promise<void> {
    if (!operator || !liquidator) return report.wouldSend(offer, offer);
    lane?.prepare(head);
    const tried = await tryOut(offer, head);
    if (!('reason' in tried)) return send(market, offer, tried, head);
    if (offer.legs.length === 1) return setAside(market, offer.legs[0]!.option.account, tried, head);
    report.takenApart(offer, tried.reason);
    const { offers, failing } = await split(offer, async (alone) => {
      const found = await tryOut(alone, head);
      return 'reason' in found ? found : undefined;
    });
    for (const [account, without] of failing) setAside(market, account, without, head);
    for (const [index, each] of offers.entries()) {
      if (isFull()) return report.waiting(offers.length - index);
      await attempt(market, each, head);
    }
  }

  async function send(
    market: Tracker,
    offer: Offer,
    { data, gas, limit, terms }: Rehearsed,
    head: Head,
  ): Promise<void> {
    if (!lane || !operator || !liquidator) return report.wouldSend(offer, { gas, terms });
    const { value, l1 } = terms;
    const shipment = { to: liquidator.address, data, value, gas, budget: value - l1 - minProfit };
    const legs = offer.legs.map(({ option }) => ({
      account: option.account,
      debt: option.debtAsset,
      collateral: option.collateralAsset,
    }));
    const kept = { ...shipment, operator: operator.account.address, validUntil: offer.plan.validUntil };
    const about = ledger.planned(market.key, legs, kept);
    try {
      const hash = await lane.send({ ...shipment, limit, about }, head);
      ledger.sent(about);
      report.sent(offer, hash, { gas, terms });
    } catch (error) {
      const reason = describeError(error, errors);
      ledger.refused(about, reason);
      for (const account of new Set(legs.map((leg) => leg.account))) setAside(market, account, { reason }, head);
    }
  }

  const isFull = () => lane !== undefined && inFlight().length >= settings.maxInFlight;

  /** Seconds: of the block it was mined in, which may be older than the head where nobody looked for a while. */
  async function timeOf({ blockNumber, blockHash }: TransactionReceipt, head: Head): Promise<bigint> {
    return blockNumber === head.number ? head.timestamp : (await client.getBlock({ blockHash })).timestamp;
  }

  return {
    summary,
    errors,
    acted: false,
    inFlight,
    isFull,

    due(market, accounts, head) {
      const busy = busyIn(inFlight(), market.key);
      const free = [...accounts].filter((account) => !busy.has(account));
      return ledger.due(market.key, free, head);
    },

    setAside,

    forget,

    rescued(market, underwater) {
      const still = new Set([...underwater.keys()].map((account) => account.toLowerCase() as Address));
      const safe = [...(aside.get(market) ?? [])].filter((account) => !still.has(account));
      forget(market, new Set(safe));
    },

    attempt,

    prepare: (head) => lane?.prepare(head),

    async onHead(head) {
      for (const ended of (await lane?.onHead(head.number)) ?? []) await settle(ended, head);
    },

    unwind: async (ancestor, head) => lane?.unwind(ancestor, head),
  };
}

/** A plan as it was rehearsed: its calldata, its gas, the limit that covers it, and what it comes to. */
type Rehearsed = { data: Hex; gas: bigint; limit: bigint; terms: Terms };
type Tried = Rehearsed | Without;

const minedAs = (receipt: TransactionReceipt, time: bigint): MinedAs => ({
  hash: receipt.transactionHash,
  block: receipt.blockNumber,
  time,
  gas: receipt.gasUsed,
  cost: receipt.gasUsed * receipt.effectiveGasPrice,
});
