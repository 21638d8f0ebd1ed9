import { RpcRequestError, TimeoutError } from 'viem';
import { getHttpRpcClient } from 'viem/utils';
import type { RpcBody } from './endpoint.ts';
import { type Fault, faultOf, wordsOf } from './errors.ts';
import { isRefusedWhole } from './frames.ts';

/** Most requests of a batch, before anything is known of an endpoint. */
const MOST = 100;
/** What a batch fails with that is no matter of its size. */
const NOT_ITS_SIZE: readonly Fault[] = ['unreachable', 'limited'];

/** A request that waits for its answer. */
type Waiting = { body: RpcBody; answered(result: unknown): void; failed(error: unknown): void };

/** An answer as JSON-RPC has it. */
type Said = { id?: unknown; result?: unknown; error?: { code: number; message: string; data?: unknown } };

/** What is asked together of an endpoint over http, and how much it takes at a time. */
type State = {
  url: string;
  client: ReturnType<typeof getHttpRpcClient>;
  /** Asks one by itself. */
  single: (body: RpcBody) => Promise<unknown>;
  queue: Waiting[];
  /** Most requests of a batch. */
  most: number;
  /** Whether a batch has been taken, or refused for its size: until then nothing is known. */
  isKnown: boolean;
  lastId: number;
};

/** Asks for what is asked in one turn of the event loop in as few requests as an endpoint takes. */
export type Batcher = {
  request(body: RpcBody): Promise<unknown>;
  /** Most requests that it takes together; undefined until it was tried. */
  most(): number | undefined;
};

/**
 * Batches over http. Gateways limit them, each to another number and in other words, and some take none: one that is refused is
 * cut in halves, down to single requests, and what was taken then is the most from there on.
 *
 * @param single - asks one request by itself
 * @param options - of the http client: milliseconds that a batch may take, bytes of an answer
 * @example
 * const batcher = createBatcher(url, single, { timeout: 10_000, maxResponseBodySize: 10_000_000 });
 * await Promise.all(blocks.map((number) => batcher.request({ method: 'eth_getBlockByNumber', params: [number, false] })));
 */
export function createBatcher(
  url: string,
  single: (body: RpcBody) => Promise<unknown>,
  options: { timeout: number; maxResponseBodySize: number },
): Batcher {
  const client = getHttpRpcClient(url, options);
  const state: State = { ...{ url, client, single, queue: [], most: MOST }, isKnown: false, lastId: 0 };
  return {
    request(body) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      // Whoever asks in this turn has asked when all its promises are done with: then comes the next tick.
      if (state.queue.push({ body, answered: resolve, failed: reject }) === 1) process.nextTick(flush, state);
      return promise;
    },
    most: () => (state.isKnown ? state.most : undefined),
  };
}

function flush(state: State): void {
  const waiting = state.queue.splice(0);
  for (const part of inParts(waiting, state.most)) void send(state, part, false);
}

const inParts = (waiting: readonly Waiting[], size: number): Waiting[][] =>
  Array.from({ length: Math.ceil(waiting.length / size) }, (_, index) =>
    waiting.slice(index * size, (index + 1) * size),
  );

/** @param isPart - whether it is what is left of a batch that was refused */
async function send(state: State, waiting: readonly Waiting[], isPart: boolean): Promise<void> {
  const [only, ...more] = waiting;
  if (!only) return;
  if (more.length === 0) return sendAlone(state, only, isPart);
  let answers: Map<number, Said>;
  const first = state.lastId + 1;
  state.lastId += waiting.length;
  try {
    answers = await askTogether(state, waiting, first);
  } catch (error) {
    if (!isOfSize(error)) return failAll(waiting, error);
    return sendInHalves(state, waiting);
  }
  if (isRefused(answers, waiting.length)) return sendInHalves(state, waiting);
  learn(state, waiting.length, isPart);
  waiting.forEach((one, index) => {
    settle(state, one, answers.get(first + index)!);
  });
}

async function sendAlone(state: State, only: Waiting, isPart: boolean): Promise<void> {
  try {
    only.answered(await state.single(only.body));
    if (isPart) learn(state, 1, true);
  } catch (error) {
    only.failed(error);
  }
}

/** Only what is taken teaches: an endpoint that is down refuses small batches too. */
function learn(state: State, size: number, isPart: boolean): void {
  if (isPart && size < state.most) state.most = size;
  state.isKnown = true;
}

/** The second half waits for what the first teaches. */
async function sendInHalves(state: State, waiting: readonly Waiting[]): Promise<void> {
  const half = Math.ceil(waiting.length / 2);
  await send(state, waiting.slice(0, half), true);
  const rest = inParts(waiting.slice(half), Math.min(half, state.most));
  await Promise.all(rest.map((part) => send(state, part, true)));
}

async function askTogether({ client }: State, waiting: readonly Waiting[], first: number): Promise<Map<number, Said>> {
  const body = waiting.map((one, index) => ({ ...one.body, id: first + index }));
  const answers: unknown = await client.request({ body: body as never });
  if (!Array.isArray(answers)) throw new Error(`a batch was answered with ${JSON.stringify(answers)?.slice(0, 100)}`);
  // Some give an id back as a text.
  return new Map(answers.map((answer: Said | null) => [Number(answer?.id ?? Number.NaN), answer ?? {}]));
}

/** Whether some were left unanswered, or all failed with the same words that are not the chain's. */
function isRefused(answers: ReadonlyMap<number, Said>, size: number): boolean {
  const said = [...answers.values()];
  const answered = said.filter(({ result, error }) => result !== undefined || error);
  if (answered.length < size) return true;
  return isRefusedWhole(said);
}

function settle({ url }: State, { body, answered, failed }: Waiting, { result, error }: Said): void {
  if (error) failed(new RpcRequestError({ body, error, url }));
  else answered(result);
}

/** Whether fewer together may do: "too many requests in a batch" is no matter of how often it is asked. */
function isOfSize(error: unknown): boolean {
  if (error instanceof TimeoutError) return false;
  return !NOT_ITS_SIZE.includes(faultOf(error)) || /batch/i.test(wordsOf(error));
}

function failAll(waiting: readonly Waiting[], error: unknown): void {
  for (const { failed } of waiting) failed(error);
}
