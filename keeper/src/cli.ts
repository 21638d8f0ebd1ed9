import { existsSync, readFileSync } from 'node:fs';
import { KeeperError, usageError } from './config/error.ts';
import { DECODE_SETTINGS, parseFlags, STATUS_SETTINGS } from './config/flags.ts';
import { readSettings, readSome, unknownVariables } from './config/read.ts';
import type { Settings } from './config/schema.ts';
import { addSecret, addSecretUrl, createLogger, describeUrl, type Logger, scrub } from './log/log.ts';
import { oneLine } from './log/one-line.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Exit code of `status --check` where something is amiss. */
const UNWELL = 3;

/** Set once the settings are known; until then a failure shows no causes. */
let showCauses = false;

async function main(args: readonly string[]): Promise<void> {
  const commandLine = parseFlags(args, version);
  if (commandLine.print !== undefined) {
    process.stdout.write(commandLine.print);
    return;
  }
  loadEnvFile();
  addSecret(process.env.PLIMSOLL_PRIVATE_KEY?.trim() ?? '');
  const sources = { flags: commandLine.flags, env: process.env };
  if (commandLine.command === 'status') {
    const [{ printStatus }, settings] = await Promise.all([
      import('./report/status.ts'),
      readSome(sources, STATUS_SETTINGS),
    ]);
    const ill = printStatus(settings, commandLine.json);
    if (commandLine.check && ill !== undefined) {
      process.stderr.write(`plimsoll: not well: ${ill}\n`);
      process.exitCode = UNWELL;
    }
    return;
  }
  if (commandLine.command === 'decode') {
    const [{ printPlan }, settings] = await Promise.all([
      import('./report/decode.ts'),
      readSome(sources, DECODE_SETTINGS),
    ]);
    for (const endpoint of settings.rpc) addSecretUrl(endpoint);
    return printPlan(commandLine.given, settings, commandLine.json);
  }
  const settings = await readSettings(sources);
  for (const endpoint of settings.rpc) addSecretUrl(endpoint);
  showCauses = settings.logLevel === 'debug' || settings.logLevel === 'trace';

  const format = settings.logFormat ?? (process.stdout.isTTY ? 'pretty' : 'json');
  const log = await createLogger({ format, level: settings.logLevel });
  // Libraries print here past the log (viem does when a socket cannot be opened again).
  console.error = (...said: unknown[]) => log.debug({ said: said.map(oneLine) }, 'said by a library');
  const stop = stopOnSignals(log);
  const { protocol: protocols, rpc, dryRun } = settings;
  log.info({ version, protocols, rpc: rpc.map(describeUrl), dryRun }, 'plimsoll starts');
  for (const note of unknownVariables(process.env)) log.warn(note);
  await Promise.race([run(settings, stop, log), stoppedBefore(stop)]);
}

async function run(settings: Settings, stop: AbortSignal, log: Logger): Promise<void> {
  const { prepare } = await import('./preflight.ts');
  const ready = await prepare(settings, log);
  if (stop.aborted) return;
  started = true;
  const { chain, markets, operator, liquidator } = ready;
  const names = markets.map(({ name }) => name);
  const coin = chain.nativeSymbol;
  log.info({ chain: chain.shown, coin, markets: names, operator: operator?.account.address, ...liquidator }, 'ready');
  const [{ runKeeper }, { stopsLine }] = await Promise.all([import('./keeper.ts'), import('./report/report.ts')]);
  try {
    const { undone, ...summary } = await runKeeper(ready, stop, log);
    log.info(stopsLine(summary), 'plimsoll stops');
    if (undone !== undefined) throw new KeeperError(undone);
  } catch (err) {
    // What was cut short by the signal ends with an error that is nobody's fault.
    if (!stop.aborted || err instanceof KeeperError) throw err;
    log.info({ err }, 'plimsoll stops, cut short');
  }
}

/** Whether the loop runs: from then on it is the loop that ends when told to stop, after what it has begun. */
let started = false;

function stoppedBefore(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => stop.addEventListener('abort', () => !started && resolve(), { once: true }));
}

/** The first signal asks the keeper to finish what it has begun; the second ends the process. */
function stopOnSignals(log: Logger): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(130);
    log.info({ signal }, 'stopping; once more to stop at once');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

function loadEnvFile(): void {
  if (!existsSync('.env')) return;
  try {
    process.loadEnvFile('.env');
  } catch (cause) {
    throw usageError(`.env cannot be read (${(cause as NodeJS.ErrnoException).code}): correct it or remove it`, cause);
  }
}

/** Ends the process with one line on standard error: no stack, no secrets. */
async function fail(error: unknown): Promise<never> {
  const lines = [`plimsoll: ${await explain(error)}`];
  for (
    let cause = showCauses && (error as Error).cause;
    cause instanceof Error && lines.length < 9;
    cause = cause.cause
  ) {
    lines.push(`  because: ${oneLine(cause)}`);
  }
  process.stderr.write(`${scrub(lines.join('\n'))}\n`);
  process.exit(error instanceof KeeperError ? error.exitCode : 1);
}

async function explain(error: unknown): Promise<string> {
  if (error instanceof KeeperError) return error.message.replace(/\s+/g, ' ');
  const [{ describeError }, { liquidatorAbi }] = await Promise.all([
    import('./log/describe-error.ts'),
    import('./bindings.ts'),
  ]);
  return describeError(error, liquidatorAbi);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
/** A pipe takes what is printed piece by piece: the process ends once it has all of it. */
const ended = () => process.stdout.write('', () => process.exit());
main(process.argv.slice(2)).then(ended, fail);
