import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Hex } from 'viem';
import { type WebSocket, WebSocketServer } from 'ws';

type Body = { id: unknown; method: string; params: readonly unknown[] };

export type { Body as Asked };
export type Answer = { result: unknown } | { error: { code: number; message: string; data?: unknown } };
export type Block = { number: Hex; hash: Hex; parentHash: Hex; [field: string]: unknown };

const NO_BLOOM = `0x${'0'.repeat(512)}`;
const word = (fork: number, number: number): Hex =>
  `0x${String(fork).repeat(32)}${number.toString(16).padStart(32, '0')}`;

/** Block `number` of a chain that left the others at block `from`. */
export function block(number: number, fork = 0, from = 0): Block {
  return {
    number: `0x${number.toString(16)}`,
    hash: word(fork, number),
    parentHash: word(number > from ? fork : 0, number - 1),
    timestamp: '0x64',
    baseFeePerGas: '0x7',
    logsBloom: NO_BLOOM,
    transactions: [],
  };
}

/** A node that says what a test wants, over http and WebSocket at one port. */
export type ChainNode = {
  url: string;
  wsUrl: string;
  chainId: number;
  head: Block;
  /** Every request so far, and the length of every list of them that came over http. */
  asked: Body[];
  batches: number[];
  /** What came over sockets, frame by frame. */
  received: (Body | Body[])[];
  /**
   * What becomes of several requests in a frame: of one that is cut short, the first two are answered; one that is fatal is the
   * socket's end; a number is how many go together.
   */
  frames: 'taken' | 'refused' | 'cut short' | 'fatal' | number;
  /** What becomes of several requests in an http body: answered as a list, unless this gives something else. */
  batch: (asked: Body[]) => { status?: number; text: string } | undefined;
  count(method: string): number;
  /** Answers some requests itself; what it leaves is answered by chain id and head. */
  answer: (request: Body) => Answer | undefined;
  /** Sends this status instead of any answer, or of the answer to some requests. */
  status: number | ((request: Body) => number | undefined) | undefined;
  headers: Record<string, string>;
  /** Whether subscribers hear of new heads, and what they hear of one. */
  pushes: boolean;
  told: (head: Block) => Block;
  /** Milliseconds that an answer over http takes, and how many requests are being answered. */
  delay: number;
  open: number;
  /** Takes no more answers out: requests hang. */
  silent: boolean;
  /** Subscriptions asked for so far, and sockets now open. */
  subscriptions: number;
  sockets: Set<WebSocket>;
  setHead(head: Block): void;
  /** Ends every socket, as a gateway does. */
  drop(): void;
  /** Nobody listens any more. */
  stop(): Promise<void>;
  /** Listens again, at the same port. */
  start(): Promise<void>;
};

export async function startChainNode(head: Block = block(100)): Promise<ChainNode> {
  const server = createServer(async (request, response) => {
    const asked = JSON.parse(await textOf(request)) as Body | Body[];
    if (node.silent) return;
    const [first] = [asked].flat() as [Body];
    const status = typeof node.status === 'function' ? node.status(first) : node.status;
    if (status) {
      response.writeHead(status, node.headers).end('no');
      return;
    }
    const batched = Array.isArray(asked) ? node.batch(asked) : undefined;
    if (Array.isArray(asked)) node.batches.push(asked.length);
    if (batched) {
      response.writeHead(batched.status ?? 200, { 'content-type': 'application/json' }).end(batched.text);
      return;
    }
    node.open += 1;
    const answers = Array.isArray(asked) ? asked.map(reply) : reply(asked);
    if (node.delay > 0) await sleep(node.delay);
    node.open -= 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answers));
  });
  const sockets = new WebSocketServer({ server });
  const subscribers = new Map<WebSocket, string>();
  sockets.on('connection', (socket) => {
    node.sockets.add(socket);
    socket.on('close', () => {
      node.sockets.delete(socket);
      subscribers.delete(socket);
    });
    socket.on('message', (data) => {
      const asked = JSON.parse(String(data)) as Body | Body[];
      node.received.push(asked);
      if (node.silent) return;
      if (Array.isArray(asked)) {
        if (node.frames === 'fatal') socket.terminate();
        else socket.send(JSON.stringify(replyToFrame(asked)));
      } else if (asked.method === 'eth_subscribe' && !node.answer(asked)) {
        node.asked.push(asked);
        node.subscriptions += 1;
        subscribers.set(socket, `0x${node.subscriptions}`);
        socket.send(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: subscribers.get(socket) }));
      } else {
        socket.send(JSON.stringify(reply(asked)));
      }
    });
  });

  function replyToFrame(asked: Body[]): unknown {
    if (node.frames === 'refused' || asked.length > Number(node.frames)) {
      return { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'batches are not supported' } };
    }
    return (node.frames === 'cut short' ? asked.slice(0, 2) : asked).map(reply);
  }

  function reply(asked: Body): unknown {
    node.asked.push(asked);
    return { jsonrpc: '2.0', id: asked.id, ...(node.answer(asked) ?? usual(asked)) };
  }

  function usual({ method, params }: Body): Answer {
    if (method === 'eth_chainId') return { result: `0x${node.chainId.toString(16)}` };
    if (method === 'eth_blockNumber') return { result: node.head.number };
    if (method === 'eth_getBlockByNumber' && params[0] === 'latest') return { result: node.head };
    if (method === 'eth_getCode') return { result: '0x' };
    if (method === 'eth_getLogs') return { result: [] };
    if (method === 'eth_unsubscribe') return { result: true };
    return { error: { code: -32_601, message: `the method ${method} does not exist` } };
  }

  let port = 0;
  async function start(): Promise<void> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }
  await start();

  const node: ChainNode = {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    chainId: 31337,
    head,
    asked: [],
    batches: [],
    received: [],
    frames: 'taken',
    batch: () => undefined,
    count: (method) => node.asked.filter((one) => one.method === method).length,
    answer: () => undefined,
    status: undefined,
    headers: {},
    pushes: true,
    told: (head) => head,
    delay: 0,
    open: 0,
    silent: false,
    subscriptions: 0,
    sockets: new Set(),
    setHead(next) {
      node.head = next;
      if (!node.pushes) return;
      for (const [socket, subscription] of subscribers) {
        const params = { subscription, result: node.told(next) };
        socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription', params }));
      }
    },
    drop() {
      for (const socket of node.sockets) socket.terminate();
    },
    start,
    async stop() {
      node.drop();
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return node;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
