import {
  type Abi,
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  getAddress,
  type Hex,
  hexToString,
  type PublicClient,
  size,
  trim,
  zeroAddress,
} from 'viem';
import { type Answer, type Call, must, orElse, readTogether } from '../../chain/view.ts';
import { usageError } from '../../config/error.ts';
import type { Asset, BlockRef } from '../protocol.ts';
import { bytesTokenAbi, liquidationLogicAbi, oracleAbi, poolAbi, providerAbi, repaymentAbi, tokenAbi } from './abi.ts';
import { decodeConfiguration } from './configuration.ts';
import { type Rules, rulesOf } from './rules.ts';

/** A reserve's tokens. `id` is its place in the Pool's list and in every bitmap. */
export type ReserveTokens = Asset & {
  id: number;
  aToken: Address;
  variableDebtToken: Address;
  /** Where the version has one; another contract's address else. */
  stableDebtToken: Address;
};

/** LiquidationLogic's constants; up to 3.2 only the first plays a part. The base ones are amounts of base currency, 8 decimals of a dollar in Aave's markets. */
export type Thresholds = {
  /** At or below this health factor all debt of a reserve may be repaid. */
  fullCloseHealth: bigint;
  /** Debt or collateral below this value may be closed in full at any health factor. */
  fullCloseBase: bigint;
  /** A liquidation that closes neither side leaves at least this much on both. */
  minLeftoverBase: bigint;
};

/** An Aave v3 Pool, with what only governance changes. */
export type AavePool = {
  /** The Pool itself. */
  address: Address;
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
  /** Up to 3.1: the asset whose oracle price a category's reserves have, by category; only of those that name one. */
  eModePriceSources: ReadonlyMap<number, Address>;
};

const MAX_EMODE = 255;
/** What the constant is where the Pool does not say which library it is in. */
const FULL_CLOSE_HEALTH = 95n * 10n ** 16n;

type PoolReserveData = {
  configuration: bigint;
  id: number;
  aToken: Address;
  variableDebtToken: Address;
  stableDebtToken: Address;
};

/** In the order of `Thresholds`. */
const constantCalls = (address: Address): Call[] =>
  (['CLOSE_FACTOR_HF_THRESHOLD', 'MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD', 'MIN_LEFTOVER_BASE'] as const).map(
    (functionName) => ({ address, abi: liquidationLogicAbi, functionName }),
  );

/**
 * Pool and PoolAddressesProvider from the address of either.
 *
 * @param block - where to read; the latest when left out
 * @returns `undefined` where the address is neither
 * @example
 * (await findPool(client, addressesProvider))?.pool;
 */
export async function findPool(client: PublicClient, address: Address, block?: BlockRef) {
  const [revision, provider, pool] = await readTogether(
    client,
    [
      { address, abi: poolAbi, functionName: 'POOL_REVISION' },
      { address, abi: poolAbi, functionName: 'ADDRESSES_PROVIDER' },
      { address, abi: providerAbi, functionName: 'getPool' },
    ],
    block,
  );
  // Aave's oracle and other contracts of a market name its provider, too; a revision only the Pool has.
  if (revision?.status === 'success' && provider?.status === 'success')
    return { pool: address, addressesProvider: getAddress(must<Address>(provider)) };
  if (pool?.status === 'success') return { pool: getAddress(must<Address>(pool)), addressesProvider: address };
  return undefined;
}

/**
 * Reads an Aave v3 deployment.
 *
 * @param address - its Pool or its PoolAddressesProvider
 * @param block - where to read; the latest block when left out
 * @throws when the address is neither, or the Pool's revision is not evaluated exactly
 * @example
 * const pool = await readPool(client, '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2');
 * pool.rules.version; // '3.6'
 */
export async function readPool(client: PublicClient, address: Address, block?: BlockRef): Promise<AavePool> {
  const found = await findPool(client, getAddress(address), block);
  if (!found) {
    const message = `--market ${address} is neither an Aave v3 Pool nor a PoolAddressesProvider on chain ${client.chain?.id ?? '?'}`;
    throw usageError(`${message}: pass the address of one`);
  }
  const { pool, addressesProvider } = found;
  const onPool = callsOn(pool, poolAbi);
  const onProvider = callsOn(addressesProvider, providerAbi);
  const first = await readTogether(
    client,
    [
      onPool('POOL_REVISION'),
      onPool('getReservesList'),
      onPool('getLiquidationLogic'),
      onProvider('getPoolConfigurator'),
      onProvider('getPriceOracle'),
      onProvider('getPriceOracleSentinel'),
    ],
    block,
  );
  const revision = must<bigint>(first[0]);
  const rules = rulesOf(revision, pool);
  const list = must<Address[]>(first[1]);
  const oracle = getAddress(must<Address>(first[4]));

  const constants = rules.closeFactor === 'reserve' ? [] : constantCalls(must<Address>(first[2]));
  const unit: Call = { address: oracle, abi: oracleAbi, functionName: 'BASE_CURRENCY_UNIT' };
  const ofReserves = list.flatMap((asset): Call[] => [
    onPool('getReserveData', [asset]),
    { address: asset, abi: tokenAbi, functionName: 'symbol' },
    { address: asset, abi: bytesTokenAbi, functionName: 'symbol' },
  ]);
  const eModeView = rules.eModes === 'category' ? 'getEModeCategoryData' : 'getEModeCategoryCollateralConfig';
  const ofEModes = Array.from({ length: MAX_EMODE }, (_, index) => onPool(eModeView, [index + 1]));
  const second = await readTogether(client, [unit, ...constants, ...ofReserves, ...ofEModes], block);
  const [baseUnit, ...rest] = second;
  const [ofConstants, others] = [rest.slice(0, constants.length), rest.slice(constants.length)];

  const listed = reservesIn(list, others.slice(0, ofReserves.length));
  if (revision === 1n) await refuseFirst(client, pool, listed.assets, block);
  return {
    address: pool,
    addressesProvider,
    configurator: getAddress(must<Address>(first[3])),
    oracle,
    sentinel: rules.sentinel ? getAddress(must<Address>(first[5])) : zeroAddress,
    revision,
    rules,
    thresholds: thresholdsIn(ofConstants),
    baseUnit: must<bigint>(baseUnit),
    ...listed,
    ...eModesIn(others.slice(ofReserves.length)),
  };
}

/**
 * 3.0.0 says the same revision as 3.0.1 and 3.0.2, and is another: its debt stands still while suppliers earn nothing, and where all
 * collateral is taken and a fee of it is the treasury's, the call reverts. Its tokens tell: the Pool of 3.0.1 tells them of a
 * repayment in other words, which those of 3.0.0 do not know. Asked by somebody else, who knows the words refuses with a reason.
 */
async function refuseFirst(
  client: PublicClient,
  pool: Address,
  assets: readonly ReserveTokens[],
  block: BlockRef | undefined,
): Promise<void> {
  const args = [zeroAddress, zeroAddress, 0n];
  const calls = assets.map(({ aToken }) => callsOn(aToken, repaymentAbi)('handleRepayment', args));
  const answers = await readTogether(client, calls, block);
  if (answers.length === 0 || answers.some(knows)) return;
  throw new Error(`Aave v3.0.0 at ${pool} is not supported: this version of Plimsoll evaluates 3.0.1 to 3.7 exactly`);
}

const knows = (answer: Answer): boolean => {
  if (answer.status === 'success') return true;
  const reverted =
    answer.error instanceof BaseError && answer.error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  return reverted instanceof ContractFunctionRevertedError && reverted.reason === NOT_THE_POOL;
};
/** As a number in a string, up to 3.3. */
const NOT_THE_POOL = '23';

const callsOn =
  (address: Address, abi: Abi) =>
  (functionName: string, args: unknown[] = []): Call => ({ address, abi, functionName, args });

/** @param answers - to `constantCalls`, or none */
function thresholdsIn(answers: readonly Answer[]): Thresholds {
  const [fullCloseHealth = FULL_CLOSE_HEALTH, fullCloseBase = 0n, minLeftoverBase = 0n] = answers.map((answer) =>
    must<bigint>(answer),
  );
  return { fullCloseHealth, fullCloseBase, minLeftoverBase };
}

/** @param answers - for each asset of the list its data, and its symbol as a string and as 32 bytes */
function reservesIn(list: readonly Address[], answers: readonly Answer[]): Pick<AavePool, 'reserves' | 'assets'> {
  const reserves: (ReserveTokens | undefined)[] = [];
  const assets = list.map((asset, index): ReserveTokens => {
    const [data, symbol, bytes] = answers.slice(3 * index, 3 * index + 3);
    const { id, configuration, aToken, variableDebtToken, stableDebtToken } = must<PoolReserveData>(data);
    const reserve = {
      id,
      address: getAddress(asset),
      symbol: orElse<string>(symbol, '') || symbolOf(orElse<Hex>(bytes, '0x'), asset),
      decimals: decodeConfiguration(configuration).decimals,
      aToken: getAddress(aToken),
      variableDebtToken: getAddress(variableDebtToken),
      stableDebtToken: getAddress(stableDebtToken),
    };
    // Ids of reserves that were dropped are left empty, and those after the last one in the list are not known.
    while (reserves.length < id) reserves.push(undefined);
    reserves[id] = reserve;
    return reserve;
  });
  return { reserves, assets };
}

/** @param answers - for each category from the first on, how it is configured */
function eModesIn(answers: readonly Answer[]): Pick<AavePool, 'lastEMode' | 'eModePriceSources'> {
  const categories = answers.map((answer) => must<{ liquidationThreshold: number; priceSource?: Address }>(answer));
  return {
    lastEMode: categories.findLastIndex((category) => category.liquidationThreshold !== 0) + 1,
    eModePriceSources: new Map(
      categories.flatMap(({ priceSource = zeroAddress }, index) =>
        priceSource === zeroAddress ? [] : [[index + 1, getAddress(priceSource)]],
      ),
    ),
  };
}

/** Symbol of a token that keeps it in 32 bytes, else the token's address. */
function symbolOf(answer: Hex, asset: Address): string {
  return size(answer) === 32 ? hexToString(trim(answer, { dir: 'right' })) : asset;
}
