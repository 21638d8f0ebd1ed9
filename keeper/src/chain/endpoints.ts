import { showChain } from '../config/chains.ts';
import type { Logger } from '../log/log.ts';
import { oneLine } from '../log/one-line.ts';
import type { Endpoint, RpcBody } from './endpoint.ts';
import { type Fault, faultOf, retryAfterOf } from './errors.ts';
import { type Head, headOf } from './head.ts';
import { type Aside, type Endpoints, type Member, newMember } from './member.ts';

export type { EndpointHealth, Endpoints, Member } from './member.ts';

/** Blocks an endpoint may be behind the best and still be used. */
const MOST_LAG = 3;
/** A head that goes back further than this, alone, is not believed. */
const FARTHEST_BACK = 64n;
/** A lower block than the last, when asked for, is taken for a gateway's slower node until it came this many times in a row. */
const LOWER_IN_A_ROW = 3;
/** Failures in a row after which an endpoint is set aside. */
const MOST_STRIKES = 3;
/** Milliseconds for which the head of an endpoint that died still counts: the others are to reach it, not to fall back. */
const MOURNING = 60_000;
/** Pauses between two probes of an endpoint that is set aside, milliseconds: the first, the longest, the longest while no other is left. */
const [FIRST_PAUSE, LONGEST_PAUSE, LONELY_PAUSE] = [250, 60_000, 2_000];
const PROBE_TIMEOUT = 8_000;

/** @param chainId - the chain that all must serve */
export function createEndpoints(chainId: number, opened: readonly Endpoint[], log: Logger): Endpoints {
  const members = opened.map(newMember);
  const waiting = new Map<Member, Set<() => void>>();
  const abandoned = new Set<string>();
  let favourite: Member | undefined;
  let closed = false;

  const isStranded = ({ head }: Member) => head !== undefined && abandoned.has(head.hash);
  const isVoter = ({ aside }: Member) =>
    !aside || aside.kind === 'behind' || (aside.kind === 'dead' && Date.now() - aside.since < MOURNING);
  const voters = () => members.filter((member) => member.head && isVoter(member));
  const lagOf = (member: Member) => {
    if (!member.head) return 0;
    let best = member.head.number;
    for (const { head } of voters().filter((voter) => !isStranded(voter))) if (head!.number > best) best = head!.number;
    return Number(best - member.head.number);
  };
  const usable = (member: Member) => !member.aside && !isStranded(member) && lagOf(member) <= MOST_LAG;

  /** Milliseconds that a request there is expected to cost, late answers and failures counted in. */
  function costOf(member: Member): number {
    const latency = member.latency ?? 100;
    const unknown = member.head ? 0 : 10_000;
    const limited = member.limitedUntil > Date.now() ? 100_000 : 0;
    return latency * (1 + 4 * member.failing) + 250 * lagOf(member) + unknown + limited;
  }

  function charge(member: Member, error: unknown, strikes: number): void {
    member.errors += 1;
    member.failing += (1 - member.failing) * 0.2;
    if (strikes === 0) return;
    member.strikes += strikes;
    if (member.strikes >= MOST_STRIKES) setAside(member, 'dead', oneLine(error));
  }

  function setAside(member: Member, kind: Aside['kind'], reason: string): void {
    const { aside, endpoint } = member;
    if (closed || (aside && (aside.kind !== 'behind' || kind === 'behind'))) return;
    clearTimeout(aside?.timer);
    // One that comes and goes is tried less and less.
    if (Date.now() - member.backAt > LONGEST_PAUSE) member.probes = 0;
    member.aside = { kind, reason, since: Date.now(), ...nextProbe(member) };
    const { retryAt } = member.aside;
    log.warn({ endpoint: endpoint.shown, reason, retryAt: new Date(retryAt) }, 'endpoint is set aside');
    if (members.some(usable)) return;
    // With none left, those that failed longest ago are not to be waited for until their turn.
    for (const other of members) {
      if (!other.aside || other === member) continue;
      clearTimeout(other.aside.timer);
      other.probes = 0;
      Object.assign(other.aside, nextProbe(other));
    }
  }

  function nextProbe(member: Member): { retryAt: number; timer: NodeJS.Timeout } {
    const longest = members.some(usable) ? LONGEST_PAUSE : LONELY_PAUSE;
    const pause = Math.min(longest, FIRST_PAUSE * 2 ** Math.min(member.probes, 10)) * (0.75 + Math.random() / 4);
    member.probes += 1;
    const timer = setTimeout(() => void probe(member), pause).unref();
    return { retryAt: Date.now() + pause, timer };
  }

  async function probe(member: Member): Promise<void> {
    const { endpoint } = member;
    let reason: string | undefined;
    let head: Head | undefined;
    try {
      const id = Number(await endpoint.request({ method: 'eth_chainId', params: [] }, PROBE_TIMEOUT));
      if (id !== chainId) reason = `answers for chain ${showChain(id)}, not ${showChain(chainId)}`;
      else head = headOf(await endpoint.request(NEWEST, PROBE_TIMEOUT));
    } catch (error) {
      reason = oneLine(error);
    }
    const { aside } = member;
    if (!aside || closed) return;
    if (head && aside.kind !== 'behind') {
      member.head = undefined;
      rejoin(member);
    }
    if (head) note(member, head, true);
    if (!member.aside) return;
    if (reason) member.aside.reason = reason;
    clearTimeout(member.aside.timer);
    Object.assign(member.aside, nextProbe(member));
  }

  function rejoin(member: Member): void {
    const { aside, endpoint } = member;
    if (!aside) return;
    clearTimeout(aside.timer);
    Object.assign(member, {
      aside: undefined,
      strikes: 0,
      failing: 0,
      lowerInARow: 0,
      limitedUntil: 0,
      backAt: Date.now(),
    });
    const seconds = Math.round((Date.now() - aside.since) / 1_000);
    log.info({ endpoint: endpoint.shown, was: aside.reason, seconds }, 'endpoint is back');
    for (const wake of waiting.get(member) ?? []) wake();
  }

  function note(member: Member, head: Head, pushed: boolean): void {
    const { head: before, aside } = member;
    if (aside && aside.kind !== 'behind') return;
    if (before && head.number < before.number) {
      member.lowerInARow += 1;
      if (!pushed && member.lowerInARow < LOWER_IN_A_ROW) return;
      const near = before.number - FARTHEST_BACK;
      const others = voters().filter((other) => other !== member && other.head!.number >= near);
      if (head.number < near && others.length > 0) {
        setAside(member, 'wrong', `its newest block went back from ${before.number} to ${head.number}, alone`);
        return;
      }
    }
    member.lowerInARow = 0;
    // Where a chain that was left is taken up again, it counts again.
    if (before && before.hash !== head.hash) abandoned.delete(head.hash);
    if (before && head.hash !== before.hash && head.number <= before.number) member.retracted = before.number;
    if (member.retracted !== undefined && head.number > member.retracted) member.retracted = undefined;
    member.head = head;
    reckon(member);
    endpoints.onHead(member, head);
  }

  /** Whether an endpoint keeps up. One that lags comes back when it is nearer than where it left. */
  function reckon(member: Member): void {
    if (!member.head) return;
    const lag = lagOf(member);
    const stranded = isStranded(member);
    if (member.aside?.kind === 'behind') {
      if (lag < MOST_LAG && !stranded) rejoin(member);
      else if (!stranded) member.aside.reason = `${lag} blocks behind`;
    } else if (stranded) setAside(member, 'behind', 'on a chain that the others have left');
    else if (lag > MOST_LAG) setAside(member, 'behind', `${lag} blocks behind`);
  }

  function took(member: Member, milliseconds: number): void {
    const { latency } = member;
    member.latency = latency === undefined ? milliseconds : latency * 0.8 + milliseconds * 0.2;
  }

  async function ask(
    member: Member,
    body: RpcBody,
    { timeout, uncharged }: { timeout?: number; uncharged?: (error: unknown) => boolean } = {},
  ): Promise<unknown> {
    const started = performance.now();
    try {
      const result = await member.endpoint.request(body, timeout);
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
      if (strikes !== undefined) charge(member, error, strikes);
      throw error;
    }
  }

  const endpoints: Endpoints = {
    chainId,
    members,
    usable,
    voters,
    ask,
    note,
    charge,
    setAside,
    onHead: () => {},
    ranked(except = []) {
      const costs = new Map(members.filter(usable).map((member) => [member, costOf(member)]));
      // Who is in use stays in use unless another is clearly better: two nodes differ in what they have pending.
      const favoured = favourite && costs.get(favourite);
      if (favoured !== undefined) costs.set(favourite!, favoured * 0.7 - 20);
      const order = [...costs.keys()].sort((a, b) => costs.get(a)! - costs.get(b)!);
      favourite = order[0] ?? favourite;
      return order.filter((member) => !except.includes(member));
    },
    async look(member) {
      note(member, headOf(await ask(member, NEWEST, { timeout: PROBE_TIMEOUT })), false);
    },
    abandon(hash) {
      abandoned.add(hash);
      if (abandoned.size > 64) abandoned.delete(abandoned.values().next().value!);
      for (const member of members) reckon(member);
    },
    async back(member, signal) {
      const { aside } = member;
      if (!aside || aside.kind === 'behind' || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wakes = waiting.get(member) ?? new Set();
      waiting.set(member, wakes.add(resolve));
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      wakes.delete(resolve);
      return endpoints.back(member, signal);
    },
    health: () =>
      members.map((member) => {
        const { aside, head, latency, errors } = member;
        const lag = lagOf(member);
        const behind = aside?.kind === 'behind' || (!aside && !usable(member));
        return {
          endpoint: member.endpoint.shown,
          state: behind ? 'behind' : aside ? 'set aside' : 'good',
          head: head?.number,
          lag,
          errors,
          latencyMs: latency === undefined ? undefined : Math.round(latency),
          reason: aside?.reason ?? (behind ? `${lag} blocks behind` : undefined),
          retryAt: aside?.retryAt,
        };
      }),
    troubles: () =>
      endpoints
        .health()
        .map(({ endpoint, reason, errors }) => `${endpoint} (${reason ?? `${errors} errors`})`)
        .join(', '),
    close() {
      closed = true;
      for (const { aside, endpoint } of members) {
        clearTimeout(aside?.timer);
        endpoint.close();
      }
    },
  };
  return endpoints;
}

/** What a fault counts for; who cannot do one thing, or has not seen a block yet, is not worse for it. */
const STRIKES: Partial<Record<Fault, number>> = {
  unreachable: MOST_STRIKES,
  broken: 1,
  denied: 1,
  limited: 0,
  node: 0,
};
const NEWEST: RpcBody = { method: 'eth_getBlockByNumber', params: ['latest', false] };
