import { type Hex, hexToBigInt, numberToHex, sliceHex } from 'viem';
import { checkLogs, type Need } from './detours.ts';
import type { RpcBody } from './endpoint.ts';
import type { Endpoints, Member } from './endpoints.ts';
import { type Fault, faultOf, oddAnswer } from './errors.ts';

/** Pauses before an endpoint is looked at again, milliseconds: the first; it doubles up to the longest while nothing changes. */
const [PAUSE, LONGEST_PAUSE] = [60_000, 1_920_000];
/** The same where it could not be asked at all. */
const UNASKED = 5_000;
/** One question, milliseconds. */
const TIMEOUT = 8_000;
/** Blocks under the newest that questions are about: old enough to be everywhere, young enough to have state. */
const [NEAREST, FARTHEST] = [2n, 9n];
/** What an endpoint says that cannot do what it is asked for, or not in this way. */
const CANNOT: readonly Fault[] = ['odd', 'unable', 'node'];
/** The same of the pending block, which some take for one that they do not have. */
const NOT_PENDING: readonly Fault[] = [...CANNOT, 'unknown block', 'no state'];
/** `TIMESTAMP, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN`, in the code of a contract that is never made: it gives the time of the block it runs in. */
const WHEN: Hex = '0x4260005260206000f3';

/** A call of the contract that gives back what it is given: some simulate no calls that make a contract. */
const ECHO = { to: '0x0000000000000000000000000000000000000004', data: '0x01' } as const;

type Block = { number: Hex; hash: Hex; timestamp: Hex; logsBloom?: Hex; gasUsed?: Hex };
type Ask = (method: string, ...params: unknown[]) => Promise<unknown>;

/**
 * Finds out what each endpoint can do, and goes on to look at those that could not be asked, or lack something: nodes are upgraded,
 * and what was refused once may have been another trouble. It keeps no process alive.
 *
 * @returns when those that are there have been asked once
 * @example
 * await findOutAll(chain.endpoints);
 */
export async function findOutAll(endpoints: Endpoints): Promise<void> {
  await Promise.all(endpoints.members.map((member) => keepAsking(endpoints, member, PAUSE)));
}

async function keepAsking(endpoints: Endpoints, member: Member, pause: number): Promise<void> {
  const before = member.lacks.size;
  if (endpoints.usable(member) && (before > 0 || member.has.size === 0)) await findOut(endpoints, member);
  const isSame = before > 0 && member.lacks.size === before;
  const next = isSame ? Math.min(2 * pause, LONGEST_PAUSE) : PAUSE;
  setTimeout(() => void keepAsking(endpoints, member, next), member.has.size === 0 ? UNASKED : pause).unref();
}

/**
 * Asks an endpoint for one thing of each kind that not all endpoints can do, and remembers what it could: state and logs of a block by its
 * hash, what is pending, `eth_simulateV1`, and how many requests it takes together.
 *
 * @returns whether it could be asked at all
 * @example
 * await findOut(endpoints, member);
 * member.lacks.has('state by hash'); // asked by number from now on
 */
export async function findOut(endpoints: Endpoints, member: Member): Promise<boolean> {
  const ask: Ask = (method, ...params) => {
    const body: RpcBody = { method, params };
    return endpoints.ask(member, body, { timeout: TIMEOUT, uncharged: () => true });
  };
  try {
    const newest = (await ask('eth_getBlockByNumber', 'latest', false)) as Block;
    const blocks = await blocksUnder(ask, hexToBigInt(newest.number));
    const judge = (need: Need | 'eth_simulateV1', answer: Answered): void => {
      if (answer === true) endpoints.allow(member, need);
      else if (answer) endpoints.lack(member, need, answer.because);
    };
    await Promise.all([
      simulates(ask).then((answer) => judge('eth_simulateV1', answer)),
      showsPending(ask).then((answer) => judge('pending', answer)),
      readsByHash(ask, newest, blocks).then((answer) => judge('state by hash', answer)),
      findsByHash(ask, blocks).then((answer) => judge('logs by hash', answer)),
    ]);
    return true;
  } catch {
    return false;
  }
}

/** Whether an endpoint can do something: undefined where its answers do not tell. */
type Answered = true | { because: unknown } | undefined;

/** Some blocks under the newest, the youngest first; all asked for together. */
async function blocksUnder(ask: Ask, newest: bigint): Promise<Block[]> {
  const numbers: bigint[] = [];
  for (let depth = NEAREST; depth <= FARTHEST && depth < newest; depth++) numbers.push(newest - depth);
  const blocks = await Promise.all(numbers.map((number) => ask('eth_getBlockByNumber', numberToHex(number), false)));
  return blocks.filter((block) => block !== null) as Block[];
}

async function simulates(ask: Ask): Promise<Answered> {
  return tried(async () => {
    const blocks = await ask('eth_simulateV1', { blockStateCalls: [{ calls: [ECHO] }] }, 'latest');
    if (!Array.isArray(blocks))
      throw oddAnswer(`eth_simulateV1 was answered with ${JSON.stringify(blocks)?.slice(0, 60)}`);
    return true;
  });
}

async function showsPending(ask: Ask): Promise<Answered> {
  const answer = await tried(async () => {
    await ask('eth_call', { data: WHEN }, 'pending');
    return true;
  }, NOT_PENDING);
  // Who cannot make this call at all says nothing of what is pending.
  return answer === true || (await tried(() => ask('eth_call', { data: WHEN }, 'latest').then(() => true))) === true
    ? answer
    : undefined;
}

/** The call gives the time of its block: that of another block is the answer of who passes the hash over. */
async function readsByHash(ask: Ask, newest: Block, blocks: readonly Block[]): Promise<Answered> {
  const block = blocks.find(({ timestamp }) => timestamp !== newest.timestamp);
  if (!block) return undefined;
  const timeAt = async (at: unknown): Promise<bigint> =>
    hexToBigInt(sliceHex((await ask('eth_call', { data: WHEN }, at)) as Hex, 0, 32));
  const time = hexToBigInt(block.timestamp);
  const answer = await tried(async () => {
    const said = await timeAt({ blockHash: block.hash });
    if (said !== time) throw oddAnswer(`at block ${block.hash} of ${time} a call found the time ${said}`);
    return true;
  });
  // By its number it has to be right, else the fault is not the hash's.
  return answer === true || (await tried(async () => (await timeAt(block.number)) === time)) === true
    ? answer
    : undefined;
}

/** Of a block that has logs, whose they are tells. */
async function findsByHash(ask: Ask, blocks: readonly Block[]): Promise<Answered> {
  const gas = ({ gasUsed = '0x0' }: Block) => Number(gasUsed);
  const full = blocks.filter(({ logsBloom }) => logsBloom !== undefined && /[1-9a-f]/i.test(logsBloom.slice(2)));
  const block = [...full].sort((a, b) => gas(a) - gas(b))[0] ?? blocks[0];
  if (!block) return undefined;
  const { hash: blockHash, number } = block;
  const logsOf = async (filter: object) => (await ask('eth_getLogs', filter)) as unknown[];
  const byNumber = () => logsOf({ fromBlock: number, toBlock: number });
  const answer = await tried(async () => {
    const logs = await logsOf({ blockHash });
    checkLogs(logs, blockHash, 'it');
    if (logs.length > 0) return true;
    if ((await byNumber()).length > 0)
      throw oddAnswer(`it has logs of block ${number} by its number and none by its hash`);
    return undefined;
  });
  return answer === undefined || answer === true || (await tried(() => byNumber().then(() => true))) === true
    ? answer
    : undefined;
}

/** @throws when the endpoint is not there to be asked */
async function tried(act: () => Promise<boolean | undefined>, cannot = CANNOT): Promise<Answered> {
  try {
    return (await act()) || undefined;
  } catch (because) {
    const fault = faultOf(because);
    if (cannot.includes(fault)) return { because };
    if (fault === 'unreachable' || fault === 'broken' || fault === 'limited') throw because;
    return undefined;
  }
}
