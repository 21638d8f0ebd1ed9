import { numberToHex } from 'viem';
import { showChain } from '../config/chains.ts';
import type { Logger } from '../log/log.ts';
import { oneLine } from '../log/one-line.ts';
import { checkAnswer } from './answers.ts';
import type { Endpoint, RpcBody } from './endpoint.ts';
import { type Fault, faultOf, retryAfterOf } from './errors.ts';
import { type Head, headOf } from './head.ts';
import { type Aside, type Endpoints, type Member, newMember } from './member.ts';
import {
  FARTHEST_BACK,
  healthOf,
  isLeap,
  isStranded,
  isUsable,
  lagOf,
  MOST_LAG,
  newestOf,
  rank,
  type State,
  votersOf,
} from './standing.ts';

export type { EndpointHealth, Endpoints, Member } from './member.ts';

/** A lower block than the last, when asked for, is taken for a gateway's slower node until it came this many times in a row. */
const LOWER_IN_A_ROW = 3;
/** Failures in a row after which an endpoint is set aside. */
const MOST_STRIKES = 3;
/** Pauses between two probes of an endpoint that is set aside, milliseconds: the first, the longest, the longest while no other is left. */
const [FIRST_PAUSE, LONGEST_PAUSE, LONELY_PAUSE] = [250, 60_000, 2_000];
const PROBE_TIMEOUT = 8_000;
/** Blocks that are remembered as left. */
const MOST_ABANDONED = 64;
/** Heads whose numbers are remembered. */
const MOST_NUMBERS = 256;

/**
 * @param chainId - the chain that all must serve
 * @param opened - in the order that they are shown in
 */
export function createEndpoints(chainId: number, opened: readonly Endpoint[], log: Logger): Endpoints {
  const members = opened.map(newMember);
  const state: State = {
    ...{ chainId, members, log, favourite: undefined, closed: false },
    waiting: new Map(),
    abandoned: new Set(),
    numbers: new Map(),
    tell: (member, head) => endpoints.onHead(member, head),
  };
  const endpoints: Endpoints = {
    chainId,
    members,
    patience: 0,
    usable: (member) => isUsable(state, member),
    newest: () => newestOf(state),
    numberOf: (hash) => state.numbers.get(hash),
    lack: (member, what, because) => lack(state, member, what, because),
    allow: (member, what) => {
      member.lacks.delete(what);
      member.has.add(what);
    },
    voters: () => votersOf(state),
    ranked: (except = []) => rank(state).filter((member) => !except.includes(member)),
    ask: (member, body, options) => ask(state, member, body, options),
    look: (member) => look(state, member),
    note: (member, head, pushed) => note(state, member, head, pushed),
    charge: (member, error, strikes) => charge(state, member, error, strikes),
    setAside: (member, kind, reason) => setAside(state, member, kind, reason),
    abandon: (hash) => abandon(state, hash),
    back: (member, signal) => back(state, member, signal),
    health: () => members.map((member) => healthOf(state, member)),
    troubles: () =>
      endpoints
        .health()
        .map(({ endpoint, reason, errors }) => `${endpoint} (${reason ?? `${errors} errors`})`)
        .join(', '),
    onHead: () => {},
    close: () => close(state),
  };
  return endpoints;
}

async function ask(
  state: State,
  member: Member,
  body: RpcBody,
  { timeout, uncharged }: { timeout?: number; uncharged?: (error: unknown) => boolean } = {},
): Promise<unknown> {
  const started = performance.now();
  try {
    const result = await member.endpoint.request(body, timeout);
    checkAnswer(body, result);
    member.strikes = 0;
    member.failing *= 0.8;
    // How long a search for logs takes says little of the rest.
    if (body.method !== 'eth_getLogs') took(member, performance.now() - started);
    return result;
  } catch (error) {
    if (uncharged?.(error)) throw error;
    const fault = faultOf(error);
    if (fault === 'broken') took(member, performance.now() - started);
    if (fault === 'limited') member.limitedUntil = Date.now() + Math.min(retryAfterOf(error) ?? 1_000, 60_000);
    const strikes = STRIKES[fault];
    if (strikes !== undefined) charge(state, member, error, strikes);
    throw error;
  }
}

function lack(state: State, member: Member, what: string, because: unknown): void {
  if (member.lacks.has(what)) return;
  member.has.delete(what);
  member.lacks.add(what);
  const { shown: endpoint } = member.endpoint;
  state.log.info(
    { endpoint, lacks: what, reason: oneLine(because) },
    'an endpoint cannot do this and is asked otherwise',
  );
}

function took(member: Member, milliseconds: number): void {
  const { latency } = member;
  member.latency = latency === undefined ? milliseconds : latency * 0.8 + milliseconds * 0.2;
}

function charge(state: State, member: Member, error: unknown, strikes: number): void {
  member.errors += 1;
  member.failing += (1 - member.failing) * 0.2;
  if (strikes === 0) return;
  member.strikes += strikes;
  if (member.strikes >= MOST_STRIKES) setAside(state, member, 'dead', oneLine(error));
}

async function look(state: State, member: Member): Promise<void> {
  const head = headOf(await ask(state, member, NEWEST, { timeout: PROBE_TIMEOUT }));
  if (isLeap(member, head)) await checkChain(state, member);
  note(state, member, head, false);
}

/** Gateways have been seen to change the chain behind an address: a head far from the last may be of another. */
async function checkChain(state: State, member: Member): Promise<void> {
  const id = Number(await ask(state, member, CHAIN_ID, { timeout: PROBE_TIMEOUT }));
  if (id === state.chainId) return;
  const reason = otherChain(state, id);
  setAside(state, member, 'wrong', reason);
  throw new Error(`${member.endpoint.shown} ${reason}`);
}

const otherChain = ({ chainId }: State, id: number): string =>
  `answers for chain ${showChain(id)}, not ${showChain(chainId)}`;

/** Takes in what an endpoint says is its newest block; `pushed` by a subscription. */
function note(state: State, member: Member, head: Head, pushed: boolean): void {
  const { head: before, aside } = member;
  if (aside && aside.kind !== 'behind') return;
  if (before && head.number < before.number && !isBelieved(state, member, head, pushed)) return;
  member.lowerInARow = 0;
  // Where a chain that was left is taken up again, it counts again.
  if (before && before.hash !== head.hash) state.abandoned.delete(head.hash);
  if (before && head.hash !== before.hash && head.number <= before.number) member.retracted = before.number;
  if (member.retracted !== undefined && head.number > member.retracted) member.retracted = undefined;
  member.head = head;
  remember(state, head);
  reckon(state, member);
  state.tell(member, head);
}

function remember({ numbers }: State, { hash, number }: Head): void {
  numbers.set(hash, numberToHex(number));
  if (numbers.size > MOST_NUMBERS) numbers.delete(numbers.keys().next().value!);
}

/** Whether a block lower than its last is an endpoint's newest; one that goes far back alone is set aside. */
function isBelieved(state: State, member: Member, head: Head, pushed: boolean): boolean {
  member.lowerInARow += 1;
  if (!pushed && member.lowerInARow < LOWER_IN_A_ROW) return false;
  const before = member.head!.number;
  const near = before - FARTHEST_BACK;
  const others = votersOf(state).filter((other) => other !== member && other.head!.number >= near);
  if (head.number >= near || others.length === 0) return true;
  setAside(state, member, 'wrong', `its newest block went back from ${before} to ${head.number}, alone`);
  return false;
}

/** Whether an endpoint keeps up. One that lags comes back when it is nearer than where it left. */
function reckon(state: State, member: Member): void {
  if (!member.head) return;
  const lag = lagOf(state, member);
  const stranded = isStranded(state, member);
  if (member.aside?.kind === 'behind') {
    if (lag < MOST_LAG && !stranded) rejoin(state, member);
    else if (!stranded) member.aside.reason = `${lag} blocks behind`;
  } else if (stranded) setAside(state, member, 'behind', 'on a chain that the others have left');
  else if (lag > MOST_LAG) setAside(state, member, 'behind', `${lag} blocks behind`);
}

function abandon(state: State, hash: string): void {
  const { abandoned, members } = state;
  abandoned.add(hash);
  if (abandoned.size > MOST_ABANDONED) abandoned.delete(abandoned.values().next().value!);
  for (const member of members) reckon(state, member);
}

function setAside(state: State, member: Member, kind: Aside['kind'], reason: string): void {
  const { aside, endpoint } = member;
  if (state.closed || (aside && (aside.kind !== 'behind' || kind === 'behind'))) return;
  clearTimeout(aside?.timer);
  // One that comes and goes is tried less and less.
  if (Date.now() - member.backAt > LONGEST_PAUSE) member.probes = 0;
  member.aside = { kind, reason, since: Date.now(), ...nextProbe(state, member) };
  const { retryAt } = member.aside;
  state.log.warn({ endpoint: endpoint.shown, reason, retryAt: new Date(retryAt) }, 'endpoint is set aside');
  if (state.members.some((other) => isUsable(state, other))) return;
  // With none left, those that failed longest ago are not to be waited for until their turn.
  for (const other of state.members) {
    if (!other.aside || other === member) continue;
    clearTimeout(other.aside.timer);
    other.probes = 0;
    Object.assign(other.aside, nextProbe(state, other));
  }
}

function nextProbe(state: State, member: Member): { retryAt: number; timer: NodeJS.Timeout } {
  const longest = state.members.some((other) => isUsable(state, other)) ? LONGEST_PAUSE : LONELY_PAUSE;
  const pause = Math.min(longest, FIRST_PAUSE * 2 ** Math.min(member.probes, 10)) * (0.75 + Math.random() / 4);
  member.probes += 1;
  const timer = setTimeout(() => void probe(state, member), pause).unref();
  return { retryAt: Date.now() + pause, timer };
}

/** Asks an endpoint that is set aside whether it serves our chain, and takes it in again if so. */
async function probe(state: State, member: Member): Promise<void> {
  const { endpoint } = member;
  let reason: string | undefined;
  let head: Head | undefined;
  try {
    const id = Number(await endpoint.request(CHAIN_ID, PROBE_TIMEOUT));
    if (id !== state.chainId) reason = otherChain(state, id);
    else head = headOf(await endpoint.request(NEWEST, PROBE_TIMEOUT));
  } catch (error) {
    reason = oneLine(error);
  }
  const { aside } = member;
  if (!aside || state.closed) return;
  if (head && aside.kind !== 'behind') {
    member.head = undefined;
    rejoin(state, member);
  }
  if (head) note(state, member, head, true);
  if (!member.aside) return;
  if (reason) member.aside.reason = reason;
  clearTimeout(member.aside.timer);
  Object.assign(member.aside, nextProbe(state, member));
}

function rejoin(state: State, member: Member): void {
  const { aside, endpoint } = member;
  if (!aside) return;
  clearTimeout(aside.timer);
  const fresh = { aside: undefined, strikes: 0, failing: 0, lowerInARow: 0, limitedUntil: 0, backAt: Date.now() };
  Object.assign(member, fresh);
  const seconds = Math.round((Date.now() - aside.since) / 1_000);
  state.log.info({ endpoint: endpoint.shown, was: aside.reason, seconds }, 'endpoint is back');
  for (const wake of state.waiting.get(member) ?? []) wake();
}

async function back(state: State, member: Member, signal: AbortSignal): Promise<void> {
  const { waiting } = state;
  while (member.aside && member.aside.kind !== 'behind' && !signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const wakes = waiting.get(member) ?? new Set();
    waiting.set(member, wakes.add(wake));
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    wakes.delete(wake);
  }
}

function close(state: State): void {
  state.closed = true;
  for (const { aside, endpoint } of state.members) {
    clearTimeout(aside?.timer);
    endpoint.close();
  }
}

/** What a fault counts for; who cannot do one thing, or has not seen a block yet, is not worse for it. */
const STRIKES: Partial<Record<Fault, number>> = {
  unreachable: MOST_STRIKES,
  broken: 1,
  denied: 1,
  odd: 1,
  limited: 0,
  node: 0,
};
const CHAIN_ID: RpcBody = { method: 'eth_chainId', params: [] };
const NEWEST: RpcBody = { method: 'eth_getBlockByNumber', params: ['latest', false] };
