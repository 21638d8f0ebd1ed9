import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { checkRooms } from '../../tools/check-rooms.mjs';
import { ROOMS } from '../../tools/rooms.mjs';
import type { ProtocolId } from '../src/protocols/protocol.ts';
import { random } from './book/random.ts';
import { temporaryFolder } from './support/cli.ts';

const HOUSE = fileURLToPath(new URL('../src', import.meta.url));

/** What is found in a house of these files. */
function faultsOf(files: Record<string, string>): string[] {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return checkRooms(folder).faults;
}

describe('an import goes down', () => {
  const up = 'but chain stands under execution';
  test.each([
    ['static', "import { a } from '../execution/a.ts';"],
    ['for its effects', "import '../execution/a.ts';"],
    ['of a type', "import type { A } from '../execution/a.ts';"],
    ['of a type among values', "import { type A } from '../execution/a.ts';"],
    ['re-exported', "export { a } from '../execution/a.ts';"],
    ['re-exported whole', "export * from '../execution/a.ts';"],
    ['a type re-exported', "export type { A } from '../execution/a.ts';"],
    ['dynamic', "export const a = async () => import('../execution/a.ts');"],
    ['in a type', "export type A = import('../execution/a.ts').A;"],
    ['of a value in a type', "export type A = typeof import('../execution/a.ts');"],
    ['required', "const a = require('../execution/a.ts');"],
    ['required by TypeScript', "import a = require('../execution/a.ts');"],
    ['by a template', 'export const a = () => import(`../execution/a.ts`);'],
    ['by a reference', "/// <reference path='../execution/a.ts' />"],
  ])('%s', (_, text) => {
    const files = { 'execution/a.ts': 'export const a = 1;', 'chain/b.ts': `${text}\n` };
    expect(faultsOf(files)).toEqual([`chain/b.ts:1 imports execution/a.ts, ${up}`]);
  });

  test('down, within a room, of a package: all may be', () => {
    const files = {
      'cli.ts': "import './keeper.ts'; import('./report/r.ts');",
      'keeper.ts': "import { readFileSync } from 'node:fs'; import './cli.ts'; import './bindings.ts';",
      'report/r.ts': "export * from '../execution/x.ts'; export * from './s.ts';",
      'report/s.ts': "// import { a } from '../cli.ts'\nexport const text = \"import { a } from '../cli.ts'\";",
      'execution/x.ts': "import type { Hex } from 'viem'; export type A = import('../log/log.ts').Logger;",
      'log/log.ts': "import '../bindings.ts';",
      'bindings.ts': 'export const abi = [];',
    };
    expect(faultsOf(files)).toEqual([]);
  });

  test('the line is that of the import', () => {
    expect(faultsOf({ 'log/a.ts': "// Why.\n\nimport {\n  b,\n} from '../book/b.ts';\n", 'book/b.ts': '' })).toEqual([
      'log/a.ts:3 imports book/b.ts, but log stands under book',
    ]);
  });

  test('what is not written out cannot be judged', () => {
    expect(faultsOf({ 'log/a.ts': 'export const load = (name: string) => import(name);' })).toEqual([
      'log/a.ts:1 imports what is not written out: name the file',
    ]);
  });
});

describe('every file is in a room', () => {
  test('one beside the rooms', () => {
    expect(faultsOf({ 'helpers.ts': '', 'utils/text.ts': '', 'log/log.ts': '' })).toEqual([
      'helpers.ts:1 is in no room of tools/rooms.mjs',
      'utils/text.ts:1 is in no room of tools/rooms.mjs',
    ]);
  });

  test('what is imported too', () => {
    expect(
      faultsOf({ 'log/log.ts': "import '../../test/support/cli.ts';\nimport '@plimsoll/keeper/src/cli.ts';" }),
    ).toEqual([
      'log/log.ts:1 imports ../test/support/cli.ts, which is in no room of keeper/src',
      'log/log.ts:2 imports @plimsoll/keeper/src/cli.ts, which is in no room of keeper/src',
    ]);
  });
});

describe('a room with members', () => {
  test.each(['protocol', 'venue'])('no %s knows another', (kind) => {
    const room = `${kind}s`;
    const files = {
      [`${room}/a/index.ts`]: "import './own.ts';\nimport type { B } from '../b/deep/b.ts';",
      [`${room}/a/own.ts`]: '',
      [`${room}/b/deep/b.ts`]: '',
    };
    expect(faultsOf(files)).toEqual([`${room}/a/index.ts:2 imports ${room}/b/deep/b.ts, but no ${kind} knows another`]);
  });

  test('the registry stands over the folders, the other files under them', () => {
    const files = {
      'protocols/registry.ts': "import './a/index.ts'; import './protocol.ts';",
      'protocols/protocol.ts': '',
      'protocols/a/index.ts': "import '../protocol.ts';",
    };
    expect(faultsOf(files)).toEqual([]);
  });

  test('only the registry knows a folder, and no folder knows the registry, by whatever way', () => {
    const files = {
      'protocols/registry.ts': "import './a/index.ts';",
      'protocols/choose.ts': "import './registry.ts';",
      'protocols/later.ts': "import './choose.ts';",
      'protocols/direct.ts': "import './a/index.ts';",
      'protocols/a/index.ts': "import '../registry.ts';\nimport '../later.ts';",
    };
    expect(faultsOf(files)).toEqual([
      'protocols/a/index.ts:1 imports protocols/registry.ts, which stands over each protocol',
      'protocols/a/index.ts:2 imports protocols/later.ts, which stands over each protocol',
      'protocols/direct.ts:1 imports protocols/a/index.ts, but beside the folders of protocols only registry.ts knows one',
    ]);
  });
});

describe('an id is compared in its own room', () => {
  const comparisons = [
    ['===', "export const is = (p: string) => p === 'ID';"],
    ['!==', "export const is = (p: string) => 'ID' !== p;"],
    ['==', "export const is = (p: string) => p == 'ID';"],
    ['!=', "export const is = (p: string) => p != ('ID' as string);"],
    ['case', "export function is(p: string) { switch (p) { case 'ID': return 1; } }"],
    ['includes', "export const is = (p: string) => ['x', 'ID'].includes(p);"],
    ['included', "export const is = (p: string[]) => p.includes('ID');"],
    ['a set', "export const is = (p: string) => new Set(['ID']).has(p);"],
    ['in a set', "export const is = (p: Set<string>) => p.has('ID');"],
    ['startsWith', "export const is = (p: string) => p.startsWith('ID');"],
    ['a template', 'export const is = (p: string) => p === `ID`;'],
    ['a table of them', "export const is = (p: number, NAMES: any) => p === NAMES['ID'];"],
  ] as const;
  const homes = [
    ['protocol', 'compound-v2', 'protocols/a.ts'],
    ['protocol', 'moon', 'protocols/moon/index.ts'],
    ['protocol', 'moon', 'protocols/registry.ts'],
    ['venue', 'uniswapV3', 'venues/a.ts'],
    ['venue', 'uniswapV2', 'contract/plan.ts'],
    ['venue', 'curve', 'venues/curve/read.ts'],
  ] as const;
  const folders = { 'protocols/moon/own.ts': '', 'protocols/sun/own.ts': '', 'venues/curve/own.ts': '' };

  test.each(comparisons)('%s', (_, text) => {
    for (const [kind, id, home] of homes) {
      const compared = text.replaceAll('ID', id);
      expect(faultsOf({ ...folders, [home]: compared })).toEqual([]);
      expect(faultsOf({ ...folders, 'planning/a.ts': `\n${compared}` })).toEqual([
        `planning/a.ts:2 compares with the ${kind} '${id}' outside its room`,
      ]);
    }
  });

  test('a member does not compare with another', () => {
    expect(faultsOf({ ...folders, 'protocols/sun/a.ts': "export const is = (p: string) => p === 'moon';" })).toEqual([
      "protocols/sun/a.ts:1 compares with the protocol 'moon' outside its room",
    ]);
  });

  test('the number of a venue is its id too', () => {
    expect(faultsOf({ 'report/a.ts': 'export const is = (v: number, VENUE: any) => v === VENUE.uniswapV2;' })).toEqual([
      "report/a.ts:1 compares with the venue 'uniswapV2' outside its room",
    ]);
  });

  test('to name one is not to compare', () => {
    const text = "export const example = ['aave-v3']; export const table = { 'aave-v3': 1, uniswapV3: 2 };";
    expect(faultsOf({ 'config/a.ts': text })).toEqual([]);
  });

  test('the table knows every protocol', () => {
    const every: Record<ProtocolId, true> = { 'aave-v3': true, 'compound-v2': true, 'compound-v3': true, dex223: true };
    expect(ROOMS.find(({ name }) => name === 'protocols')?.ids).toEqual(Object.keys(every));
  });
});

/** An import as it stands in a file of the house: `text` is all of its statement. */
type Import = { file: string; at: number; text: string };

/** The statements at the top of the house's files that import another file of it. */
function importsOf(folder: string): Import[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest);
    const found = source.statements.filter(
      (each) => ts.isImportDeclaration(each) && (each.moduleSpecifier as ts.StringLiteral).text.startsWith('.'),
    );
    return found.map((each) => ({ file, at: each.getStart(source), text: each.getText(source) }));
  });
}

const roomOf = (file: string) =>
  ROOMS.findIndex(({ holds }) => holds.some((held) => file === held || (held.endsWith('/') && file.startsWith(held))));

describe('an import of the house that is moved up is found', () => {
  const folder = temporaryFolder();
  cpSync(HOUSE, folder, { recursive: true });
  const parsed = new Map<string, unknown>();
  const before = new Set(checkRooms(folder, parsed).faults.map((fault) => fault.replace(/:\d+/, '')));
  const imports = importsOf(folder);
  const files = [...new Set(imports.map(({ file }) => file))];
  const kinds = {
    'a static import': (path: string) => `import * as moved from '${path}';`,
    'a type import': (path: string) => `import type * as moved from '${path}';`,
    'a re-export': (path: string) => `export * as moved from '${path}';`,
    'a dynamic import': (path: string) => `const moved = () => import('${path}');`,
  };

  test.each(Object.entries(kinds))('as %s', (_, write) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { among } = random(seed);
      const { file, at, text } = among(imports.filter((each) => roomOf(each.file) > 0));
      const target = among(files.filter((each) => roomOf(each) < roomOf(file)));
      const source = readFileSync(join(folder, file), 'utf8');
      const path = posix.relative(posix.dirname(file), target);
      const moved = write(path.startsWith('.') ? path : `./${path}`);
      writeFileSync(join(folder, file), source.slice(0, at) + moved + source.slice(at + text.length));
      const found = checkRooms(folder, parsed).faults.filter((fault) => !before.has(fault.replace(/:\d+/, '')));
      writeFileSync(join(folder, file), source);
      const line = source.slice(0, at).split('\n').length;
      const rooms = `but ${ROOMS[roomOf(file)]!.name} stands under ${ROOMS[roomOf(target)]!.name}`;
      expect(found, `seed ${seed}`).toEqual([`${file}:${line} imports ${target}, ${rooms}`]);
    }
  });
});
