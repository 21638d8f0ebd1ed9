import { type Address, bytesToString, hexToBytes, type PublicClient } from 'viem';
import { z } from 'zod';

/** Where a lab writes its directory: STOP, then the JSON in UTF-8, as the code of this address. */
export const DIRECTORY_ADDRESS: Address = '0x000000000000000000000000000000000000F1a6';

const address = z.custom<Address>(
  (value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value),
  'not an address',
);
const v2Pairs = z.object({ WETH_USDC: address, WETH_USDT: address, WETH_DAI: address, WBTC_WETH: address });
/** Venus' vTokens by underlying; `ETH` is the native market. */
const markets = z.object({ WETH: address, USDC: address, USDT: address, ETH: address });
/** A pool's key in Uniswap v4, without hooks, and its id; `ETH` is the zero address. */
const v4Pool = z.object({
  currency0: address,
  currency1: address,
  fee: z.number().int(),
  tickSpacing: z.number().int(),
  hooks: address,
  id: z.custom<`0x${string}`>((value) => /^0x[0-9a-f]{64}$/.test(String(value)), 'not a pool id'),
});
const bySymbol = <T extends z.ZodType>(value: T) =>
  z.object({ WETH: value, WBTC: value, USDC: value, DAI: value, USDT: value });

/** What every lab carries, and all that one of scope `core` does. */
const coreSchema = z.object({
  seed: z.number().int(),
  chainId: z.number().int(),
  aave: z.object({
    pool: address,
    addressesProvider: address,
    oracle: address,
    dataProvider: address,
    uiPoolDataProvider: address,
    aclAdmin: address,
    /** The block that created the pool. */
    creationBlock: z.number().int(),
  }),
  uniswapV3: z.object({
    factory: address,
    quoter: address,
    router: address,
    positionManager: address,
    /** Tokens in Uniswap's order; fee in hundredths of a bip. */
    pools: z.array(z.object({ token0: address, token1: address, fee: z.number().int(), address })),
  }),
  tokens: bySymbol(z.object({ address, decimals: z.number().int() })),
  /** Price feeds in USD, 8 decimals. */
  feeds: bySymbol(address),
  /** Accounts with debt. The logs also name a few that have paid everything back. */
  borrowers: z.array(address),
  deployer: address,
});

/** A lab of scope `all`. */
const allSchema = coreSchema.extend({
  /** Lends its whole balance for nothing. */
  morpho: z.object({ morpho: address, owner: address }),
  /** `feeAdmin` may call `setFlashLoanFeePercentage` (18 decimals) on the fees collector. */
  balancerV2: z.object({ vault: address, authorizer: address, feesCollector: address, feeAdmin: address }),
  uniswapV2: z.object({ factory: address, router: address, pairs: v2Pairs }),
  /** A fork of Uniswap v2 with a fee of 0.2 % and a callback of its own name. */
  pancakeV2: z.object({ factory: address, pairs: v2Pairs }),
  /** Venus 0.4.1: liquidations on the vTokens. Prices are the feeds', unless the admin overrides one at the oracle. */
  venus: z.object({ comptroller: address, oracle: address, admin: address, markets }),
  /** Aave v3.0 over the same tokens and feeds as `aave`. */
  aaveV30: z.object({
    pool: address,
    addressesProvider: address,
    configurator: address,
    oracle: address,
    dataProvider: address,
    aclAdmin: address,
    creationBlock: z.number().int(),
    borrowers: z.array(address),
  }),
  /** The routers are those of Uniswap's own tests: PoolSwapTest and PoolModifyLiquidityTest. */
  uniswapV4: z.object({
    poolManager: address,
    swapRouter: address,
    liquidityRouter: address,
    pools: z.object({ WETH_USDC: v4Pool, ETH_USDC: v4Pool }),
  }),
  /** Venus 10.3.0: liquidations go through `liquidator` alone, which keeps half of the bonus. */
  venusDiamond: z.object({
    comptroller: address,
    liquidator: address,
    oracle: address,
    vaiController: address,
    treasury: address,
    admin: address,
    markets,
  }),
  balancerV3: z.object({ vault: address }),
  /** Vaults by what they hold. */
  erc4626: z.object({ WETH: address }),
  /**
   * A second market of Aave v3.6, over WBTC, LINK, DAI and USDT at the feeds of `feeds` and `link`: it lists nothing that wraps
   * the native coin. No account of one market has anything in another.
   */
  aaveSecond: z.object({
    pool: address,
    addressesProvider: address,
    configurator: address,
    oracle: address,
    dataProvider: address,
    aclAdmin: address,
    creationBlock: z.number().int(),
    borrowers: z.array(address),
  }),
  /** A token that `aaveSecond` alone lists, and the pools of Uniswap v3 that hold it; they are thinner than the others. */
  link: z.object({
    address,
    decimals: z.number().int(),
    feed: address,
    pools: z.array(z.object({ token0: address, token1: address, fee: z.number().int(), address })),
  }),
});

const schemas = { core: coreSchema, all: allSchema };

/** How much a lab carries: Aave v3.6 and Uniswap v3, or every protocol there is. */
export type Scope = keyof typeof schemas;

/** Every address of a lab of scope `core`; a larger one has them too. */
export type CoreDirectory = z.infer<typeof coreSchema>;

/** Every address of a lab. */
export type LabDirectory = z.infer<typeof allSchema>;

/** The directory of a lab by its scope. */
export type DirectoryOf<S extends Scope> = z.infer<(typeof schemas)[S]>;

/**
 * Checks a directory that was read from somewhere; of a larger lab the scope's part is returned.
 * @throws when it lacks something of the scope.
 */
export function parseDirectory<S extends Scope>(scope: S, value: unknown): DirectoryOf<S> {
  return schemas[scope].parse(value) as DirectoryOf<S>;
}

/**
 * Reads the directory from a lab of any seed, or a fork of one.
 * @throws when the chain is no lab, or one of a smaller scope.
 */
export async function readDirectory<S extends Scope>(
  client: Pick<PublicClient, 'getCode'>,
  scope: S,
): Promise<DirectoryOf<S>> {
  const code = await client.getCode({ address: DIRECTORY_ADDRESS });
  if (!code)
    throw new Error(
      `no lab directory at ${DIRECTORY_ADDRESS}: point FORK_URL_31337 at a chain started by \`pnpm lab --serve\``,
    );
  return parseDirectory(scope, JSON.parse(bytesToString(hexToBytes(code).slice(1))));
}
