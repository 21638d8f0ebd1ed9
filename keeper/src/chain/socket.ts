import { RpcRequestError } from 'viem';
import type { Endpoint, RpcBody } from './endpoint.ts';
import { unreachable } from './errors.ts';
import { type Frames, hungUp, inFrames, isRefusedWhole, mostOf, newFrames, shrink } from './frames.ts';
import type { Wire, WireEvents } from './wire.ts';
import { within } from './within.ts';

/** Pause between two signs of life, milliseconds: gateways hang up on who is silent. */
const SIGN_OF_LIFE = 30_000;

/** How a socket is opened and used. */
export type SocketKind = {
  url: string;
  /** As it may be shown. */
  shown: string;
  open(events: WireEvents): Promise<Wire>;
  /** Said where it cannot be opened. */
  refusal: string;
  /** Whether what is asked together goes in one frame, where the node takes that. */
  joins: boolean;
};

/** A request that was sent and is not answered. `frame` lists the requests that went out with it. */
type Unanswered = {
  body: RpcBody;
  text: string;
  frame?: readonly number[];
  answered(result: unknown): void;
  failed(error: unknown): void;
};

/** One socket, from its opening to its end. */
type Connection = {
  url: string;
  frames: Frames;
  wire: Wire;
  unanswered: Map<number, Unanswered>;
  /** By the name that the node gave a subscription. */
  subscribers: Map<unknown, (header: unknown) => void>;
  /** What was asked in this turn of the event loop and is not yet sent. */
  queue: number[];
  signOfLife: NodeJS.Timeout | undefined;
  closed: boolean;
  /** Who wants to know when it is closed. */
  onClose: Set<() => void>;
};

let lastId = 0;

/**
 * An endpoint behind a socket. The first request opens it, and the next one after it was closed opens it again.
 *
 * What is asked in one turn of the event loop goes in one frame: some nodes (anvil) write each answer by itself, and TCP then
 * holds the second back until the first is acknowledged, 40 ms later.
 *
 * @param timeout - milliseconds that opening it, and a request, may take
 */
export function overSocket(kind: SocketKind, timeout: number): Endpoint {
  let now: Connection | undefined;
  let opening: Promise<Connection> | undefined;
  const frames = newFrames();

  async function connected(): Promise<Connection> {
    if (now && !now.closed) return now;
    opening ??= within(timeout, openConnection(kind, frames))
      .catch((cause) => {
        throw unreachable(kind.refusal, cause);
      })
      .finally(() => {
        opening = undefined;
      });
    now = await opening;
    return now;
  }

  return {
    shown: kind.shown,
    async request(body, longest = timeout) {
      const connection = await within(longest, connected());
      return ask(connection, body, longest);
    },
    async subscribe(onHeader, onDrop) {
      const connection = await connected();
      const { subscribers, onClose } = connection;
      // The first header may come right behind the answer that names the subscription.
      const begin = (name: unknown) => subscribers.set(name, onHeader);
      const name = await ask(connection, { method: 'eth_subscribe', params: ['newHeads'] }, timeout, begin);
      onClose.add(onDrop);
      return () => {
        onClose.delete(onDrop);
        subscribers.delete(name);
        if (!connection.closed)
          void ask(connection, { method: 'eth_unsubscribe', params: [name] }, timeout).catch(() => {});
      };
    },
    batch: () => mostOf(frames),
    close() {
      if (now) end(now);
    },
  };
}

async function openConnection({ url, open, joins }: SocketKind, frames: Frames): Promise<Connection> {
  let opened: Connection | undefined;
  const wire = await open({
    onText: (text) => opened && take(opened, text),
    onClose: () => opened && end(opened),
  });
  const connection: Connection = {
    url,
    frames,
    wire,
    unanswered: new Map(),
    subscribers: new Map(),
    queue: [],
    signOfLife: undefined,
    closed: false,
    onClose: new Set(),
  };
  opened = connection;
  const live = () => enqueue(connection, CHAIN_ID, { answered: () => {}, failed: () => {} });
  connection.signOfLife = setInterval(live, SIGN_OF_LIFE).unref();
  if (joins && frames.taken === undefined) tryFrames(connection);
  return connection;
}

const CHAIN_ID: RpcBody = { method: 'eth_chainId', params: [] };

/** Asks the node something twice in one frame: until it has answered so, nothing else goes together. */
function tryFrames(connection: Connection): void {
  const unheard = { answered: () => {}, failed: () => {} };
  const ids = [enqueue(connection, CHAIN_ID, unheard), enqueue(connection, CHAIN_ID, unheard)];
  connection.queue = [];
  send(connection, ids);
}

/** @param answered - called with the result before anything that came behind it is looked at */
async function ask(
  connection: Connection,
  body: RpcBody,
  timeout: number,
  answered: (result: unknown) => void = () => {},
): Promise<unknown> {
  if (connection.closed) throw new Error('the socket was closed');
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const id = enqueue(connection, body, {
    answered(result) {
      answered(result);
      resolve(result);
    },
    failed: reject,
  });
  return within(timeout, promise).finally(() => forget(connection, id));
}

/** A request is answered, or nobody waits for it any more. A frame without any answer by then may have been passed over for its size. */
function forget({ unanswered, frames }: Connection, id: number): void {
  const frame = unanswered.get(id)?.frame;
  unanswered.delete(id);
  if (frame?.every((one) => one === id || unanswered.has(one))) shrink(frames, frame.length);
}

function enqueue(connection: Connection, body: RpcBody, then: Pick<Unanswered, 'answered' | 'failed'>): number {
  lastId += 1;
  const id = lastId;
  const text = JSON.stringify({ jsonrpc: '2.0', id, ...body });
  connection.unanswered.set(id, { body, text, ...then });
  // Whoever asks in this turn has asked when all its promises are done with: then comes the next tick.
  if (connection.queue.push(id) === 1) process.nextTick(flush, connection);
  return id;
}

function flush(connection: Connection): void {
  const { unanswered, frames } = connection;
  const ids = connection.queue.splice(0).filter((id) => unanswered.has(id));
  const { together = [], alone = [] } = Object.groupBy(ids, (id) =>
    sharesFrame(unanswered.get(id)!) ? 'together' : 'alone',
  );
  for (const id of alone) send(connection, [id]);
  for (const frame of inFrames(frames, together, lengthIn(connection))) send(connection, frame);
}

const lengthIn =
  ({ unanswered }: Connection) =>
  (id: number): number =>
    unanswered.get(id)!.text.length;

/** A transaction waits for nobody, and a search through many blocks takes too long to be waited for. */
function sharesFrame({ body: { method, params } }: Unanswered): boolean {
  if (method === 'eth_sendRawTransaction') return false;
  return method !== 'eth_getLogs' || (params as [{ blockHash?: unknown }])[0].blockHash !== undefined;
}

/** Sends requests in one frame. */
function send({ wire, unanswered }: Connection, ids: readonly number[]): void {
  const requests = ids.map((id) => unanswered.get(id)!);
  const texts = requests.map(({ text }) => text);
  if (ids.length > 1) for (const request of requests) request.frame = ids;
  try {
    wire.send(texts.length === 1 ? texts[0]! : `[${texts.join()}]`);
  } catch (error) {
    for (const { failed } of requests) failed(error);
  }
}

/** An answer, or the notice of a subscription. */
type Said = {
  id?: unknown;
  result?: unknown;
  error?: { code: number; message: string };
  method?: unknown;
  params?: { subscription: unknown; result: unknown };
};

/** What came in one frame. */
function take(connection: Connection, text: string): void {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    end(connection, new Error(`the socket gave what is no JSON: ${text.slice(0, 100)}`));
    return;
  }
  if (!Array.isArray(said)) {
    takeOne(connection, said as Said);
    return;
  }
  const frames = new Set<readonly number[]>();
  const refused = isRefusedWhole(said as Said[]);
  for (const each of said as Said[]) {
    const frame = connection.unanswered.get(Number(each?.id))?.frame;
    if (frame) frames.add(frame);
    if (!refused || !frame) takeOne(connection, each ?? {});
  }
  for (const frame of frames) {
    // Who answers a part only does not take so much at once.
    if (frame.some((id) => connection.unanswered.has(id))) askAgain(connection, frame);
    else connection.frames.taken ??= true;
  }
}

function takeOne(connection: Connection, { id, result, error, method, params }: Said): void {
  const { subscribers, unanswered, url } = connection;
  if (method === 'eth_subscription') {
    subscribers.get(params?.subscription)?.(params?.result);
    return;
  }
  // A frame is refused as a whole by an error that names none of its requests.
  if (error && (id === null || id === undefined)) {
    const frames = new Set([...unanswered.values()].flatMap(({ frame }) => (frame ? [frame] : [])));
    for (const frame of frames) askAgain(connection, frame);
    return;
  }
  // Some give an id back as a text.
  const request = unanswered.get(Number(id));
  if (!request) return;
  unanswered.delete(Number(id));
  if (error) request.failed(new RpcRequestError({ body: request.body, error, url }));
  else request.answered(result);
}

/** Sends what is left of a frame in smaller ones, or one by one. */
function askAgain(connection: Connection, frame: readonly number[]): void {
  const { unanswered, frames } = connection;
  const left = frame.filter((id) => unanswered.get(id)?.frame);
  if (left.length === 0) return;
  shrink(frames, frame.length);
  for (const id of left) delete unanswered.get(id)!.frame;
  for (const part of inFrames(frames, left, lengthIn(connection))) send(connection, part);
}

/** Closes a socket, or learns that it is closed: who waits for an answer gets none. */
function end(connection: Connection, error = new Error('the socket was closed')): void {
  if (connection.closed) return;
  connection.closed = true;
  clearInterval(connection.signOfLife);
  connection.wire.close();
  const { frames, unanswered } = connection;
  if (frames.taken === undefined && [...unanswered.values()].some(({ frame }) => frame)) hungUp(frames);
  for (const { failed } of connection.unanswered.values()) failed(error);
  connection.unanswered.clear();
  connection.subscribers.clear();
  for (const told of [...connection.onClose]) told();
}
