import { type Address, isAddressEqual, zeroAddress } from 'viem';
import { liquidatorAbi } from './bindings.ts';
import { findOutAll } from './chain/abilities.ts';
import { type Chain, connect } from './chain/client.ts';
import { isOfContract } from './chain/errors.ts';
import type { Head } from './chain/head.ts';
import { findL1Source } from './chain/l1-source.ts';
import { runsCancun } from './chain/opcodes.ts';
import { within } from './chain/within.ts';
import { whyNoWrapper } from './chain/wrapped-native.ts';
import { chainPreset, type L1Source, type V2Factory } from './config/chains.ts';
import { KeeperError } from './config/error.ts';
import { loadOperator, type Operator } from './config/keys.ts';
import { type ChainSettings, withPreset } from './config/preset.ts';
import type { Settings } from './config/schema.ts';
import type { Logger } from './log/log.ts';
import { type Chosen, chooseMarkets } from './protocols/choose.ts';
import { followHeads } from './triggers/heads.ts';
import { areV2Factories, findV2Pairs, findV3Pools } from './venues/pools.ts';
import { whyNoV3Factory } from './venues/v3-factory.ts';

/** Everything that was asked and checked once, before the loop. */
export interface Ready {
  settings: ChainSettings;
  chain: Chain;
  /** Where the chain tells what calldata costs; `undefined` where it costs nothing but gas. */
  l1Source: L1Source | undefined;
  /** New heads of the chain: see {@link followHeads}. */
  heads: (signal: AbortSignal) => AsyncGenerator<Head, void>;
  /** What to watch, as given or from presets. */
  markets: readonly Chosen[];
  /** Undefined in a dry run without a key. */
  operator: Operator | undefined;
  /** Undefined in a dry run without a Liquidator. */
  liquidator: { address: Address; treasury: Address } | undefined;
}

/** For so long a node may fail before the keeper that starts gives up, milliseconds: gateways and nodes restart in less. */
const PATIENCE = 60_000;
/** For so long it is waited for what endpoints can do, milliseconds. */
const ASKED_WITHIN = 3_000;

/**
 * Connects, loads the key and finds out whether this operator could liquidate through this Liquidator at all.
 *
 * @throws KeeperError: one line that says what is missing and who must do what
 */
export async function prepare(settings: Settings, log: Logger): Promise<Ready> {
  const chain = await connect(settings, log);
  chain.endpoints.patience = PATIENCE;
  const asked = findOutAll(chain.endpoints);
  const heads = followHeads(chain.endpoints, settings.pollingInterval, log);
  const filled = withPreset(settings, chain.id);
  const [markets, l1Source] = await Promise.all([
    chooseMarkets(settings, chain.id, chain.client),
    findL1Source(chain.client, chain.id, log),
  ]);
  // Asked beside what a key takes to open; told after what is wrong with the key.
  const checked = Promise.all([checkCancun(chain, settings, log), checkVenues(chain, settings, filled, markets, log)]);
  checked.catch(() => {}); // thrown below
  const operator = await loadOperator(settings, log);
  const liquidator = settings.liquidator && (await checkLiquidator(chain, settings.liquidator, operator));
  if (operator && !settings.dryRun) await checkGasMoney(chain, operator.account.address);
  const [, venues] = await checked;
  // A search must not begin at an endpoint that passes over a block's hash; a slow one is not waited for longer.
  await within(ASKED_WITHIN, asked).catch(() => {});
  return { settings: { ...filled, ...venues }, chain, l1Source, heads, markets, operator, liquidator };
}

/** On a chain that could not run the Liquidator, looking is all there is to do. */
async function checkCancun(chain: Chain, { dryRun }: Settings, log: Logger): Promise<void> {
  const known = chainPreset(chain.id)?.cannotRun;
  if (known === undefined && (await runsCancun(chain.client)) !== false) return;
  const why = known ?? 'it lacks the cancun opcodes (transient storage, MCOPY)';
  const message = `chain ${chain.shown} cannot run the Liquidator: ${why}`;
  if (!dryRun) throw new KeeperError(`${message}; pass --dry-run to only look`);
  log.warn(`${message}; only --dry-run works here`);
}

/** What is named by a flag must be what it says; what a preset names and is not there is left out. */
async function checkVenues(
  chain: Chain,
  given: Settings,
  filled: ChainSettings,
  markets: readonly Chosen[],
  log: Logger,
): Promise<Pick<ChainSettings, 'uniswapV3Factory' | 'uniswapV2Factory'>> {
  const [uniswapV3Factory, uniswapV2Factory] = await Promise.all([
    checkV3Factory(chain, filled, given, markets, log),
    checkV2Factories(chain, filled.uniswapV2Factory, given.uniswapV2Factory !== undefined, log),
    checkWrappedNative(chain, filled.wrappedNative),
  ]);
  return { uniswapV3Factory, uniswapV2Factory };
}

/** Everything is weighed in this token: with another in its place no number would be right. */
async function checkWrappedNative(chain: Chain, address: Address): Promise<void> {
  const why = await whyNoWrapper(chain.client, address);
  if (why === undefined) return;
  const cure = `pass the token that wraps ${chain.nativeSymbol}`;
  throw new KeeperError(`--wrapped-native ${address} ${why}, on chain ${chain.shown}: ${cure}`);
}

/** A preset that is not on this chain is left out: it may be a development chain that goes by the other's id. */
async function checkV3Factory(
  chain: Chain,
  filled: ChainSettings,
  given: Settings,
  markets: readonly Chosen[],
  log: Logger,
): Promise<Address | undefined> {
  const { uniswapV3Factory, wrappedNative } = filled;
  if (!uniswapV3Factory) return undefined;
  const assets = await assetsOf(chain, markets, wrappedNative);
  const tokens = [...new Set([wrappedNative, ...assets])];
  const why = await whyNoV3Factory(chain.client, uniswapV3Factory, tokens);
  if (why !== undefined) {
    const message = `${uniswapV3Factory} ${why}, on chain ${chain.shown}`;
    if (given.uniswapV3Factory) {
      throw new KeeperError(`--uniswap-v3-factory ${message}: pass that of Uniswap v3, or leave it out`);
    }
    log.warn(`Uniswap v3 factory ${message}; going on without`);
    return undefined;
  }
  const isPriced = assets.length === 0 || (await trades(chain.client, filled, wrappedNative, assets));
  if (isPriced) return uniswapV3Factory;
  const unpriced = `${wrappedNative} has no price on chain ${chain.shown}: no market lists it, and no pool has it and a token of theirs`;
  if (given.wrappedNative) throw new KeeperError(`--wrapped-native ${unpriced}`);
  log.warn(`the wrapped native token ${unpriced}; what gas is worth is not known, so nothing is sent`);
  return uniswapV3Factory;
}

/** Whether a market lists the token, or a pool trades it for one that a market does. */
async function trades(
  client: Chain['client'],
  { uniswapV3Factory, uniswapV2Factory }: ChainSettings,
  token: Address,
  assets: readonly Address[],
): Promise<boolean> {
  if (assets.some((asset) => isAddressEqual(asset, token))) return true;
  const tokens = [token, ...assets];
  const found = await Promise.all([
    uniswapV3Factory ? findV3Pools(client, uniswapV3Factory, tokens) : [],
    ...uniswapV2Factory.map((factory) => findV2Pairs(client, factory, tokens)),
  ]);
  return found.flat().some(({ token0, token1 }) => isAddressEqual(token0, token) || isAddressEqual(token1, token));
}

/** The assets of all markets; of a market that cannot be read who opens it says why. */
async function assetsOf({ client }: Chain, markets: readonly Chosen[], wrappedNative: Address): Promise<Address[]> {
  const us = { liquidator: zeroAddress, wrappedNative };
  const opened = await Promise.allSettled(markets.map(({ protocol, address }) => protocol.open(client, address, us)));
  return opened.flatMap((market) =>
    market.status === 'fulfilled' ? market.value.assets.map(({ address }) => address) : [],
  );
}

/** Presets that are not on this chain are left out: it may be a development chain that goes by the other's id. */
async function checkV2Factories(chain: Chain, factories: readonly V2Factory[], given: boolean, log: Logger) {
  const are = await areV2Factories(
    chain.client,
    factories.map(({ factory }) => factory),
  );
  for (const { factory } of factories.filter((_, index) => !are[index])) {
    const message = `${factory} is no Uniswap v2 factory on chain ${chain.shown}: it counts no pairs`;
    if (given) throw new KeeperError(`--uniswap-v2-factory ${message}`);
    log.warn(`${message}; going on without`);
  }
  return factories.filter((_, index) => are[index]);
}

async function checkLiquidator(chain: Chain, address: Address, operator: Operator | undefined) {
  const { client } = chain;
  const code = await client.getCode({ address });
  if (!code) {
    const deploy = 'deploy one with forge script Deploy and pass the address it prints';
    throw new KeeperError(`--liquidator ${address} has no code on chain ${chain.shown}: ${deploy}`);
  }
  const contract = { address, abi: liquidatorAbi } as const;
  let treasury: Address;
  try {
    treasury = await client.readContract({ ...contract, functionName: 'treasury' });
  } catch (cause) {
    if (!isOfContract(cause)) throw cause;
    const message = `--liquidator ${address} is a contract on chain ${chain.shown}, but not a Liquidator`;
    throw new KeeperError(`${message}: pass the address that forge script Deploy printed`, { cause });
  }
  const who = operator?.account.address;
  if (who && !(await client.readContract({ ...contract, functionName: 'operators', args: [who] }))) {
    const remedy = `the owner must call setOperator(${who}, true)`;
    throw new KeeperError(`operator ${who} is not authorised on --liquidator ${address}: ${remedy}`);
  }
  return { address, treasury };
}

async function checkGasMoney(chain: Chain, address: Address): Promise<void> {
  if ((await chain.client.getBalance({ address })) > 0n) return;
  throw new KeeperError(
    `operator ${address} has no ${chain.nativeSymbol} on chain ${chain.shown} to pay for gas: send it some, or pass --dry-run`,
  );
}
