import { http, RpcRequestError, webSocket } from 'viem';
import { isIpcPath } from '../config/values.ts';
import { describeUrl } from '../log/url.ts';
import { unreachable } from './errors.ts';

/** One request to a slow endpoint, milliseconds. */
const TIMEOUT = 10_000;
/** Largest answer of an http endpoint, bytes: the logs of a long range, or what a big multicall returns. */
const LARGEST_ANSWER = 128 * 1024 * 1024;

/**
 * What is asked for by the dozen and answered at once. Everything else goes by itself: nodes work through a batch one after the
 * other and answer when the last is done, and collecting one takes longer than a local node's answer.
 */
const BATCHED = new Set(['eth_getBlockByNumber', 'eth_getBlockByHash', 'eth_getTransactionByHash']);

/** A request as JSON-RPC has it. */
export type RpcBody = { method: string; params?: unknown };

/** The connection to one endpoint. */
export type Endpoint = {
  /** As it may be shown. */
  shown: string;
  /** Asks once. @throws whatever came instead of an answer: {@link faultOf} tells what it is */
  request(body: RpcBody, timeout?: number): Promise<unknown>;
  /**
   * Sockets only: the headers of new blocks as they come, until `onDrop`, which is called at most once.
   * @throws when the endpoint cannot be reached or has no subscriptions
   */
  subscribe?: (onHeader: (header: unknown) => void, onDrop: () => void) => Promise<() => void>;
  /** Hangs up. The next request connects again. */
  close(): void;
};

/** @param url - http(s), ws(s), or the path of an IPC socket */
export async function openEndpoint(url: string): Promise<Endpoint> {
  if (isIpcPath(url)) {
    const { ipc } = await import('viem/node');
    return overSocket(url, ipc(url, { timeout: TIMEOUT })({}).value as unknown as Socket);
  }
  if (!/^ws/i.test(url)) return overHttp(url);
  // viem never tries a second time when connecting again fails, so that is done here. It shares sockets between those who
  // name the same URL and options; ours is ours to close.
  const keepAlive = { interval: 30_000 + serial++ };
  return overSocket(
    url,
    webSocket(url, { timeout: TIMEOUT, keepAlive, reconnect: false })({}).value as unknown as Socket,
  );
}

let serial = 0;

function overHttp(url: string): Endpoint {
  const options = { timeout: TIMEOUT, maxResponseBodySize: LARGEST_ANSWER };
  const batching = http(url, { ...options, batch: { batchSize: 100 } })({}).config;
  const single = http(url, options)({}).config;
  return {
    shown: describeUrl(url),
    request(body, timeout = TIMEOUT) {
      const { request } = BATCHED.has(body.method) ? batching : single;
      return within(timeout, request(body as never));
    },
    close() {},
  };
}

type Listen = (event: 'close', listener: () => void) => void;
type SocketClient = {
  /** A WebSocket, or the socket of node:net. */
  socket: { addEventListener?: Listen; on?: Listen };
  requestAsync(params: { body: RpcBody; timeout: number }): Promise<{
    error?: { code: number; message: string };
    result?: unknown;
  }>;
  close(): void;
};
/** What viem's two socket transports have in common. */
type Socket = {
  getRpcClient(): Promise<SocketClient>;
  subscribe(params: {
    params: ['newHeads'];
    onData: (data: { result: unknown }) => void;
    onError: () => void;
  }): Promise<{ unsubscribe(): Promise<unknown> }>;
};

function overSocket(url: string, viem: Socket): Endpoint {
  const drops = new Set<() => void>();
  let client: SocketClient | undefined;
  let opening: Promise<SocketClient> | undefined;

  function hangUp(gone = client): void {
    if (!gone || gone !== client) return;
    client = undefined;
    gone.close();
    for (const drop of [...drops]) drop();
  }

  function connected(): Promise<SocketClient> {
    opening ??= open().finally(() => {
      opening = undefined;
    });
    return opening;
  }

  async function open(): Promise<SocketClient> {
    if (client) return client;
    const opened = await within(TIMEOUT, viem.getRpcClient()).catch((cause) => {
      // viem hands on the socket's event, which has no words.
      throw unreachable(/^ws/i.test(url) ? 'the WebSocket cannot be opened' : `the socket cannot be opened`, cause);
    });
    client = opened;
    const { socket } = opened;
    if (socket.addEventListener) socket.addEventListener('close', () => hangUp(opened));
    else socket.on?.('close', () => hangUp(opened));
    return opened;
  }

  return {
    shown: describeUrl(url),
    async request(body, timeout = TIMEOUT) {
      const asked = await within(timeout, connected());
      const { error, result } = await within(timeout, asked.requestAsync({ body, timeout }));
      if (error) throw new RpcRequestError({ body, error, url });
      return result;
    },
    async subscribe(onHeader, onDrop) {
      await connected();
      let [begun, over] = [false, false];
      const drop = () => {
        if (over) return;
        over = true;
        drops.delete(drop);
        onDrop();
      };
      drops.add(drop);
      try {
        const onData = ({ result }: { result: unknown }) => {
          if (!over) onHeader(result);
        };
        const onError = () => begun && drop();
        const { unsubscribe } = await within(TIMEOUT, viem.subscribe({ params: ['newHeads'], onData, onError }));
        begun = true;
        return () => {
          over = true;
          drops.delete(drop);
          if (client) void unsubscribe().catch(() => {});
        };
      } catch (error) {
        over = true;
        drops.delete(drop);
        // viem hands on a refusal as it came.
        const body = { method: 'eth_subscribe', params: ['newHeads'] };
        throw error instanceof Error ? error : new RpcRequestError({ body, error: error as never, url });
      }
    },
    close: () => hangUp(),
  };
}

/** Bounds what has no timeout of its own, as a socket that never opens. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1_000} s`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
