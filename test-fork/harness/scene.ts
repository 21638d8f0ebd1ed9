import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, encodeFunctionData, type Hex, keccak256, numberToHex, parseAbi, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import { deploy } from './deploy.ts';
import { type KeeperProcess, labFlags, startKeeper } from './keeper.ts';

/** A fork of the lab with a Liquidator, deployed by `forge script`, and somebody to run the keeper. */
export type Scene = Lab & {
  key: Hex;
  operator: Address;
  treasury: Address;
  liquidator: Address;
  /** Of this scene alone, for stores; removed when it stops. */
  folder: string;
  /** Starts a keeper, with a new store unless a flag names one; `url` where it is not to talk to the fork itself. */
  keeper(flags?: readonly string[], url?: string): KeeperProcess;
  /** Runs `act` and undoes all that it did to the chain. */
  undone<T>(act: () => Promise<T>): Promise<T>;
  /** Sends a transaction from any address, in a block of its own if the node mines by itself. */
  send(from: Address, to: Address, data: Hex, gas?: bigint): Promise<Hex>;
  /** Ends the keepers it started and the chain. */
  stop(): Promise<void>;
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
 */
export async function openScene(from: string | Lab): Promise<Scene> {
  const lab = typeof from === 'string' ? await forkLab({ url: from, anvil: { autoImpersonate: true } }) : from;
  const { client } = lab;
  const key = keccak256(stringToHex('plimsoll scene operator'));
  const operator = privateKeyToAccount(key).address;
  const treasury = labAddress(0, 'treasury');
  const owner = labAddress(0, 'owner');
  await client.setBalance({ address: owner, value: 10n * ETHER });
  await client.setBalance({ address: operator, value: 10_000n * ETHER });
  const { liquidator } = await deploy(lab.url, owner, { owner, treasury, operators: [operator] });
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-scene-'));
  const started: KeeperProcess[] = [];
  return {
    ...lab,
    key,
    operator,
    treasury,
    liquidator,
    folder,
    keeper(flags = [], endpoint = lab.url) {
      const always = ['--liquidator', liquidator, '--polling-interval', '50'];
      const store = flags.includes('--store') ? [] : ['--store', join(folder, `new-${started.length}.sqlite`)];
      const keeper = startKeeper([...labFlags(lab.directory, endpoint), ...always, ...store, ...flags], key);
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

function sendAs({ client }: Lab, from: Address, to: Address, data: Hex, gas = 2_000_000n): Promise<Hex> {
  const fees = { maxFeePerGas: numberToHex(ANY_FEE), maxPriorityFeePerGas: numberToHex(10n ** 10n) };
  const transaction = { from, to, data, gas: numberToHex(gas), ...fees };
  return client.request({ method: 'eth_sendTransaction', params: [transaction] });
}

/** What an account is to have; amounts in whole tokens, at most six decimals. */
export type Wanted = {
  collateral: Partial<Record<AssetSymbol, number>>;
  debt: Partial<Record<AssetSymbol, number>>;
  /** eMode category. */
  eMode?: number;
};

/** Opens an account in the market, under an address that `name` gives; the node must mine by itself. */
export async function openAccount(scene: Lab, name: string, { collateral, debt, eMode }: Wanted): Promise<Address> {
  const { client, directory } = scene;
  const account = labAddress(0, name);
  await client.setBalance({ address: account, value: 10_000n * ETHER });
  const must = async (to: Address, data: Hex) => {
    const hash = await sendAs(scene, account, to, data);
    const { status } = await client.waitForTransactionReceipt({ hash });
    if (status !== 'success') throw new Error(`${name}: ${data.slice(0, 10)} on ${to} reverted`);
  };
  const { pool } = directory.aave;
  const pairs = (amounts: Wanted['debt']) =>
    Object.entries(amounts).map(([symbol, amount]) => ({
      symbol: symbol as AssetSymbol,
      asset: directory.tokens[symbol as AssetSymbol].address,
      units: units(symbol as AssetSymbol, amount),
    }));
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
export const units = (symbol: AssetSymbol, amount: number): bigint =>
  (BigInt(Math.round(amount * 1e6)) * 10n ** BigInt(assets[symbol].decimals)) / 10n ** 6n;

/** Publishes a price (USD, 8 decimals) at the oracle alone, whatever the base fee; the pools keep theirs. */
export async function setFeed(scene: Scene, symbol: AssetSymbol, price: bigint): Promise<void> {
  const publisher = labAddress(0, 'publisher');
  await scene.client.setBalance({ address: publisher, value: 10_000n * ETHER });
  const data = encodeFunctionData({ abi, functionName: 'set', args: [price] });
  await scene.send(publisher, scene.directory.feeds[symbol], data);
}
