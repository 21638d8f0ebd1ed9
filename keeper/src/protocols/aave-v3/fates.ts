import { decodeEventLog, type Log } from 'viem';
import { liquidatorAbi } from '../../bindings.ts';
import { decodeRevert, type Revert, showRevert, withInner } from '../../log/revert.ts';
import type { Sent } from '../../store/sent.ts';
import type { Fate } from '../protocol.ts';
import { errors } from './errors.ts';

/** What Pools up to 3.3 say by a number. */
const NUMBERS: Readonly<Record<string, string>> = {
  '13': 'InvalidFlashloanExecutorReturn',
  '25': 'InvalidBurnAmount',
  '26': 'InvalidAmount',
  '27': 'ReserveInactive',
  '29': 'ReservePaused',
  '45': 'HealthFactorNotBelowThreshold',
  '46': 'CollateralCannotBeLiquidated',
  '47': 'SpecifiedCurrencyNotBorrowedByUser',
  '59': 'PriceOracleSentinelCheckFailed',
  '91': 'FlashloanDisabled',
  '97': 'LiquidationGraceSentinelCheckFailed',
  '103': 'MustNotLeaveDust',
};

/** Said of an account that somebody has saved, or whose debt somebody has repaid. */
const GONE: readonly string[] = ['HealthFactorNotBelowThreshold', 'SpecifiedCurrencyNotBorrowedByUser'];
/** Said of an account that nobody was first with. */
const THERE: readonly string[] = [
  'SelfLiquidation',
  'ReserveInactive',
  'ReservePaused',
  'PriceOracleSentinelCheckFailed',
  'LiquidationGraceSentinelCheckFailed',
];

/** The name that later versions have for what a revert says; numbers of other kinds, such as a leg's index, are not the Pool's. */
const nameOf = ({ name, args }: Revert): string => (name === 'Error' ? (NUMBERS[String(args[0])] ?? name) : name);

/**
 * A leg is one liquidation, and the contract says what became of it.
 *
 * @param own - `Liquidated` or `LegSkipped`
 * @example
 * fates(sent, log); // [{ id: 'aave-v3:0x87…#0', state: 'lost', reason: { name: 'HealthFactorNotBelowThreshold', … } }]
 */
export function fates({ deals }: Sent, own: Log): Fate[] {
  const { eventName, args } = decodeEventLog({ abi: liquidatorAbi, topics: own.topics, data: own.data });
  if (eventName !== 'LegSkipped') return deals.map(({ id }) => ({ id, state: 'landed' }));
  const reason = decodeRevert(args.reason, [...liquidatorAbi, ...errors]);
  return deals.map(({ id }) => ({ id, state: gone(reason) ? 'lost' : 'skipped', reason }));
}

/**
 * Whether a revert says that somebody was first with an account, or has saved it.
 *
 * @returns `undefined` for what may be said of either: the account has to be looked at
 * @example
 * gone(decodeRevert(data, [...liquidatorAbi, ...errors])); // LegFailed(3, Error('45')): true; LegFailed(45, ReservePaused()): false
 */
export function gone(revert: Revert): boolean | undefined {
  const names = [...withInner(revert)].map(nameOf);
  if (names.some((name) => GONE.includes(name))) return true;
  return names.some((name) => THERE.includes(name)) ? false : undefined;
}

/**
 * The error of the Pool, by its name also where the Pool gives a number; another's as it is.
 *
 * @example
 * explain({ name: 'Error', args: ['29'], data }); // 'ReservePaused'
 */
export function explain(revert: Revert): string {
  const innermost = [...withInner(revert)].at(-1)!;
  const name = nameOf(innermost);
  return errors.some((each) => each.name === name) ? name : showRevert(innermost);
}
