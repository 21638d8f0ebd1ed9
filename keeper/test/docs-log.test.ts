import { readFileSync } from 'node:fs';
import { formatEther } from 'viem';
import { expect, test } from 'vitest';
import type { Logger } from '../src/log/log.ts';
import { createReport, stopsLine } from '../src/report/report.ts';
import { hashOf } from './execution/node.ts';
import { offer } from './execution/offer.ts';
import { MARKET, sentLeg } from './execution/sent.ts';

const page = readFileSync(new URL('../../docs/log.md', import.meta.url), 'utf8');
const table = /<!-- units:[^\n]*-->\n([\s\S]*?)\n<!-- \/units -->/.exec(page)![1]!;
/** Names that say for themselves what they are. */
const PLAIN = ['hash', 'liquidated', 'skipped', 'lost', 'reverted', 'cancelled'];

test('the page on the log names the unit of every field of a plan that is sent, and of a run that stops', () => {
  const lines: Record<string, unknown>[] = [];
  const log = { info: (fields: Record<string, unknown>) => lines.push(fields) } as unknown as Logger;
  const report = createReport(log, [{ key: MARKET, name: 'core' }], []);
  report.sent(offer([sentLeg(1)]), hashOf(1), offer([sentLeg(1)]));
  report.sent(offer([sentLeg(1), sentLeg(2)]), hashOf(1), offer([sentLeg(1)]));
  const none = { liquidated: 0, skipped: 0, lost: 0, reverted: 0, cancelled: 0 };
  lines.push(stopsLine({ ...none, value: 7n, gas: 5n }));
  const fields = new Set(lines.flatMap(Object.keys).filter((name) => !PLAIN.includes(name)));
  expect([...fields].filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  expect(lines[2]).toMatchObject({ value: formatEther(7n), fee: formatEther(5n) });
});
