import { type Address, type Hex, parseEther, parseEventLogs, parseTransaction } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { taken } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { healthOf, setPrice } from '../lab/chain.ts';
import { type Reckoned, reckon } from './reckon.ts';

const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;
/** Blocks within which everybody who is worth it is to have been liquidated. */
const BLOCKS = 12;

let scene: Scene;
let proxy: RpcProxy;
let keeper: KeeperProcess | undefined;
let worth: Reckoned[];
let snapshot: Hex;
/** The most gas limit times max fee that the node takes, wei. */
let cap: bigint;

/** As geth says it of a transaction that may cost more than it lets anybody spend. */
function refusal(raw: Hex) {
  const { gas = 0n, maxFeePerGas = 0n } = parseTransaction(raw as `0x02${string}`);
  if (gas * maxFeePerGas <= cap) return undefined;
  const ether = (wei: bigint) => (Number(wei) / 1e18).toFixed(2);
  const message = `tx fee (${ether(gas * maxFeePerGas)} ether) exceeds the configured cap (${ether(cap)} ether)`;
  return { error: { code: -32_000, message } };
}

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  proxy = await startProxy(scene.url, ({ method, params }) =>
    method === 'eth_sendRawTransaction' ? refusal(params[0] as Hex) : undefined,
  );
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  const all = await healthOf(scene, scene.directory.borrowers);
  const underwater = all.filter(({ healthFactor }) => healthFactor < ETHER).map(({ account }) => account);
  expect(underwater).toHaveLength(56);
  worth = await reckon(scene, underwater);
  await scene.client.setAutomine(false);
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});
beforeEach(async () => {
  cap = 2n ** 128n;
  snapshot = await scene.client.snapshot();
});
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
  await scene.client.revert({ id: snapshot });
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
});

/** Lets a keeper work for a while at a base fee (wei per gas) that does not change. @returns what became of it on the chain */
async function storm(baseFee: bigint) {
  const { client, operator, liquidator } = scene;
  const mine = async () => {
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas: baseFee });
    await client.mine({ blocks: 1 });
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas: baseFee });
  };
  await mine();
  const from = await client.getBlockNumber({ cacheTime: 0 });
  keeper = scene.keeper([], proxy.url);
  for (let block = 0; block < BLOCKS; block++) {
    await taken(scene, keeper);
    await mine();
  }
  const landed = new Set<Address>();
  let [profit, wasted] = [0n, 0n];
  for (let number = from + 1n; number <= from + BigInt(BLOCKS); number++) {
    const { transactions } = await client.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { hash } of transactions.filter((one) => one.from.toLowerCase() === operator.toLowerCase())) {
      const { logs, gasUsed, effectiveGasPrice } = await client.getTransactionReceipt({ hash });
      const own = logs.filter(({ address }) => address.toLowerCase() === liquidator.toLowerCase());
      const done = parseEventLogs({ abi: liquidatorAbi, eventName: 'Liquidated', logs: own });
      for (const { args } of done) landed.add(args.borrower);
      if (done.length === 0) wasted += gasUsed * effectiveGasPrice;
      for (const { args } of parseEventLogs({ abi: liquidatorAbi, eventName: 'PlanExecuted', logs: own }))
        profit += args.value;
    }
  }
  return { landed, profit, wasted };
}

/** Whose own liquidation earns more than its gas at a base fee and a tip of a gwei. */
const worthIt = (baseFee: bigint): Address[] =>
  worth.filter(({ earns, gas }) => earns > gas * (baseFee + GWEI)).map(({ account }) => account);

describe('a node that lets no transaction cost more than 1 ether', () => {
  test.each([30n, 60n, 400n])(
    'at %s gwei: everybody who is worth it lands, and next to nothing is wasted',
    async (gwei) => {
      cap = ETHER;
      const { landed, profit, wasted } = await storm(gwei * GWEI);
      const expected = worthIt(gwei * GWEI);
      expect(expected.length).toBeGreaterThan(5);
      expect(expected.filter((account) => !landed.has(account))).toEqual([]);
      expect(wasted * 100n).toBeLessThanOrEqual(profit);
    },
  );
});

test('an operator that holds 2 ether at 100 gwei: everybody who is worth it lands, and it is told once that this is little', async () => {
  await scene.client.setBalance({ address: scene.operator, value: parseEther('2') });
  const { landed, profit, wasted } = await storm(100n * GWEI);
  const expected = worthIt(100n * GWEI);
  expect(expected.filter((account) => !landed.has(account))).toEqual([]);
  expect(wasted * 100n).toBeLessThanOrEqual(profit);
  const told = keeper!.lines.filter(({ msg }) => msg.startsWith('the operator has less'));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ level: 'warn', balance: '2' });
});
