import { placesIn } from './book/priority.ts';
import { type Advance, openTracker, type Tracker } from './book/tracker.ts';
import { openGasPrices } from './chain/gas-price.ts';
import { type Head, headOf } from './chain/head.ts';
import { KeeperError } from './config/error.ts';
import { type Dispatcher, openDispatcher, type Summary } from './execution/dispatcher.ts';
import { openLedger } from './execution/ledger.ts';
import { recallMined } from './execution/recall.ts';
import { openPlanner, type Planner } from './planning/planner.ts';
import type { Ready } from './preflight.ts';
import { protocols } from './protocols/registry.ts';
import { storePath } from './store/path.ts';
import { openStore, type Store } from './store/store.ts';
import { describeError } from './log/describe-error.ts';
import type { Logger } from './log/log.ts';
import { createReport } from './report/report.ts';
import { snapshotOf } from './report/snapshot.ts';
import { nextMoment } from './triggers/clock.ts';

/** What a keeper works with. */
type Rooms = {
  ready: Ready;
  store: Store;
  /** Markets join when their history is searched; the others do not wait for them. */
  trackers: readonly Tracker[];
  planner: Planner;
  dispatcher: Dispatcher;
  /** Newest blocks of ours on the chain, of markets that found unwound ones as they joined. */
  unwound: bigint[];
  report: ReturnType<typeof createReport>;
  log: Logger;
};

/** Milliseconds that what is on its way gets to be mined when the keeper is told to stop. */
const FINISH_WITHIN = 30_000;

/**
 * The keeper. At every head: bring each market to it, see what became of what was sent, judge at the next block's time who is
 * under water, plan the best legal liquidations together, rehearse them and send them. An error ends the head, not the loop.
 */
export async function runKeeper(ready: Ready, signal: AbortSignal, log: Logger): Promise<Summary> {
  const { settings, chain, markets } = ready;
  const store = openStore({
    path: storePath(settings.store, chain.id),
    chainId: chain.id,
    rebuild: settings.rebuildStore,
  });
  if (store.renamed) log.warn({ renamed: store.renamed }, 'the store begins anew; the old one is kept under this name');
  try {
    const head = async () =>
      headOf(await chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }));
    const who = ready.operator?.account.address;
    const mined = await recallMined(chain.client, store, who, (await head()).number);
    const trackers: Tracker[] = [];
    const report = createReport(log, trackers);
    const ledger = openLedger(store, who);
    const prices = openGasPrices(chain.client);
    const dispatcher = await openDispatcher({ ready, ledger, report, prices, mined });
    const planner = openPlanner(ready, prices);
    const rooms: Rooms = { ready, store, trackers, planner, dispatcher, unwound: [], report, log };

    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const { fromBlock, logRange: range } = settings;
    const opening = markets.map(async ({ name, address }) => {
      const protocol = protocols[settings.protocol]!;
      const marketStore = store.market({ protocol: protocol.id, address });
      const started = performance.now();
      const tracker = await openTracker({
        chain,
        protocol,
        name,
        address,
        store: marketStore,
        fromBlock,
        range,
        head,
        signal: stop,
        log,
      });
      const { unwound } = await tracker.advance(await head());
      if (unwound) rooms.unwound.push(tellUnwound(tracker, unwound, rooms));
      trackers.push(tracker);
      const seconds = Math.round(performance.now() - started) / 1_000;
      log.info(
        { market: name, fromBlock: tracker.fromBlock, head: tracker.tip?.number, accounts: tracker.book.size, seconds },
        'every borrower is read',
      );
    });
    const opened = Promise.all(opening).catch((error) => {
      failed.abort(error);
      throw error;
    });
    opened.catch(() => {}); // thrown below, where the loop has ended
    await (settings.once ? opened : Promise.race(opening));

    for await (const next of ready.heads(stop)) if (await takeHead(next, rooms, stop)) break;
    if (failed.signal.aborted) await opened;
    await finish(rooms);
    return dispatcher.summary;
  } finally {
    store.close();
  }
}

/** @returns whether there is nothing more to do, with `--once` */
async function takeHead(head: Head, rooms: Rooms, stop: AbortSignal): Promise<boolean> {
  const { ready, trackers, planner, dispatcher, store, log } = rooms;
  try {
    const advancing = Promise.all(trackers.map((tracker) => advance(tracker, head, rooms)));
    // Asked beside what shows whether any of it is needed: a round trip less for who has something to send.
    dispatcher.prepare(head);
    for (const tracker of trackers) planner.prepare(tracker, head);
    const advanced = await advancing;
    const ancestor = lowest([...advanced, ...rooms.unwound.splice(0)]);
    if (ancestor !== undefined) await dispatcher.unwind(ancestor, head.number);
    await dispatcher.onHead(head);
    const { once } = ready.settings;
    if (!(once && dispatcher.acted))
      for (const tracker of trackers) if (tracker.tip) await act(tracker, head, rooms, stop);
    for (const tracker of trackers) await reread(tracker, rooms);
    if (!stop.aborted) store.writeStatus(snapshotOf({ ready, trackers, head, inFlight: dispatcher.inFlight() }));
    if (once) dispatcher.acted = true;
    return once && dispatcher.inFlight().length === 0;
  } catch (error) {
    if (error instanceof KeeperError || stop.aborted) throw error;
    log.error(
      { head: head.number, err: describeError(error, dispatcher.errors) },
      'this head is given up; the next is taken whole',
    );
    return false;
  }
}

const lowest = (blocks: readonly (bigint | undefined)[]): bigint | undefined =>
  blocks.reduce(
    (least, block) => (least === undefined || (block !== undefined && block < least) ? block : least),
    undefined,
  );

/** @returns the newest block of ours that is still on the chain, where some are not */
async function advance(tracker: Tracker, head: Head, rooms: Rooms): Promise<bigint | undefined> {
  const { dispatcher, log } = rooms;
  try {
    const { touched, unwound } = await tracker.advance(head);
    dispatcher.forget(tracker, touched);
    return unwound && tellUnwound(tracker, unwound, rooms);
  } catch (error) {
    if (error instanceof KeeperError) throw error;
    // The others go on; this one takes the next head whole.
    log.error(
      { market: tracker.name, head: head.number, err: describeError(error, dispatcher.errors) },
      'this market is left where it was',
    );
    return undefined;
  }
}

/** What changed silently is found in the end; a node that fails here is none the worse for what is at stake at this head. */
async function reread(tracker: Tracker, { dispatcher, log }: Rooms): Promise<void> {
  try {
    await tracker.reread();
  } catch (error) {
    if (error instanceof KeeperError) throw error;
    const err = describeError(error, dispatcher.errors);
    log.warn({ market: tracker.name, err }, 'accounts that no log names could not be read again; the next head tries');
  }
}

function tellUnwound({ name, tip }: Tracker, unwound: NonNullable<Advance['unwound']>, { log }: Rooms): bigint {
  const what = 'unwound: these blocks are not on the chain any more';
  log.warn({ market: name, head: tip?.number, ...unwound }, what);
  return unwound.ancestor;
}

async function act(tracker: Tracker, head: Head, rooms: Rooms, stop: AbortSignal): Promise<void> {
  const { ready, planner, dispatcher, report } = rooms;
  // A market that could not be brought here is not judged by what it was.
  if (tracker.state.block.hash !== head.hash) return;
  const { timestamp } = nextMoment(head, ready.chain.id);
  const judged = tracker.judge(timestamp, dustOf(tracker, head, ready));
  report.head(tracker, head, tracker.touched, judged);
  dispatcher.rescued(tracker, judged.underwater);
  const due = dispatcher.due(tracker, judged.underwater.keys(), head);
  if (due.length === 0) return;

  const first = tracker.book.first(due, judged.underwater, placesIn(head.gasLimit));
  if (first.length < due.length) report.queued(due.length - first.length, first.length);
  const { offers, without } = await planner.plan(tracker, first, timestamp, head);
  try {
    for (const [index, offer] of offers.entries()) {
      if (stop.aborted) return;
      if (dispatcher.isFull()) return report.waiting(offers.length - index);
      await dispatcher.attempt(tracker, offer, head);
    }
  } finally {
    // Written down when nothing waits for it any more.
    for (const [account, why] of without) dispatcher.setAside(tracker, account, why, head);
  }
}

/** Less gas than a liquidation takes, however many share a transaction. */
const LEAST_GAS = 50_000n;
/** Wei per gas: cheaper than on any chain we know. */
const LEAST_GAS_PRICE = 10n ** 6n;

/**
 * A debt (base currency) that no liquidation of could pay for its own gas, the bonus being a part of the debt. 0 where the price
 * of the coin that gas is paid in is not known.
 */
function dustOf({ protocol, market, state }: Tracker, head: Head, { settings }: Ready): number {
  const native = protocol.price(market, state, settings.wrappedNative);
  if (!native) return 0;
  const gasPrice = head.baseFeePerGas ?? 0n;
  const cost = LEAST_GAS * (gasPrice > LEAST_GAS_PRICE ? gasPrice : LEAST_GAS_PRICE) + settings.minProfit;
  return Number(cost) * Number(native.base) * 10 ** -native.decimals;
}

/** What was sent before the keeper was told to stop is seen to its end, for a while; the rest is in the store. */
async function finish({ ready, dispatcher, report, log }: Rooms): Promise<void> {
  const waiting = dispatcher.inFlight().length;
  if (waiting > 0) {
    log.info({ waiting, seconds: FINISH_WITHIN / 1_000 }, 'finishing what is on its way');
    for await (const head of ready.heads(AbortSignal.timeout(FINISH_WITHIN))) {
      await dispatcher.onHead(head).catch((err) => log.warn({ err }, 'could not see what became of it; trying again'));
      if (dispatcher.inFlight().length === 0) break;
    }
  }
  report.left(dispatcher.inFlight());
}
