import { BaseError, type HttpRequestError } from 'viem';

/**
 * Whose word an error is. Only what the chain's own rules make of a call or a transaction is the same everywhere; everything else is
 * the endpoint's, until another endpoint says the same.
 *
 * - `unreachable`: nobody answers there
 * - `broken`: it took too long, hung up, or answered with something else than JSON-RPC
 * - `limited`: asked too often
 * - `denied`: it does not serve us: a wrong key, a quota that is used up
 * - `unable`: it does not serve this method
 * - `unknown block`: it does not have the block asked for (yet)
 * - `no state`: it has no state of a block that old
 * - `node`: it failed inside
 * - `odd`: it says something that we do not know
 * - `answer`: the chain's answer, the same everywhere: a call that reverts, a transaction that no pool may take
 */
export type Fault =
  | 'unreachable'
  | 'broken'
  | 'limited'
  | 'denied'
  | 'unable'
  | 'unknown block'
  | 'no state'
  | 'node'
  | 'odd'
  | 'answer';

/** How the machine ends a call that fails. */
const HALT =
  /revert|out ?of ?gas|gas required exceeds|invalid (fe ?)?(op ?code|jump)|bad (instruction|jump)|stack (under|over)flow|stack limit|VM (exception|execution error)|EVM error/i;
/** What the rules of the chain, or of every pool, have against a transaction. */
const REFUSED =
  /insufficient funds|upfront cost exceeds|nonce (is )?too (low|high)|invalid nonce|underpriced|already (known|imported)|known transaction|already in (the )?(mem)?pool|configured cap|fee ?cap|fee ?too ?low|(tip|gas price|max fee|priority fee)[^.]* (below|less than|under|too low|minimum)|minimum needed|higher than max fee|intrinsic gas|exceeds (the )?block gas limit|in-flight transaction limit/i;
/** The data of a revert: a selector at least. Some nodes put a word before it. */
const REVERT_DATA = /^(reverted )?0x[0-9a-f]{8,}$/i;
const UNKNOWN_BLOCK =
  /(header|block)( (with|for|by))?( (hash|number))?( 0x[0-9a-f]+| #?\d+)?( was| could)? not (be )?found|(no|missing|does not have( the)?( requested)?) (header|block)\b|(header|block|state)[^.]* not yet|blocks? specified[^.]* cannot be found|unknown block|could not find block|block ?(hash|number)? (does not exist|is out of range|not available)|BlockOutOfRange|beyond (the )?(current )?head|after last accepted block|cannot query unfinalized|requested data (is )?not available/i;
const NO_STATE =
  /missing trie node|state (is|histories are|already|at block|not|for)[^.]*(not available|unavailable|pruned|discarded|not found)|historical state|state .*pruned|pruned history|archive (node|state|request|data)|old data not available|no historical RPC|distance to target block exceeds/i;
const RATE =
  /rate.?limit|too many (requests?|connections)|\brps\b|requests? (per|limit)|request count exceeded|per second|\/sec(ond)?\b|compute units|credits limited|throughput|capacity exceeded|exceeded .*(capacity|quota)|(quota|allowance|usage) .*exceeded|call rate|throttl|slow down|back ?off|request rate|\b429\b/i;
const UNREACHABLE = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT', 'EACCES', 'EAI_AGAIN'];

/** All that an error and its causes say, without what was asked: a request may hold any digits. */
export function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (const one of causesOf(error)) {
    const { shortMessage, message, details, data } = one as unknown as Record<string, unknown>;
    // viem's own words for a code say less than the node's, and other things.
    const text = details || (shortMessage ?? message);
    if (typeof text === 'string') words.push(text);
    if (data !== undefined) words.push(typeof data === 'string' ? data : JSON.stringify(data));
  }
  return words.length > 0 ? words.join(' ') : String(error);
}

/** Milliseconds that the answer's Retry-After asks us to wait. */
export function retryAfterOf(error: unknown): number | undefined {
  for (const one of causesOf(error)) {
    const written = (one as { headers?: Headers }).headers?.get?.('Retry-After');
    if (!written) continue;
    const wait = /^\d+(\.\d+)?$/.test(written) ? Number(written) * 1_000 : Date.parse(written) - Date.now();
    if (Number.isFinite(wait)) return Math.max(0, wait);
  }
  return undefined;
}

/** Whether an error says that we asked too often, whatever was asked. */
export function isRateLimit(error: unknown): boolean {
  for (const { status, code } of causesOf(error) as { status?: unknown; code?: unknown }[]) {
    if (status === 429 || code === 429 || code === -32_007) return true;
    if (status === 413) return false;
  }
  return RATE.test(wordsOf(error));
}

/** Whose fault an error is. */
export function faultOf(error: unknown): Fault {
  if (isUnreachable(error)) return 'unreachable';
  const causes = causesOf(error);
  const words = wordsOf(error);
  const codes = causes.map((one) => numeric((one as { code?: unknown }).code));
  // A node's own word comes before the status it came with: some send their errors with 4xx or 5xx.
  const spoken = codes.find((code): code is number => typeof code === 'number' && code !== -1);
  // A contract may revert with any words, those of a gateway too.
  if (spoken !== undefined && isOfChain(causes, words, spoken)) return 'answer';
  if (isRateLimit(error)) return 'limited';
  if (spoken !== undefined) {
    if (UNKNOWN_BLOCK.test(words)) return 'unknown block';
    if (NO_STATE.test(words)) return 'no state';
    if (
      spoken === -32_601 ||
      spoken === -32_004 ||
      /method .*(not (found|supported|available|allowed|exist))|(unsupported|unknown) method/i.test(words)
    ) {
      return 'unable';
    }
    if (/unauthori[sz]ed|forbidden|api key|access denied|project id/i.test(words)) return 'denied';
    return spoken === -32_603 || spoken === -32_002 ? 'node' : 'odd';
  }
  if (codes.some((code) => UNREACHABLE.includes(String(code)))) return 'unreachable';
  if (causes.some((one) => [401, 402, 403].includes((one as HttpRequestError).status ?? 0))) return 'denied';
  // What is no answer of a node: a hang-up, a body that is no JSON, a deadline.
  return 'broken';
}

/** Whether an error is what the chain makes of what was asked. */
function isOfChain(causes: readonly Error[], words: string, code: number): boolean {
  if (code === 3 || HALT.test(words) || REFUSED.test(words)) return true;
  return causes.some(({ data }: Error & { data?: unknown }) => typeof data === 'string' && REVERT_DATA.test(data));
}

/** Whether an error says something of the contract that was asked, and not of who was to pass the question on. */
export function isOfContract(error: unknown): boolean {
  if (faultOf(error) === 'answer') return true;
  // What a node answered is a cause, too, and has no name.
  return causesOf(error).some(({ name }) => /^(ContractFunctionZeroData|AbiDecoding)/.test(`${name}`));
}

/** Whether it is the endpoints that failed, so that the same may go well a little later: neither what was asked is at fault nor we are. */
export function isPassing(error: unknown): boolean {
  return causesOf(error)[0] instanceof BaseError && !isOfContract(error) && faultOf(error) !== 'denied';
}

/** An answer that is none, as an error: a word of the endpoint's own, which another may contradict. */
export const oddAnswer = (message: string): Error => Object.assign(new Error(message), { code: 0 });

const UNREACHABLE_NAME = 'UnreachableError';

/** An error that says that nobody answers there; its words may be those of other errors. */
export function unreachable(message: string, cause?: unknown): Error {
  return new BaseError(message, { name: UNREACHABLE_NAME, ...(cause instanceof Error ? { cause } : {}) });
}

export function isUnreachable(error: unknown): boolean {
  return (error as Error | undefined)?.name === UNREACHABLE_NAME;
}

/** Some write the code of an error as a text. */
const numeric = (code: unknown): unknown => (typeof code === 'string' && /^-?\d+$/.test(code) ? Number(code) : code);

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; typeof cause === 'object' && cause !== null && causes.length < 10; ) {
    causes.push(cause as Error);
    cause = (cause as Error).cause;
  }
  return causes;
}
