import { parseAbi } from 'viem';

/** What a Pool of 3.4 or later says when it refuses a liquidation or a flash loan. */
export const errors = parseAbi([
  'error SelfLiquidation()',
  'error ReserveInactive()',
  'error ReservePaused()',
  'error PriceOracleSentinelCheckFailed()',
  'error LiquidationGraceSentinelCheckFailed()',
  'error HealthFactorNotBelowThreshold()',
  'error CollateralCannotBeLiquidated()',
  'error SpecifiedCurrencyNotBorrowedByUser()',
  'error MustNotLeaveDust()',
  'error InvalidBurnAmount()',
  'error InvalidAmount()',
  'error FlashloanDisabled()',
  'error InvalidFlashloanExecutorReturn()',
]);
