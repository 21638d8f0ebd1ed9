import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepStatus } from '../src/keep-status.ts';
import type { StatusSnapshot } from '../src/store/status-snapshot.ts';
import { head } from './execution/node.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

/** What is written, as the head's number, when it was heard of and what the endpoint was then. */
function rig() {
  const written: unknown[] = [];
  const endpoint = { endpoint: 'x', state: 'good', lag: 0, errors: 0 };
  const store = {
    writeStatus: ({ head: { number }, heardAt, endpoints: [first] }: StatusSnapshot) =>
      written.push([number, Date.parse(heardAt!), first!.state]),
  };
  const chain = { id: 1, endpoints: () => [{ ...endpoint }] };
  const shown = () => ({ chain, markets: [], trackers: [], inFlight: [] }) as never;
  return { written, endpoint, status: keepStatus(store, shown) };
}

test('the status is written at each head, and between heads as it changes', () => {
  const { written, endpoint, status } = rig();
  vi.advanceTimersByTime(25_000);
  expect(written).toEqual([]);
  status.head(head(7n));
  endpoint.state = 'set aside';
  vi.advanceTimersByTime(10_000);
  status.end();
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([
    ['7', 25_000, 'good'],
    ['7', 25_000, 'set aside'],
    ['7', 25_000, 'set aside'],
  ]);
});

test('a keeper that is told to stop in the middle of its first head has a status', () => {
  const { written, status } = rig();
  status.begin(head(7n));
  vi.advanceTimersByTime(3_000);
  status.begin(head(8n));
  status.end();
  expect(written).toEqual([['7', 0, 'good']]);
});
