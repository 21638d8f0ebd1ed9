// `pnpm test:readme`: a new user's first hour. The README's own blocks of `sh` run in order in one shell, from a bare clone of what is
// committed here, against the lab; once on a terminal of 80 columns and once of 200.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, getAddress } from 'viem';
import { forkLab, type Lab } from './lab/anvil.ts';
import { fund, setPrice } from './lab/chain.ts';
import { root } from './lab/paths.ts';
import { blocksOf, filled, type Placeholder } from './readme/blocks.ts';

/** Blocks that are commands of their own, or need a market that the lab has not. */
const WITHOUT = ['try', 'several'];
const ETHER = 10n ** 18n;
const CRASHED_WETH = 1_700n * 10n ** 8n;
/** Cold addresses: nobody has a key of theirs. */
const [OWNER, TREASURY] = [1, 2].map((n) => getAddress(`0x${String(n).repeat(40)}`)) as [Address, Address];
/** Milliseconds that all of it may take on a terminal. */
const PATIENCE = 20 * 60_000;

/** The one table of what only a reader can know. */
const placeholders = ({ url, directory }: Lab<'core'>, folder: string): Placeholder[] => {
  const { aave, tokens, uniswapV3 } = directory;
  const where = [
    `--market ${aave.pool}`,
    `--wrapped-native ${tokens.WETH.address}`,
    `--uniswap-v3-factory ${uniswapV3.factory}`,
  ];
  const here = { is: '--protocol aave-v3 --chain base', becomes: where.join(' ') };
  const printed = join(folder, 'deployed');
  return [
    { in: 'endpoint', is: 'https://…', becomes: url },
    { in: 'deploy', is: 'OWNER=0x… TREASURY=0x…', becomes: `OWNER=${OWNER} TREASURY=${TREASURY}` },
    { in: 'deploy', is: '--broadcast', becomes: `--broadcast > ${printed}; cat ${printed}` },
    {
      in: 'deploy',
      is: 'PLIMSOLL_LIQUIDATOR=0x…',
      becomes: `PLIMSOLL_LIQUIDATOR=$(sed -n 's/.*Liquidator \\(0x[0-9a-fA-F]*\\) on chain.*/\\1/p' ${printed} | head -1)`,
    },
    { in: 'look', ...here },
    { in: 'run', ...here },
    { in: 'run', is: '--password-file operator.password', becomes: '--password-file operator.password & KEEPER=$!' },
    { in: 'watch', is: '--chain base', becomes: '--chain anvil' },
  ];
};

/** The shell waits here for the world to turn. */
const WAIT = 'turn() { : > "$TURNS/$1"; while [ ! -e "$TURNS/$1.done" ]; do sleep 0.2; done; }';
/** What happens before a block, and behind the last. */
const BEFORE: Readonly<Record<string, string>> = {
  fund: 'echo "$OPERATOR" > "$TURNS/operator"; turn fund',
  watch: 'turn crash',
};
const END = [
  'kill -TERM $KEEPER',
  'wait $KEEPER',
  'git status --porcelain',
  'test -z "$(git status --porcelain)"',
  'echo "the first hour is over"',
];

async function firstHour(columns: number, clone: string, folder: string): Promise<void> {
  const lab = await forkLab({ scope: 'core' });
  const turns = join(folder, `turns-${columns}`);
  const home = join(folder, `home-${columns}`);
  for (const made of [turns, home]) mkdirSync(made, { recursive: true });
  const blocks = filled(blocksOf(readFileSync(join(clone, 'README.md'), 'utf8')), placeholders(lab, turns), WITHOUT);
  const script = [
    ...[`stty cols ${columns} rows 50`, 'set -eu', WAIT],
    ...blocks.flatMap(({ name, commands }) => [
      `echo "=== ${name}"`,
      ...(BEFORE[name] ? [BEFORE[name]] : []),
      commands,
    ]),
    ...END,
  ].join('\n');
  writeFileSync(join(turns, 'steps.sh'), script);
  const { PATH = '', npm_config_cache: cache = join(process.env.HOME ?? '', '.npm'), TERM = 'xterm' } = process.env;
  const env = {
    PATH: bare(PATH),
    TERM,
    HOME: home,
    TURNS: turns,
    npm_config_cache: cache,
    NO_COLOR: '1',
    ...storeOf(),
  };
  // `script` gives it a terminal, so that the keeper speaks to people.
  const shell = spawn('script', ['-qefc', `sh ${join(turns, 'steps.sh')}`, '/dev/null'], { cwd: clone, env });
  let printed = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const ended = new Promise<number | null>((resolve) => shell.once('close', resolve));
  const late = setTimeout(() => shell.kill('SIGKILL'), PATIENCE);
  try {
    await Promise.race([turn(lab, turns, () => printed), ended]);
    const code = await ended;
    check(code === 0 && printed.includes('the first hour is over'), `the shell ended with ${code}`, printed);
    const landed =
      printed.match(
        /landed 0x[0-9a-f]{4}…[0-9a-f]{4} {2}\S+ \w+ → \S+ \w+ {2}\+\S+ ETH {2}gas \S+ {2}0x[0-9a-f]{4}…/gi,
      ) ?? [];
    check(landed.length >= 10, `${landed.length} liquidations on the terminal`, printed);
    check(/landed 0x[0-9a-fA-F]{40} of/.test(printed), 'status shows what landed', printed);
    console.log(`${columns} columns: ${blocks.map(({ name }) => name).join(', ')}; ${landed.length} liquidations`);
  } finally {
    clearTimeout(late);
    await lab.stop();
  }
}

/** Funds the operator when it is due, and lets ether fall once the keeper watches; then waits for what it makes of it. */
async function turn(lab: Lab<'core'>, turns: string, printed: () => string): Promise<void> {
  const until = async (is: () => boolean) => {
    while (!is()) await sleep(200);
  };
  const done = (name: string) => writeFileSync(join(turns, `${name}.done`), '');
  await until(() => existsSync(join(turns, 'fund')));
  await fund(lab, readFileSync(join(turns, 'operator'), 'utf8').trim() as Address, 10n * ETHER);
  done('fund');
  await until(() => existsSync(join(turns, 'crash')));
  const behind = () => printed().slice(printed().indexOf('=== run'));
  await until(() => behind().includes('every borrower is read'));
  await setPrice(lab, 'WETH', CRASHED_WETH);
  await lab.client.setIntervalMining({ interval: 1 });
  await until(() => behind().includes('plan landed'));
  // Two blocks more, so that what is written down at a head is written down.
  await sleep(3_000);
  done('crash');
}

/** Without the project's own programs: a bare machine has none of them. */
const bare = (path: string): string =>
  path
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':');

/** Packages that were downloaded before are not downloaded again. */
function storeOf(): Record<string, string> {
  const store = execFileSync('npx', ['-y', 'pnpm@12', 'store', 'path'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1)!;
  return { npm_config_store_dir: store, pnpm_config_store_dir: store };
}

function check(is: boolean, what: string, printed: string): void {
  if (!is) throw new Error(`${what}\n${printed.slice(-6_000)}`);
}

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-readme-'));
try {
  const clone = join(folder, 'clone');
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
  for (const columns of [80, 200]) {
    await firstHour(columns, clone, folder);
    // What the steps made is made anew; what they installed and compiled is not.
    for (const made of ['.env', 'operator.password']) rmSync(join(clone, made));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
