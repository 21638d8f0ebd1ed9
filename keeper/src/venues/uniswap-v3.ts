import { type Address, encodePacked, getAddress, type Hex, type PublicClient, parseAbi, zeroAddress } from 'viem';

const factoryAbi = parseAbi(['function getPool(address, address, uint24) view returns (address)']);
// The quoter runs the swap and reverts it, so its functions are not `view` in its own ABI; called, they are.
const quoterAbi = parseAbi([
  'function quoteExactInput(bytes path, uint256 amountIn) view returns (uint256 amountOut, uint160[], uint32[], uint256)',
  'function quoteExactOutput(bytes path, uint256 amountOut) view returns (uint256 amountIn, uint160[], uint32[], uint256)',
]);

const FEES = [100, 500, 3_000, 10_000] as const;
/** Quotes a call: each runs a swap, and nodes cap the gas of an `eth_call`. */
const QUOTES_PER_CALL = 40;

/** A pool of two tokens; `fee` in hundredths of a bip. */
export type Pool = { address: Address; fee: number; tokens: readonly [Address, Address] };

/** One way through pools, sold from first to last; `tokens` has one more entry than `pools`. */
export type Path = { pools: readonly Pool[]; tokens: readonly Address[] };

/** What to ask: how much comes out for `amount` in, or how much must go in for `amount` out (smallest units). */
export type QuoteRequest = { path: Path; amount: bigint; exact: 'in' | 'out' };

/** Pools and quotes of one Uniswap v3 deployment. */
export type UniswapV3 = {
  /** Pools of a pair, of every fee tier; asked once a pair. */
  pools(a: Address, b: Address): Promise<readonly Pool[]>;
  /** Answers in the order of the requests; `undefined` where the pools cannot fill it. */
  quote(requests: readonly QuoteRequest[], blockTag: 'latest' | 'pending'): Promise<(bigint | undefined)[]>;
};

/** @param quoter - QuoterV2 of `factory` */
export function uniswapV3(client: PublicClient, factory: Address, quoter: Address): UniswapV3 {
  const known = new Map<string, Promise<readonly Pool[]>>();

  async function find(a: Address, b: Address): Promise<readonly Pool[]> {
    const found = await client.multicall({
      contracts: FEES.map((fee) => ({
        address: factory,
        abi: factoryAbi,
        functionName: 'getPool' as const,
        args: [a, b, fee] as const,
      })),
      allowFailure: false,
    });
    return FEES.flatMap((fee, index) => {
      const address = found[index];
      return address && address !== zeroAddress ? [{ address: getAddress(address), fee, tokens: [a, b] as const }] : [];
    });
  }

  return {
    pools(a, b) {
      const key = [a, b].sort().join();
      let pools = known.get(key);
      if (!pools) {
        pools = find(a, b);
        known.set(key, pools);
        // An answer that failed is no answer; the next caller asks again.
        pools.catch(() => known.delete(key));
      }
      return pools;
    },

    async quote(requests, blockTag) {
      const chunks: QuoteRequest[][] = [];
      for (let at = 0; at < requests.length; at += QUOTES_PER_CALL) {
        chunks.push(requests.slice(at, at + QUOTES_PER_CALL));
      }
      const answers = await Promise.all(
        chunks.map((chunk) =>
          client.multicall({
            contracts: chunk.map(({ path, amount, exact }) => ({
              address: quoter,
              abi: quoterAbi,
              functionName: exact === 'in' ? ('quoteExactInput' as const) : ('quoteExactOutput' as const),
              args: [encodePath(path, exact), amount] as const,
            })),
            allowFailure: true,
            batchSize: 0,
            blockTag,
          }),
        ),
      );
      return answers.flat().map((answer) => (answer.status === 'success' ? answer.result[0] : undefined));
    },
  };
}

/** token, fee, token, … ; the quoter wants it from the last token to the first for an exact output. */
function encodePath({ pools, tokens }: Path, exact: 'in' | 'out'): Hex {
  const ordered = exact === 'in' ? tokens : tokens.toReversed();
  const fees = (exact === 'in' ? pools : pools.toReversed()).map(({ fee }) => fee);
  const types: ('address' | 'uint24')[] = ['address'];
  const values: (Address | number)[] = [ordered[0]!];
  fees.forEach((fee, index) => {
    types.push('uint24', 'address');
    values.push(fee, ordered[index + 1]!);
  });
  return encodePacked(types, values as never);
}
