import { ContractFunctionZeroDataError, type PublicClient, RpcRequestError } from 'viem';
import { expect, test } from 'vitest';
import { chargedFor, isNoL1Fee, openL1Fee, paidFor } from '../src/chain/l1-fee.ts';
import { findL1Source } from '../src/chain/l1-source.ts';

const OP = '0x420000000000000000000000000000000000000F';
const SCROLL = '0x5300000000000000000000000000000000000002';
const UNLISTED = 9_999_991;
const BASE = 8_453;

type Question = { address: string; functionName: string; args?: readonly unknown[] };
/** What stands at an address, by function; a value, or one that is computed. What is not there answers nothing. */
type Contracts = Record<string, Record<string, unknown>>;

const error = (words: string, code = -32_000) =>
  new RpcRequestError({ body: {}, url: 'http://x', error: { code, message: words } });
const reverts = () => {
  throw error('execution reverted', 3);
};

function clientOf(contracts: Contracts): PublicClient {
  const readContract = async ({ address, functionName, args = [] }: Question) => {
    const answer = contracts[address.toLowerCase()]?.[functionName];
    if (answer === undefined) throw new ContractFunctionZeroDataError({ functionName });
    return typeof answer === 'function' ? answer(...args) : answer;
  };
  return { readContract } as unknown as PublicClient;
}
const at = (address: string, functions: Record<string, unknown>): Contracts => ({ [address.toLowerCase()]: functions });

async function found(contracts: Contracts, chainId = UNLISTED) {
  const said: string[] = [];
  const source = await findL1Source(clientOf(contracts), chainId, {
    warn: (...words: unknown[]) => said.push(String(words[0])),
  });
  return { source, said };
}

test('a chain without a preset is asked, and what answers is what it is priced by', async () => {
  expect(await found(at(OP, { getL1Fee: 5n }))).toEqual({ source: { oracle: OP, signed: false }, said: [] });
  expect(await found(at(SCROLL, { getL1Fee: 5n }))).toEqual({ source: { oracle: SCROLL, signed: true }, said: [] });
  const arbitrum = at('0x00000000000000000000000000000000000000C8', { gasEstimateL1Component: [1n, 2n, 3n] });
  expect(await found(arbitrum)).toEqual({ source: 'arbitrum', said: [] });
  const zkSync = at('0x000000000000000000000000000000000000800B', { gasPerPubdataByte: 500n });
  expect(await found(zkSync)).toEqual({ source: 'estimate', said: [] });
});

test('an oracle of another coin counts as gas up to Arsia, and times the rate since', async () => {
  const before = at(OP, { getL1Fee: 5n, tokenRatio: 3n, isArsia: false });
  expect((await found(before)).source).toBe('estimate');
  expect((await found(at(OP, { getL1Fee: 5n, tokenRatio: 3n }))).source).toBe('estimate');
  const since = at(OP, { getL1Fee: 5n, tokenRatio: 3n, isArsia: true, getOperatorFee: 0n });
  const { source } = await found(since);
  expect(source).toEqual({ oracle: OP, signed: false, inRatio: true });
  expect((await openL1Fee(clientOf(since), 5_000, source).of('0x1234')).fee).toBe(15n);
});

test('what does not answer though it ought to is told once, and asked again with each plan', async () => {
  const silent = await found({}, BASE);
  expect(silent.said).toEqual([
    'what chain 8453 (Base) charges for calldata is not known: no contract there answers; nothing is sent until it is told',
  ]);
  await expect(openL1Fee(clientOf({}), BASE, silent.source).of('0x')).rejects.toSatisfy(isNoL1Fee);

  const broken = await found(at(OP, { getL1Fee: reverts }));
  expect(broken.source).toEqual({ oracle: OP, signed: false });
  expect(broken.said).toHaveLength(1);
  expect(broken.said[0]).toContain(`getL1Fee of ${OP} fails`);
});

test('a chain of which nothing is known is told of once, one with a preset for nothing is not', async () => {
  expect(await found({})).toEqual({
    source: undefined,
    said: [`chain ${UNLISTED} has no contract that tells what calldata costs, none that is known: only gas is counted`],
  });
  expect(await found({}, 1)).toEqual({ source: undefined, said: [] });
});

test('what a node says of addresses that only some chains know is no answer, its silence is an error', async () => {
  const unknown = () => {
    throw error('precompile is not there');
  };
  const strange = at('0x00000000000000000000000000000000000000C8', { gasEstimateL1Component: unknown });
  expect((await found(strange, 1)).source).toBeUndefined();
  const limited = () => {
    throw error('too many requests', 429);
  };
  await expect(found(at(OP, { getL1Fee: limited }))).rejects.toThrow('too many requests');
  const limitedThere = at('0x00000000000000000000000000000000000000C8', { gasEstimateL1Component: limited });
  await expect(found(limitedThere)).rejects.toThrow('too many requests');
});

test.each([
  { fork: 'Isthmus', feeOf: (gas: bigint) => (gas * 1_234_567n) / 1_000_000n + 89n, rounds: 1n },
  { fork: 'Jovian', feeOf: (gas: bigint) => gas * 1_234_567n * 100n + 89n, rounds: 0n },
  { fork: 'none', feeOf: () => 0n, rounds: 0n },
])("the operator's fee of $fork is what the oracle takes for any gas", async ({ feeOf, rounds }) => {
  const client = clientOf(at(OP, { getL1Fee: 1_000n, getOperatorFee: feeOf }));
  const charge = await openL1Fee(client, UNLISTED, { oracle: OP, signed: false }).of('0x1234');
  for (const gas of [0n, 21_000n, 999_999n, 1_000_001n, 30_000_000n]) {
    const more = chargedFor(charge, gas) - 1_000n - feeOf(gas);
    expect(more).toBeGreaterThanOrEqual(0n);
    expect(more).toBeLessThanOrEqual(rounds);
  }
});

test('an oracle from before Isthmus has no such fee, and a node that fails is an error', async () => {
  const source = { oracle: OP, signed: false } as const;
  const old = clientOf(at(OP, { getL1Fee: 7n, getOperatorFee: reverts }));
  expect(chargedFor(await openL1Fee(old, UNLISTED, source).of('0x'), 10n ** 9n)).toBe(7n);
  const failing = () => {
    throw error('too many requests', 429);
  };
  const failed = clientOf(at(OP, { getL1Fee: 7n, getOperatorFee: failing }));
  await expect(openL1Fee(failed, UNLISTED, source).of('0x')).rejects.toThrow('too many requests');
});

test('what was paid is with the fee for calldata where the receipt tells it', () => {
  const receipt = { gasUsed: 21_000n, effectiveGasPrice: 2n };
  expect(paidFor(receipt)).toBe(42_000n);
  // As nodes write it, as viem's own formatter of these chains does, and as Arbitrum's nodes do without saying an amount.
  for (const l1Fee of ['0x64', 100n]) expect(paidFor({ ...receipt, l1Fee } as typeof receipt)).toBe(42_100n);
  expect(paidFor({ ...receipt, l1Fee: null } as typeof receipt)).toBe(42_000n);
});
