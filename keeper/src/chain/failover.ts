import { setTimeout as sleep } from 'node:timers/promises';
import { createTransport, type Hex, keccak256, type Transport } from 'viem';
import type { RpcBody } from './endpoint.ts';
import type { Endpoints, Member } from './endpoints.ts';
import { type Fault, faultOf, unreachable, wordsOf } from './errors.ts';
import { refusalOf } from './log-refusal.ts';

/** How often all endpoints are gone through, and the first pause between, milliseconds; it doubles. */
const [PASSES, PAUSE] = [3, 150];
/** After this long no other pass is begun, milliseconds. */
const LONGEST = 10_000;
/** What may be gone a moment later. */
const PASSING: readonly Fault[] = ['unreachable', 'broken', 'limited', 'unknown block'];
/**
 * Methods whose caller knows another way where they are missing. No other endpoint is asked for them instead: what a node has
 * pending is its own, and the other way is as good.
 */
const OPTIONAL: readonly string[] = ['eth_simulateV1', 'eth_feeHistory'];
const KNOWN = /already known|already imported|known transaction|already in (the )?(mem)?pool/i;

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
 * Asks the healthiest endpoint, and the next where the failure is the endpoint's, or it does not know the block that is asked
 * for. What the chain itself says, as a revert, is the answer of all.
 *
 * @param except - endpoints not to ask
 * @throws the last endpoint's error, or one line that says what is wrong with each
 */
export async function route(
  endpoints: Endpoints,
  body: RpcBody,
  except: readonly Member[] = [],
): Promise<{ result: unknown; member: Member }> {
  const started = Date.now();
  const isSearch = isLogSearch(body);
  let last: { error: unknown } | { result: unknown; member: Member } | undefined;
  let sent = false;
  for (let pass = 0; pass < PASSES && Date.now() - started < LONGEST; pass++) {
    if (pass > 0) await sleep(PAUSE * 2 ** (pass - 1));
    let passing = endpoints.ranked(except).length === 0;
    for (const member of endpoints.ranked(except)) {
      const optional = OPTIONAL.includes(body.method);
      if (optional && member.lacks.has(body.method)) throw lacking(member, body);
      try {
        await reach(endpoints, member, body);
        const result = await endpoints.ask(member, body, isSearch ? { uncharged: isTooMuch } : {});
        if (result !== null || !namesBlock(body)) return { result, member };
        last = { result, member };
        passing = true;
      } catch (error) {
        const fault = faultOf(error);
        if (optional && fault === 'unable') {
          member.lacks.add(body.method);
          throw error;
        }
        if (sent && KNOWN.test(wordsOf(error))) return { result: keccak256((body.params as [Hex])[0]), member };
        const refused = isSearch && refusalOf(error) !== undefined;
        // Less may do here as well; of one block there is no less.
        if (refused ? !isOneBlock(body) : fault === 'answer') throw error;
        sent ||= body.method === 'eth_sendRawTransaction';
        passing ||= PASSING.includes(fault);
        last = { error };
      }
    }
    // A search for logs is repeated by who cut it into ranges.
    if (!passing || isSearch) break;
  }
  if (last && 'result' in last) return last;
  if (last && endpoints.ranked(except).length > 0) throw last.error;
  throw unreachable(`no --rpc endpoint can be used: ${endpoints.troubles()}`, last?.error);
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

/** A range that is refused is no failure of the endpoint's. */
function isTooMuch(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal !== undefined && refusal.kind !== 'rate';
}

type Filter = { fromBlock?: string; toBlock?: string; blockHash?: string };

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

/** Whether the request is for a block by hash or number, for which `null` is "I do not have it". */
function namesBlock({ method, params }: RpcBody): boolean {
  if (method === 'eth_getBlockByHash') return true;
  return method === 'eth_getBlockByNumber' && String((params as unknown[])[0]).startsWith('0x');
}
