import { type Address, encodeFunctionData, type Hex, type PublicClient, parseAbi, zeroAddress } from 'viem';
import { faultOf } from './errors.ts';
import { orElse, readTogether } from './view.ts';

const wrapperAbi = parseAbi([
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address) view returns (uint256)',
  'function deposit() payable',
  'function withdraw(uint256)',
]);
/** Those of the native coin, on every chain. */
const DECIMALS = 18;

/**
 * Why an address does not wrap the native coin. A token that does has the coin's decimals, takes deposits and pays them out, and
 * holds no less of the coin than there are tokens; or it is the coin itself under an address, as on Celo.
 *
 * @returns what follows the address in a sentence; `undefined` where it is what it should be
 * @throws the node's error when it fails
 * @example
 * await whyNoWrapper(client, usdc); // 'is USDC, which does not wrap the native coin: it has 6 decimals and not 18'
 */
export async function whyNoWrapper(client: PublicClient, address: Address): Promise<string | undefined> {
  if (!(await client.getCode({ address }))) return 'has no code';
  const read = (functionName: 'symbol' | 'decimals' | 'totalSupply' | 'balanceOf', args: readonly Address[] = []) => ({
    ...{ address, abi: wrapperAbi, functionName, args },
  });
  const reads = [read('symbol'), read('decimals'), read('totalSupply'), read('balanceOf', [zeroAddress])];
  // Of nothing, so that it costs nobody anything; from nobody, as a contract may not be able to take what is paid out.
  const deposit = encodeFunctionData({ abi: wrapperAbi, functionName: 'deposit' });
  const withdraw = encodeFunctionData({ abi: wrapperAbi, functionName: 'withdraw', args: [0n] });
  const [[symbol, decimals, supply, ofNobody], backing, coinsOfNobody, ...takes] = await Promise.all([
    readTogether(client, reads),
    client.getBalance({ address }),
    client.getBalance({ address: zeroAddress }),
    ...[deposit, withdraw].map((data) => isTaken(client, address, data)),
  ]);
  const name = orElse<string>(symbol, '');
  const places = orElse<number | undefined>(decimals, undefined);
  const issued = orElse<bigint | undefined>(supply, undefined);
  if (name === '' || places === undefined || issued === undefined) return 'is no token';
  const not = `is ${name}, which does not wrap the native coin`;
  if (places !== DECIMALS) return `${not}: it has ${places} decimals and not ${DECIMALS}`;
  // The coin itself, into which nobody pays: whoever has coins has as many of it.
  if (coinsOfNobody > 0n && orElse<bigint>(ofNobody, 0n) === coinsOfNobody) return undefined;
  if (!takes.every(Boolean)) return `${not}: nobody can pay the coin in and out`;
  return backing < issued ? `${not}: it holds less of the coin than there are tokens` : undefined;
}

async function isTaken(client: PublicClient, to: Address, data: Hex): Promise<boolean> {
  try {
    await client.call({ to, data });
    return true;
  } catch (error) {
    if (faultOf(error) === 'answer') return false;
    throw error;
  }
}
