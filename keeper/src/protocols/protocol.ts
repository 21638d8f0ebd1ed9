import type { Abi, AbiEvent, Address, Hash, Hex, Log, PublicClient } from 'viem';

/** The lending protocols Plimsoll liquidates. */
export type ProtocolId = 'aave-v3' | 'compound-v2' | 'compound-v3' | 'dex223';

/** A block as the keeper names it: state is read at `hash`, judged at `timestamp` (seconds) or later. */
export type BlockRef = { number: bigint; hash: Hash; timestamp: bigint };

/** An asset of a market: what can be repaid or seized. */
export type Asset = { address: Address; symbol: string; decimals: number };

/** One deployment of a protocol, with what rarely changes. A protocol's own market extends it. */
export type Market = {
  protocol: ProtocolId;
  chainId: number;
  /** The contract that a leg calls: Aave's Pool, Compound v2's Comptroller, a Comet, Dex223's margin module. */
  address: Address;
  assets: readonly Asset[];
};

/** What all accounts of a market share at one block: indices, prices, configuration. */
export type MarketState = { block: BlockRef };

/**
 * One amount of an account, in the protocol's own smallest unit and before any index or price. What a slot stands for is
 * the protocol's to say: a debt, a collateral, or a number that only its exact arithmetic reads.
 */
export type Cell = { slot: number; amount: bigint };

/**
 * One borrower, as read at one block. An account that nothing can happen to has no cells.
 *
 * - `address`: lower case.
 * - `group`: which of the market's sets of coefficients applies to it, 0 to 65,535; Aave's eMode category.
 * - `cells`: by rising slot, 0 to 65,534, each slot at most once.
 */
export type Account = { address: Address; group: number; cells: readonly Cell[] };

/**
 * What one unit of each cell is worth at a timestamp, for the screen: collateral positive and weighted as it counts
 * towards the line, debt negative. An account under water has a sum of coefficient · amount below `rounding` · cells.
 */
export type Coefficients = {
  groups: number;
  slots: number;
  /**
   * Base currency per unit of amount, at `group * slots + slot`. Each is within 4 · 2^-53 of the real number it stands
   * for, relatively. NaN sends every account that has the cell to the judge: a price that failed, a value that is not linear.
   */
  values: Float64Array;
  /** Base currency by which the protocol's own roundings can lower one cell's value at most, against that real number. */
  rounding: number;
};

/**
 * What the protocol's own contract would say of an account at a timestamp.
 *
 * - `healthFactor`: 1e18 is the line; `2n ** 256n - 1n` without debt.
 * - `collateralBase`, `debtBase`: whole position in the market's base currency, unweighted.
 */
export type Health = { healthFactor: bigint; underwater: boolean; collateralBase: bigint; debtBase: bigint };

/** Why an account cannot be judged at this block; the account is set aside, the others are not held up. */
export type Unjudged = { error: string };

/** One legal liquidation of one account, and its exact outcome at the timestamp it was judged for. */
export type Option = {
  /** Checksummed, as all addresses of an option. */
  account: Address;
  debtAsset: Address;
  collateralAsset: Address;
  /** Debt token the protocol will pull (debt token's smallest unit). */
  repay: bigint;
  /** Amount to pass to the protocol: `repay`, or `2n ** 256n - 1n` for "as much as is allowed". */
  argument: bigint;
  /** Debt token to have in hand: `repay`, and where `argument` is the maximum also what it grows to within a minute. */
  funding: bigint;
  /** Collateral the liquidator receives, after the protocol's fee (collateral's smallest unit). */
  seized: bigint;
  /** Collateral the protocol keeps of what is taken from the account. */
  fee: bigint;
  closesDebt: boolean;
  closesCollateral: boolean;
  /** Value of `seized` less value of `repay` at the protocol's own prices, base currency, rounded down. */
  bonusBase: bigint;
};

/** One liquidation inside a round, as the Liquidator contract takes it. */
export type Leg = {
  protocol: number;
  market: Address;
  borrower: Address;
  collateral: Address;
  /** The option's `argument`. */
  repay: bigint;
  extra: Hex;
};

/** A flash loan of `amount` of an asset: the contract's number for the funding, whom it asks, what it charges. */
export type Lender = (asset: Address, amount: bigint) => { funding: number; source: Address; fee: bigint } | undefined;

/** Which logs concern a market's accounts, and what they say. */
export type Discovery = {
  /** Contracts to watch, and the events to watch them for. */
  addresses: readonly Address[];
  events: readonly AbiEvent[];
  /** The subset that finds every borrower there ever was; enough for the backfill. */
  backfill: { addresses: readonly Address[]; events: readonly AbiEvent[] };
  /** Accounts whose state a log may have changed, lower case; empty for logs that concern none. */
  accounts(log: Pick<Log, 'topics' | 'data'>): Address[];
  /** Whether a log changes what `open` read, so that the market has to be opened again. */
  reopens(log: Pick<Log, 'topics' | 'data'>): boolean;
};

/**
 * Everything the keeper knows of a lending protocol. Reading throws when the node fails; judging never throws.
 *
 * The functions are written as methods so that `Protocol<AaveMarket, ...>` is a `Protocol`: the loop hands every
 * value back to the protocol it came from.
 */
export type Protocol<M extends Market = Market, S extends MarketState = MarketState> = {
  id: ProtocolId;
  /**
   * Reads a deployment by any of the addresses its users know it by.
   * @throws one line, when the address is no such deployment or one of a version that is not evaluated exactly.
   */
  open(client: PublicClient, address: Address, block?: BlockRef): Promise<M>;
  discovery(market: M): Discovery;
  /** Reads what all accounts share, at `block`, in one round trip where the protocol allows. */
  readMarket(client: PublicClient, market: M, block: BlockRef): Promise<S>;
  /** Reads `accounts`, in whatever case, at the block of `state`. Keys are lower case. */
  readAccounts(client: PublicClient, market: M, state: S, accounts: readonly Address[]): Promise<Map<Address, Account>>;
  /** What the screen sums cells with, at `timestamp` (seconds, not before the block of `state`). */
  coefficients(market: M, state: S, timestamp: bigint): Coefficients;
  /** Exact health at `timestamp` (seconds, not before the block of `state`) if nobody acts in between. */
  health(market: M, state: S, account: Account, timestamp: bigint): Health | Unjudged;
  /** Every legal (debt, collateral) pair at its largest legal amount; empty when not underwater or unjudged. */
  options(market: M, state: S, account: Account, timestamp: bigint): Option[];
  /**
   * The largest legal liquidation of an option's pair that repays at most `repay`, with its exact outcome: the option itself
   * from its own amount on, less where what would be left is dust. `undefined` where none is so small.
   */
  resize(market: M, state: S, account: Account, timestamp: bigint, option: Option, repay: bigint): Option | undefined;
  /**
   * Account and market as the option leaves them, for another liquidation of the account in the same transaction;
   * `undefined` where none can follow.
   */
  after(
    market: M,
    state: S,
    account: Account,
    timestamp: bigint,
    option: Option,
  ): { state: S; account: Account } | undefined;
  leg(market: M, option: Option): Leg;
  /** Value of one whole token in the market's base currency; `undefined` where the market has no price for it. */
  price(market: M, state: S, asset: Address): { base: bigint; decimals: number } | undefined;
  /** Flash loans of the market itself; `undefined` for an asset it does not lend, or not as much. */
  lender(market: M, state: S): Lender;
  /** Whether an account can change without a log that names it: those near the line are then read at every head. */
  changesSilently: boolean;
  /** What the protocol's contracts revert with. */
  errors: Abi;
};
