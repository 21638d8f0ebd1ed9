import { type Address, maxUint256, parseAbi, parseEventLogs } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { bestOffers } from '../../keeper/src/planning/offers.ts';
import { agreeWithChain, rowOf } from '../demo/check.ts';
import { endOf } from '../harness/blocks.ts';
import { openAccount, openScene, type Scene, units } from '../harness/scene.ts';
import { actor } from '../lab/actor.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint, setPrice } from '../lab/chain.ts';
import { type Rig, rigOn } from './rig.ts';
import { positionsOf, thin } from './scenes.ts';

const abi = parseAbi([
  'function approve(address, uint256)',
  'function swapExactTokensForTokens(uint256, uint256, address[], address, uint256)',
  'event Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)',
  'event FlashLoan(address indexed target, address initiator, address indexed asset, uint256 amount, uint8 mode, uint256 premium, uint16 indexed referralCode)',
]);
const PRICE = 1_700n * 10n ** 8n;
/** What is left of the pools of Uniswap v3: a millionth. */
const SHALLOW = 1_000_000n;

let scene: Scene;
let rig: Rig;
let withWeth: Address;
let withWbtc: Address;

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  rig = await rigOn(scene, [{ factory: scene.directory.uniswapV2.factory, fee: 30 }]);
  withWeth = await openAccount(scene, 'with weth', { collateral: { WETH: 500 }, debt: { USDC: 750_000 } });
  withWbtc = await openAccount(scene, 'with wbtc', { collateral: { WBTC: 4 }, debt: { USDC: 172_000 } });
  await setPrice(scene, 'WETH', PRICE);
  await setPrice(scene, 'WBTC', 51_000n * 10n ** 8n);
  await follow();
}, 300_000);
afterAll(() => scene?.stop());

/** Sells to Uniswap's pairs until ether is as cheap there as elsewhere, about. */
async function follow(): Promise<void> {
  const { tokens, uniswapV2 } = scene.directory;
  const trader = await actor(scene, labAddress(0, 'trader'));
  const amount = units('WETH', 2_200);
  await mint(scene, 'WETH', trader.address, amount * 3n);
  await trader.send(tokens.WETH.address, abi, 'approve', [uniswapV2.router, maxUint256]);
  for (const other of ['USDC', 'DAI', 'USDT'] as const) {
    const path = [tokens.WETH.address, tokens[other].address];
    const args = [amount, 0n, path, trader.address, maxUint256];
    await trader.send(uniswapV2.router, abi, 'swapExactTokensForTokens', args);
  }
}

/** Makes pools of Uniswap v3 shallow, but those kept. */
async function dry(kept: (symbols: string[], fee: number) => boolean = () => false): Promise<void> {
  const { directory } = scene;
  const positions = await positionsOf(rig);
  const symbolOf = (token: Address) =>
    Object.entries(directory.tokens).find(([, { address }]) => address === token)![0];
  for (const { address, token0, token1, fee } of directory.uniswapV3.pools) {
    if (!kept([symbolOf(token0), symbolOf(token1)].sort(), fee)) await thin(rig, address, positions, SHALLOW);
  }
  await scene.client.mine({ blocks: 1 });
}

/** The best plan for an account: what it says it is worth is what the contract returns, then what it does. */
async function provedWays(of: Rig, account: Address): Promise<readonly string[]> {
  const sight = await of.look([account]);
  const { offers } = bestOffers(sight.situation, sight.deals, sight.head);
  const [offer] = offers;
  expect(offer).toBeDefined();
  expect(await of.call(offer!.plan, sight.head, sight.timestamp)).toBe(offer!.terms.value);
  const [sent] = await of.sendAll([offer!.plan], sight.timestamp);
  expect(sent).toMatchObject({ value: offer!.terms.value, landed: offer!.sent.length });
  console.log(`${offer!.ways.join(', ')}: ${sent!.gas} gas, expected ${offer!.gas}`);
  return offer!.ways;
}

test('the only deep pool is a pair: a loan, and a sale to the pair', () =>
  scene.undone(async () => {
    await dry();
    expect(await provedWays(rig, withWeth)).toEqual(['flash loan, sale v2 0.3 %']);
  }));

test('two pairs, with the second sold what the first gives', () =>
  scene.undone(async () => {
    await dry();
    expect(await provedWays(rig, withWbtc)).toEqual(['flash loan, sale v2 0.3 % + v2 0.3 %']);
  }));

test('a pair, then a pool of Uniswap v3', () =>
  scene.undone(async () => {
    await dry((symbols, fee) => symbols.join() === 'USDC,WETH' && fee === 500);
    expect(await provedWays(rig, withWbtc)).toEqual(['flash loan, sale v2 0.3 % + 0.05 %']);
  }));

test('a pair of a fork, at the fee of the fork', () =>
  scene.undone(async () => {
    await dry();
    const fork = await rigOn(scene, [{ factory: scene.directory.pancakeV2.factory, fee: 20 }]);
    expect(await provedWays(fork, withWeth)).toEqual(['flash loan, sale v2 0.2 %']);
  }));

test('a loan of a pool that is cheaper than the market, and is not sold to', () =>
  scene.undone(async () => {
    await dry((_, fee) => fee === 100);
    expect((await provedWays(rig, withWeth))[0]).toMatch(/^flash loan of a 0.01 % pool, sale v2 0.3 %/);
  }));

test('deep pools of Uniswap v3 are still swapped with as they are', () =>
  scene.undone(async () => {
    expect((await provedWays(rig, withWeth))[0]).toMatch(/^flash swap /);
  }));

test('the keeper lands it, and the log agrees with the chain', () =>
  scene.undone(async () => {
    const { client, directory } = scene;
    const { uniswapV2 } = directory;
    await dry();
    await client.setAutomine(false);
    const fromBlock = await client.getBlockNumber({ cacheTime: 0 });
    const keeper = scene.keeper(['--uniswap-v2-factory', uniswapV2.factory, '--max-in-flight', '1', '--max-legs', '1']);
    const sent = await keeper.waitFor(({ msg, account }) => msg === 'sent' && account === withWeth);
    expect(sent.way).toBe('flash loan, sale v2 0.3 %');
    await client.mine({ blocks: 1 });
    const landed = await keeper.waitFor(({ msg, account }) => msg === 'landed' && account === withWeth);
    expect(landed.value).toBe(sent.value);
    const row = rowOf(landed);
    await agreeWithChain(scene, [row], fromBlock + 1n);
    const { logs } = await client.getTransactionReceipt({ hash: row.hash });
    const events = parseEventLogs({ abi, logs });
    expect(events.filter(({ eventName }) => eventName === 'Swap').map(({ address }) => address.toLowerCase())).toEqual([
      uniswapV2.pairs.WETH_USDC.toLowerCase(),
    ]);
    expect(events.filter(({ eventName }) => eventName === 'FlashLoan')).toHaveLength(1);
    expect(await endOf(scene, keeper)).toBe(0);
    await client.setAutomine(true);
  }));
