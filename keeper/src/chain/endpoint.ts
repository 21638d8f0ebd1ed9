import { http } from 'viem';
import { isIpcPath } from '../config/values.ts';
import { describeUrl } from '../log/url.ts';
import { createBatcher } from './batcher.ts';
import { overSocket, type SocketKind } from './socket.ts';
import { openIpc, openWebSocket } from './wire.ts';
import { within } from './within.ts';

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
  /** Most requests that it takes together, 1 where it takes no batches; undefined until it was tried. */
  batch(): number | undefined;
  /** Hangs up. The next request connects again. */
  close(): void;
};

/** @param url - http(s), ws(s), or the path of an IPC socket */
export function openEndpoint(url: string): Endpoint {
  const shown = describeUrl(url);
  if (isIpcPath(url)) {
    const open: SocketKind['open'] = (events) => openIpc(url, events);
    return overSocket({ url, shown, open, refusal: 'the socket cannot be opened', joins: false }, TIMEOUT);
  }
  if (!/^ws/i.test(url)) return overHttp(url);
  const open: SocketKind['open'] = (events) => openWebSocket(url, events);
  return overSocket({ url, shown, open, refusal: 'the WebSocket cannot be opened', joins: true }, TIMEOUT);
}

function overHttp(url: string): Endpoint {
  const options = { timeout: TIMEOUT, maxResponseBodySize: LARGEST_ANSWER };
  const { request } = http(url, options)({}).config;
  const single = (body: RpcBody) => request(body as never);
  const batcher = createBatcher(url, single, options);
  return {
    shown: describeUrl(url),
    request(body, timeout = TIMEOUT) {
      return within(timeout, BATCHED.has(body.method) ? batcher.request(body) : single(body));
    },
    batch: batcher.most,
    close() {},
  };
}
