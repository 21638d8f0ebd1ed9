import { type Address, getAddress, type Hex, hexToString, type PublicClient, size, trim, zeroAddress } from 'viem';
import { usageError } from '../../config/error.ts';
import type { Asset, BlockRef, Market } from '../protocol.ts';
import { bytesTokenAbi, liquidationLogicAbi, oracleAbi, poolAbi, providerAbi, tokenAbi } from './abi.ts';
import { decodeConfiguration } from './configuration.ts';
import { type Call, must, orElse, readTogether } from './read.ts';
import { type Rules, rulesOf } from './rules.ts';

/** A reserve's tokens. `id` is its position in the Pool's list and in every bitmap. */
export type ReserveTokens = Asset & { id: number; aToken: Address; variableDebtToken: Address };

/** LiquidationLogic's constants. The base ones are amounts of base currency, 8 decimals of a dollar in Aave's markets. */
export type Thresholds = {
  /** At or below this health factor all debt of a reserve may be repaid. */
  fullCloseHealth: bigint;
  /** Debt or collateral below this value may be closed in full at any health factor. */
  fullCloseBase: bigint;
  /** A liquidation that closes neither side leaves at least this much on both. */
  minLeftoverBase: bigint;
};

/** An Aave v3 Pool, with what only governance changes. */
export type AaveMarket = Omit<Market, 'assets'> & {
  protocol: 'aave-v3';
  addressesProvider: Address;
  configurator: Address;
  oracle: Address;
  /** Sequencer sentinel; the zero address where there is none. */
  sentinel: Address;
  revision: bigint;
  rules: Rules;
  thresholds: Thresholds;
  /** One unit of base currency as the oracle counts it. */
  baseUnit: bigint;
  /** By id; `undefined` where a reserve was dropped. */
  reserves: readonly (ReserveTokens | undefined)[];
  assets: readonly ReserveTokens[];
  /** Highest eMode category in use, 0 if there is none. */
  lastEMode: number;
};

const MAX_EMODE = 255;

type PoolReserveData = { configuration: bigint; id: number; aToken: Address; variableDebtToken: Address };

/** Finds Pool and PoolAddressesProvider from either. */
async function findPool(client: PublicClient, address: Address, block?: BlockRef) {
  const [provider, pool] = await readTogether(
    client,
    [
      { address, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
      { address, abi: providerAbi, functionName: 'getPool' },
    ],
    block,
  );
  if (provider?.status === 'success') return { pool: address, addressesProvider: getAddress(must<Address>(provider)) };
  if (pool?.status === 'success') return { pool: getAddress(must<Address>(pool)), addressesProvider: address };
  const message = `--market ${address} is neither an Aave v3 Pool nor a PoolAddressesProvider on chain ${client.chain?.id ?? '?'}`;
  throw usageError(`${message}: pass the address of one`, provider?.error);
}

/**
 * Reads an Aave v3 deployment.
 * @param address its Pool or its PoolAddressesProvider
 * @param block where to read; the latest block when left out
 * @throws when the address is neither, or the Pool's revision is not evaluated exactly
 */
export async function open(client: PublicClient, address: Address, block?: BlockRef): Promise<AaveMarket> {
  const { pool, addressesProvider } = await findPool(client, getAddress(address), block);
  const onPool = (functionName: string, args: unknown[] = []): Call => ({
    address: pool,
    abi: poolAbi,
    functionName,
    args,
  });
  const onProvider = (functionName: string): Call => ({ address: addressesProvider, abi: providerAbi, functionName });

  const [chainId, first] = await Promise.all([
    client.getChainId(),
    readTogether(
      client,
      [
        onPool('POOL_REVISION'),
        onPool('getReservesList'),
        onPool('getReservesCount'),
        onPool('getLiquidationLogic'),
        onProvider('getPoolConfigurator'),
        onProvider('getPriceOracle'),
        onProvider('getPriceOracleSentinel'),
        ...Array.from({ length: MAX_EMODE }, (_, index) => onPool('getEModeCategoryCollateralConfig', [index + 1])),
      ],
      block,
    ),
  ]);
  const revision = must<bigint>(first[0]);
  const rules = rulesOf(revision, pool);
  const list = must<Address[]>(first[1]);
  const count = Number(must<bigint>(first[2]));
  const logic = must<Address>(first[3]);
  const oracle = getAddress(must<Address>(first[5]));
  const categories = first.slice(7).map((answer) => must<{ liquidationThreshold: number }>(answer));

  const second = await readTogether(
    client,
    [
      { address: logic, abi: liquidationLogicAbi, functionName: 'CLOSE_FACTOR_HF_THRESHOLD' },
      { address: logic, abi: liquidationLogicAbi, functionName: 'MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD' },
      { address: logic, abi: liquidationLogicAbi, functionName: 'MIN_LEFTOVER_BASE' },
      { address: oracle, abi: oracleAbi, functionName: 'BASE_CURRENCY_UNIT' },
      ...list.flatMap((asset): Call[] => [
        onPool('getReserveData', [asset]),
        { address: asset, abi: tokenAbi, functionName: 'symbol' },
        { address: asset, abi: bytesTokenAbi, functionName: 'symbol' },
      ]),
    ],
    block,
  );
  const reserves: (ReserveTokens | undefined)[] = Array.from({ length: count });
  const assets = list.map((asset, index): ReserveTokens => {
    const at = 4 + 3 * index;
    const data = must<PoolReserveData>(second[at]);
    const reserve = {
      id: data.id,
      address: getAddress(asset),
      symbol: orElse<string>(second[at + 1], '') || symbolOf(orElse<Hex>(second[at + 2], '0x'), asset),
      decimals: decodeConfiguration(data.configuration).decimals,
      aToken: getAddress(data.aToken),
      variableDebtToken: getAddress(data.variableDebtToken),
    };
    reserves[data.id] = reserve;
    return reserve;
  });

  return {
    protocol: 'aave-v3',
    chainId,
    address: pool,
    addressesProvider,
    configurator: getAddress(must<Address>(first[4])),
    oracle,
    sentinel: rules.sentinel ? getAddress(must<Address>(first[6])) : zeroAddress,
    revision,
    rules,
    thresholds: {
      fullCloseHealth: must<bigint>(second[0]),
      fullCloseBase: must<bigint>(second[1]),
      minLeftoverBase: must<bigint>(second[2]),
    },
    baseUnit: must<bigint>(second[3]),
    reserves,
    assets,
    lastEMode: categories.findLastIndex((category) => category.liquidationThreshold !== 0) + 1,
  };
}

/** Symbol of a token that keeps it in 32 bytes, else the token's address. */
function symbolOf(answer: Hex, asset: Address): string {
  return size(answer) === 32 ? hexToString(trim(answer, { dir: 'right' })) : asset;
}
