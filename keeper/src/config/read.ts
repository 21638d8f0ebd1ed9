import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { scrub } from '../log/secrets.ts';
import { describeUrl } from '../log/url.ts';
import { usageError } from './error.ts';
import { type Field, fields } from './fields.ts';
import { eachSetting, type SettingName, type Settings, settingsSchema } from './schema.ts';
import { didYouMean } from './suggest.ts';

const DEFAULT_FILE = 'plimsoll.config.json';

/** Where settings are read from. */
interface Sources {
  /** What the command line gave, by setting name. */
  flags: Partial<Record<string, unknown>>;
  /** Environment variables; those of a `.env` file already merged below the real ones. */
  env: Record<string, string | undefined>;
}

/** A value as it was given and the name to blame it on. */
interface Given {
  value: unknown;
  from: string;
}

/**
 * Reads the settings: a flag before the environment before the config file before the default. What a chain's preset
 * supplies is filled in once the chain is known (`withPreset`).
 *
 * @throws KeeperError with exit code 2, naming the flag, variable or key.
 */
export async function readSettings(sources: Sources): Promise<Settings> {
  return parse(settingsSchema, gather(sources));
}

/** Reads some of the settings the same way, for a command that needs no more; the others may be wrong or missing. */
export async function readSome<Name extends SettingName>(
  sources: Sources,
  names: readonly Name[],
): Promise<Pick<Settings, Name>> {
  const given = gather(sources);
  for (const name of given.keys()) if (!(names as readonly SettingName[]).includes(name)) given.delete(name);
  const mask = Object.fromEntries(names.map((name) => [name, true as const])) as { [name in SettingName]?: true };
  return parse(eachSetting.pick(mask) as unknown as z.ZodType<Pick<Settings, Name>>, given);
}

/** What was given for each setting, by whoever goes first. */
function gather(sources: Sources): Map<SettingName, Given> {
  const given = new Map<SettingName, Given>();
  const add = (name: SettingName, value: unknown, from: string) => {
    if (value !== undefined && value !== '' && !given.has(name)) given.set(name, { value, from });
  };
  for (const field of fields) if (field.flag) add(field.name, sources.flags[field.name], field.flag);
  for (const field of fields) {
    add(field.name, sources.env[field.variable], field.variable);
    const other = field.otherVariable;
    if (other) add(field.name, sources.env[other], other);
  }
  const path = given.get('config');
  for (const [field, value, from] of readFile(path && String(path.value), path?.from)) add(field.name, value, from);

  return given;
}

async function parse<Output>(schema: z.ZodType<Output>, given: Map<SettingName, Given>): Promise<Output> {
  const raw = Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
  const parsed = await schema.safeParseAsync(raw);
  if (parsed.success) return parsed.data;
  throw usageError(explain(parsed.error, given));
}

/** A line for each variable that looks like a setting and is none: a typing error in the environment is easily overlooked. */
export function unknownVariables(env: Sources['env']): string[] {
  const known = fields.map(({ variable }) => variable);
  return Object.keys(env)
    .filter((variable) => variable.startsWith('PLIMSOLL_') && !known.includes(variable))
    .map((variable) => `${variable} is set in the environment but is no setting${didYouMean(variable, known)}`);
}

function* readFile(path: string | undefined, from = '--config'): Generator<[Field, unknown, string]> {
  if (path === undefined && !existsSync(DEFAULT_FILE)) return;
  const file = path ?? DEFAULT_FILE;
  const content = parseFile(file, from);
  for (const [key, value] of Object.entries(content)) {
    const field = fields.find(({ name }) => name === key);
    if (!field) {
      const known = fields.filter(({ flag }) => flag).map(({ name }) => name);
      throw usageError(`${file}: unknown key ${key}${didYouMean(key, known)}; plimsoll --help lists the settings`);
    }
    if (field.isSecret) {
      throw usageError(`${file}: ${key} does not belong in a file; set ${field.variable} in the environment instead`);
    }
    if (value === null || field.name === 'config')
      throw usageError(`${file}: ${key} may not be ${value}; leave it out`);
    yield [field, value, `${key} in ${file}`];
  }
}

function parseFile(file: string, from: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError(`${from} ${file}: the file cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw usageError(`${file}: expected one JSON object of settings, like {"protocol": "aave-v3"}`, cause);
  }
}

/** The first thing wrong with the settings, in one line: whose value, the value, what was expected. */
function explain(error: z.ZodError, given: Map<SettingName, Given>): string {
  const [issue] = error.issues;
  if (!issue) return error.message;
  const field = fields.find(({ name }) => name === issue.path[0]);
  if (!field) return issue.message;
  const source = given.get(field.name);
  if (!source) return `${field.flag ?? field.variable} is required: ${issue.message}`;
  return `${source.from}${showValue(field, source.value)}: ${issue.message}`;
}

function showValue(field: Field, value: unknown): string {
  if (field.isSecret) return '';
  const shown = field.name === 'rpc' ? showEndpoints(value) : String(value);
  // A key pasted after the wrong flag must not be repeated on the screen.
  return ` ${scrub(shown)
    .replace(/\b(0x)?[0-9a-f]{64}\b/gi, '[redacted]')
    .slice(0, 120)}`;
}

function showEndpoints(value: unknown): string {
  return (Array.isArray(value) ? value : String(value).split(',')).map((url) => describeUrl(String(url))).join(', ');
}
