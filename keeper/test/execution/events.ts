import {
  type Address,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  type Hash,
  type Hex,
  parseAbi,
} from 'viem';
import { liquidatorAbi } from '../../src/bindings.ts';
import { errors as aaveErrors } from '../../src/protocols/aave-v3/errors.ts';
import { hashOf, LIQUIDATOR } from './node.ts';
import { address, COLLATERAL, DEBT, POOL } from './sent.ts';

/** A log as a node gives it. */
export type RpcLog = { address: Address; topics: Hex[]; data: Hex };

const log = (topics: unknown, data: Hex, from: Address = LIQUIDATOR): RpcLog =>
  ({ ...{ address: from, topics: topics as Hex[], data }, ...WHERE }) as RpcLog;
const WHERE = {
  ...{
    blockNumber: '0x64',
    blockHash: hashOf(0),
    transactionHash: hashOf(1),
    logIndex: '0x0',
    transactionIndex: '0x0',
  },
  removed: false,
};

export const liquidated = (n: number, repaid = 70n, seized = 80n, from = LIQUIDATOR): RpcLog =>
  log(
    encodeEventTopics({ abi: liquidatorAbi, eventName: 'Liquidated', args: { market: POOL, borrower: address(n) } }),
    encodeAbiParameters(
      [{ type: 'uint8' }, { type: 'address' }, { type: 'address' }, { type: 'uint256' }, { type: 'uint256' }],
      [0, DEBT, COLLATERAL, repaid, seized],
    ),
    from,
  );

export const frozen = (n: number): RpcLog =>
  log(
    encodeEventTopics({ abi: liquidatorAbi, eventName: 'Frozen', args: { market: POOL, position: BigInt(n) } }),
    '0x',
  );

/** @param leg - an index in a round that no event names */
export const legSkipped = (n: number, leg: bigint, reason: Hex): RpcLog =>
  log(
    encodeEventTopics({ abi: liquidatorAbi, eventName: 'LegSkipped', args: { market: POOL, borrower: address(n) } }),
    encodeAbiParameters([{ type: 'uint256' }, { type: 'bytes' }], [leg, reason]),
  );

export const roundSkipped = (round: number, reason: Hex): RpcLog =>
  log(
    encodeEventTopics({ abi: liquidatorAbi, eventName: 'RoundSkipped', args: { round: BigInt(round), source: POOL } }),
    encodeAbiParameters([{ type: 'bytes' }], [reason]),
  );

export const planExecuted = (value: bigint, profits: { token: Address; amount: bigint }[] = [], tally = 0n): RpcLog =>
  log(
    encodeEventTopics({ abi: liquidatorAbi, eventName: 'PlanExecuted', args: { operator: POOL } }),
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'uint256' },
        {
          type: 'tuple[]',
          components: [
            { type: 'address', name: 'token' },
            { type: 'uint256', name: 'amount' },
          ],
        },
      ],
      [value, tally, profits],
    ),
  );

/** A log of some other contract. */
export const other = (n: number): RpcLog => log([hashOf(n)], '0x', address(n));

export const aaveError = (errorName: string): Hex => encodeErrorResult({ abi: aaveErrors, errorName } as never);
export const legFailed = (leg: bigint, reason: Hex): Hex =>
  encodeErrorResult({ abi: liquidatorAbi, errorName: 'LegFailed', args: [leg, reason] });
export const nothingLanded = (reason: Hex): Hex =>
  encodeErrorResult({ abi: liquidatorAbi, errorName: 'NothingLanded', args: [reason] });
export const belowFloor: Hex = encodeErrorResult({ abi: liquidatorAbi, errorName: 'BelowFloor', args: [45n, 47n] });
export const text = (message: string): Hex =>
  encodeErrorResult({ abi: parseAbi(['error Error(string)']), errorName: 'Error', args: [message] });

export const TX: Hash = hashOf(1);
