import type { Address } from 'viem';
import { liquidatorAbi } from './bindings.ts';
import { findOutAll } from './chain/abilities.ts';
import { type Chain, connect } from './chain/client.ts';
import { isOfContract } from './chain/errors.ts';
import type { Head } from './chain/head.ts';
import { within } from './chain/within.ts';
import type { V2Factory } from './config/chains.ts';
import { KeeperError } from './config/error.ts';
import { loadOperator, type Operator } from './config/keys.ts';
import { type ChainSettings, withPreset } from './config/preset.ts';
import type { Settings } from './config/schema.ts';
import type { Logger } from './log/log.ts';
import { type Chosen, chooseMarkets } from './protocols/choose.ts';
import { followHeads } from './triggers/heads.ts';
import { areV2Factories } from './venues/pools.ts';

/** Everything that was asked and checked once, before the loop. */
export interface Ready {
  settings: ChainSettings;
  chain: Chain;
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
  const markets = await chooseMarkets(settings, chain.id, chain.client);
  const operator = await loadOperator(settings, log);
  const liquidator = settings.liquidator && (await checkLiquidator(chain, settings.liquidator, operator));
  if (operator && !settings.dryRun) await checkGasMoney(chain, operator.account.address);
  const given = settings.uniswapV2Factory !== undefined;
  const uniswapV2Factory = await checkV2Factories(chain, filled.uniswapV2Factory, given, log);
  // A search must not begin at an endpoint that passes over a block's hash; a slow one is not waited for longer.
  await within(ASKED_WITHIN, asked).catch(() => {});
  return { settings: { ...filled, uniswapV2Factory }, chain, heads, markets, operator, liquidator };
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
