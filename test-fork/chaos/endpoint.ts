import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { RpcAnswer, RpcRequest } from '../harness/proxy.ts';
import { type Random, random } from '../lab/random.ts';

/** The newest block as the node behind has it, the one before, and when it came by the machine's clock. */
export type Tip = { number: bigint; hash: string; before: string; at: number };

/** What a fault may look at: the dice of its endpoint, the newest block, and the node itself. */
export type World = { rng: Random; tip: Tip; ask(method: string, params: readonly unknown[]): Promise<unknown> };

/** What goes over the wire in place of an answer. */
export type Wire = { status: number; type: string; text: string } | { text: string } | 'cut' | 'hang up';

/** How an endpoint answers while a fault lasts. */
export type Answering = {
  /** A batch as a whole; undefined where it is answered. */
  batch?(size: number): RpcAnswer | undefined;
  /** In the node's place; undefined where the node answers. */
  ask?(request: RpcRequest, world: World): RpcAnswer | undefined | Promise<RpcAnswer | undefined>;
  /** What becomes of the node's result. */
  alter?(request: RpcRequest, result: unknown, world: World): unknown;
  /** What becomes of a message that nobody has asked for. */
  push?(params: { result: Record<string, unknown> }, world: World): void;
  /** What is sent in place of the text of an answer; undefined where it is the text. */
  wire?(text: string, world: World): Wire | undefined;
  /** Milliseconds that an answer waits. */
  wait?(world: World): number;
};

/** Where a node is. */
export type Node = { url: string; wsUrl: string };

/** An endpoint for http and ws, which answers as the faults say that are on it. */
export type Endpoint = {
  url: string;
  wsUrl: string;
  readonly faults: Set<Answering>;
  /** The node behind it. */
  node: Node;
  tip: Tip;
  /** Requests since the last block. */
  asked: number;
  /** How many answers each fault has changed. */
  readonly met: Map<Answering, number>;
  /** Ends every socket, as a gateway does. */
  drop(): void;
  stop(): Promise<void>;
};

type Body = RpcRequest & { id: unknown };

/** Starts one on a free port of 127.0.0.1. @param seed - of its dice */
export async function startEndpoint(node: Node, tip: Tip, seed: number): Promise<Endpoint> {
  const rng = random(seed);
  const server = createServer((request, response) => {
    serve(endpoint, worldOf(), request, response).catch(() => response.destroy());
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (client) => bridge(endpoint, worldOf, client));
  const worldOf = (): World => ({ rng, tip: endpoint.tip, ask: (method, params) => askNode(endpoint, method, params) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint: Endpoint = {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    faults: new Set(),
    met: new Map(),
    ...{ node, tip, asked: 0 },
    drop() {
      for (const client of sockets.clients) client.terminate();
    },
    async stop() {
      if (!server.listening) return;
      endpoint.drop();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return endpoint;
}

async function askNode({ node }: Endpoint, method: string, params: readonly unknown[]): Promise<unknown> {
  const answer = await forward(node, { id: 1, method, params });
  return 'result' in answer ? answer.result : undefined;
}

async function forward({ url }: Node, one: Body): Promise<RpcAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...one });
  const headers = { 'content-type': 'application/json' };
  return (await (await fetch(url, { method: 'POST', body, headers })).json()) as RpcAnswer;
}

/** The text of the answer to a request or a batch. */
async function answerTo(endpoint: Endpoint, world: World, text: string): Promise<string> {
  const asked = JSON.parse(text) as Body | Body[];
  const faults = [...endpoint.faults];
  if (!Array.isArray(asked)) return JSON.stringify(await answerOne(endpoint, faults, world, asked));
  for (const fault of faults) {
    const own = fault.batch?.(asked.length);
    if (!own) continue;
    meet(endpoint, fault);
    return JSON.stringify({ jsonrpc: '2.0', id: null, ...own });
  }
  return JSON.stringify(await Promise.all(asked.map((one) => answerOne(endpoint, faults, world, one))));
}

async function answerOne(endpoint: Endpoint, faults: readonly Answering[], world: World, one: Body): Promise<unknown> {
  endpoint.asked += 1;
  const request = { method: one.method, params: one.params ?? [] };
  for (const fault of faults) {
    const own = await fault.ask?.(request, world);
    if (!own) continue;
    meet(endpoint, fault);
    return { jsonrpc: '2.0', id: one.id, ...own };
  }
  const answer = await forward(endpoint.node, one);
  if (!('result' in answer)) return { ...answer, id: one.id };
  let { result } = answer;
  for (const fault of faults) {
    const altered = await (fault.alter?.(request, result, world) ?? result);
    if (altered !== result) meet(endpoint, fault);
    result = altered;
  }
  return { jsonrpc: '2.0', id: one.id, result };
}

const meet = ({ met }: Endpoint, fault: Answering) => met.set(fault, (met.get(fault) ?? 0) + 1);

/** What an answer is sent as. */
async function wired(endpoint: Endpoint, world: World, text: string): Promise<Wire> {
  for (const fault of endpoint.faults) {
    const milliseconds = fault.wait?.(world) ?? 0;
    if (milliseconds > 0) await sleep(milliseconds);
    const own = fault.wire?.(text, world);
    if (own || milliseconds > 0) meet(endpoint, fault);
    if (own) return own;
  }
  return { text };
}

async function serve(endpoint: Endpoint, world: World, request: IncomingMessage, response: ServerResponse) {
  let asked = '';
  for await (const chunk of request) asked += chunk;
  const text = await answerTo(endpoint, world, asked);
  const wire = await wired(endpoint, world, text);
  if (wire === 'hang up') return response.destroy();
  if (wire === 'cut') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    return response.write(text.slice(0, text.length / 2), () => response.destroy());
  }
  const { status, type } = 'status' in wire ? wire : { status: 200, type: 'application/json' };
  return response.writeHead(status, { 'content-type': type }).end(wire.text);
}

/** Subscriptions go to the node's own socket, all else is asked as over http. */
function bridge(endpoint: Endpoint, worldOf: () => World, client: WebSocket): void {
  const node = new WebSocket(endpoint.node.wsUrl);
  const open = once(node, 'open');
  // Who hangs up before the node has answered wants nothing of it.
  open.catch(() => {});
  client.on('message', async (data) => {
    const text = String(data);
    try {
      if (text.includes('"eth_subscribe"') || text.includes('"eth_unsubscribe"')) {
        await open;
        return node.send(text);
      }
      const answer = await answerTo(endpoint, worldOf(), text);
      write(client, await wired(endpoint, worldOf(), answer), answer);
    } catch {
      client.terminate(); // the node behind is gone
    }
  });
  node.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.method === 'eth_subscription')
      for (const fault of endpoint.faults) {
        if (fault.push) meet(endpoint, fault);
        fault.push?.(message.params, worldOf());
      }
    client.send(JSON.stringify(message));
  });
  for (const [one, other] of [
    [client, node],
    [node, client],
  ] as const) {
    one.on('close', () => other.terminate());
    one.on('error', () => other.terminate());
  }
}

/** What http says by a status a socket says by closing. */
function write(client: WebSocket, wire: Wire, text: string): void {
  if (wire === 'hang up' || (typeof wire === 'object' && 'status' in wire)) client.terminate();
  else if (wire === 'cut') writeHalf(client, text);
  else client.send(wire.text);
}

/** A frame of text that says how long it is, and half of it. */
function writeHalf(client: WebSocket, text: string): void {
  const socket = (client as unknown as { _socket: Socket })._socket;
  const payload = Buffer.from(text);
  const length = Buffer.alloc(10);
  length.writeUInt8(0x81, 0);
  length.writeUInt8(127, 1);
  length.writeBigUInt64BE(BigInt(payload.length), 2);
  socket.write(Buffer.concat([length, payload.subarray(0, payload.length / 2)]), () => client.terminate());
}
