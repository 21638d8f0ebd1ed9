/** What became of a leg that was sent: the words of logs, status and history. */
export type LegState = 'landed' | 'skipped' | 'lost' | 'reverted' | 'replaced' | 'expired' | 'cancelled';

/**
 * - `reason`: why, for people; absent where it landed.
 * - `revert`: what the call said, decoded, where one reverted.
 */
export type Why = { reason?: string; revert?: string };

/** What became of one of the deals of a leg. */
export type DealOutcome = { id: string; state: LegState } & Why;

/** What became of a leg: what it repaid and seized is among the liquidations. Plain data for the store. */
export type LegOutcome = { state: LegState; deals: readonly DealOutcome[] } & Why;
