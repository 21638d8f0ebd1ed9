import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** A WebSocket endpoint in front of a node. */
export type WsProxy = {
  url: string;
  /** What becomes of a text from the node. */
  rewrite: (text: string) => string;
  /** Whether it takes new sockets. */
  serves: boolean;
  /** How often a method was asked. */
  count(method: string): number;
  /** Ends every socket, as a gateway does. */
  drop(): void;
  stop(): Promise<void>;
};

/** Starts one on a free port of 127.0.0.1; what comes goes to the node at `target` and back. */
export async function startWsProxy(target: string): Promise<WsProxy> {
  const asked: string[] = [];
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: (_info, done) => done(proxy.serves, 503),
  });
  await once(server, 'listening');

  server.on('connection', (client) => {
    const node = new WebSocket(target);
    const waiting: string[] = [];
    client.on('message', (data) => {
      const text = String(data);
      for (const { method } of [JSON.parse(text)].flat()) asked.push(method);
      if (node.readyState === WebSocket.OPEN) node.send(text);
      else waiting.push(text);
    });
    node.on('open', () => {
      for (const text of waiting.splice(0)) node.send(text);
    });
    node.on('message', (data) => client.send(proxy.rewrite(String(data))));
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      one.on('close', () => other.terminate());
      one.on('error', () => other.terminate());
    }
  });

  const proxy: WsProxy = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rewrite: (text) => text,
    serves: true,
    count: (method) => asked.filter((one) => one === method).length,
    drop() {
      for (const client of server.clients) client.terminate();
    },
    async stop() {
      proxy.drop();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
