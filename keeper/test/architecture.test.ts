import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ROOMS } from '../../tools/rooms.mjs';

test('the page on architecture lists the rooms that lint checks, in their order', () => {
  const page = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
  const table = /<!-- rooms:[^\n]*-->\n([\s\S]*?)\n<!-- \/rooms -->/.exec(page)![1]!;
  const [, , ...rows] = table.split('\n');
  const listed = rows.map((row) => /^\| `([^`]+)` \| \S.* \|$/.exec(row)?.[1]);
  expect(listed).toEqual(ROOMS.map(({ name }) => name));
});
