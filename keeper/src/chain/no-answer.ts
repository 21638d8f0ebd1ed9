import { BaseError, ContractFunctionZeroDataError } from 'viem';
import { describeError } from '../log/describe-error.ts';
import { faultOf } from './errors.ts';

/** What viem says of an answer that is not of the type that was asked for. */
const UNREADABLE = /^(AbiDecoding|InvalidBytesBoolean|SizeOverflow|PositionOutOfBounds|IntegerOutOfRange)/;

/**
 * Why a contract does not answer a question; `undefined` where it is the node that failed.
 *
 * @example
 * whyNoAnswer(new ContractFunctionZeroDataError({ functionName: 'getL1Fee' })); // 'answers nothing; is it there?'
 */
export function whyNoAnswer(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  if (isSilent(error)) return 'answers nothing; is it there?';
  // What a node answered is a cause, too, and has no name.
  if (error.walk((cause) => UNREADABLE.test(`${(cause as Error).name}`))) return 'answers something else';
  return faultOf(error) === 'answer' ? `fails (${describeError(error)})` : undefined;
}

/** Whether there is no contract, or none that has the question. */
export const isSilent = (error: unknown): boolean =>
  error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionZeroDataError) !== null;
