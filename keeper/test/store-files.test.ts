import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { KeeperError } from '../src/config/error.ts';
import { migrations } from '../src/store/migrations.ts';
import { openStore } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const pool = 'aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2' as const;
const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const ACCOUNTS = 2_000;

/** A store of chain 1 with accounts, closed. */
function stored(): string {
  const path = join(temporaryFolder(), 'a.sqlite');
  const store = openStore({ path, chainId: 1 });
  const rows = Array.from({ length: ACCOUNTS }, (_, n) => [account(n), new Uint8Array(50).fill(n)] as const);
  store.market(pool).commit({ rows });
  store.close();
  return path;
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const content = readFileSync(path);
  content.set(bytes, offset);
  writeFileSync(path, content);
}

/** What a keeper that starts on it says, and the exit code. */
function refusal(path: string, chainId = 1): [message: string, exitCode: number] {
  try {
    openStore({ path, chainId }).close();
  } catch (error) {
    if (error instanceof KeeperError) return [error.message, error.exitCode];
    throw error;
  }
  return ['opened', 0];
}

const ANEW = '--rebuild-store renames it aside and starts anew from the chain';
const damaged = (path: string) => [`--store ${path} is damaged (database disk image is malformed): ${ANEW}`, 1];
const foreign = (path: string) => [`--store ${path} is not a plimsoll store: ${ANEW}`, 1];

const cases: [what: string, spoil: (path: string) => void, line: (path: string) => unknown[]][] = [
  [
    'a newer schema',
    (path) => change(path, `PRAGMA user_version = ${migrations.length + 4}`),
    (path) => [
      `--store ${path} was written by a newer plimsoll (schema ${migrations.length + 4}, this one knows ${migrations.length}): update, or pass another --store`,
      1,
    ],
  ],
  ['random bytes', (path) => writeFileSync(path, randomBytes(65_536)), foreign],
  ['a few random bytes', (path) => writeFileSync(path, 'hello'), foreign],
  ['a wrong header', (path) => overwrite(path, 0, Buffer.from('SQLite format 4\0')), foreign],
  ['half a file', (path) => truncateSync(path, statSync(path).size / 2), damaged],
  [
    'a file cut within a page',
    (path) => truncateSync(path, statSync(path).size - 100),
    (path) => [`--store ${path} is damaged (its end is missing): ${ANEW}`, 1],
  ],
  ['a cut header', (path) => truncateSync(path, 100), damaged],
  ['a schema written over', (path) => overwrite(path, 100, randomBytes(3_000).fill(255)), damaged],
  [
    'a database of somebody else',
    (path) => {
      writeFileSync(path, '');
      change(path, 'CREATE TABLE songs (title TEXT)');
    },
    (path) => [`--store ${path} is a database, but not a plimsoll store: pass another --store; ${ANEW}`, 1],
  ],
];

describe('refuses in one line, changes nothing, and starts anew when told to', () => {
  test.each(cases)('%s', (_, spoil, line) => {
    const path = stored();
    spoil(path);
    const before = readFileSync(path);
    expect(refusal(path)).toEqual(line(path));
    expect(readFileSync(path).equals(before)).toBe(true);

    const store = openStore({ path, chainId: 1, rebuild: true });
    expect(store.market(pool).load().size).toBe(0);
    store.market(pool).commit({ found: [account(1)] });
    store.close();
    expect(basename(store.renamed!)).toMatch(/^a\.sqlite\.corrupt-\d{8}T\d{6}\.\d{3}Z$/);
    expect(readFileSync(store.renamed!).equals(before)).toBe(true);
    expect(refusal(path)).toEqual(['opened', 0]);
  });
});

describe('names what is wrong', () => {
  test('another chain', () => {
    const path = stored();
    expect(refusal(path, 8453)).toEqual([
      `--store ${path} belongs to chain 1 (Ethereum), not to 8453 (Base): pass another --store`,
      2,
    ]);
    expect(() => openStore({ path, chainId: 8453, readOnly: true })).toThrow('belongs to chain 1 (Ethereum)');
    const reader = openStore({ path, readOnly: true });
    expect(reader.chainId).toBe(1);
    reader.close();
  });

  test('a page that only a read comes by', () => {
    const path = stored();
    const size = statSync(path).size;
    // The last page holds accounts. It begins with a type, and 255 is none.
    overwrite(path, size - 4_096, new Uint8Array(4_096).fill(255));
    const store = openStore({ path, chainId: 1 });
    const read = () => [...store.market(pool).load().accounts].length;
    expect(read).toThrow(damaged(path)[0] as string);
    store.close();
  });

  test('such a page at once, after a keeper that did not end in order', () => {
    const path = stored();
    change(path, 'UPDATE store SET stopped_at = NULL');
    expect(refusal(path)).toEqual(['opened', 0]);
    change(path, 'UPDATE store SET stopped_at = NULL');
    overwrite(path, statSync(path).size - 4_096, new Uint8Array(4_096).fill(255));
    const [message, code] = refusal(path);
    expect(message).toContain(`--store ${path} is damaged (`);
    expect(message).toContain(ANEW);
    expect(message).not.toContain('\n');
    expect(code).toBe(1);
  });

  test('a folder in place of the file, and a file in place of the folder', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'a.sqlite'));
    const unusable = (path: string, why: string) => [
      `--store ${path} cannot be used (${why}): check the path and who may write there`,
      1,
    ];
    expect(refusal(join(folder, 'a.sqlite'))).toEqual(
      unusable(join(folder, 'a.sqlite'), 'unable to open database file'),
    );
    writeFileSync(join(folder, 'file'), '');
    expect(refusal(join(folder, 'file', 'a.sqlite'))).toEqual(unusable(join(folder, 'file', 'a.sqlite'), 'EEXIST'));
  });

  test('a lock that is none', () => {
    const path = stored();
    writeFileSync(`${path}.lock`, randomBytes(4_096));
    expect(refusal(path)).toEqual([
      `${path}.lock cannot be used (file is not a database): remove it when no keeper runs`,
      1,
    ]);
  });

  test('no store, to a reader', () => {
    const path = join(temporaryFolder(), 'none.sqlite');
    const line = `there is no store at ${path}: start the keeper first, or pass --chain or --store`;
    expect(() => openStore({ path, readOnly: true })).toThrow(line);
    writeFileSync(path, '');
    expect(() => openStore({ path, readOnly: true })).toThrow(`the store at ${path} is empty: start the keeper first`);
  });
});

test('--rebuild-store leaves what nobody has spoilt readable where it puts it', () => {
  const path = stored();
  openStore({ path, chainId: 1, rebuild: true }).close();
  const aside = readdirSync(dirname(path)).filter((name) => name.includes('.corrupt-'));
  expect(aside.length).toBe(1);
  const reader = openStore({ path: join(dirname(path), aside[0]!), readOnly: true });
  expect(reader.market(pool).load().size).toBe(ACCOUNTS);
  reader.close();
});
