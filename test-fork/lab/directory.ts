import { type Address, bytesToString, hexToBytes, type PublicClient } from 'viem';
import { z } from 'zod';

/** Where a lab writes its directory: STOP, then the JSON in UTF-8, as the code of this address. */
export const DIRECTORY_ADDRESS: Address = '0x000000000000000000000000000000000000F1a6';

const address = z.custom<Address>(
  (value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value),
  'not an address',
);
const bySymbol = <T extends z.ZodType>(value: T) =>
  z.object({ WETH: value, WBTC: value, USDC: value, DAI: value, USDT: value });

/** The schema of {@link LabDirectory}. */
export const labDirectorySchema = z.object({
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

/** Every address of a lab. */
export type LabDirectory = z.infer<typeof labDirectorySchema>;

/**
 * Reads the directory from a lab of any seed, or a fork of one.
 * @throws when the chain is no lab.
 */
export async function readDirectory(client: Pick<PublicClient, 'getCode'>): Promise<LabDirectory> {
  const code = await client.getCode({ address: DIRECTORY_ADDRESS });
  if (!code)
    throw new Error(
      `no lab directory at ${DIRECTORY_ADDRESS}: point FORK_URL_31337 at a chain started by \`pnpm lab\``,
    );
  return labDirectorySchema.parse(JSON.parse(bytesToString(hexToBytes(code).slice(1))));
}
