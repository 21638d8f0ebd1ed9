import { type Address, erc20Abi, type Hash, parseAbi, parseEventLogs } from 'viem';
import type { LogLine } from '../harness/keeper.ts';
import type { LabHandle } from '../lab/chain.ts';

/** One liquidation as the keeper reported it; amounts in smallest units. */
export type Row = {
  account: Address;
  debt: string;
  collateral: string;
  repaid: bigint;
  seized: bigint;
  profit: Record<string, bigint>;
  gas: bigint;
  hash: Hash;
};

const liquidationCall = parseAbi([
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);

/** A `landed` line of the keeper's log. */
export function rowOf(line: LogLine): Row {
  const { account, debt, collateral, gas, hash, units } = line as LogLine & {
    units: { repaid: string; seized: string; profit: Record<string, string> };
  } & Record<'account' | 'debt' | 'collateral' | 'gas' | 'hash', string>;
  return {
    account: account as Address,
    debt,
    collateral,
    repaid: BigInt(units.repaid),
    seized: BigInt(units.seized),
    profit: Object.fromEntries(Object.entries(units.profit).map(([token, amount]) => [token, BigInt(amount)])),
    gas: BigInt(gas),
    hash: hash as Hash,
  };
}

/**
 * Holds the keeper's rows against Aave's own LiquidationCall logs since `fromBlock`.
 * @throws naming the first row that differs, or the logs that no row has
 */
export async function agreeWithChain(
  { client, directory }: LabHandle,
  rows: readonly Row[],
  fromBlock: bigint,
): Promise<void> {
  const logs = parseEventLogs({
    abi: liquidationCall,
    logs: await client.getLogs({ address: directory.aave.pool, event: liquidationCall[0], fromBlock }),
  });
  const symbols = new Map(
    Object.entries(directory.tokens).map(([symbol, { address }]) => [address.toLowerCase(), symbol]),
  );
  const said = rows.map((row) => [row.hash, row.account, row.debt, row.collateral, row.repaid, row.seized].join());
  const happened = logs.map(({ transactionHash, args }) =>
    [
      transactionHash,
      args.user,
      symbols.get(args.debtAsset.toLowerCase()),
      symbols.get(args.collateralAsset.toLowerCase()),
      args.debtToCover,
      args.liquidatedCollateralAmount,
    ].join(),
  );
  const lost = happened.filter((log) => !said.includes(log));
  const invented = said.filter((row) => !happened.includes(row));
  if (lost.length + invented.length === 0) return;
  throw new Error(`table and chain differ; only on the chain: ${lost}; only in the table: ${invented}`);
}

/** Per token what an account holds, smallest units. */
export async function holdings({ client, directory }: LabHandle, account: Address): Promise<Record<string, bigint>> {
  const tokens = Object.entries(directory.tokens);
  const balances = await client.multicall({
    allowFailure: false,
    contracts: tokens.map(
      ([, { address }]) => ({ address, abi: erc20Abi, functionName: 'balanceOf', args: [account] }) as const,
    ),
  });
  return Object.fromEntries(tokens.map(([symbol], index) => [symbol, balances[index]!]));
}

/** How many allowances the Liquidator has left, over every token and everybody it dealt with. */
export async function allowancesLeft(
  { client, directory }: LabHandle,
  liquidator: Address,
  more: readonly Address[],
): Promise<number> {
  const { aave, uniswapV3, tokens } = directory;
  const spenders = [
    aave.pool,
    uniswapV3.router,
    uniswapV3.quoter,
    ...uniswapV3.pools.map(({ address }) => address),
    ...more,
  ];
  const answers = await client.multicall({
    allowFailure: false,
    contracts: Object.values(tokens).flatMap(({ address }) =>
      spenders.map(
        (spender) => ({ address, abi: erc20Abi, functionName: 'allowance', args: [liquidator, spender] }) as const,
      ),
    ),
  });
  return answers.filter((allowance) => allowance !== 0n).length;
}
