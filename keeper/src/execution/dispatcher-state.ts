import type { Address, LocalAccount } from 'viem';
import type { GasPrices } from '../chain/gas-price.ts';
import type { Ended } from './flight.ts';
import type { Lane } from './lane.ts';
import type { About, Ledger } from './ledger.ts';
import type { OutcomeWorld } from './outcomes.ts';
import type { Purse } from './purse.ts';
import type { Tell } from './tell.ts';
import type { TryOutWorld } from './try-out.ts';

/** What a run came to: legs by what became of them; what they earned before gas, and what gas was paid. Wei. */
export type Summary = {
  liquidated: number;
  skipped: number;
  lost: number;
  reverted: number;
  cancelled: number;
  value: bigint;
  gas: bigint;
};

/** All that the dispatcher knows. The functions of `attempt.ts` and `settle.ts` read and change it. */
export type DispatcherState = TryOutWorld &
  OutcomeWorld & {
    operator: LocalAccount | undefined;
    liquidator: Address | undefined;
    /** `undefined` where nothing is sent. */
    lane: Lane<About> | undefined;
    /** What a transaction may cost, and fees by head with what it asks for at least. */
    purse: Purse;
    prices: GasPrices;
    maxInFlight: number;
    ledger: Ledger;
    tell: Tell;
    summary: Summary;
    /** What has ended and is not yet written down. It is kept here, so that none is lost when a node fails in between. */
    unsettled: Ended<About>[];
    /** Legs that were counted as cancelled, by their attempt: the chain may have them in the end. */
    withdrawn: Map<number, number>;
  };
