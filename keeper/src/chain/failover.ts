import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport, type Hash, type Hex, keccak256, type Transport } from 'viem';
import { checkLogs, detour, hashOf, type Need, needOf } from './detours.ts';
import type { RpcBody } from './endpoint.ts';
import type { Endpoints, Member } from './endpoints.ts';
import { type Fault, faultOf, unreachable, wordsOf } from './errors.ts';
import { refusalOf } from './log-refusal.ts';

/** How often all endpoints are gone through. */
const PASSES = 3;
/** Pauses between two passes, milliseconds: the first; it doubles up to the longest; the longest where a block is waited for. */
const [PAUSE, LONGEST_PAUSE, BLOCK_PAUSE] = [150, 1_000, 300];
/** After this long no other pass is begun, milliseconds. */
const LONGEST = 10_000;
/** The same for state of the newest or the pending block, which is another one a moment later. */
const LONGEST_NEWEST = 1_500;
/** The same for words that we do not know, while the keeper starts. */
const LONGEST_ODD = 3_000;
/** What may be gone a moment later. */
const PASSING: readonly Fault[] = ['unreachable', 'broken', 'limited', 'unknown block'];
/** What an endpoint may say of a request that needs what it lacks. */
const LACKING: readonly Fault[] = ['odd', 'unable', 'node', 'broken', 'denied'];
/** The same of the pending block. */
const LACKING_PENDING: readonly Fault[] = [...LACKING, 'unknown block', 'no state'];
/** What an endpoint may say of a block whose state it does not have yet. */
const LATE: readonly Fault[] = ['odd', 'node', 'no state'];
/** What an endpoint may say of a hash that it does not know yet. */
const NOT_YET: readonly Fault[] = ['odd', 'node', 'unknown block', 'no state'];
/**
 * Methods whose caller knows another way where they are missing. No other endpoint is asked for them instead: what a node has
 * pending is its own, and the other way is as good.
 */
const OPTIONAL: readonly string[] = ['eth_simulateV1', 'eth_feeHistory'];
const BY_HASH: readonly string[] = ['eth_getTransactionByHash', 'eth_getTransactionReceipt'];
const KNOWN = /already known|already imported|known transaction|already in (the )?(mem)?pool/i;

type Answered = { result: unknown; member: Member };

/** A request on its way through the endpoints. */
type Asking = {
  endpoints: Endpoints;
  body: RpcBody;
  except: readonly Member[];
  need: Need | undefined;
  isSearch: boolean;
  /** Unix time, milliseconds, and the newest block of all at that time. */
  started: number;
  newest: bigint | undefined;
  /** Whether somebody may have a transaction already that is sent. */
  sent: boolean;
  /** Who said what we do not know; it counts against those whom another one contradicts. */
  accused: Map<Member, unknown>;
  /** Who may lack what the request needs, and its words. */
  doubted: Map<Member, unknown>;
  /** In this pass: what was the matter with each, and how many said there is no such thing. */
  faults: Fault[];
  absent: number;
  /** The answer that there is no such thing. */
  none: Answered | undefined;
  error: unknown;
};

/** One viem transport in front of all endpoints. */
export function failover(endpoints: Endpoints): Transport<'failover'> {
  // How often to try again is decided here, where it is known who was asked.
  return () =>
    createTransport({
      key: 'failover',
      name: 'RPC endpoints',
      type: 'failover',
      retryCount: 0,
      request: (async (body: RpcBody) => (await route(endpoints, body)).result) as never,
    });
}

/**
 * Asks the healthiest endpoint, and the next where the failure is the endpoint's. Only what the chain itself says, as a revert, is
 * the answer of all; what else an endpoint says is its own until the others say the same. Who lacks what a request needs is
 * asked by another way, after those who have it.
 *
 * @param except - endpoints not to ask
 * @throws the last endpoint's error, or one line that says what is wrong with each
 */
export async function route(
  endpoints: Endpoints,
  body: RpcBody,
  except: readonly Member[] = [],
): Promise<{ result: unknown; member: Member }> {
  const asking: Asking = {
    ...{ endpoints, body, except, need: needOf(body), isSearch: isLogSearch(body) },
    ...{ started: Date.now(), newest: endpoints.newest(), sent: false },
    ...{ accused: new Map(), doubted: new Map(), faults: [], absent: 0, none: undefined, error: undefined },
  };
  for (let pass = 0; ; pass++) {
    const answered = await goThrough(asking);
    if (answered) return answered;
    const pause = pauseAfter(asking, pass);
    if (pause === undefined) break;
    await sleep(pause);
  }
  if (asking.none) return asking.none;
  if (asking.error !== undefined && endpoints.ranked(except).length > 0) throw asking.error;
  throw unreachable(`no --rpc endpoint can be used: ${endpoints.troubles()}`, asking.error);
}

/** @throws what is the chain's answer, or to be done by who asks */
async function goThrough(asking: Asking): Promise<Answered | undefined> {
  const { endpoints, need, except, doubted } = asking;
  Object.assign(asking, { faults: [], absent: 0 });
  const lacks = (member: Member) => need !== undefined && member.lacks.has(need);
  const ranked = endpoints.ranked(except);
  for (const member of ranked) {
    const answered = lacks(member) ? undefined : await askStraight(asking, member);
    if (answered) return answered;
  }
  for (const member of ranked) {
    const answered = lacks(member) || doubted.has(member) ? await askByDetour(asking, member) : undefined;
    if (answered) return answered;
  }
  return undefined;
}

async function askStraight(asking: Asking, member: Member): Promise<Answered | undefined> {
  const { endpoints, body, need, doubted } = asking;
  const isOptional = OPTIONAL.includes(body.method);
  if (isOptional && member.lacks.has(body.method)) throw lacking(member, body);
  try {
    await reach(endpoints, member, body);
    const result = await endpoints.ask(member, body, { uncharged: (error) => isUncharged(asking, error) });
    if (need === 'logs by hash') checkLogs(result, hashOf(body), member.endpoint.shown);
    return accept(asking, member, result);
  } catch (error) {
    const fault = faultOf(error);
    if (isOptional && (fault === 'unable' || fault === 'odd')) {
      endpoints.lack(member, body.method, error);
      throw fault === 'unable' ? error : lacking(member, body);
    }
    if (need && (need === 'pending' ? LACKING_PENDING : LACKING).includes(fault)) doubted.set(member, error);
    return refuse(asking, member, error);
  }
}

async function askByDetour(asking: Asking, member: Member): Promise<Answered | undefined> {
  const { endpoints, body, need, doubted, accused } = asking;
  const ask = (other: RpcBody) => endpoints.ask(member, other, { uncharged: (error) => isUncharged(asking, error) });
  const found = () => {
    if (doubted.has(member)) endpoints.lack(member, need!, doubted.get(member));
    // It cannot do this, which is known now, and is no worse for it.
    accused.delete(member);
    doubted.delete(member);
  };
  try {
    const result = await detour(ask, body, need!, endpoints.numberOf);
    found();
    return accept(asking, member, result);
  } catch (error) {
    if (faultOf(error) === 'answer') found();
    return refuse(asking, member, error);
  }
}

/** Takes an answer; where it is that there is no such thing, the others are asked too. */
function accept(asking: Asking, member: Member, result: unknown): Answered | undefined {
  if (result === null || isUnmined(asking.body, result)) {
    asking.none = { result: null, member };
    asking.absent += 1;
    return undefined;
  }
  contradict(asking, member);
  return { result, member };
}

/** Takes a refusal: what the chain says, or what who asks has to do something about, is thrown. */
function refuse(asking: Asking, member: Member, error: unknown): Answered | undefined {
  const { body, isSearch, accused } = asking;
  const fault = faultOf(error);
  if (asking.sent && KNOWN.test(wordsOf(error))) return { result: keccak256((body.params as [Hex])[0]), member };
  const refusal = isSearch ? refusalOf(error) : undefined;
  if (refusal?.kind === 'range' && refusal.blocks !== undefined) member.logRange = Number(refusal.blocks);
  // Less may do here as well; of one block there is no less.
  if (refusal ? !isOneBlock(body) : fault === 'answer') {
    contradict(asking, member);
    throw error;
  }
  asking.sent ||= body.method === 'eth_sendRawTransaction';
  if (fault === 'odd') accused.set(member, error);
  if (BY_HASH.includes(body.method) && NOT_YET.includes(fault)) return accept(asking, member, null);
  asking.faults.push(fault);
  asking.error = error;
  return undefined;
}

/** One endpoint says otherwise than those whose words we did not know; its own of a moment ago are forgotten. */
function contradict({ endpoints, accused }: Asking, by: Member): void {
  accused.delete(by);
  for (const [member, error] of accused) endpoints.charge(member, error, 1);
  accused.clear();
}

/** Milliseconds until all are asked once more; `undefined` where that would be of no use. */
function pauseAfter(asking: Asking, pass: number): number | undefined {
  const { isSearch, faults, absent, started, body, endpoints } = asking;
  // A search for logs is repeated by who cut it into ranges.
  if (isSearch) return undefined;
  const waited = Date.now() - started;
  const pause = Math.min(PAUSE * 2 ** pass, LONGEST_PAUSE);
  const [isLast, isLate] = [pass + 1 >= PASSES, waited >= LONGEST];
  if (absent > 0) return namesBlock(body) && !isLast && !isLate ? pause : undefined;
  if (waited < waitsFor(asking)) return Math.min(pause, BLOCK_PAUSE);
  if (
    faults.length === 0 ||
    faults.some((fault) => PASSING.includes(fault) && !(fault === 'unknown block' && isOld(asking)))
  ) {
    if (waited < endpoints.patience) return pause;
    return isLast || isLate ? undefined : pause;
  }
  // What two endpoints or more have said is the answer. One may say something else when it is asked again.
  if (faults.length > 1 || !faults.some((fault) => fault === 'odd' || fault === 'node')) return undefined;
  if (waited < Math.min(endpoints.patience, LONGEST_ODD)) return pause;
  return isLast ? undefined : pause;
}

/** Blocks below the newest that any endpoint is behind at most: who does not know an older one has no state of it, and will not have. */
const RECENT = 64n;
/** What asks for the state at a block, and the place of the block among its parameters. */
const STATE_AT: Readonly<Record<string, number>> = {
  ...{ eth_getCode: 1, eth_call: 1, eth_getBalance: 1, eth_getTransactionCount: 1, eth_getStorageAt: 2 },
};

/** Whether state is asked for that is older than any endpoint is late. */
function isOld({ body, newest }: Asking): boolean {
  const at = (body.params as unknown[] | undefined)?.[STATE_AT[body.method] ?? -1];
  return newest !== undefined && typeof at === 'string' && /^0x[0-9a-f]+$/i.test(at) && BigInt(at) + RECENT < newest;
}

/**
 * Milliseconds that a block is waited for: state comes later than its head, and is of no use once there is a newer one. Nodes say so in
 * many words; of the newest head, any that are not the chain's may mean it.
 */
function waitsFor(asking: Asking): number {
  const { endpoints, body, need, faults, newest } = asking;
  if (endpoints.newest() !== newest || isOld(asking)) return 0;
  const isUnknown = faults.includes('unknown block');
  if (need === undefined || need === 'pending') return isUnknown ? LONGEST_NEWEST : 0;
  const number = endpoints.numberOf(hashOf(body));
  if (number === undefined || BigInt(number) !== newest) return 0;
  return isUnknown || faults.some((fault) => LATE.includes(fault)) ? LONGEST : 0;
}

/** What an endpoint without a method would answer. */
const lacking = ({ endpoint }: Member, { method }: RpcBody): Error =>
  Object.assign(new Error(`${endpoint.shown} has no method ${method}`), { code: -32_601 });

/** For a search up to a block that the endpoint had not reached when last heard of: past its end it would find nothing, silently. */
async function reach(endpoints: Endpoints, member: Member, body: RpcBody): Promise<void> {
  const { toBlock } = filterOf(body) ?? {};
  if (!toBlock?.startsWith('0x')) return;
  const has = () => member.head !== undefined && member.head.number >= BigInt(toBlock);
  if (has()) return;
  await endpoints.look(member);
  if (!has()) throw Object.assign(new Error(`block ${BigInt(toBlock)} not found`), { code: -32_001 });
}

/** A range that is refused is no failure of the endpoint's, and words that we do not know are none yet. */
function isUncharged({ isSearch }: Asking, error: unknown): boolean {
  if (faultOf(error) === 'odd') return true;
  const refusal = isSearch ? refusalOf(error) : undefined;
  return refusal !== undefined && refusal.kind !== 'rate';
}

type Filter = { fromBlock?: string; toBlock?: string; blockHash?: Hash };

function filterOf({ method, params }: RpcBody): Filter | undefined {
  return method === 'eth_getLogs' ? (params as [Filter])[0] : undefined;
}

function isLogSearch(body: RpcBody): boolean {
  const filter = filterOf(body);
  return filter !== undefined && filter.blockHash === undefined;
}

function isOneBlock(body: RpcBody): boolean {
  const { fromBlock, toBlock } = filterOf(body) ?? {};
  return fromBlock === toBlock;
}

/** Whether it is the receipt of a transaction that waits still: some nodes have those too. */
const isUnmined = ({ method }: RpcBody, result: unknown): boolean =>
  method === 'eth_getTransactionReceipt' && !(result as { blockNumber?: unknown }).blockNumber;

/** Whether the request is for a block by hash or number, for which `null` is "I do not have it". */
function namesBlock({ method, params }: RpcBody): boolean {
  if (method === 'eth_getBlockByHash') return true;
  return method === 'eth_getBlockByNumber' && String((params as unknown[])[0]).startsWith('0x');
}
