import { type Address, type Hex, maxUint256, parseAbi, parseEventLogs } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../keeper/src/bindings.ts';
import { FUNDING, readTally } from '../keeper/src/contract/plan.ts';
import { planData } from '../keeper/src/execution/rehearse.ts';
import { openAccount, openScene, type Scene, units } from './harness/scene.ts';
import { setPrice } from './lab/chain.ts';

/** Aave v3's number in the contract. */
const AAVE_V3 = 0;
/** EIP-7825: no transaction may bring more gas than this. */
const CAP = 2n ** 24n;
/** Liquidations of one pair, each of all that its account owes, that fit under it at least; 123 did when this was written. */
const FIT = 120;
/** What anvil says of more. */
const REFUSED = 'intrinsic gas too high -- tx.gas_limit > env.cfg.tx_gas_limit_cap';
/** More than fit. */
const OPEN = 150;

const tokenAbi = parseAbi(['function balanceOf(address) view returns (uint256)']);

let scene: Scene;
const accounts: Address[] = [];

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  for (let i = 0; i < OPEN; i++) {
    accounts.push(await openAccount(scene, `crowd ${i}`, { collateral: { WETH: 2 }, debt: { USDC: 3_000 } }));
  }
  // Health 0.94: the whole debt may be repaid.
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
});
afterAll(() => scene?.stop());

/** One flash swap of the lab's deepest pool that closes the first `count` debts, as a keeper encodes it. */
function batch(count: number): Hex {
  const { tokens, aave, uniswapV3 } = scene.directory;
  const [weth, usdc] = [tokens.WETH.address, tokens.USDC.address];
  const pool = uniswapV3.pools.find(
    ({ token0, token1, fee }) => fee === 500 && [token0, token1].every((token) => token === weth || token === usdc),
  )!;
  const legs = accounts.slice(0, count).map((borrower) => ({
    protocol: AAVE_V3,
    market: aave.pool,
    borrower,
    collateral: weth,
    repay: maxUint256,
    extra: '0x' as const,
  }));
  const round = {
    funding: FUNDING.uniswapV3Swap,
    source: pool.address,
    debtToken: usdc,
    // A dollar an account on top, for the interest.
    amount: units('USDC', 3_001) * BigInt(count),
    maxPay: maxUint256,
    extra: '0x' as const,
    legs,
    swaps: [],
  };
  const prices = [
    { token: weth, price: 10n ** 18n },
    { token: usdc, price: 10n ** 30n / 1_700n },
  ];
  return planData({ validUntil: maxUint256, floor: 1n, tip: 0n, weth, tokens: prices, rounds: [round] });
}

const call = (count: number, gas: bigint) =>
  scene.client.call({ account: scene.operator, to: scene.liquidator, data: batch(count), gas });

/** The most legs that land with all the gas a transaction may bring. */
async function mostThatFit(): Promise<number> {
  let [fits, fails] = [0, OPEN];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    const landed = await call(middle, CAP).then(
      () => true,
      () => false,
    );
    if (landed) fits = middle;
    else fails = middle;
  }
  return fits;
}

const send = (data: Hex, gas: bigint) =>
  scene.client.sendTransaction({
    account: privateKeyToAccount(scene.key),
    chain: null,
    to: scene.liquidator,
    data,
    gas,
  });

test('a batch of as many legs as fit under the cap lands; one more is refused by the node', async () => {
  const { client, directory, treasury, operator, liquidator } = scene;
  const most = await mostThatFit();
  console.log(`${most} legs fit under the cap of ${CAP} gas`);
  expect(most).toBeGreaterThanOrEqual(FIT);
  expect(most).toBeLessThan(OPEN - 1);

  // One leg more is a good plan but for its gas.
  const more = batch(most + 1);
  const needed = await client.estimateGas({ account: operator, to: liquidator, data: more });
  expect(needed).toBeGreaterThan(CAP);
  const nonce = await client.getTransactionCount({ address: operator });
  await expect(send(more, needed)).rejects.toMatchObject({ details: REFUSED });
  await expect(send(more, CAP + 1n)).rejects.toMatchObject({ details: REFUSED });
  expect(await client.getTransactionCount({ address: operator, blockTag: 'pending' })).toBe(nonce);

  const weth = directory.tokens.WETH.address;
  const read = { address: weth, abi: tokenAbi, functionName: 'balanceOf', args: [treasury] } as const;
  const before = await client.readContract(read);
  const receipt = await client.waitForTransactionReceipt({ hash: await send(batch(most), CAP) });
  expect(receipt.status).toBe('success');
  expect(receipt.gasUsed).toBeLessThanOrEqual(CAP);
  const [executed] = parseEventLogs({ abi: liquidatorAbi, eventName: 'PlanExecuted', logs: receipt.logs });
  expect(readTally(executed!.args.tally)).toMatchObject({ landed: most, skipped: 0 });
  const repaid = parseEventLogs({ abi: liquidatorAbi, eventName: 'Liquidated', logs: receipt.logs });
  expect(repaid.map(({ args }) => args.borrower)).toEqual(accounts.slice(0, most));
  const profit = executed!.args.profits.find(({ token }) => token === weth)!.amount;
  expect((await client.readContract(read)) - before).toBe(profit);
});
