import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Wallet } from '@ethereumjs/wallet';
import { hexToBytes } from 'viem';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadOperator } from '../src/config/keys.ts';
import { createLogger, scrub } from '../src/log/log.ts';
import { cast, temporaryFolder } from './support/cli.ts';

const KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
const ADDRESS = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
const PASSWORD = 'gull-and-anchor';

const none = {
  account: undefined,
  keystore: undefined,
  keystoreDir: undefined,
  passwordFile: undefined,
  privateKey: undefined,
};
const folder = temporaryFolder();
const passwordFile = join(folder, 'password');

type Keystore = Awaited<ReturnType<Wallet['toV3']>>;

async function writeKeystore(name: string, kdf: 'scrypt' | 'pbkdf2', change: (keystore: Keystore) => void = () => {}) {
  const keystore = await Wallet.fromPrivateKey(hexToBytes(KEY)).toV3(PASSWORD, { kdf, n: 1024, c: 1024 });
  change(keystore);
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(keystore), { mode: 0o600 });
  return path;
}

beforeAll(async () => {
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  await cast('wallet', 'import', 'operator', '-k', folder, '--private-key', KEY, '--unsafe-password', PASSWORD);
  chmodSync(join(folder, 'operator'), 0o600);
});

describe('loads', () => {
  test('a Foundry account, as cast wrote it, and keeps its secrets out of every log', async () => {
    const operator = await loadOperator({ ...none, account: 'operator', keystoreDir: folder, passwordFile });
    expect(operator?.account.address).toBe(ADDRESS);
    expect(operator?.secrets).toEqual([KEY, PASSWORD]);
    expect(scrub(`${KEY} ${KEY.slice(2)} ${PASSWORD}`)).toBe('[redacted] [redacted] [redacted]');
  });

  test.each(['scrypt', 'pbkdf2'] as const)('a %s keystore by its path', async (kdf) => {
    const keystore = await writeKeystore(`${kdf}.json`, kdf);
    expect(JSON.parse(readFileSync(keystore, 'utf8')).crypto.kdf).toBe(kdf);
    const operator = await loadOperator({ ...none, keystore, passwordFile });
    expect(operator?.account.address).toBe(ADDRESS);
  });

  test('a key from the environment', async () => {
    expect((await loadOperator({ ...none, privateKey: KEY }))?.account.address).toBe(ADDRESS);
  });

  test('nothing when nothing is named', async () => {
    expect(await loadOperator(none)).toBeUndefined();
  });
});

describe('refuses', () => {
  const refusal = (settings: Partial<typeof none> | object) =>
    loadOperator({ ...none, ...settings }).then(
      () => 'accepted',
      (error: Error & { exitCode: number }) => [error.exitCode, error.message],
    );

  test('a wrong password', async () => {
    const keystore = await writeKeystore('locked.json', 'scrypt');
    const wrong = join(folder, 'wrong');
    writeFileSync(wrong, 'anchor-and-gull', { mode: 0o600 });
    expect(await refusal({ keystore, passwordFile: wrong })).toEqual([
      2,
      `--keystore ${keystore}: wrong password for ${keystore}; check --password-file ${wrong}`,
    ]);
  });

  const damages: [string, (keystore: Keystore) => void][] = [
    ['another version', (keystore) => Object.assign(keystore, { version: 4 })],
    ['no crypto', (keystore) => Object.assign(keystore, { crypto: undefined })],
    ['a scrypt that takes all memory', (keystore) => Object.assign(keystore.crypto.kdfparams, { n: 2 ** 30 })],
  ];
  test.each(damages)('a keystore with %s', async (_, change) => {
    const keystore = await writeKeystore('damaged.json', 'scrypt', change);
    expect(await refusal({ keystore, passwordFile })).toEqual([
      2,
      `--keystore ${keystore}: ${keystore} is not a keystore (web3 secret storage v3); cast wallet import makes one`,
    ]);
  });

  test('a keystore that names another address than it holds', async () => {
    const address = 'f39fd6e51aad88f6f4ce6ab8827279cfffb92266';
    const keystore = await writeKeystore('swapped.json', 'scrypt', (content) => Object.assign(content, { address }));
    expect(await refusal({ keystore, passwordFile })).toEqual([
      2,
      `--keystore ${keystore}: ${keystore} says it holds 0x${address} but holds ${ADDRESS.toLowerCase()}; import the key again`,
    ]);
  });

  test('files that are not there', async () => {
    expect(await refusal({ account: 'nobody', keystoreDir: folder, passwordFile })).toEqual([
      2,
      `--account nobody: no keystore could be read at ${folder}/nobody (ENOENT); cast wallet import makes one`,
    ]);
    expect(await refusal({ account: 'operator', keystoreDir: folder, passwordFile: '/nowhere' })).toEqual([
      2,
      '--password-file /nowhere cannot be read (ENOENT); name a file that holds the password alone',
    ]);
  });

  test('to ask for a password where there is no terminal', async () => {
    expect(await refusal({ account: 'operator', keystoreDir: folder })).toEqual([
      2,
      '--account operator needs a password: pass --password-file, there is no terminal to ask on',
    ]);
  });

  test('a number that is no key', async () => {
    expect(await refusal({ privateKey: `0x${'0'.repeat(64)}` })).toEqual([
      2,
      'PLIMSOLL_PRIVATE_KEY: not a private key of the curve (it is zero or too large)',
    ]);
  });
});

test('warns when others can read the password or the keystore', async () => {
  const keystore = await writeKeystore('open.json', 'scrypt');
  const open = join(folder, 'open');
  writeFileSync(open, PASSWORD);
  chmodSync(open, 0o640);
  chmodSync(keystore, 0o604);
  const said: string[] = [];
  const log = await createLogger(
    { format: 'json', level: 'info' },
    { write: (line) => said.push(JSON.parse(line).msg) },
  );
  await loadOperator({ ...none, keystore, passwordFile: open }, log);
  expect(said).toEqual([
    `others on this machine can read ${keystore}: chmod 600 ${keystore}`,
    `others on this machine can read ${open}: chmod 600 ${open}`,
  ]);
});
