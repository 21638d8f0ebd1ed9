import type { Address } from 'viem';
import type { Judged } from './book/book.ts';
import { stillThere } from './book/look-back.ts';
import { createQueue, placesIn, type Queue } from './book/priority.ts';
import { shareLogs } from './book/share-logs.ts';
import type { Advance, Tracker } from './book/tracker.ts';
import { clientsOf } from './chain/each.ts';
import { openGasPrices } from './chain/gas-price.ts';
import { type Head, headOf } from './chain/head.ts';
import { KeeperError } from './config/error.ts';
import { type Drill, openDrill, practise } from './drill.ts';
import { type Dispatcher, openDispatcher } from './execution/dispatcher.ts';
import type { Summary } from './execution/dispatcher-state.ts';
import { openLedger } from './execution/ledger.ts';
import { openPurse, type Purse, pricedBy } from './execution/purse.ts';
import { recallMined } from './execution/recall.ts';
import { keepStatus, type StatusKeeper } from './keep-status.ts';
import { describeError } from './log/describe-error.ts';
import type { Logger } from './log/log.ts';
import { counting, newOnce, type Once, whyUndone } from './once.ts';
import { openMarkets } from './open-markets.ts';
import { dustOf } from './planning/dust.ts';
import { type Due, openPlanner, type Planner } from './planning/planner.ts';
import type { Ready } from './preflight.ts';
import type { View } from './protocols/protocol.ts';
import { createReport, type Report } from './report/report.ts';
import { accountClaim, type MarketKey } from './store/key.ts';
import { storePath } from './store/path.ts';
import { openStore, type Store } from './store/store.ts';
import { nextMoment } from './triggers/clock.ts';
import { openWatch, type Watch } from './watch.ts';

/** What a keeper works with. */
type Rooms = {
  ready: Ready;
  store: Store;
  /** Markets join when their history is searched; the others do not wait for them. */
  trackers: readonly Tracker[];
  planner: Planner;
  drill: Drill;
  dispatcher: Dispatcher;
  purse: Purse;
  /** Who is planned for where more is due than a block has room for, of all markets. */
  queue: Queue<string>;
  /** Newest blocks of ours on the chain, of markets that found unwound ones as they joined. */
  unwound: bigint[];
  /** Where one head is all there is to do. */
  once: Once | undefined;
  status: StatusKeeper;
  report: Report;
  watch: Watch;
  log: Logger;
};

/** Milliseconds that what is on its way gets to be mined when the keeper is told to stop. */
const FINISH_WITHIN = 30_000;

/**
 * The keeper. At every head: bring each market to it, see what became of what was sent, judge at the next block's moment who is
 * under water in which market, plan the best deals of all markets together, rehearse the plans and send them. An error ends the
 * head, not the loop.
 *
 * @returns what the run came to; `undone` says why one head was all there was to do and has nothing to show
 */
export async function runKeeper(
  ready: Ready,
  signal: AbortSignal,
  log: Logger,
): Promise<Summary & { undone: string | undefined }> {
  const { settings, chain, markets } = ready;
  const path = storePath(settings.store, chain.id);
  const store = openStore({ path, chainId: chain.id, rebuild: settings.rebuildStore });
  if (store.renamed) log.warn({ renamed: store.renamed }, 'the store begins anew; the old one is kept under this name');
  let watch: Watch | undefined;
  let status: StatusKeeper | undefined;
  try {
    const head = async () =>
      headOf(await chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }));
    const who = ready.operator?.account.address;
    const mined = await recallMined(chain.client, store, who, (await head()).number);
    const trackers: Tracker[] = [];
    const report = createReport(log, markets, trackers);
    const each = clientsOf(chain);
    const purse = openPurse(settings);
    const prices = pricedBy(purse, openGasPrices(chain.client, each));
    const ledger = openLedger(store, who);
    const once = settings.once ? newOnce() : undefined;
    const dispatcher = await openDispatcher({
      client: chain.client,
      chainId: chain.id,
      l1Source: ready.l1Source,
      operator: ready.operator?.account,
      liquidator: ready.liquidator?.address,
      stillThere: (sent, hash) => stillThere(chain.client, trackers, sent, hash),
      ...{ settings, ledger, tell: once ? counting(report, once) : report, prices, purse, each, mined },
    });
    const logs = shareLogs(chain);
    const planner = openPlanner({ ...ready, logs: logs.share({}) }, prices);
    const drill = openDrill(planner, chain.id);
    watch = openWatch(ready, logs, trackers, () => status?.write(), log);
    const queue = createQueue<string>();
    status = keepStatus(store, () => shown(rooms));
    const house = { ready, store, trackers, planner, drill, dispatcher, purse, queue, once, status, watch };
    const rooms: Rooms = { ...house, unwound: [], report, log };

    const place = (key: MarketKey) => markets.findIndex((market) => market.key === key);
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const opening = openMarkets(ready, store, head, logs, stop, log).map(async (joining) => {
      const { tracker, unwound } = await joining;
      if (unwound) rooms.unwound.push(tellUnwound(tracker, unwound, rooms));
      trackers.push(tracker);
      // In the order they were named, whichever was read first: plans do not depend on it.
      trackers.sort((a, b) => place(a.key) - place(b.key));
    });
    const opened = Promise.all(opening).catch((error) => {
      failed.abort(error);
      throw error;
    });
    opened.catch(() => {}); // thrown below, where the loop has ended
    await (settings.once ? opened : Promise.race(opening));
    // From here on what a node cannot answer is asked again at the next head.
    chain.endpoints.patience = 0;

    for await (const next of watch.heads(stop)) if (await takeHead(next, rooms, stop)) break;
    if (failed.signal.aborted) await opened;
    await finish(rooms);
    if (once) await watch.check();
    return { ...dispatcher.summary, undone: once && !signal.aborted ? whyUndone(once, dispatcher.summary) : undefined };
  } finally {
    watch?.stop();
    status?.end();
    store.close();
  }
}

/** @returns whether there is nothing more to do, with `--once` */
async function takeHead(head: Head, rooms: Rooms, stop: AbortSignal): Promise<boolean> {
  const { trackers, planner, dispatcher, once, log } = rooms;
  rooms.status.begin(head);
  try {
    const advancing = Promise.all(trackers.map((tracker) => advance(tracker, head, rooms)));
    // Asked beside what shows whether any of it is needed: a round trip less for who has something to send.
    dispatcher.prepare(head);
    planner.prepare(
      trackers.map(({ key, market }) => ({ key, assets: market.assets })),
      head,
    );
    const ancestor = lowest([...(await advancing), ...rooms.unwound.splice(0)]);
    // Nothing is judged, planned or sent on a head that is older than what we have seen.
    if (rooms.watch.isOld(head)) return false;
    if (ancestor !== undefined) await dispatcher.unwind(ancestor, head.number);
    await dispatcher.onHead(head);
    if (!once?.acted) await act(head, rooms, stop);
    await countMoney(head, rooms);
    for (const tracker of trackers) await reread(tracker, rooms);
    rooms.watch.head(head);
    if (!stop.aborted) rooms.status.head(head);
    rooms.report.beat(trackers, head);
    if (once) once.acted = true;
    else if (dispatcher.inFlight().length === 0) await practise(rooms, head);
    // Now, when nothing waits, and not in the middle of the next head: what a head makes fits in the room for new objects.
    globalThis.gc?.({ type: 'minor' });
    return once !== undefined && dispatcher.inFlight().length === 0;
  } catch (error) {
    if (error instanceof KeeperError || stop.aborted) throw error;
    log.error(
      { head: head.number, err: describeError(error, dispatcher.errors) },
      'this head is given up; the next is taken whole',
    );
    if (once && !once.acted) once.failed = true;
    return once !== undefined;
  }
}

/** @returns the newest block of ours that is still on the chain, where some are not */
async function advance(tracker: Tracker, head: Head, rooms: Rooms): Promise<bigint | undefined> {
  const { dispatcher, log } = rooms;
  try {
    const { touched, unwound } = await tracker.advance(head);
    dispatcher.forget([...touched].map((account) => accountClaim(tracker.key, account)));
    return unwound && tellUnwound(tracker, unwound, rooms);
  } catch (error) {
    if (error instanceof KeeperError) throw error;
    // The others go on; this one takes the next head whole.
    log.error(
      { ...named(tracker), head: head.number, err: describeError(error, dispatcher.errors) },
      'this market is left where it was',
    );
    if (rooms.once && !rooms.once.acted) rooms.once.failed = true;
    return undefined;
  }
}

/** A market at a head: how its accounts stand at the next block's moment. */
type Looked = { tracker: Tracker; view: View; judged: Judged };

/** Judges all markets, plans for those who are due in any of them, and sends the plans. */
async function act(head: Head, rooms: Rooms, stop: AbortSignal): Promise<void> {
  const { trackers, planner, dispatcher, once, report } = rooms;
  // A market that could not be brought here is not judged by what it was.
  const here = trackers.filter(({ tip, state }) => tip !== undefined && state.block.hash === head.hash);
  const looked = here.map((tracker) => look(tracker, head, rooms));
  if (once) once.due = looked.reduce((sum, { judged }) => sum + judged.underwater.size, 0);
  const due = dueOf(looked, head, rooms);
  if (due.length === 0) return;
  const most = await dispatcher.means(head);
  if (most === 0n) return;
  const { offers, without } = await planner.plan(due, head, most);
  try {
    for (const [index, offer] of offers.entries()) {
      if (stop.aborted) return;
      if (dispatcher.isFull()) return report.waiting(offers.length - index);
      await dispatcher.attempt(offer, head);
    }
  } finally {
    // Written down when nothing waits for it any more.
    for (const [claim, why] of without) dispatcher.setAside(claim, why, head);
  }
}

function look(tracker: Tracker, head: Head, { ready, planner, dispatcher, report }: Rooms): Looked {
  const view = tracker.view(nextMoment(head, ready.chain.id));
  const dust = dustOf(planner.weiPerBase(view), head);
  const judged = tracker.judge(view, dust);
  report.head(tracker, head, tracker.touched, judged);
  dispatcher.rescued(tracker.key, new Set(claimsOf(tracker, judged)));
  return { tracker, view, judged };
}

const claimsOf = ({ key }: Tracker, { underwater }: Judged): string[] =>
  [...underwater.keys()].map((account) => accountClaim(key, account));

/** Whom to plan for at this head, by market: those who are free, and of these as many as a block has room for, by worth in wei. */
function dueOf(looked: readonly Looked[], head: Head, { planner, dispatcher, queue, report }: Rooms): Due[] {
  const ranks = new Map<string, number>();
  for (const { tracker, view, judged } of looked) {
    // A market whose base currency nothing prices yet ranks behind the others.
    const wei = planner.weiPerBase(view) ?? 0;
    for (const [account, health] of judged.underwater) {
      ranks.set(accountClaim(tracker.key, account), wei * tracker.book.rank(account, health));
    }
  }
  const free = dispatcher.due(ranks.keys(), head);
  if (free.length === 0) return [];
  const first = new Set(queue.take(new Map(free.map((claim) => [claim, ranks.get(claim)!])), placesIn(head.gasLimit)));
  if (first.size < free.length) report.queued(free.length - first.size, first.size);
  return looked.map(({ tracker, view, judged }): Due => {
    const keys: Address[] = [...judged.underwater.keys()].filter((key) => first.has(accountClaim(tracker.key, key)));
    return { name: tracker.name, assets: tracker.market.assets, view, keys };
  });
}

/** What there is to spend at the next head; a node that fails here is asked again there. */
async function countMoney(head: Head, { dispatcher, log }: Rooms): Promise<void> {
  try {
    await dispatcher.countMoney(head);
  } catch (error) {
    log.debug({ err: describeError(error, dispatcher.errors) }, 'the balance could not be asked');
  }
}

/** What `status` shows beside the head. */
const shown = ({ ready, trackers, dispatcher, purse, watch }: Rooms) => ({
  chain: { id: ready.chain.id, endpoints: () => ready.chain.endpoints.health() },
  markets: ready.markets,
  inFlight: dispatcher.inFlight(),
  alarms: watch.alarms(),
  debts: watch.debts,
  operator: ready.operator && { address: ready.operator.account.address, purse },
  trackers,
});

/** What changed silently is found in the end; a node that fails here is none the worse for what is at stake at this head. */
async function reread(tracker: Tracker, { dispatcher, log }: Rooms): Promise<void> {
  try {
    await tracker.reread();
  } catch (error) {
    if (error instanceof KeeperError) throw error;
    const err = describeError(error, dispatcher.errors);
    log.warn({ ...named(tracker), err }, 'accounts that no log names could not be read again; the next head tries');
  }
}

function tellUnwound(tracker: Tracker, unwound: NonNullable<Advance['unwound']>, { log }: Rooms): bigint {
  const what = 'unwound: these blocks are not on the chain any more';
  log.warn({ ...named(tracker), head: tracker.tip?.number, ...unwound }, what);
  return unwound.ancestor;
}

const named = ({ protocol, name }: Tracker) => ({ protocol: protocol.id, market: name });

const lowest = (blocks: readonly (bigint | undefined)[]): bigint | undefined =>
  blocks.reduce(
    (least, block) => (least === undefined || (block !== undefined && block < least) ? block : least),
    undefined,
  );

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
