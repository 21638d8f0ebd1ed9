import { parseArgs } from 'node:util';
import type { Address } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { withCure } from '../tools/foundry.mjs';
import { type DemoChain, keptChain, ownChain } from './demo/chain.ts';
import { agreeWithChain, allowancesLeft, holdings, type Row, rowOf } from './demo/check.ts';
import { tableOf } from './demo/table.ts';
import { compileDeploy, deploy } from './harness/deploy.ts';
import { type KeeperProcess, labFlags, startKeeper } from './harness/keeper.ts';
import { ensureLab } from './lab/build.ts';
import { fund, setPrice } from './lab/chain.ts';

const usage = `pnpm demo [--watch] [--json] [--keep]

Builds a chain with real Aave v3.6 and Uniswap v3, forks it, deploys the Liquidator, starts the keeper, lets ether fall by
15 % and shows what the keeper makes of it.

  --watch   leave chain and keeper running and say how to poke them; Ctrl-C ends both
  --json    progress on standard error, and one line of JSON with the result at the end
  --keep    leave the chain running and print, as JSON, where it is and which process to end
  --help    this text`;

const flags = { watch: false, json: false, keep: false, help: false };
const started = performance.now();
const seconds = () => (performance.now() - started) / 1_000;
const say = (line: string) =>
  (flags.json ? console.error : console.log)(`${seconds().toFixed(1).padStart(6)} s  ${line}`);

const CRASHED_WETH = 1_700n * 10n ** 8n;
/** Heads without anything sent, in flight or landed after which the keeper has nothing left to do. */
const QUIET_HEADS = 6;

async function main(): Promise<void> {
  const options = { type: 'boolean', default: false } as const;
  Object.assign(flags, parseArgs({ options: { watch: options, json: options, keep: options, help: options } }).values);
  if (flags.help) return console.log(usage);

  say('the lab: Aave v3.6 and Uniswap v3 from npm; and the Liquidator');
  // Two compilers at work, as the smallest machine has two cores.
  await Promise.all([ensureLab({ scope: 'core', onProgress: say }), compileDeploy()]);
  const chain = await (flags.keep ? keptChain() : ownChain());
  let keeper: KeeperProcess | undefined;
  const interrupted = () => {
    keeper?.child.kill('SIGKILL');
    void chain.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const parties = await enter(chain);
    const fromBlock = await chain.client.getBlockNumber();
    say(`ether falls from $2,000 to $${CRASHED_WETH / 10n ** 8n}, on the oracle and in every pool`);
    // The keeper is watching when it happens.
    keeper = startKeeper([...labFlags(chain.directory, chain.url), ...parties.flags], parties.key);
    const done = watch(keeper);
    await keeper.waitFor(({ msg }) => msg === 'every borrower is read');
    await setPrice(chain, 'WETH', CRASHED_WETH);
    await chain.client.setIntervalMining({ interval: 1 });
    const rows = await done;
    const code = flags.watch ? 0 : await keeper.stop();
    if (code !== 0) throw new Error(`the keeper ended with ${code}:\n${keeper.output().slice(-2_000)}`);
    await conclude(chain, parties, rows, fromBlock);
    if (flags.watch) await linger(chain, parties, keeper);
  } catch (error) {
    await chain.stop();
    throw error;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    keeper?.child.kill('SIGKILL');
    if (!flags.keep) await chain.stop();
  }
}

type Parties = { key: `0x${string}`; operator: Address; treasury: Address; liquidator: Address; flags: string[] };

/** Deploys the Liquidator with `forge script`, for an operator and a treasury made up for this run. */
async function enter(chain: DemoChain): Promise<Parties> {
  const key = generatePrivateKey();
  const operator = privateKeyToAccount(key).address;
  const treasury = privateKeyToAccount(generatePrivateKey()).address;
  const [deployer] = await chain.client.getAddresses();
  await fund(chain, deployer!, 10n ** 19n);
  await fund(chain, operator, 10n ** 19n);
  say('forge script Deploy');
  const { liquidator } = await deploy(chain.url, deployer!, { owner: deployer!, treasury, operators: [operator] });
  say(`Liquidator ${liquidator}`);
  say(`treasury   ${treasury}`);
  return { key, operator, treasury, liquidator, flags: ['--liquidator', liquidator, '--max-in-flight', '16'] };
}

/** Follows the keeper's log until it is through; gives what landed. */
function watch(keeper: KeeperProcess): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const rows: Row[] = [];
    const waiting = new Set<unknown>();
    let quiet = 0;
    keeper.onLine((line) => {
      const { msg, head, underwater, accounts } = line;
      if (msg === 'every borrower is read') say(`the keeper watches ${accounts} accounts from block ${head}`);
      const named = [line.who ?? line.account].flat();
      if (msg === 'sent') for (const account of named) waiting.add(account);
      if (msg === 'landed') rows.push(rowOf(line));
      if (['landed', 'lost', 'reverted', 'cancelled', 'replaced'].includes(msg))
        for (const account of named) waiting.delete(account);
      if (msg === 'sent' || msg === 'landed') quiet = 0;
      if (msg !== 'head' || rows.length === 0) return;
      say(`block ${head}: ${underwater} under water, ${rows.length} liquidated`);
      quiet += 1;
      if (waiting.size === 0 && (underwater === 0 || quiet >= QUIET_HEADS)) resolve(rows);
    });
    void keeper.ended.then((code) =>
      reject(new Error(`the keeper ended early with ${code}:\n${keeper.output().slice(-2_000)}`)),
    );
  });
}

/** Accounts the chain puts under 1 and a keeper would still send a plan for: a second one looks, and sends nothing. */
async function underwaterLeft(chain: DemoChain, parties: Parties): Promise<number> {
  const second = startKeeper(
    [...labFlags(chain.directory, chain.url), ...parties.flags, '--once', '--dry-run'],
    parties.key,
  );
  const code = await second.ended;
  if (code !== 0) throw new Error(`the dry run ended with ${code}:\n${second.output().slice(-2_000)}`);
  return second.lines.filter(({ msg }) => msg === 'would liquidate').length;
}

async function conclude(chain: DemoChain, parties: Parties, rows: Row[], fromBlock: bigint): Promise<void> {
  await agreeWithChain(chain, rows, fromBlock);
  const { liquidator, treasury, operator } = parties;
  const [profit, atRest, allowances, left] = await Promise.all([
    holdings(chain, treasury),
    holdings(chain, liquidator),
    allowancesLeft(chain, liquidator, [treasury, operator]),
    underwaterLeft(chain, parties),
  ]);
  const result = { liquidated: rows.length, accounts: rows, profit, atRest, allowances, underwaterLeft: left };
  if (!flags.json) {
    console.log(tableOf(chain.directory, rows, profit));
    const resting = Object.values(atRest).filter((units) => units !== 0n).length;
    console.log(
      `the Liquidator holds ${resting} tokens and has ${allowances} allowances open;\n${left} accounts left that would pay`,
    );
    say('every row agrees with a LiquidationCall log of the Pool');
  }
  if (flags.keep) {
    const { pool } = chain.directory.aave;
    const tokens = Object.fromEntries(
      Object.entries(chain.directory.tokens).map(([symbol, { address }]) => [symbol, address]),
    );
    console.log(JSON.stringify({ rpc: chain.url, pool, liquidator, treasury, tokens, pid: chain.pid }));
  }
  if (flags.json) {
    const amounts = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
    console.log(JSON.stringify({ ...result, seconds: Number(seconds().toFixed(1)) }, amounts));
  }
  if (rows.length === 0 || left > 0) throw new Error('the keeper left something undone');
}

/** Says how to poke the chain, and shows what the keeper does, until Ctrl-C. */
async function linger(chain: DemoChain, parties: Parties, keeper: KeeperProcess): Promise<void> {
  const { feeds, aave, borrowers } = chain.directory;
  const sender = (await chain.client.getAddresses())[0];
  console.log(`
The chain and the keeper go on. In another terminal (cast is in node_modules/.bin):

  cast send ${feeds.WETH} 'set(int256)' 150000000000 --unlocked --from ${sender} --rpc-url ${chain.url}
  cast call ${aave.pool} 'getUserAccountData(address)' ${borrowers[0]} --rpc-url ${chain.url}
  cast logs --address ${parties.liquidator} --rpc-url ${chain.url}

The first lets ether fall to $1,500 (8 decimals). Ctrl-C ends everything.
`);
  keeper.onLine((line) => {
    if (line.msg !== 'head') console.log(JSON.stringify(line));
  });
  const ctrlC = new Promise<void>((resolve) =>
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve()),
  );
  await Promise.race([ctrlC, keeper.ended]);
}

main().catch((error: Error) => {
  console.error(`demo: ${withCure(error.message)}`);
  process.exitCode = 1;
});
