import { type Address, createPublicClient, http, parseAbi } from 'viem';
import { labChain } from '../../test-fork/lab/chain.ts';

const poolAbi = parseAbi([
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
  'struct ReserveData { uint256 configuration; uint128 liquidityIndex; uint128 liquidityRate; uint128 variableBorrowIndex; uint128 variableBorrowRate; uint128 stableBorrowRate; uint40 lastUpdateTimestamp; uint16 id; address aToken; address stableDebtToken; address variableDebtToken; address interestRateStrategy; uint128 accruedToTreasury; uint128 unbacked; uint128 isolationModeTotalDebt; }',
  'function getReservesList() view returns (address[])',
  'function getReserveData(address asset) view returns (ReserveData)',
  'function getUserConfiguration(address user) view returns (uint256)',
  'function getUserEMode(address user) view returns (uint256)',
]);
const tokenAbi = parseAbi(['function scaledBalanceOf(address user) view returns (uint256)']);

/** A borrower as this program keeps it: eMode, and scaled balances by reserve. */
export type PlainAccount = { eMode: number; debts: Map<number, bigint>; collaterals: Map<number, bigint> };

/**
 * What one would write with viem alone, as its documentation shows: `getContractEvents` range after range, then `multicall`
 * with its own batches for flags, eModes and the balances the flags point to.
 */
export async function plainSync(
  url: string,
  { pool, fromBlock, range }: { pool: Address; fromBlock: bigint; range: bigint },
): Promise<Map<Address, PlainAccount>> {
  const client = createPublicClient({ chain: labChain, transport: http(url) });
  const head = await client.getBlockNumber();
  const found = new Set<Address>();
  for (let from = fromBlock; from <= head; from += range) {
    const toBlock = from + range - 1n < head ? from + range - 1n : head;
    const query = { address: pool, abi: poolAbi, eventName: 'Borrow', fromBlock: from, toBlock, strict: true } as const;
    for (const { args } of await client.getContractEvents(query)) found.add(args.onBehalfOf);
  }

  const contract = { address: pool, abi: poolAbi } as const;
  const list = await client.readContract({ ...contract, functionName: 'getReservesList' });
  const reserves = await client.multicall({
    allowFailure: false,
    contracts: list.map((asset) => ({ ...contract, functionName: 'getReserveData', args: [asset] }) as const),
  });
  const accounts = [...found];
  const [flags, eModes] = await Promise.all([
    client.multicall({
      allowFailure: false,
      contracts: accounts.map(
        (account) => ({ ...contract, functionName: 'getUserConfiguration', args: [account] }) as const,
      ),
    }),
    client.multicall({
      allowFailure: false,
      contracts: accounts.map((account) => ({ ...contract, functionName: 'getUserEMode', args: [account] }) as const),
    }),
  ]);

  const wanted: { account: Address; id: number; side: 'debts' | 'collaterals'; token: Address }[] = [];
  accounts.forEach((account, index) => {
    for (const { id, aToken, variableDebtToken } of reserves) {
      const bits = flags[index]! >> BigInt(2 * id);
      if (bits & 1n) wanted.push({ account, id, side: 'debts', token: variableDebtToken });
      if (bits & 2n) wanted.push({ account, id, side: 'collaterals', token: aToken });
    }
  });
  const balances = await client.multicall({
    allowFailure: false,
    contracts: wanted.map(
      ({ token, account }) =>
        ({ address: token, abi: tokenAbi, functionName: 'scaledBalanceOf', args: [account] }) as const,
    ),
  });
  const book = new Map(
    accounts.map((account, index): [Address, PlainAccount] => {
      return [account, { eMode: Number(eModes[index]), debts: new Map(), collaterals: new Map() }];
    }),
  );
  wanted.forEach(({ account, id, side }, index) => {
    book.get(account)![side].set(id, balances[index]!);
  });
  return book;
}
