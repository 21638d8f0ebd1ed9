import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatEther, formatGwei, getAddress } from 'viem/utils';
import { chainPreset, showChain } from '../config/chains.ts';
import { KeeperError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import type { Attempt } from '../store/attempts.ts';
import { type MarketKey, marketKey, partsOf } from '../store/key.ts';
import type { Liquidation } from '../store/liquidations.ts';
import { type Holder, lockHolder } from '../store/lock.ts';
import type { LegOutcome } from '../store/outcome.ts';
import { MEMORY, storeFolder, storePath } from '../store/path.ts';
import type { Sent } from '../store/sent.ts';
import type {
  AlarmStatus,
  DebtStatus,
  EndpointStatus,
  FlightStatus,
  MarketStatus,
  StatusSnapshot,
} from '../store/status-snapshot.ts';
import { openStore, type Store } from '../store/store.ts';
import { labelsOf } from './names.ts';

/** Plans whose outcomes are shown. */
const LAST = 5;
/** Requests that an endpoint takes together; less is worth a word. */
const USUAL_BATCH = 20;
/** Liquidations that `--json` gives. */
const LIQUIDATIONS = 20;

/**
 * `plimsoll status`: prints what a keeper, running or not, has left in its store.
 *
 * @param json - everything, as one JSON object; docs/log.md names the units
 * @returns why the keeper is not well, if it is not: it does not run, or has not heard of a head for long
 * @throws KeeperError when there is no store
 */
export function printStatus(settings: Pick<Settings, 'chain' | 'store'>, json: boolean): string | undefined {
  const path = findStore(settings);
  const store = openStore({ path, chainId: settings.chain, readOnly: true });
  try {
    const holder = lockHolder(path);
    const text = json ? JSON.stringify(everything(store, holder), decimal, 2) : lines(store, holder).join('\n');
    process.stdout.write(`${text}\n`);
    return whyUnwell(store.readStatus(), holder !== undefined);
  } finally {
    store.close();
  }
}

/** The store that the settings name; without any, the only one there is. */
function findStore({ store, chain }: Pick<Settings, 'chain' | 'store'>): string {
  if (store !== undefined) {
    const path = storePath(store, chain ?? 0);
    if (path === MEMORY) throw new KeeperError(`--store ${store} keeps nothing to show: pass the file of a keeper`);
    return path;
  }
  if (chain !== undefined) return storePath(undefined, chain);
  const folder = storeFolder();
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sqlite')) : [];
  const [only] = found;
  if (only === undefined) {
    throw new KeeperError(`there is no store in ${folder}: start the keeper first, or pass --chain or --store`);
  }
  if (found.length > 1) {
    throw new KeeperError(
      `there are several stores in ${folder} (${found.sort().join(', ')}): pass --chain or --store`,
    );
  }
  return join(folder, only);
}

function everything(store: Store, holder: Holder | undefined) {
  const writer = store.writer();
  return {
    store: store.path,
    chain: store.chainId,
    running: holder !== undefined,
    unwell: whyUnwell(store.readStatus(), holder !== undefined) ?? null,
    pid: holder?.pid ?? writer?.pid ?? null,
    startedAt: writer?.startedAt ?? null,
    stoppedAt: holder ? null : (writer?.stoppedAt ?? null),
    markets: store.markets().map(({ key, accounts, cursor = null, backfill = null }) => ({
      ...partsOf(key),
      accounts,
      cursor,
      backfill,
    })),
    snapshot: snapshotLine(store),
    attempts: store.attempts.recent(LAST).map((attempt) => withOutcomes(store, attempt)),
    liquidations: store.liquidations.recent(LIQUIDATIONS).map(inCoins),
  };
}

/** What is worth and cost so many wei is shown in the native coin, under the names that the log has for it. */
function inCoins<T extends { value: bigint; gasCost: bigint }>({ value, gasCost, ...rest }: T) {
  return { ...rest, value: formatEther(value), fee: formatEther(gasCost) };
}

function snapshotLine(store: Store) {
  const snapshot = store.readStatus();
  if (!snapshot) return null;
  const inFlight = stillFlying(store, snapshot).map(({ legs, value, ...flight }) => ({
    ...flight,
    // `accounts` is a number elsewhere.
    legs: legs.map(({ accounts: who, ...leg }) => ({ ...leg, who })),
    value: formatEther(BigInt(value)),
  }));
  return { ...snapshot, inFlight };
}

/** A leg that was sent, what became of it, and what it moved where it landed. */
type EndedLeg = { sent: Sent; outcome: LegOutcome | undefined; done: Liquidation | undefined };

function endedLegs(store: Store, { legs, outcomes, hashes }: Attempt): EndedLeg[] {
  const done = hashes.flatMap((hash) => store.liquidations.of(hash));
  return legs.map((sent, index) => ({
    sent,
    outcome: outcomes?.[index],
    done: done.find(({ leg }) => leg === index),
  }));
}

/** An attempt in which each leg has its outcome, with the amounts of those that landed. */
function withOutcomes(store: Store, attempt: Attempt) {
  const { outcomes, value, budget, cost, ...rest } = attempt;
  const legs = endedLegs(store, attempt).map(({ sent, outcome, done }) => {
    if (!outcome) return { ...sent, outcome: null };
    if (!done) return { ...sent, outcome };
    const { repaid, seized, profits, value, fee } = inCoins(done);
    return { ...sent, outcome: { ...outcome, repaid, seized, profits, value, fee } };
  });
  const fee = cost === undefined ? null : formatEther(cost);
  return { ...rest, value: formatEther(value), budget: formatEther(budget), fee, legs };
}

const decimal = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

function lines(store: Store, holder: Holder | undefined): string[] {
  const snapshot = store.readStatus();
  const done = store.attempts.recent(100).filter(({ state }) => state !== 'planned' && state !== 'sent');
  const ill = whyUnwell(snapshot, holder !== undefined);
  return [
    `plimsoll on chain ${showChain(store.chainId)}: ${whether(store, holder, snapshot)}`,
    line('store', store.path),
    ...(holder && ill !== undefined ? [line('not well', ill)] : []),
    ...(snapshot
      ? [
          line('head', headOf(snapshot, holder)),
          line('as of', ageOf(snapshot)),
          ...snapshot.markets.flatMap(marketLines),
        ]
      : found(store)),
    ...(snapshot?.alarms ? several('alarms', snapshot.alarms.map(alarmOf)) : []),
    ...(snapshot?.operator ? [line('operator', operatorOf(snapshot.operator))] : []),
    ...several('in flight', snapshot ? stillFlying(store, snapshot).map(flightOf) : []),
    ...several(
      'outcomes',
      done.slice(0, LAST).flatMap((attempt) => outcomeLines(store, attempt, snapshot)),
    ),
    ...(snapshot
      ? several(
          'endpoints',
          snapshot.endpoints.map((each) => endpointOf(each, ill !== undefined)),
        )
      : []),
  ];
}

const line = (name: string, text: string) => `${name.padEnd(10)} ${text}`;

const several = (name: string, texts: readonly string[]) =>
  texts.length === 0 ? [line(name, 'none')] : texts.map((text, index) => line(index === 0 ? name : '', text));

function whether(store: Store, holder: Holder | undefined, snapshot: StatusSnapshot | undefined): string {
  if (holder) return `running, pid ${holder.pid}, since ${holder.since}`;
  const writer = store.writer();
  if (writer?.stoppedAt) return `stopped since ${writer.stoppedAt}`;
  // A snapshot of an earlier run says nothing of when this one ended.
  const ofThisRun = snapshot && writer && snapshot.updatedAt > writer.startedAt;
  return `stopped some time after ${ofThisRun ? snapshot.updatedAt : writer?.startedAt}, without an orderly end`;
}

/** Milliseconds without a head after which a keeper is not well, at least; and as many block times. */
const [QUIET_AT_LEAST, QUIET_BLOCKS] = [60_000, 10];
/** Taken for the block time of a chain that is not known, milliseconds. */
const SLOW_CHAIN = 12_000;

/** Why a keeper is not well; `undefined` where it is. */
function whyUnwell(snapshot: StatusSnapshot | undefined, runs: boolean): string | undefined {
  if (!runs) return 'the keeper does not run';
  if (!snapshot) return 'no head yet';
  const blockTime = chainPreset(snapshot.chain)?.blockTime ?? SLOW_CHAIN;
  const quiet = Date.now() - Date.parse(snapshot.heardAt ?? snapshot.updatedAt);
  if (quiet > Math.max(QUIET_AT_LEAST, QUIET_BLOCKS * blockTime))
    return `no head for ${Math.round(quiet / 1_000)} s, since ${snapshot.head.number}`;
  if (snapshot.endpoints.some(({ state }) => state === 'good')) return undefined;
  return 'no endpoint is good';
}

/** What is on its way: what has ended since the snapshot was taken is told by its outcome. */
function stillFlying(store: Store, { inFlight }: StatusSnapshot): StatusSnapshot['inFlight'] {
  const ended = store.attempts.recent(100).filter(({ state }) => state !== 'planned' && state !== 'sent');
  const hashes = new Set(ended.flatMap((attempt) => attempt.hashes.map((hash) => hash.toLowerCase())));
  return inFlight.filter(({ hash }) => !hashes.has(hash.toLowerCase()));
}

const ageOf = ({ updatedAt }: StatusSnapshot): string =>
  `${updatedAt}, ${Math.max(0, Math.round((Date.now() - Date.parse(updatedAt)) / 1_000))} s ago`;

/** A keeper that runs lags behind the clock; one that has stopped lagged behind it when it last wrote. */
function headOf({ head, updatedAt }: StatusSnapshot, holder: Holder | undefined): string {
  const time = Number(head.timestamp) * 1_000;
  const lag = Math.max(0, Math.round(((holder ? Date.now() : Date.parse(updatedAt)) - time) / 1_000));
  return `${head.number} of ${new Date(time).toISOString()}, ${lag} s behind${holder ? '' : ' when it was taken in'}`;
}

function marketLines({ protocol, address, name, accounts, underwater, nearest, debts }: MarketStatus): string[] {
  const near = nearest.map(({ account, slack, healthFactor }) => {
    const health =
      healthFactor === null ? '' : `, health factor ${Number(formatEther(BigInt(healthFactor))).toFixed(4)}`;
    return `${account} slack ${(slack * 100).toFixed(2)} %${health}`;
  });
  const what = `${protocol} ${name} ${getAddress(address)}: ${accounts} accounts, ${underwater} under water`;
  const unknown = debts && several('  debts', debtLines(debts));
  return [line('market', what), ...several('  nearest', near), ...(unknown ?? [])];
}

/** What the market counts and no account that is known owes, asset by asset; one line where that is nothing. */
function debtLines(debts: readonly DebtStatus[]): string[] {
  if (debts.length === 0) return ['not counted'];
  const apart = debts.filter(({ missing }) => missing !== '0');
  if (apart.length === 0) return [`all known, to the unit, of ${debts.length} assets`];
  return apart.map(({ asset, missing, counted }) => `${missing} of ${counted} units of ${asset} not known`);
}

/** Before the first head there is only what the search through the history has found. */
function found(store: Store): string[] {
  const searched = store.markets().map(({ key, accounts, backfill }) => {
    const until = backfill ? `, searched up to block ${backfill.nextBlock}` : '';
    return line('market', `${addressOf(key)}: ${accounts} accounts found${until}`);
  });
  return [line('head', 'none yet'), ...searched];
}

/** A market that has no other name here. */
function addressOf(key: MarketKey): string {
  const { protocol, address } = partsOf(key);
  return `${protocol} ${getAddress(address)}`;
}

/** The first, and how many more. */
const someOf = ([first, ...more]: readonly string[]) =>
  `${first ?? 'nobody'}${more.length > 0 ? ` and ${more.length} more` : ''}`;

function operatorOf({ address, balance, cap, leastTip }: NonNullable<StatusSnapshot['operator']>): string {
  const takes = cap === undefined ? '' : `, a transaction may cost ${formatEther(BigInt(cap))}`;
  const asks = leastTip === undefined ? '' : `, the least tip is ${formatGwei(BigInt(leastTip))} gwei`;
  return `${address} holds ${formatEther(BigInt(balance))}${takes}${asks}`;
}

function flightOf({ legs, nonce, hash, sentAt, value, unresolved }: FlightStatus): string {
  const accounts = someOf([...new Set(legs.flatMap((leg) => leg.accounts))]);
  const markets = [...new Set(legs.map(({ protocol, market }) => `${protocol} ${market}`))].join(', ');
  return `${accounts} of ${markets}, nonce ${nonce}, sent at block ${sentAt}, worth ${formatEther(BigInt(value))}, ${hash}${unresolved ? ', its nonce is used; what became of it is not known yet' : ''}`;
}

/** A line for the plan, and one for each of its legs. */
function outcomeLines(store: Store, attempt: Attempt, snapshot: StatusSnapshot | undefined): string[] {
  const { updatedAt, state, value, cost, reason, hashes } = attempt;
  const money = state === 'landed' ? `, worth ${formatEther(value)}` : '';
  const gas = cost === undefined ? '' : `, gas ${formatEther(cost)}`;
  const why = reason === undefined ? '' : `, ${reason}`;
  const names = new Map(snapshot?.markets.map((each) => [marketKey(each.protocol, each.address), each.name]));
  const plan = `${updatedAt} ${state}${money}${gas}${why}, ${hashes.at(-1) ?? 'never sent'}`;
  return [plan, ...endedLegs(store, attempt).map((leg) => `  ${legLine(leg, names)}`)];
}

function legLine({ sent, outcome, done }: EndedLeg, names: ReadonlyMap<MarketKey, string>): string {
  const key = sent.deals[0]!.market;
  const name = names.get(key);
  const market = name === undefined ? addressOf(key) : `${partsOf(key).protocol} ${name}`;
  const head = `${outcome?.state ?? 'unknown'} ${someOf(labelsOf(sent))} of ${market}`;
  if (!done) return outcome?.reason === undefined ? head : `${head}, ${outcome.reason}`;
  const { repaid, debt, seized, collateral, value, gasCost } = done;
  const moved = `repaid ${repaid} of ${getAddress(debt)}, seized ${seized} of ${getAddress(collateral)}`;
  return `${head}, ${moved}, worth ${formatEther(value)}, gas ${formatEther(gasCost)}`;
}

const alarmOf = ({ about, text, since }: AlarmStatus): string => `${about}: ${text}, since ${since}`;

/** @param isOld - what it was is not what it is */
function endpointOf(
  { endpoint, state, head, lag, errors, latencyMs, reason, abilities }: EndpointStatus,
  isOld: boolean,
): string {
  const { lacks = [], batch, logRange } = abilities ?? {};
  const parts = [
    `${endpoint} ${isOld ? 'was ' : ''}${state}`,
    head === undefined ? undefined : `head ${head}`,
    lag > 0 ? `${lag} blocks behind` : undefined,
    latencyMs === undefined ? undefined : `${latencyMs.toFixed(0)} ms`,
    errors > 0 ? `${errors} errors` : undefined,
    reason,
    batch === undefined || batch >= USUAL_BATCH ? undefined : batch > 1 ? `batches of ${batch}` : 'no batches',
    lacks.length > 0 ? `without ${lacks.join(', ')}` : undefined,
    logRange === undefined ? undefined : `logs of ${logRange} blocks at a time`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
