import {
  type Address,
  ContractFunctionRevertedError,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeErrorResult,
  encodeFunctionResult,
  type Hex,
  multicall3Abi,
  numberToHex,
  type PublicClient,
  parseAbi,
} from 'viem';
import { mainnet } from 'viem/chains';
import { expect, test } from 'vitest';
import { must, orElse, readTogether, readWords, type WordCall } from '../src/chain/view.ts';

const abi = parseAbi([
  'error Error(string)',
  'function numberOf(address) view returns (uint256)',
  'function pair() view returns (uint128 gross, int128 net)',
]);
const address = (n: number): Address => numberToHex(n, { size: 20 });
const target = address(0xc0de);
const block = { hash: numberToHex(7, { size: 32 }) };

/** A node with Multicall3, where `numberOf` gives the address as a number, unless that is 13 or 14, and `pair` is (5, -6). */
function nodeOf() {
  const asked: { calls: number; at: unknown }[] = [];
  const answerTo = (callData: Hex): { success: boolean; returnData: Hex } => {
    const { functionName, args } = decodeFunctionData({ abi, data: callData });
    if (functionName === 'pair')
      return { success: true, returnData: encodeFunctionResult({ abi, functionName, result: [5n, -6n] }) };
    const value = BigInt(args[0]);
    if (value === 13n)
      return { success: false, returnData: encodeErrorResult({ abi, errorName: 'Error', args: ['unlucky'] }) };
    return {
      success: true,
      returnData: value === 14n ? '0x' : encodeFunctionResult({ abi, functionName, result: value }),
    };
  };
  const request = async ({ params: [{ data }, at] }: { params: [{ data: Hex }, unknown] }) => {
    const { args } = decodeFunctionData({ abi: multicall3Abi, data });
    const calls = args![0] as readonly { callData: Hex }[];
    asked.push({ calls: calls.length, at });
    const result = calls.map(({ callData }) => answerTo(callData));
    return encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result });
  };
  return { client: createPublicClient({ chain: mainnet, transport: custom({ request }) }) as PublicClient, asked };
}

const numberOf = (n: number): WordCall => ({ address: target, abi, functionName: 'numberOf', args: [address(n)] });

test('calls are answered in their order, a thousand a request, at the block that is named', async () => {
  const { client, asked } = nodeOf();
  const wanted = Array.from({ length: 2_001 }, (_, index) => 100 + index);
  const answers = await readTogether(
    client,
    [{ address: target, abi, functionName: 'pair' }, ...wanted.map(numberOf)],
    block,
  );
  expect(must(answers[0])).toEqual([5n, -6n]);
  expect(answers.slice(1).map((answer) => must(answer))).toEqual(wanted.map(BigInt));
  expect(asked.map(({ calls }) => calls)).toEqual([1_000, 1_000, 2]);
  expect(asked.map(({ at }) => at)).toEqual(asked.map(() => ({ blockHash: block.hash })));
  expect(await readWords(client, wanted.map(numberOf), block)).toEqual(wanted.map(BigInt));
  expect(asked.slice(3).map(({ calls }) => calls)).toEqual([1_000, 1_000, 1]);
});

test('a call that reverts or answers nothing is an answer, and its reason is kept', async () => {
  const { client } = nodeOf();
  const [fine, reverted, nothing] = await readTogether(client, [numberOf(12), numberOf(13), numberOf(14)], block);
  expect(fine).toEqual({ status: 'success', result: 12n });
  expect([orElse(reverted, 1n), orElse(nothing, 2n)]).toEqual([1n, 2n]);
  expect(() => must(reverted)).toThrow('The contract function "numberOf" reverted with the following reason:\nunlucky');
  const { error } = reverted as { error: { cause: unknown } };
  expect(error.cause).toBeInstanceOf(ContractFunctionRevertedError);
  expect(() => must(nothing)).toThrow('The contract function "numberOf" returned no data ("0x")');
});

test('of words, one that does not come is an error that names the call', async () => {
  const { client } = nodeOf();
  await expect(readWords(client, [numberOf(12), numberOf(13)], block)).rejects.toThrow(
    `numberOf(${address(13)}) of ${target} was answered with revert 0x08c379a0`,
  );
  await expect(readWords(client, [numberOf(14)], block)).rejects.toThrow(
    `numberOf(${address(14)}) of ${target} was answered with 0x`,
  );
});

test('a node that fails is an error, and nothing is not asked for', async () => {
  const request = () => Promise.reject(new Error('socket hang up'));
  const client = createPublicClient({
    chain: mainnet,
    transport: custom({ request }, { retryCount: 0 }),
  }) as PublicClient;
  await expect(readTogether(client, [numberOf(1)], block)).rejects.toThrow('socket hang up');
  await expect(readWords(client, [numberOf(1)], block)).rejects.toThrow('socket hang up');
  expect([await readTogether(client, []), await readWords(client, [], block)]).toEqual([[], []]);
});
