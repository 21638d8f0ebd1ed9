import { encodeAbiParameters, encodeErrorResult, encodeEventTopics, type Hex, type Log, parseAbi } from 'viem';
import { describe, expect, test } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { decodeRevert } from '../../src/log/revert.ts';
import { errors } from '../../src/protocols/aave-v3/errors.ts';
import { aaveV3 } from '../../src/protocols/aave-v3/index.ts';
import type { Sent } from '../../src/store/sent.ts';
import { asset, borrower, key, scene } from './scene.ts';

const [deal] = scene(
  11n,
  [{ price: 3000n * 10n ** 8n }, { decimals: 6 }],
  [{ supply: 10n ** 18n }, { debt: 2800_000000n }],
)
  .view()
  .deals([key]);
const sent: Sent = {
  round: 0,
  leg: { protocol: 0, market: asset(300), borrower, collateral: asset(0), repay: 1n, extra: '0x' },
  deals: [{ id: deal!.id, market: deal!.market, kind: deal!.kind, subjects: deal!.subjects, claims: deal!.claims }],
};

const known = [...liquidatorAbi, ...errors];
const code = (number: string): Hex =>
  encodeErrorResult({ abi: parseAbi(['error Error(string)']), errorName: 'Error', args: [number] });
const named = (errorName: (typeof errors)[number]['name']): Hex => encodeErrorResult({ abi: errors, errorName });
const legFailed = (leg: bigint, reason: Hex): Hex =>
  encodeErrorResult({ abi: liquidatorAbi, errorName: 'LegFailed', args: [leg, reason] });
const decoded = (data: Hex) => decodeRevert(data, known);

describe('somebody else was first', () => {
  test.each<[string, Hex, boolean | undefined]>([
    ['above the line', named('HealthFactorNotBelowThreshold'), true],
    ['no debt', named('SpecifiedCurrencyNotBorrowedByUser'), true],
    ['above the line, by its number', code('45'), true],
    ['no debt, by its number', code('47'), true],
    ['paused', named('ReservePaused'), false],
    ['paused, by its number', code('29'), false],
    ['inactive, by its number', code('27'), false],
    ['held back by the sentinel, by its number', code('59'), false],
    ['in its grace period', named('LiquidationGraceSentinelCheckFailed'), false],
    ['in its grace period, by its number', code('97'), false],
    ['ourselves', named('SelfLiquidation'), false],
    ['dust', named('MustNotLeaveDust'), undefined],
    ['dust, by its number', code('103'), undefined],
    ['no collateral', named('CollateralCannotBeLiquidated'), undefined],
    ['no collateral, by its number', code('46'), undefined],
    ['another number', code('145'), undefined],
    ['a sentence that has the number in it', code('45 tokens are missing'), undefined],
    ['an unknown error', '0x12345678', undefined],
    ['nothing', '0x', undefined],
  ])('%s', (_, data, gone) => {
    expect(aaveV3.gone(decoded(data), sent)).toBe(gone);
    expect(aaveV3.gone(decoded(legFailed(3n, data)), sent)).toBe(gone);
    const all = encodeErrorResult({
      abi: liquidatorAbi,
      errorName: 'NothingLanded',
      args: [legFailed(3n, data)],
    });
    expect(aaveV3.gone(decoded(all), sent)).toBe(gone);
  });

  test("a leg's index is not the Pool's number: not where it is 45 or 47", () => {
    for (const leg of [45n, 47n]) {
      expect(aaveV3.gone(decoded(legFailed(leg, named('ReservePaused'))), sent)).toBe(false);
      expect(aaveV3.gone(decoded(legFailed(leg, code('29'))), sent)).toBe(false);
      expect(aaveV3.gone(decoded(legFailed(leg, '0x')), sent)).toBeUndefined();
      expect(aaveV3.gone(decoded(legFailed(leg, named('MustNotLeaveDust'))), sent)).toBeUndefined();
    }
  });
});

describe('what became of a leg', () => {
  const log = (eventName: 'Liquidated' | 'LegSkipped', types: string[], values: unknown[]): Log =>
    ({
      address: asset(1),
      topics: encodeEventTopics({ abi: liquidatorAbi, eventName, args: { market: asset(300), borrower } }),
      data: encodeAbiParameters(
        types.map((type) => ({ type })),
        values,
      ),
    }) as unknown as Log;
  const skipped = (reason: Hex) => aaveV3.fates(sent, log('LegSkipped', ['uint256', 'bytes'], [45n, reason]), []);

  test('landed', () => {
    const own = log(
      'Liquidated',
      ['uint8', 'address', 'address', 'uint256', 'uint256'],
      [0, asset(1), asset(0), 5n, 6n],
    );
    expect(aaveV3.fates(sent, own, [])).toEqual([{ id: deal!.id, state: 'landed' }]);
  });

  test('lost to somebody else, with what the Pool said', () => {
    for (const reason of [named('HealthFactorNotBelowThreshold'), code('45')]) {
      expect(skipped(reason)).toEqual([{ id: deal!.id, state: 'lost', reason: decoded(reason) }]);
    }
  });

  test('skipped, with what the Pool said', () => {
    for (const reason of [named('ReservePaused'), code('29'), named('MustNotLeaveDust'), '0x'] as Hex[]) {
      expect(skipped(reason)).toEqual([{ id: deal!.id, state: 'skipped', reason: decoded(reason) }]);
    }
  });
});

describe('what a revert means', () => {
  test.each<[string, Hex, string]>([
    ['an error of the Pool by its name', named('ReservePaused'), 'ReservePaused'],
    ['its number by the name', code('97'), 'LiquidationGraceSentinelCheckFailed'],
    ['what a token says as it is', code('transfer amount exceeds balance'), 'transfer amount exceeds balance'],
    ['a number that says nothing here as it is', code('2'), '2'],
    ['an unknown error by its selector', '0x12345678', '0x12345678'],
    ['nothing as nothing', '0x', 'no reason'],
  ])('%s', (_, data, meaning) => {
    expect(aaveV3.explain(decoded(data))).toBe(meaning);
    if (data.length >= 10) expect(aaveV3.explain(decoded(legFailed(45n, data)))).toBe(meaning);
  });

  test('a leg that failed without a reason is named as the leg', () => {
    expect(aaveV3.explain(decoded(legFailed(45n, '0x')))).toBe('LegFailed(45, 0x)');
  });
});
