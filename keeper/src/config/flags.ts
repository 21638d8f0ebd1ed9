import { Command, CommanderError, Option } from 'commander';
import { usageError } from './error.ts';
import { type Field, fields } from './fields.ts';
import type { SettingName } from './schema.ts';

/** What the command line asks for: a command with its settings, or a text to print and be done. */
type CommandLine =
  | { command: 'run'; flags: Record<string, unknown>; json: boolean; print?: undefined }
  | { command: 'status'; flags: Record<string, unknown>; json: boolean; check: boolean; print?: undefined }
  | { command: 'decode'; given: string; flags: Record<string, unknown>; json: boolean; print?: undefined }
  | { print: string };

/** The settings that `plimsoll status` takes. */
export const STATUS_SETTINGS = ['chain', 'store', 'config'] as const satisfies readonly SettingName[];

/** The settings that `plimsoll decode` takes. */
export const DECODE_SETTINGS = ['chain', 'rpc', 'config'] as const satisfies readonly SettingName[];

/** It asks no endpoint for the chain. */
const STATUS_CHAIN = { description: 'Name or id of the chain', unset: 'that of the only store there is' };

/**
 * Parses the command line; its options are the schema's fields.
 *
 * @throws KeeperError with exit code 2
 */
export function parseFlags(args: readonly string[], version: string): CommandLine {
  if (args.some((arg) => /^--?private-?key(=|$)/i.test(arg))) {
    const why = 'every user of this machine can read a command line';
    throw usageError(
      `--private-key is not a flag: ${why}; set PLIMSOLL_PRIVATE_KEY in the environment, or use --account`,
    );
  }
  let printed = '';
  let asked: CommandLine | undefined;
  const program = buildCommand(version, (found) => {
    asked = found;
  });
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        printed += text;
      },
      outputError: () => {},
    });
  }
  try {
    program.parse(args, { from: 'user' });
    return asked!;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed };
    throw usageError(explain(error.message), error);
  }
}

/** Commander's message in one line, without what was typed after an equals sign: it may be a secret. */
function explain(message: string): string {
  const line = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/('--?[\w-]+)=[^']*'/, "$1'")
    .replace(/\b(0x)?[0-9a-f]{64}\b/gi, '[redacted]');
  return `${line}; plimsoll --help lists the flags`;
}

type Found = (asked: CommandLine) => void;

function buildCommand(version: string, found: Found): Command {
  const command = new Command('plimsoll')
    .description('Watches lending markets and liquidates underwater accounts through your Liquidator contract.')
    .usage('--protocol <name> [--market <name>] [flags]')
    .version(version, '--version', 'Print the version')
    .helpCommand(false)
    .action(() => found({ command: 'run', ...optionsOf(command) }));
  addFields(command, fields);
  const status = command
    .command('status')
    .description('Prints what a keeper has in its store: where it is, what is near the line, in flight and done')
    .usage('[--chain <name>] [--store <file>] [--json] [--check]')
    .action(() => found({ command: 'status', ...optionsOf(status) }));
  const chosen = some(STATUS_SETTINGS);
  addFields(
    status,
    chosen.map((field) => ({ ...field, ...(field.name === 'chain' && STATUS_CHAIN) })),
  );
  const decode = command
    .command('decode')
    .argument('<calldata|hash>', 'Calldata of execute, which needs no endpoint, or the hash of a transaction')
    .description('Prints the plan of a transaction as tables; amounts are in smallest units of their tokens')
    .usage('<calldata|hash> [--rpc <url>] [--json]')
    .action((given: string) => found({ command: 'decode', given, ...optionsOf(decode) }));
  addFields(decode, some(DECODE_SETTINGS));
  status.addOption(
    new Option('--check', 'End with 3 where the keeper does not run, or is not well').helpGroup('Running:'),
  );
  for (const each of [status, decode])
    each.addOption(new Option('--json', 'Print everything as one JSON object').helpGroup('Running:'));
  for (const each of [command, status, decode]) {
    each
      .helpOption('--help', 'Print this help')
      .allowExcessArguments(false)
      .exitOverride()
      .configureHelp({ helpWidth: Math.max(80, Math.min(process.stdout.columns ?? 110, 110)) });
  }
  return command.addHelpText('after', footer());
}

/** What was given for a command's options, also where it stands before the command's name. */
function optionsOf(command: Command): { flags: Record<string, unknown>; json: boolean; check: boolean } {
  const { json = false, check = false, ...flags } = command.optsWithGlobals();
  return { flags, json: json === true, check: check === true };
}

const some = (names: readonly SettingName[]) => fields.filter(({ name }) => names.includes(name));

function addFields(command: Command, some: readonly Field[]): void {
  for (const field of some) {
    if (field.flag) command.addOption(option(field, field.flag));
    if (field.flag && field.isSwitch) command.addOption(new Option(field.flag.replace('--', '--no-')).hideHelp());
  }
}

function option(field: Field, flag: string): Option {
  const takes = field.takes ?? field.unit?.replace(' ', '-') ?? 'text';
  const initial = field.isSwitch ? undefined : (field.default ?? field.unset);
  const text = initial === undefined ? field.description : `${field.description} (default: ${initial})`;
  const made = new Option(field.isSwitch ? flag : `${flag} <${takes}>`, text).helpGroup(`${field.group}:`);
  if (field.isList) made.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
  return made;
}

function footer(): string {
  const secret = fields
    .filter(({ flag }) => !flag)
    .map((field) => `  ${field.variable}  ${field.description} (environment only)`);
  return `
Environment:
  Every flag has a variable: --min-profit is PLIMSOLL_MIN_PROFIT. A .env file is read too: the place for PLIMSOLL_RPC, as
  every user of the machine can read a command line, and an endpoint's URL often has a key in it.
${secret.join('\n')}

Config file:
  A JSON object with the flags' names in camel case: {"protocol": "aave-v3", "minProfit": "0.01"}.
  A flag goes before the environment, .env, the config file, the chain's preset and the default, in this order.

Examples:
  plimsoll --protocol aave-v3 --dry-run --once
  plimsoll --protocol aave-v3 --chain base --liquidator 0x… --account operator
  plimsoll --market aave-v3:ethereum-core --market aave-v3:ethereum-prime --liquidator 0x… --account operator
  plimsoll status --chain base
  plimsoll decode 0x…

Exit code: 0 done or stopped by a signal, 1 something failed, 2 a setting is wrong. With --once, 1 also means that
accounts are under water and nothing was done about any of them.`;
}
