import Table from 'cli-table3';
import { formatEther, formatUnits, type Hash, type Hex, maxUint256, TransactionNotFoundError } from 'viem';
import { connect } from '../chain/client.ts';
import { usageError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { FUNDING, nameOf, type Plan, PROTOCOL, type Round, VENUE } from '../contract/plan.ts';
import { packedIn, unpackPlan } from '../contract/unpack.ts';
import { createLogger } from '../log/log.ts';

/** Bytes of a transaction's hash; no plan is as short. */
const HASH = 32;
/** The largest number of seconds that a plan has room for: it is valid for ever. */
const FOR_EVER = 2n ** 40n - 1n;

/**
 * `plimsoll decode`: prints the plan that a transaction carries.
 *
 * @param given - calldata of `execute`, or the hash of a transaction, which the endpoints are asked for
 * @param json - one JSON object, with every number as a decimal string and "all there is" as 2^256 - 1
 * @throws KeeperError with exit code 2 when there is no such transaction, or no plan in it
 */
export async function printPlan(
  given: string,
  settings: Pick<Settings, 'rpc' | 'chain'>,
  json: boolean,
): Promise<void> {
  if (!/^0x([0-9a-f]{2})+$/i.test(given))
    throw usageError(
      'what is to be decoded is neither calldata nor the hash of a transaction: pass 0x and whole bytes',
    );
  const isHash = given.length === 2 + 2 * HASH;
  const calldata = isHash ? await calldataOf(given as Hash, settings) : (given as Hex);
  const plan = planOf(calldata);
  process.stdout.write(`${json ? JSON.stringify(named(plan), decimal, 2) : tablesOf(plan)}\n`);
}

async function calldataOf(hash: Hash, settings: Pick<Settings, 'rpc' | 'chain'>): Promise<Hex> {
  const log = await createLogger({ format: 'json', level: 'silent' });
  const { client, shown } = await connect(settings, log);
  try {
    return (await client.getTransaction({ hash })).input;
  } catch (cause) {
    if (!(cause instanceof TransactionNotFoundError)) throw cause;
    throw usageError(`there is no transaction ${hash} on chain ${shown}`, cause);
  }
}

function planOf(calldata: Hex): Plan {
  try {
    return unpackPlan(packedIn(calldata));
  } catch (cause) {
    throw usageError((cause as Error).message, cause);
  }
}

const decimal = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);

/** A plan with the names of its enums' members in the place of their numbers. */
const named = (plan: Plan) => ({
  ...plan,
  rounds: plan.rounds.map((round) => ({
    ...round,
    funding: nameOf(FUNDING, round.funding),
    legs: round.legs.map((leg) => ({ ...leg, protocol: nameOf(PROTOCOL, leg.protocol) })),
    swaps: round.swaps.map((swap) => ({ ...swap, venue: nameOf(VENUE, swap.venue) })),
  })),
});

/** A plan for people: its head, its tokens with numbers, and each round with its legs and swaps, which name tokens by number. */
function tablesOf(plan: Plan): string {
  const { validUntil, floor, tip, weth, tokens } = plan;
  const numbers = new Map(tokens.map(({ token }, index) => [token, `#${tokens.length - index}`]));
  const { rounds } = named(plan);
  return [
    table(
      ['valid until', 'floor', 'tip'],
      [[time(validUntil), coins(floor), tip === 0n ? 'none' : `${coins(tip)} ${weth}`]],
    ),
    table(
      ['#', 'token', 'wei a unit'],
      tokens.map(({ token, price }) => [numbers.get(token), token, formatUnits(price, 18)]),
    ),
    ...rounds.flatMap((round, index) => [
      `round ${index + 1} of ${rounds.length}`,
      table(
        ['funding', 'source', 'debt token', 'amount', 'max pay', 'extra'],
        [
          [
            round.funding,
            round.source,
            numbers.get(round.debtToken),
            round.amount,
            upTo(round.maxPay, 'any'),
            round.extra,
          ],
        ],
      ),
      ...legsOf(round.legs, numbers),
      ...swapsOf(round.swaps, numbers),
    ]),
  ].join('\n');
}

type Numbers = ReadonlyMap<string, string>;
type Named<T, Key extends keyof T> = Omit<T, Key> & { [key in Key]: string | undefined };

function legsOf(legs: readonly Named<Round['legs'][number], 'protocol'>[], numbers: Numbers): string[] {
  if (legs.length === 0) return [];
  const rows = legs.map(({ protocol, market, borrower, collateral, repay, extra }) => [
    protocol,
    market,
    borrower,
    numbers.get(collateral),
    upTo(repay, 'most'),
    extra,
  ]);
  return [table(['leg of', 'market', 'borrower', 'collateral', 'repay', 'extra'], rows)];
}

function swapsOf(swaps: readonly Named<Round['swaps'][number], 'venue'>[], numbers: Numbers): string[] {
  if (swaps.length === 0) return [];
  const rows = swaps.map(({ venue, pool, tokenIn, tokenOut, amountIn, minOut, extra }) => [
    venue,
    pool,
    `${numbers.get(tokenIn)} to ${numbers.get(tokenOut)}`,
    upTo(amountIn, 'all'),
    minOut,
    extra,
  ]);
  return [table(['swap in', 'pool', 'tokens', 'amount in', 'min out', 'extra'], rows)];
}

type CellText = string | bigint | undefined;

function table(head: string[], rows: readonly CellText[][]): string {
  const made = new Table({ head, style: { head: [], border: [], compact: true } });
  made.push(...rows.map((row) => row.map((cell) => (cell === '0x' ? '' : String(cell)))));
  return made.toString();
}

const upTo = (amount: bigint, all: string) => (amount === maxUint256 ? all : amount);

const coins = (wei: bigint) => `${formatEther(wei)} native`;

function time(seconds: bigint): string {
  if (seconds === FOR_EVER) return 'for ever';
  const date = new Date(Number(seconds) * 1_000);
  // A calendar ends before five bytes of seconds do.
  return Number.isNaN(date.getTime()) ? `${seconds}` : `${date.toISOString()} (${seconds})`;
}
