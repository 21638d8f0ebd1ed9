import { describe, expect, test } from 'vitest';
import {
  feesFor,
  forgetGuess,
  isTooDear,
  learn,
  leastMaxFee,
  leastTipOf,
  mostGasFor,
  openPurse,
  pricedBy,
  spendable,
  tipFor,
} from '../../src/execution/purse.ts';
import { head, rpcError } from './node.ts';

const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;
const market = { baseFee: 100n, priority: 7n };
const sized = { limit: 1_500n, gas: 1_000n, budget: 10n ** 9n };
const purseWith = (known: Partial<ReturnType<typeof openPurse>>, settings = {}) => ({
  ...openPurse(settings),
  ...known,
});

describe('what may be spent on a transaction', () => {
  test.each([
    ['nothing is known', {}, {}, undefined],
    ['people say', { maxTxCost: 5n }, {}, 5n],
    ['the node takes', { maxTxCost: 5n }, { cap: 4n }, 4n],
    ['the operator holds, less what is on its way', { maxTxCost: 5n }, { cap: 4n, balance: 13n }, 3n],
    ['nothing is left of it', {}, { balance: 9n }, 0n],
  ])('is as much as %s', (_, settings, known, wei) => {
    expect(spendable(purseWith(known, settings), 10n)).toBe(wei);
  });

  test('bounds its gas, at the base fee after two full blocks', () => {
    expect(leastMaxFee({ baseFee: 64n, priority: 7n })).toBe(88n);
    expect(leastMaxFee({ baseFee: 65n, priority: 0n })).toBe(83n);
    const at400 = { baseFee: 400n * GWEI, priority: GWEI };
    expect(mostGasFor(openPurse({ maxTxCost: ETHER }), at400, 0n, 15_000_000n)).toBe(1_971_414n);
    expect(mostGasFor(openPurse({ maxTxCost: ETHER }), { baseFee: GWEI, priority: 0n }, 0n, 15_000_000n)).toBe(
      15_000_000n,
    );
    expect(mostGasFor(openPurse({}), at400, 0n, 15_000_000n)).toBe(15_000_000n);
    expect(mostGasFor(openPurse({ maxTxCost: 1n }), { baseFee: 0n, priority: 0n }, 0n, 9n)).toBe(9n);
  });
});

describe('fees', () => {
  test('leave room for the base fee to double, with the usual tip', () => {
    expect(feesFor(openPurse({}), market, sized, 0n)).toEqual({ maxFeePerGas: 207n, maxPriorityFeePerGas: 7n });
  });

  test('leave room for two full blocks where the money allows no more, and a wei less is too dear', () => {
    const enough = 1_500n * 134n;
    expect(feesFor(openPurse({ maxTxCost: enough }), market, sized, 0n).maxFeePerGas).toBe(134n);
    expect(feesFor(openPurse({ maxTxCost: enough + 1_500n }), market, sized, 0n).maxFeePerGas).toBe(135n);
    let thrown: unknown;
    try {
      feesFor(openPurse({ maxTxCost: enough - 1n }), market, sized, 0n);
    } catch (error) {
      thrown = error;
    }
    expect(isTooDear(thrown)).toBe(true);
    // What is on its way is spent.
    expect(() => feesFor(purseWith({ balance: enough + 9n }), market, sized, 10n)).toThrow('may cost more than');
    expect(feesFor(purseWith({ balance: enough + 9n }), market, sized, 9n).maxFeePerGas).toBe(134n);
  });

  test('of a plain tip are at most half of what the plan earns beyond the base fee, unless a node insists', () => {
    const poor = { ...sized, budget: 110_000n };
    expect(feesFor(openPurse({}), market, poor, 0n)).toEqual({ maxFeePerGas: 110n, maxPriorityFeePerGas: 5n });
    expect(feesFor(openPurse({ minPriorityFee: 6n }), market, poor, 0n).maxPriorityFeePerGas).toBe(6n);
  });

  test.each([
    ['a tenth of a plan that earns 900 gwei beyond it', 930n, 5_000n, 90n],
    ['the base fee where a tenth is less', 230n, 5_000n, 30n],
    ['half where even that is less', 70n, 5_000n, 20n],
    ['what is usual where that is less', 930n, 4n, 4n],
    ['nothing of one that does not pay the base fee', 29n, 4n, 0n],
  ])('of an absurd tip are %s', (_, budget, priority, tip) => {
    const price = { baseFee: 30n * GWEI, priority: priority * GWEI };
    expect(tipFor(openPurse({}), price, { gas: 1n, budget: budget * GWEI })).toBe(tip * GWEI);
  });

  test.each([
    ['no more than the plan can afford', { budget: 100_999n }, {}, 100n],
    ['no more than --max-gas-price', {}, { maxGasPrice: 120n }, 120n],
  ])('are %s', (_, changes, settings, maxFeePerGas) => {
    expect(feesFor(openPurse(settings), market, { ...sized, ...changes }, 0n).maxFeePerGas).toBe(maxFeePerGas);
  });

  test.each([
    ['the plan can afford', { budget: 99_999n }, {}],
    ['people allow', {}, { maxGasPrice: 99n }],
  ])('do not begin below the base fee, where %s no more', (_, changes, settings) => {
    expect(() => feesFor(openPurse(settings), market, { ...sized, ...changes }, 0n)).toThrow(
      'a unit of gas costs 100 wei',
    );
  });

  test('are none where the plan cannot pay the tip that is asked', () => {
    const purse = openPurse({ minPriorityFee: 151n });
    expect(() => feesFor(purse, { baseFee: 100n, priority: 151n }, { ...sized, budget: 150_000n }, 0n)).toThrow(
      'a tip of 151 wei is asked, and no more than 150 may be offered',
    );
  });
});

describe('a refusal is taken to heart', () => {
  const offered = { gas: 16_000_000n, cost: 2n * ETHER, tip: GWEI, reserved: ETHER };
  const at = { baseFee: 30n * GWEI, block: 100n };

  test.each([
    ['as the node says', { most: ETHER }, ETHER],
    ['as nodes usually say where it says nothing', {}, ETHER],
    ['as three quarters of what it refused under its own word', { most: 3n * ETHER }, 15n * 10n ** 17n],
  ])('a cap: %s', (_, said, cap) => {
    const purse = openPurse({});
    learn(purse, { kind: 'cap', ...said }, offered, at);
    expect(purse.cap).toBe(cap);
  });

  test.each([
    ['as the node says', { most: 8_000_000n }, 8_000_000n],
    ['as three quarters of what it refused where it says nothing', {}, 12_000_000n],
    ['as that too where what it says is no less', { most: 16_000_000n }, 12_000_000n],
  ])('a cap of gas: %s', (_, said, gasCap) => {
    const purse = openPurse({});
    learn(purse, { kind: 'gas', ...said }, offered, at);
    expect(mostGasFor(purse, market, 0n, 15_000_000n)).toBe(gasCap);
  });

  test('too little money: three quarters of what was refused are left beside what is on its way', () => {
    const purse = purseWith({ balance: 9n * ETHER });
    learn(purse, { kind: 'funds' }, offered, at);
    expect(spendable(purse, ETHER)).toBe(15n * 10n ** 17n);
    const poor = purseWith({ balance: 2n * ETHER });
    learn(poor, { kind: 'funds' }, offered, at);
    expect(spendable(poor, ETHER)).toBe(ETHER);
  });

  test('a tip as the node says, or of its price less the base fee; the highest counts, and it is kept', async () => {
    const purse = openPurse({});
    learn(purse, { kind: 'price', least: 55n * GWEI }, offered, at);
    expect(leastTipOf(purse)).toBe(25n * GWEI);
    learn(purse, { kind: 'tip', least: 20n * GWEI }, offered, at);
    expect(leastTipOf(purse)).toBe(25n * GWEI);
    forgetGuess(purse, 10_000n);
    expect(await pricedBy(purse, async () => market)(head(1n))).toEqual({ baseFee: 100n, priority: 25n * GWEI });
    expect(leastTipOf(openPurse({ minPriorityFee: 3n }))).toBe(3n);
  });

  test.each([
    ['none is named', {}, 2n * GWEI],
    ['none is named, and hardly one was offered', { tip: 1n }, GWEI],
    ['what it names was offered', { least: GWEI }, 2n * GWEI],
  ])(
    'a tip where %s: twice as much or a gwei, for a while',
    (_, { tip = GWEI, ...said }: { tip?: bigint; least?: bigint }, guessed) => {
      const purse = openPurse({});
      learn(purse, { kind: 'tip', ...said }, { ...offered, tip }, at);
      expect(leastTipOf(purse)).toBe(guessed);
      forgetGuess(purse, 164n);
      expect(leastTipOf(purse)).toBe(guessed);
      forgetGuess(purse, 165n);
      expect(leastTipOf(purse)).toBe(0n);
    },
  );

  test('a smaller transaction may do where money is short, and nowhere else', () => {
    const refusals = [
      'tx fee (2 ether) exceeds the configured cap (1 ether)',
      'insufficient funds',
      'underpriced',
      'busy',
    ];
    expect(refusals.map((words) => isTooDear(rpcError(words)))).toEqual([true, true, false, false]);
  });
});
