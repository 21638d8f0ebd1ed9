import { connect } from 'node:net';

/** A connection that carries texts, each of them one JSON value. */
export type Wire = {
  /** @throws when it is closed */
  send(text: string): void;
  close(): void;
};

/** Who is told what comes over a wire, and once when it is closed, by either side. */
export type WireEvents = { onText(text: string): void; onClose(): void };

/**
 * Opens a WebSocket.
 *
 * @param url - ws or wss
 * @throws when it cannot be opened; the socket's own event has no words for why
 */
export async function openWebSocket(url: string, events: WireEvents): Promise<Wire> {
  const socket = new WebSocket(url);
  const opened = Promise.withResolvers<void>();
  socket.addEventListener('open', () => opened.resolve());
  socket.addEventListener('error', () => opened.reject(new Error('the WebSocket cannot be opened')));
  socket.addEventListener('close', () => {
    opened.reject(new Error('the WebSocket was closed'));
    events.onClose();
  });
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') events.onText(data);
  });
  await opened.promise;
  return {
    send(text) {
      // A socket that is closing drops what it is given without a word.
      if (socket.readyState !== WebSocket.OPEN) throw new Error('the WebSocket is closed');
      socket.send(text);
    },
    close: () => socket.close(),
  };
}

/**
 * Opens the socket that a node of this machine listens at.
 *
 * @param path - of the socket's file
 * @throws when it cannot be opened
 */
export async function openIpc(path: string, events: WireEvents): Promise<Wire> {
  const socket = connect(path);
  const take = cutIntoTexts(events.onText);
  const opened = Promise.withResolvers<void>();
  socket.on('connect', () => opened.resolve());
  socket.on('error', opened.reject);
  socket.on('data', take);
  socket.on('close', events.onClose);
  await opened.promise;
  return {
    send(text) {
      if (!socket.writable) throw new Error('the socket is closed');
      socket.write(text);
    },
    close: () => socket.destroy(),
  };
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Cuts a stream of bytes into the JSON objects and lists that it is made of, wherever its chunks end.
 *
 * @returns what takes the next chunk
 */
export function cutIntoTexts(onText: (text: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  return (chunk) => {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInString = false;
      } else if (byte === QUOTE) isInString = true;
      else if (OPENING.has(byte)) depth += 1;
      else if (CLOSING.has(byte)) {
        depth -= 1;
        if (depth > 0) continue;
        parts.push(chunk.subarray(from, at + 1));
        from = at + 1;
        const text = Buffer.concat(parts).toString();
        parts = [];
        depth = 0;
        onText(text);
      }
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  };
}
