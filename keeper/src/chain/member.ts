import type { Hash, Hex } from 'viem';
import type { Endpoint, RpcBody } from './endpoint.ts';
import type { Head } from './head.ts';

/** Why an endpoint is not used: it fails, its head is too old, or what it says is not true of our chain. */
export type Aside = {
  kind: 'dead' | 'behind' | 'wrong';
  reason: string;
  since: number;
  retryAt: number;
  timer: NodeJS.Timeout;
};

/** An endpoint and what is known of it. */
export type Member = {
  endpoint: Endpoint;
  head: Head | undefined;
  /** The highest block it said was the newest and then took back. */
  retracted: bigint | undefined;
  lowerInARow: number;
  strikes: number;
  errors: number;
  /** Share of failed requests, the last ones weigh most: 0 to 1. */
  failing: number;
  /** Milliseconds, the last requests weigh most. */
  latency: number | undefined;
  /** What it was found to be able to do and not: methods, needs of requests, `true hashes` of the heads it pushes. */
  has: Set<string>;
  lacks: Set<string>;
  /** Most blocks of a search for logs, where it has stated a limit. */
  logRange: number | undefined;
  /** Asked too often: others are asked first until then. */
  limitedUntil: number;
  /** Probes since it was set aside, those of the times shortly before counted in. */
  probes: number;
  /** When it was last taken in again, Unix time, milliseconds. */
  backAt: number;
  aside: Aside | undefined;
};

/** What an endpoint can do, as far as it is known. */
export type Abilities = {
  /** By name, as `pending`, `logs by hash`, `state by hash`, `eth_simulateV1`. */
  has: readonly string[];
  lacks: readonly string[];
  /** Most requests that it takes together, 1 where it takes no batches; undefined until it was tried. */
  batch: number | undefined;
  /** Most blocks of a search for logs, where it has stated a limit. */
  logRange: number | undefined;
};

/** How an endpoint does. */
export type EndpointHealth = {
  /** Its origin, without what may hold a key. */
  endpoint: string;
  state: 'good' | 'behind' | 'set aside';
  head: bigint | undefined;
  /** Blocks behind the best; 0 while it has not said. */
  lag: number;
  /** Failures so far. */
  errors: number;
  latencyMs: number | undefined;
  reason: string | undefined;
  /** Unix time of the next probe, milliseconds. */
  retryAt: number | undefined;
  abilities: Abilities;
};

/** The endpoints of one chain. */
export type Endpoints = {
  chainId: number;
  members: readonly Member[];
  /** Those that may be used, the best first; with `except`, without them. */
  ranked(except?: readonly Member[]): Member[];
  usable(member: Member): boolean;
  /** The highest number of a head that may be believed. */
  newest(): bigint | undefined;
  /** The number of one of the last heads, by its hash, as JSON-RPC writes it. */
  numberOf(hash: Hash): Hex | undefined;
  /** For this long a request is repeated that nobody can answer yet, milliseconds: long while the keeper starts. */
  patience: number;
  /** Those whose word on the chain counts: the living, and who died a short while ago. */
  voters(): Member[];
  /** Asks one endpoint, and keeps account of how that went. */
  ask(
    member: Member,
    body: RpcBody,
    options?: { timeout?: number; uncharged?: (error: unknown) => boolean },
  ): Promise<unknown>;
  /** Asks an endpoint for its newest block. */
  look(member: Member): Promise<void>;
  /** Takes in what an endpoint says is the newest block; `pushed` by a subscription. */
  note(member: Member, head: Head, pushed: boolean): void;
  /** Counts a failure against an endpoint: a wrong answer, a socket that dropped. */
  charge(member: Member, error: unknown, strikes: number): void;
  /** Remembers that an endpoint cannot do something, and tells of it once. @param because - what it said */
  lack(member: Member, what: string, because: unknown): void;
  /** Remembers that an endpoint can do something. */
  allow(member: Member, what: string): void;
  setAside(member: Member, kind: Aside['kind'], reason: string): void;
  /** The chain went on from another block than `hash`: who still has it is not used until it follows. */
  abandon(hash: string): void;
  /** When the endpoint can be talked to again. */
  back(member: Member, signal: AbortSignal): Promise<void>;
  health(): EndpointHealth[];
  /** One line: what is wrong with each. */
  troubles(): string;
  /** Called with each head noted. */
  onHead: (member: Member, head: Head) => void;
  close(): void;
};

/** An endpoint of which nothing is known yet. */
export const newMember = (endpoint: Endpoint): Member => ({
  endpoint,
  head: undefined,
  retracted: undefined,
  lowerInARow: 0,
  strikes: 0,
  errors: 0,
  failing: 0,
  latency: undefined,
  has: new Set(),
  lacks: new Set(),
  logRange: undefined,
  limitedUntil: 0,
  probes: 0,
  backAt: 0,
  aside: undefined,
});
