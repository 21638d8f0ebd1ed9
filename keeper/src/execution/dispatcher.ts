import type { Abi, Address, TransactionReceipt } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import type { Tracker } from '../book/tracker.ts';
import type { Head } from '../chain/head.ts';
import { type Offer, type Planning, planOf } from '../planning/plan.ts';
import type { Ready } from '../preflight.ts';
import { protocols } from '../protocols/registry.ts';
import type { MarketKey } from '../store/market.ts';
import { describeError } from '../telemetry/describe-error.ts';
import type { Report } from '../telemetry/report.ts';
import { type Flight, openLane, type Settled } from './lane.ts';
import type { About, Ledger, MinedAs } from './ledger.ts';
import { outcomeOf } from './outcome.ts';
import { planData, rehearse } from './rehearse.ts';

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
  /** Whether an account may be planned for: it is not on its way, and not set aside for now. */
  isDue(market: Tracker, account: Address, head: Head): boolean;
  setAside(market: Tracker, account: Address, reason: string, head: Head): void;
  /** These accounts have changed: what was said of them holds no longer. */
  forget(market: Tracker, accounts: ReadonlySet<Address>): void;
  /** Only these are under water; who was set aside and is not among them is only watched again. */
  rescued(market: Tracker, underwater: ReadonlyMap<Address, unknown>): void;
  /** Rehearses the offer and sends it, unless it no longer pays. */
  attempt(market: Tracker, offer: Offer, head: Head, planning: Planning): Promise<void>;
  /** Looks after what is on its way, and writes down what has ended. */
  onHead(head: Head): Promise<void>;
  /** The blocks above `ancestor` are no longer on the chain. */
  unwind(ancestor: bigint, head: bigint): void;
};

export async function openDispatcher(rooms: { ready: Ready; ledger: Ledger; report: Report }): Promise<Dispatcher> {
  const { ledger, report } = rooms;
  const { settings, chain, operator, liquidator } = rooms.ready;
  const { client } = chain;
  const { minProfit } = settings;
  const errors: Abi = [...liquidatorAbi, ...Object.values(protocols).flatMap((protocol) => protocol.errors)];
  const summary: Summary = { liquidated: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n };
  /** Accounts that were set aside, by market. */
  const aside = new Map<Tracker, Set<Address>>();
  const lane =
    operator && liquidator && !settings.dryRun
      ? await openLane<About>({
          client,
          account: operator.account,
          chainId: chain.id,
          bumpAfterBlocks: BigInt(settings.bumpAfterBlocks),
          maxGasPrice: settings.maxGasPrice,
          save: ledger.save,
          resume: ledger.resume(),
          onEvent(event) {
            if (event.kind === 'unwound') ledger.unwound(event.about, event.hash);
            report.lane(event);
          },
        })
      : undefined;
  const inFlight = () => lane?.inFlight() ?? [];
  for (const flight of inFlight()) report.takenUp(flight);

  const isBusy = (market: MarketKey, account: Address) =>
    inFlight().some(
      ({ about }) => sameMarket(about.market, market) && about.legs.some((leg) => same(leg.account, account)),
    );

  function setAside(market: Tracker, account: Address, reason: string, head: Head): void {
    const accounts = aside.get(market) ?? new Set();
    aside.set(market, accounts.add(account.toLowerCase() as Address));
    ledger.setAside(market.key, account, reason, head);
    report.skipped(account, reason);
  }

  function forget(market: Tracker, accounts: ReadonlySet<Address>): void {
    ledger.forget(market.key, accounts);
    report.forget(accounts);
    for (const account of accounts) aside.get(market)?.delete(account);
  }

  async function settle(settled: Settled<About>, head: Head): Promise<void> {
    const { about } = settled;
    if (!('receipt' in settled)) {
      const { state } = settled;
      const reason = state === 'replaced' ? 'its nonce was used by a transaction that is not ours' : settled.reason;
      ledger.ended(about, state, reason);
      summary.cancelled += 1;
      return report.withdrawn(about, state, reason);
    }
    const { receipt } = settled;
    const mined = minedAs(receipt, head);
    summary.gas += mined.cost;
    if (settled.state === 'cancelled') {
      ledger.ended(about, 'cancelled', settled.reason, mined);
      summary.cancelled += 1;
      return report.withdrawn(about, 'cancelled', settled.reason);
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

  return {
    summary,
    errors,
    acted: false,
    inFlight,
    isFull: () => lane !== undefined && inFlight().length >= settings.maxInFlight,
    isDue: (market, account, head) => !isBusy(market.key, account) && ledger.isDue(market.key, account, head),
    setAside,

    forget,

    rescued(market, underwater) {
      const still = new Set([...underwater.keys()].map((account) => account.toLowerCase() as Address));
      const safe = [...(aside.get(market) ?? [])].filter((account) => !still.has(account));
      forget(market, new Set(safe));
    },

    async attempt(market, offer, head, planning) {
      const { account, debtAsset: debt, collateralAsset: collateral } = offer.option;
      if (!operator || !liquidator) return report.wouldSend(offer, undefined);
      const plan = planOf(offer, head, minProfit, planning);
      const call = { from: operator.account.address, to: liquidator.address, data: planData(plan) };
      let about: About | undefined;
      try {
        const { value, gas } = await rehearse(client, call, 'pending');
        const net = value - gas * planning.gasPrice;
        if (net < minProfit) {
          return setAside(market, account, `pays ${net} wei after gas, less than --min-profit`, head);
        }
        if (!lane) return report.wouldSend(offer, { value, gas, net });
        const { to, data } = call;
        const shipment = { to, data, value, gas, budget: value - minProfit };
        const terms = { ...shipment, operator: call.from, validUntil: plan.validUntil };
        about = ledger.planned(market.key, [{ account, debt, collateral }], terms);
        const hash = await lane.send({ ...shipment, about }, head.number);
        ledger.sent(about);
        report.sent(offer, hash, { value, gas, net });
      } catch (error) {
        const reason = describeError(error, errors);
        if (about) ledger.refused(about, reason);
        setAside(market, account, reason, head);
      }
    },

    async onHead(head) {
      for (const settled of (await lane?.onHead(head.number)) ?? []) await settle(settled, head);
    },

    unwind: (ancestor, head) => lane?.unwind(ancestor, head),
  };
}

const minedAs = (receipt: TransactionReceipt, head: Head): MinedAs => ({
  hash: receipt.transactionHash,
  block: receipt.blockNumber,
  time: head.timestamp,
  gas: receipt.gasUsed,
  cost: receipt.gasUsed * receipt.effectiveGasPrice,
});

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const sameMarket = (a: MarketKey, b: MarketKey) => a.protocol === b.protocol && same(a.address, b.address);
