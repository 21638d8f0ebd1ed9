import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type LocalAccount, privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { addSecret, type Logger } from '../log/log.ts';
import { type KeeperError, usageError } from './error.ts';
import { promptPassword } from './prompt.ts';
import type { Settings } from './schema.ts';

/** The key that signs, and every string that must never be shown (already registered with the log). */
export interface Operator {
  account: LocalAccount;
  secrets: string[];
}

type KeySettings = Pick<Settings, 'account' | 'keystore' | 'keystoreDir' | 'passwordFile' | 'privateKey'>;

// web3 secret storage v3. scrypt takes 128·n·r bytes: the bounds keep a damaged file from asking for all memory.
const keystoreSchema = z.object({
  version: z.literal(3),
  address: z.string().optional(),
  crypto: z.object({
    cipher: z.string(),
    cipherparams: z.object({ iv: z.string() }),
    ciphertext: z.string(),
    mac: z.string(),
    kdf: z.string(),
    kdfparams: z.union([
      z.object({
        dklen: z.literal(32),
        salt: z.string(),
        n: z
          .int()
          .min(2)
          .max(2 ** 20),
        r: z.int().min(1).max(16),
        p: z.int().min(1).max(16),
      }),
      z.object({ dklen: z.literal(32), salt: z.string(), c: z.int().min(1).max(10_000_000), prf: z.string() }),
    ]),
  }),
});

/**
 * The operator's key, from the one place the settings name: PLIMSOLL_PRIVATE_KEY, a Foundry account or a keystore file.
 * Undefined when they name none, as a dry run may.
 *
 * @throws KeeperError with exit code 2, naming the flag or variable and never the secret.
 */
export async function loadOperator(settings: KeySettings, log?: Logger): Promise<Operator | undefined> {
  if (settings.privateKey) return operator(settings.privateKey, [], 'PLIMSOLL_PRIVATE_KEY');
  const file = keystorePath(settings);
  if (!file) return undefined;
  const keystore = await readKeystore(file);
  await warnIfShared(file.path, log);
  const password = await readPassword(settings, file, log);
  addSecret(password);
  const key = await decrypt(keystore, password, file, settings);
  return operator(key, [password], file.from);
}

interface KeystoreFile {
  path: string;
  /** The flag and what it said. */
  from: string;
}

function keystorePath(settings: KeySettings): KeystoreFile | undefined {
  if (settings.keystore) return { path: settings.keystore, from: `--keystore ${settings.keystore}` };
  if (!settings.account) return undefined;
  const folder = settings.keystoreDir ?? join(homedir(), '.foundry', 'keystores');
  return { path: join(folder, settings.account), from: `--account ${settings.account}` };
}

async function readKeystore({ path, from }: KeystoreFile): Promise<z.output<typeof keystoreSchema>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(`${from}: no keystore could be read at ${path}`, cause, 'cast wallet import makes one');
  }
  try {
    // Old writers capitalise some keys; every value is hex or a lower-case word.
    return keystoreSchema.parse(JSON.parse(text.toLowerCase()));
  } catch (cause) {
    throw usageError(
      `${from}: ${path} is not a keystore (web3 secret storage v3); cast wallet import makes one`,
      cause,
    );
  }
}

async function readPassword(settings: KeySettings, file: KeystoreFile, log?: Logger): Promise<string> {
  const path = settings.passwordFile;
  if (!path) {
    if (process.stdin.isTTY) return promptPassword(`Password of ${file.path}: `);
    throw usageError(`${file.from} needs a password: pass --password-file, there is no terminal to ask on`);
  }
  try {
    const text = await readFile(path, 'utf8');
    await warnIfShared(path, log);
    return text.replace(/[\r\n]+$/, '');
  } catch (cause) {
    throw unreadable(`--password-file ${path} cannot be read`, cause, 'name a file that holds the password alone');
  }
}

async function decrypt(
  keystore: z.output<typeof keystoreSchema>,
  password: string,
  file: KeystoreFile,
  settings: KeySettings,
): Promise<`0x${string}`> {
  const { Wallet } = await import('@ethereumjs/wallet');
  let address: string;
  let key: `0x${string}`;
  try {
    const wallet = await Wallet.fromV3(keystore as unknown as Parameters<typeof Wallet.fromV3>[0], password);
    address = wallet.getAddressString();
    key = wallet.getPrivateKeyString() as `0x${string}`;
  } catch (cause) {
    const wrong = cause instanceof Error && cause.message.includes('wrong passphrase');
    if (!wrong) throw usageError(`${file.from}: ${file.path} is a damaged keystore and cannot be decrypted`, cause);
    const remedy = settings.passwordFile ? `check --password-file ${settings.passwordFile}` : 'try again';
    throw usageError(`${file.from}: wrong password for ${file.path}; ${remedy}`);
  }
  const stated = keystore.address?.replace(/^0x/, '');
  if (stated && `0x${stated}` !== address.toLowerCase()) {
    throw usageError(`${file.from}: ${file.path} says it holds 0x${stated} but holds ${address}; import the key again`);
  }
  return key;
}

function operator(key: `0x${string}`, secrets: string[], from: string): Operator {
  addSecret(key);
  try {
    return { account: privateKeyToAccount(key), secrets: [key, ...secrets] };
  } catch {
    throw usageError(`${from}: not a private key of the curve (it is zero or too large)`);
  }
}

/** Says so when others on this machine can read a file that guards the key. */
async function warnIfShared(path: string, log?: Logger): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) log?.warn({ path }, `others on this machine can read ${path}: chmod 600 ${path}`);
}

function unreadable(message: string, cause: unknown, remedy: string): KeeperError {
  return usageError(`${message} (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); ${remedy}`, cause);
}
