import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getAbiItem, toFunctionSelector } from 'viem';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';

/** One JSON-RPC request as the proxy sees it. */
export type RpcRequest = { method: string; params: readonly unknown[] };
/** What the proxy answers in the node's place. */
export type RpcAnswer = { result: unknown } | { error: { code: number; message: string; data?: unknown } };

const EXECUTE = toFunctionSelector(getAbiItem({ abi: liquidatorAbi, name: 'execute' }));

/** Whether a keeper asks what a plan would bring, without asking what gas it takes. */
export const isRehearsal = ({ method, params }: RpcRequest): boolean =>
  method === 'eth_call' && ((params[0] as { data?: string }).data ?? '').startsWith(EXECUTE);

/** An RPC endpoint in front of a node. */
export type RpcProxy = {
  /** Without a trailing slash; every path below it is the node. */
  url: string;
  /** Sees every request and answers some itself; the node gets the others. */
  intercept: (request: RpcRequest, path: string) => RpcAnswer | undefined;
  /** Puts another request in the place of one that goes to the node. */
  rewrite: (request: RpcRequest) => RpcRequest;
  /** What a list of requests is answered with, whatever is in it; undefined: with a list. */
  batch: (asked: readonly RpcRequest[]) => { status: number; body: object } | undefined;
  /** Milliseconds that every answer takes longer. */
  delay: number;
  /** How many requests came, those of lists counted one by one. */
  asked: number;
  /** Ends it, its open connections too; calling it again is harmless. */
  stop(): Promise<void>;
};

type Body = RpcRequest & { id: unknown };

/** Starts a proxy on a free port of 127.0.0.1: any path, query and login lead to `target`. */
export async function startProxy(
  target: string,
  intercept: RpcProxy['intercept'] = () => undefined,
): Promise<RpcProxy> {
  const server = createServer(async (request, response) => {
    try {
      const asked = JSON.parse(await textOf(request)) as Body | Body[];
      proxy.asked += [asked].flat().length;
      if (proxy.delay > 0) await sleep(proxy.delay);
      const refusal = Array.isArray(asked) ? proxy.batch(asked) : undefined;
      if (refusal) {
        response.writeHead(refusal.status, { 'content-type': 'application/json' }).end(JSON.stringify(refusal.body));
        return;
      }
      const answer = Array.isArray(asked)
        ? await Promise.all(asked.map((one) => answerTo(one, request.url ?? '/')))
        : await answerTo(asked, request.url ?? '/');
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(502).end((error as Error).message);
    }
  });

  async function answerTo(one: Body, path: string): Promise<unknown> {
    const request = { method: one.method, params: one.params ?? [] };
    const own = proxy.intercept(request, path);
    if (own) return { jsonrpc: '2.0', id: one.id, ...own };
    const body = JSON.stringify({ ...one, ...proxy.rewrite(request) });
    return (await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).json();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intercept,
    rewrite: (one) => one,
    batch: () => undefined,
    delay: 0,
    asked: 0,
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
