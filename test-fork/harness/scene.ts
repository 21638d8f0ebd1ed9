import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, encodeFunctionData, type Hex, keccak256, numberToHex, parseAbi, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint, type PricedSymbol, tokenOf } from '../lab/chain.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import { deploy } from './deploy.ts';
import { type KeeperProcess, labFlags, startKeeper } from './keeper.ts';

/** A fork of the lab with a Liquidator, deployed by `forge script`, and somebody to run the keeper. */
export type Scene = Lab & {
  key: Hex;
  operator: Address;
  /** Others who may send with the same Liquidator, as many as the scene was opened with. */
  others: readonly { key: Hex; operator: Address }[];
  treasury: Address;
  liquidator: Address;
  /** Of this scene alone, for stores; removed when it stops. */
  folder: string;
  /** Starts a keeper, with a new store unless a flag names one; `url` where it is not to talk to the fork itself. */
  keeper(flags?: readonly string[], url?: string, as?: Watching): KeeperProcess;
  /** Runs `act` and undoes all that it did to the chain. */
  undone<T>(act: () => Promise<T>): Promise<T>;
  /** Sends a transaction from any address, in a block of its own if the node mines by itself. */
  send(from: Address, to: Address, data: Hex, gas?: bigint): Promise<Hex>;
  /** Ends the keepers it started and the chain. */
  stop(): Promise<void>;
};

/** What a keeper watches, and who it is. */
type Watching = {
  /** What stands behind each `--market`. @default the first market of Aave v3.6 */
  markets?: readonly string[];
  /** @default the scene's operator */
  key?: Hex;
  /** Of its process, beside what every process has. */
  env?: NodeJS.ProcessEnv;
};

const abi = parseAbi([
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf)',
  'function setUserEMode(uint8 category)',
  'function set(int256 price)',
]);

const ETHER = 10n ** 18n;
/** What a transaction of the test offers for gas: more than any base fee it sets. */
const ANY_FEE = 10n ** 15n;

/**
 * Forks the lab at a URL, or takes one that impersonates everybody, and deploys. Nobody in it has a key that is used anywhere
 * else.
 *
 * @param options.others - operators beside the first
 */
export async function openScene(from: string | Lab, { others: count = 0 } = {}): Promise<Scene> {
  const lab = typeof from === 'string' ? await forkLab({ url: from, anvil: { autoImpersonate: true } }) : from;
  const { client } = lab;
  const [first, ...others] = ['', ...Array.from({ length: count }, (_, index) => ` ${index + 1}`)].map(operatorOf);
  const { key, operator } = first!;
  const treasury = labAddress(0, 'treasury');
  const owner = labAddress(0, 'owner');
  await client.setBalance({ address: owner, value: 10n * ETHER });
  const operators = [operator, ...others.map((other) => other.operator)];
  for (const address of operators) await client.setBalance({ address, value: 10_000n * ETHER });
  const { liquidator } = await deploy(lab.url, owner, { owner, treasury, operators });
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-scene-'));
  const started: KeeperProcess[] = [];
  return {
    ...lab,
    key,
    operator,
    others,
    treasury,
    liquidator,
    folder,
    keeper(flags = [], endpoint = lab.url, as = {}) {
      const always = ['--liquidator', liquidator, '--polling-interval', '50'];
      const store = flags.includes('--store') ? [] : ['--store', join(folder, `new-${started.length}.sqlite`)];
      const where = labFlags(lab.directory, endpoint, as.markets);
      const keeper = startKeeper([...where, ...always, ...store, ...flags], as.key ?? key, as.env);
      started.push(keeper);
      return keeper;
    },
    async undone(act) {
      const id = await client.snapshot();
      try {
        return await act();
      } finally {
        await client.revert({ id });
        await client.request({ method: 'anvil_dropAllTransactions' } as never);
      }
    },
    send: (from, to, data, gas) => sendAs(lab, from, to, data, gas),
    async stop() {
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.all(started.map(({ ended }) => ended));
      await lab.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function operatorOf(suffix: string): { key: Hex; operator: Address } {
  const key = keccak256(stringToHex(`plimsoll scene operator${suffix}`));
  return { key, operator: privateKeyToAccount(key).address };
}

/** Gas and fees of a transaction of the test. */
const offered = (gas = 2_000_000n) => ({
  gas: numberToHex(gas),
  maxFeePerGas: numberToHex(ANY_FEE),
  maxPriorityFeePerGas: numberToHex(10n ** 10n),
});

function sendAs({ client }: Lab, from: Address, to: Address, data: Hex, gas?: bigint): Promise<Hex> {
  const transaction = { from, to, data, ...offered(gas) };
  return client.request({ method: 'eth_sendTransaction', params: [transaction] });
}

/** What an account is to have; amounts in whole tokens, at most six decimals. */
export type Wanted = {
  collateral: Partial<Record<PricedSymbol, number>>;
  debt: Partial<Record<PricedSymbol, number>>;
  /** eMode category. */
  eMode?: number;
  /** The market's Pool. @default the first market of Aave v3.6 */
  pool?: Address;
};

/** Opens an account in a market, under an address that `name` gives; the node must mine by itself. */
export async function openAccount(scene: Scene, name: string, wanted: Wanted): Promise<Address> {
  const { client, directory } = scene;
  const { collateral, debt, eMode, pool = directory.aave.pool } = wanted;
  const account = labAddress(0, name);
  await client.setBalance({ address: account, value: 10_000n * ETHER });
  const must = async (to: Address, data: Hex) => {
    const transaction = { from: account, to, data, ...offered() };
    const receipt = await client.request({ method: 'eth_sendTransactionSync', params: [transaction] } as never);
    if ((receipt as { status: Hex }).status !== '0x1')
      throw new Error(`${name}: ${data.slice(0, 10)} on ${to} reverted`);
  };
  const pairs = (amounts: Wanted['debt']) =>
    Object.entries(amounts).map(([text, amount]) => {
      const symbol = text as PricedSymbol;
      const { address, decimals } = tokenOf(directory, symbol);
      return { symbol, asset: address, units: whole(amount, decimals) };
    });
  for (const { symbol, asset, units: amount } of pairs(collateral)) {
    await mint(scene, symbol, account, amount);
    await must(asset, encodeFunctionData({ abi, functionName: 'approve', args: [pool, amount] }));
    await must(pool, encodeFunctionData({ abi, functionName: 'supply', args: [asset, amount, account, 0] }));
  }
  if (eMode !== undefined) await must(pool, encodeFunctionData({ abi, functionName: 'setUserEMode', args: [eMode] }));
  for (const { asset, units: amount } of pairs(debt)) {
    await must(pool, encodeFunctionData({ abi, functionName: 'borrow', args: [asset, amount, 2n, 0, account] }));
  }
  return account;
}

/** Whole tokens in an asset's smallest unit. */
export const units = (symbol: AssetSymbol, amount: number): bigint => whole(amount, assets[symbol].decimals);

const whole = (amount: number, decimals: number): bigint =>
  (BigInt(Math.round(amount * 1e6)) * 10n ** BigInt(decimals)) / 10n ** 6n;

/** Publishes a price (USD, 8 decimals) at the oracle alone, whatever the base fee; the pools keep theirs. */
export async function setFeed(scene: Scene, symbol: AssetSymbol, price: bigint): Promise<void> {
  const publisher = labAddress(0, 'publisher');
  await scene.client.setBalance({ address: publisher, value: 10_000n * ETHER });
  const data = encodeFunctionData({ abi, functionName: 'set', args: [price] });
  await scene.send(publisher, scene.directory.feeds[symbol], data);
}
