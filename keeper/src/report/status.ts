import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatEther, formatGwei, getAddress } from 'viem/utils';
import { showChain } from '../config/chains.ts';
import { KeeperError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import type { Attempt } from '../store/attempts.ts';
import { type MarketKey, marketKey, partsOf } from '../store/key.ts';
import type { Liquidation } from '../store/liquidations.ts';
import { type Holder, lockHolder } from '../store/lock.ts';
import type { LegOutcome } from '../store/outcome.ts';
import { MEMORY, storeFolder, storePath } from '../store/path.ts';
import type { Sent } from '../store/sent.ts';
import type { EndpointStatus, FlightStatus, MarketStatus, StatusSnapshot } from '../store/status-snapshot.ts';
import { openStore, type Store } from '../store/store.ts';
import { labelsOf } from './names.ts';

/** Plans whose outcomes are shown. */
const LAST = 5;
/** Liquidations that `--json` gives. */
const LIQUIDATIONS = 20;

/**
 * `keeper status`: prints what a keeper, running or not, has left in its store.
 *
 * @param json - everything, as one JSON object with amounts in wei as decimal strings
 * @throws KeeperError when there is no store
 */
export function printStatus(settings: Pick<Settings, 'chain' | 'store'>, json: boolean): void {
  const path = findStore(settings);
  const store = openStore({ path, chainId: settings.chain, readOnly: true });
  try {
    const holder = lockHolder(path);
    const text = json ? JSON.stringify(everything(store, holder), decimal, 2) : lines(store, holder).join('\n');
    process.stdout.write(`${text}\n`);
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
    pid: holder?.pid ?? writer?.pid ?? null,
    startedAt: writer?.startedAt ?? null,
    stoppedAt: holder ? null : (writer?.stoppedAt ?? null),
    markets: store.markets().map(({ key, accounts, cursor = null, backfill = null }) => ({
      ...partsOf(key),
      accounts,
      cursor,
      backfill,
    })),
    snapshot: store.readStatus() ?? null,
    attempts: store.attempts.recent(LAST).map((attempt) => withOutcomes(store, attempt)),
    liquidations: store.liquidations.recent(LIQUIDATIONS),
  };
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
  const { outcomes, ...rest } = attempt;
  const legs = endedLegs(store, attempt).map(({ sent, outcome, done }) => {
    if (!outcome) return { ...sent, outcome: null };
    const { repaid, seized, profits, value, gasCost } = done ?? {};
    return { ...sent, outcome: { ...outcome, ...(done && { repaid, seized, profits, value, gasCost }) } };
  });
  return { ...rest, legs };
}

const decimal = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

function lines(store: Store, holder: Holder | undefined): string[] {
  const snapshot = store.readStatus();
  const done = store.attempts.recent(100).filter(({ state }) => state !== 'planned' && state !== 'sent');
  return [
    `plimsoll on chain ${showChain(store.chainId)}: ${whether(store, holder, snapshot)}`,
    line('store', store.path),
    ...(snapshot ? [line('head', headOf(snapshot, holder)), ...snapshot.markets.flatMap(marketLines)] : found(store)),
    ...(snapshot?.operator ? [line('operator', operatorOf(snapshot.operator))] : []),
    ...several('in flight', snapshot?.inFlight.map(flightOf) ?? []),
    ...several(
      'outcomes',
      done.slice(0, LAST).flatMap((attempt) => outcomeLines(store, attempt, snapshot)),
    ),
    ...(snapshot ? several('endpoints', snapshot.endpoints.map(endpointOf)) : []),
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

/** A keeper that runs lags behind the clock; one that has stopped lagged behind it when it last wrote. */
function headOf({ head, updatedAt }: StatusSnapshot, holder: Holder | undefined): string {
  const time = Number(head.timestamp) * 1_000;
  const lag = Math.max(0, Math.round(((holder ? Date.now() : Date.parse(updatedAt)) - time) / 1_000));
  return `${head.number} of ${new Date(time).toISOString()}, ${lag} s behind${holder ? '' : ' when it was taken in'}`;
}

function marketLines({ protocol, address, name, accounts, underwater, nearest }: MarketStatus): string[] {
  const near = nearest.map(({ account, slack, healthFactor }) => {
    const health =
      healthFactor === null ? '' : `, health factor ${Number(formatEther(BigInt(healthFactor))).toFixed(4)}`;
    return `${account} slack ${(slack * 100).toFixed(2)} %${health}`;
  });
  const what = `${protocol} ${name} ${getAddress(address)}: ${accounts} accounts, ${underwater} under water`;
  return [line('market', what), ...several('  nearest', near)];
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

function endpointOf({ endpoint, state, head, lag, errors, latencyMs, reason }: EndpointStatus): string {
  const parts = [
    `${endpoint} ${state}`,
    head === undefined ? undefined : `head ${head}`,
    lag > 0 ? `${lag} blocks behind` : undefined,
    latencyMs === undefined ? undefined : `${latencyMs.toFixed(0)} ms`,
    errors > 0 ? `${errors} errors` : undefined,
    reason,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
