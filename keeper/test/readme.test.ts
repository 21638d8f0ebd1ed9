import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configurationTable } from '../src/config/fields.ts';

test("the README's table of settings is what the schema says", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const table = /<!-- settings:[^\n]*-->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme)?.[1];
  expect(table).toBe(configurationTable());
});
