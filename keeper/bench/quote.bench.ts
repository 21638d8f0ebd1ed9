import { type Address, encodePacked, type PublicClient, parseAbi } from 'viem';
import { startLab } from '../../test-fork/lab/anvil.ts';
import { random } from '../../test-fork/lab/random.ts';
import { quoteRouteExactIn, quoteRouteExactOut, type Route } from '../src/venues/paths.ts';
import { findV3Pools } from '../src/venues/pools.ts';
import { type V3Pool, type V3State, windowCapacity } from '../src/venues/v3-pool.ts';
import { readPools } from '../src/venues/v3-read.ts';
import { type Row, timed } from './row.ts';

const QUOTES = 400;
/** Quotes a multicall: each runs a swap, and nodes cap the gas of an `eth_call`. */
const PER_CALL = 40;
const QUOTER_RUNS = 8;

const quoterAbi = parseAbi([
  'function quoteExactInput(bytes path, uint256 amountIn) view returns (uint256 amountOut, uint160[], uint32[], uint256)',
  'function quoteExactOutput(bytes path, uint256 amountOut) view returns (uint256 amountIn, uint160[], uint32[], uint256)',
]);

type Case = { route: Route; fees: readonly number[]; amount: bigint; exact: 'in' | 'out' };

/**
 * Quotes a second computed here, and how many times as many that is as QuoterV2 answers over a loopback RPC, 40 to a call;
 * the same quotes, over one pool and over two, in and out.
 *
 * @throws when one of them differs
 */
export default async function quoteBench(): Promise<Row[]> {
  const lab = await startLab();
  try {
    const client = lab.client as unknown as PublicClient;
    const { factory, quoter } = lab.directory.uniswapV3;
    const tokens = Object.values(lab.directory.tokens).map(({ address }) => address);
    const pools = await findV3Pools(client, factory, tokens);
    const { states } = await readPools(client, pools, await client.getBlock());
    const cases = someCases(pools, states);

    const local = () => cases.map((asked) => quoteHere(states, asked));
    // Also warms the caches of the node.
    const [ours, theirs] = [local(), await askQuoter(client, quoter, cases)];
    const different = cases.findIndex((_, index) => ours[index] === undefined || ours[index] !== theirs[index]);
    if (different >= 0) {
      throw new Error(`quote ${different}: ${ours[different]} here, ${theirs[different]} at the quoter`);
    }

    timed(20, local);
    // The quickest run of either: what else the machine does is not to be measured.
    const perSecond = (QUOTES / Math.min(...timed(200, local))) * 1_000;
    const remote: number[] = [];
    for (let run = 0; run < QUOTER_RUNS; run++) {
      const from = performance.now();
      await askQuoter(client, quoter, cases);
      remote.push(performance.now() - from);
    }
    const ratio = perSecond / ((QUOTES / Math.min(...remote)) * 1_000);
    return [
      { name: 'quote.local-per-s', value: perSecond, unit: 'quotes/s' },
      { name: 'quote.ratio-to-rpc', value: ratio, unit: 'times', target: 100, atLeast: true },
    ];
  } finally {
    await lab.stop();
  }
}

function quoteHere(states: ReadonlyMap<Address, V3State>, { route, amount, exact }: Case): bigint | undefined {
  const quote = (exact === 'in' ? quoteRouteExactIn : quoteRouteExactOut)(states, route, amount);
  if (!quote || quote.status === 'beyond window') return undefined;
  return exact === 'in' ? quote.amountOut : quote.amountIn;
}

async function askQuoter(client: PublicClient, quoter: Address, cases: readonly Case[]) {
  const chunks = Array.from({ length: Math.ceil(cases.length / PER_CALL) }, (_, index) =>
    cases.slice(index * PER_CALL, (index + 1) * PER_CALL),
  );
  const answers = await Promise.all(
    chunks.map((chunk) =>
      client.multicall({
        contracts: chunk.map(({ route, fees, amount, exact }) => {
          const tokens = exact === 'in' ? route.tokens : route.tokens.toReversed();
          const feesAlong = exact === 'in' ? fees : fees.toReversed();
          const types = ['address', ...feesAlong.flatMap(() => ['uint24', 'address'])];
          const values = [tokens[0], ...feesAlong.flatMap((fee, index) => [fee, tokens[index + 1]])];
          return {
            address: quoter,
            abi: quoterAbi,
            functionName: exact === 'in' ? ('quoteExactInput' as const) : ('quoteExactOutput' as const),
            args: [encodePacked(types, values as never), amount] as const,
          };
        }),
        batchSize: 0,
      }),
    ),
  );
  return answers.flat().map(({ result }) => result?.[0]);
}

/** Random sales and purchases of up to a fiftieth of what a pool holds near its price, every third over two pools. */
function someCases(pools: readonly V3Pool[], states: ReadonlyMap<Address, V3State>): Case[] {
  const dice = random(1);
  const hopsFrom = (token: Address) =>
    pools.flatMap((pool) => {
      if (pool.token0 === token) return [{ pool, zeroForOne: true, to: pool.token1 }];
      return pool.token1 === token ? [{ pool, zeroForOne: false, to: pool.token0 }] : [];
    });
  return Array.from({ length: QUOTES }, (_, index): Case => {
    const [{ token0: start } = pools[0]!] = dice.pick(pools, 1);
    const [first] = dice.pick(hopsFrom(start), 1);
    const onwards = hopsFrom(first!.to).filter(({ to }) => to !== start);
    const chosen = index % 3 === 0 ? [first!, ...dice.pick(onwards, 1)] : [first!];
    const hops = chosen.map(({ pool, zeroForOne }) => ({ pool: pool.address, zeroForOne }));
    const exact = dice.next() < 0.5 ? 'in' : 'out';
    const { pool, zeroForOne } = exact === 'in' ? hops[0]! : hops.at(-1)!;
    const held = Number(windowCapacity(states.get(pool)!, exact === 'in' ? !zeroForOne : zeroForOne).amountOut);
    return {
      route: { hops, tokens: [start, ...chosen.map(({ to }) => to)] },
      fees: chosen.map(({ pool: { fee } }) => fee),
      amount: BigInt(Math.floor(dice.logBetween(held / 50_000, held / 50))),
      exact,
    };
  });
}
