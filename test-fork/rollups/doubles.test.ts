import { type PublicClient, parseGwei } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { chargedFor, openL1Fee } from '../../keeper/src/chain/l1-fee.ts';
import { findL1Source } from '../../keeper/src/chain/l1-source.ts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { place } from './chains.ts';
import { deployedCode } from './compile.ts';

const ORACLE = '0x420000000000000000000000000000000000000F';
const SYSTEM_CONTEXT = '0x000000000000000000000000000000000000800B';
const CHAIN = 9_999_991;
const CALLDATA = `0x${'5a'.repeat(300)}` as const;
/** Bytes of a transaction beside its calldata, at most. */
const ENVELOPE = 80n;

let lab: Lab;
let client: PublicClient;
beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl'), anvil: { chainId: CHAIN } });
  client = lab.client as unknown as PublicClient;
});
afterAll(() => lab?.stop());

const code = (name: string) => deployedCode(`test-fork/rollups/${name}.sol`);
const nobody = { warn: (words: unknown) => expect.fail(`warned: ${words}`) };
const source = () => findL1Source(client, CHAIN, nobody);

test('Metis: by its oracle, as it is', async () => {
  await place(lab, ORACLE, code('Metis'), { 0: parseGwei('20'), 1: 0n, 2: 100_000n });
  const fee = openL1Fee(client, CHAIN, await source());
  const charge = await fee.of(CALLDATA);
  const perByte = (16n * parseGwei('20')) / 10n;
  expect(charge.fee).toBeGreaterThan((300n + 68n) * perByte);
  expect(charge.fee).toBeLessThan((300n + 68n + ENVELOPE) * perByte);
  expect(chargedFor(charge, 10n ** 6n)).toBe(charge.fee);
  expect(fee.isGas).toBe(false);
});

test('Mantle up to Arsia: all of it is in what nodes estimate', async () => {
  await place(lab, ORACLE, code('Mantle'), { 0: 3_000n, 1: 7n, 2: 0n, 3: 2n });
  const fee = openL1Fee(client, CHAIN, await source());
  expect(await fee.of(CALLDATA)).toEqual({ fee: 0n, gas: 0n });
  expect(fee.isGas).toBe(true);
});

test('Mantle since Arsia: by its oracle, times what ether is worth in its coin, and an operator', async () => {
  await place(lab, ORACLE, code('Mantle'), { 0: 3_000n, 1: 7n, 2: 1n, 3: 2n });
  const fee = openL1Fee(client, CHAIN, await source());
  const charge = await fee.of(CALLDATA);
  expect(charge.fee).toBeGreaterThan(300n * 7n * 3_000n);
  expect(charge.fee).toBeLessThan((300n + ENVELOPE) * 7n * 3_000n);
  expect(chargedFor(charge, 1_000n) - charge.fee).toBe(200_000n);
  expect(fee.isGas).toBe(false);
  expect((await fee.rates()).perByte).toBe(21_000n);
});

test('ZKsync: all of it is in what nodes estimate', async () => {
  await lab.client.setCode({ address: ORACLE, bytecode: '0x' });
  await place(lab, SYSTEM_CONTEXT, code('ZkSync'), {});
  const fee = openL1Fee(client, CHAIN, await source());
  expect(await fee.of(CALLDATA)).toEqual({ fee: 0n, gas: 0n });
  expect(fee.isGas).toBe(true);
});
