import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocksOf, filled } from '../../test-fork/readme/blocks.ts';
import { configurationTable } from '../src/config/fields.ts';

test("the README's table of settings is what the schema says", () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const table = /<!-- settings:[^\n]*-->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme)?.[1];
  expect(table).toBe(configurationTable());
});

describe("the README's blocks of commands", () => {
  const blocks = blocksOf(readFileSync(new URL('../../README.md', import.meta.url), 'utf8'));

  test('are in the order of a first hour on a bare machine, each with a name', () => {
    const names = ['install', 'keys', 'endpoint', 'fund', 'deploy', 'look', 'run', 'watch'];
    expect(blocks.map(({ name }) => name)).toEqual(['try', ...names, 'several']);
    expect(() => blocksOf('```sh\nls\n```\n')).toThrow('a block of sh in the README has no name');
  });

  test('name no endpoint on a command line, and start the keeper by itself', () => {
    for (const { commands } of blocks) expect(commands).not.toMatch(/--rpc|pnpm keeper|--private-key/);
  });

  test('have every placeholder filled, and no other', () => {
    const one = [{ name: 'a', commands: 'echo 0x… 1\n' }];
    const fill = (becomes: string, is = '0x…') => filled(one, [{ in: 'a', is, becomes }], []);
    expect(fill('0x1')).toEqual([{ name: 'a', commands: 'echo 0x1 1\n' }]);
    expect(() => fill('x', '0y…')).toThrow('the README has no "0y…" in its block "a"');
    expect(() => fill('2', '1')).toThrow('nothing fills "0x…" in the README\'s block "a"');
    expect(filled(one, [], ['a'])).toEqual([]);
  });
});
