import type { Abi, AbiEvent, Address, Hash, Log, PublicClient } from 'viem';
import type { Leg } from '../contract/plan.ts';
import type { Revert } from '../log/revert.ts';
import type { MarketKey } from '../store/key.ts';
import type { DealKind, Sent, Subject } from '../store/sent.ts';

/** The lending protocols Plimsoll liquidates. */
export type ProtocolId = 'aave-v3' | 'compound-v2' | 'compound-v3' | 'dex223';

/** A block as the keeper names it: state is read at `hash`; `timestamp` is in seconds. */
export type BlockRef = { number: bigint; hash: Hash; timestamp: bigint };

/** What accounts are judged at and deals are legal at: the timestamp (seconds) and number of the block a plan is to land in. */
export type Moment = { timestamp: bigint; number: bigint };

/** An asset of a market: what can be repaid or seized. */
export type Asset = { address: Address; symbol: string; decimals: number };

/** So many smallest units of a token; the zero address is the native coin. */
export type Amount = { asset: Address; amount: bigint };

/** What all accounts of a market share at one block: indices, prices, configuration. Only its own market looks inside. */
export type MarketState = { block: BlockRef };

/**
 * One amount of an account, in the protocol's own smallest unit and before any index or price. What a slot stands for is
 * the protocol's to say: a debt, a collateral, or a number that only its exact arithmetic reads.
 */
export type Cell = { slot: number; amount: bigint };

/**
 * One borrower, as read at one block. An account that nothing can happen to has no cells.
 *
 * - `address`: its key, lower case.
 * - `group`: which of the market's sets of coefficients applies to it, 0 to 65,535; Aave's eMode category.
 * - `cells`: by rising slot, 0 to 65,534, each slot at most once.
 */
export type Account = { address: Address; group: number; cells: readonly Cell[] };

/**
 * What one unit of each cell is worth at a moment, for the screen: collateral positive and weighted as it counts
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
 * What the protocol's own contract would say of an account at a moment.
 *
 * - `healthFactor`: 1e18 is the line; `2n ** 256n - 1n` without debt.
 * - `collateralBase`, `debtBase`: the whole account in the market's base currency, unweighted.
 */
export type Health = { healthFactor: bigint; underwater: boolean; collateralBase: bigint; debtBase: bigint };

/** Why an account cannot be judged at this block; the account is set aside, the others are not held up. */
export type Unjudged = { error: string };

/**
 * What a market lets anybody do at a view's moment, and its exact outcome if nothing else happens before. Ids, claims and stocks
 * begin with the market's key.
 */
export type Deal = {
  /** Names it in its view. A deal that follows another of the same account has another id: it carries the step. */
  id: string;
  market: MarketKey;
  kind: DealKind;
  /** Whom it concerns: nobody, one account, or several. */
  subjects: readonly Subject[];
  /** What one deal of a view and one plan in flight may hold at a time: an account, a stock, a position. */
  claims: readonly string[];
  /**
   * What the protocol pulls. `inHand`: what to have in hand, as "as much as is allowed" may grow to that within a minute. A deal
   * without it cannot be cut.
   */
  spend?: Amount & { inHand: bigint };
  /** What arrives: at the largest size, and below the largest part in proportion to `spend`. */
  gain?: Amount;
  /**
   * What it takes from stocks that the market's deals share, in order; a negative amount is brought. `over`: the stock must not be
   * empty before, but may be overdrawn.
   */
  draws: readonly { on: string; amount: bigint; over?: true }[];
  /**
   * Profit that another transaction brings, with this chance (0 to 1) and for `gas` more, from one second to another: what
   * freezing a position now is worth.
   */
  later?: { gain: Amount; chance: number; gas: bigint; from: bigint; until: bigint };
  /** The last second at which it is this deal. */
  until?: bigint;
  /** AMM pools that it trades in itself: no route of its plan goes there. */
  moves?: readonly Address[];
  /** Gas and calldata that it adds to a round. */
  gas: bigint;
  bytes: number;
  /** Only its own protocol reads it, and it is not stored. */
  detail: unknown;
};

/**
 * A loan of a market's own money.
 *
 * - `funding`, `source`: the contract's number for the kind of loan, and whom it asks.
 * - `fee`: smallest units on top.
 * - `out`: the view while the money is out.
 * - `back`: a later view of the same market once it is paid back.
 */
export type Loan = { funding: number; source: Address; fee: bigint; out: View; back(view: View): View };

/** The loan of `amount` (smallest units) of an asset; `undefined` where the market does not lend it, or not as much. */
type Lender = (asset: Address, amount: bigint) => Loan | undefined;

/** A market with its accounts at one block and moment. It never changes: `after` and loans give other views. */
export type View = {
  readonly market: MarketKey;
  readonly moment: Moment;
  /** What the screen sums cells with. */
  readonly coefficients: Coefficients;
  readonly loan: Lender;
  /** Exact health of an account if nobody acts before the moment. */
  health(key: Address): Health | Unjudged;
  /**
   * Everything the market allows of these accounts, and what concerns nobody: each deal alone and at its largest, with what
   * others feed as if all of those came.
   */
  deals(keys: readonly Address[]): Deal[];
  /** Why an account that is under water has no deal, in words, where the market knows it. */
  whyNone?(key: Address): string | undefined;
  /** What there is to draw on. */
  stock(on: string): bigint;
  /**
   * The deal as it is in this view: at its largest, also where it was cut before, or spending at most `most` (smallest units); less
   * where what would be left is dust or a stock is short. What is fitted is the same when it is fitted again to the same `most`.
   * `undefined`: it is gone, or none is so small.
   */
  fit(deal: Deal, most?: bigint): Deal | undefined;
  /** The market as the deal, which must be of this view or fitted to it, leaves it. */
  after(deal: Deal): View;
  /**
   * The legs of a whole plan, round by round as given, and which deals (by id) each of them carries out: several may fold into
   * one, across rounds.
   */
  legs(rounds: readonly (readonly Deal[])[]): { leg: Leg; of: readonly string[] }[][];
  /** Value of one whole token in the market's base currency, for the price book alone. */
  price(asset: Address): { base: bigint; decimals: number } | undefined;
};

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

/** What all accounts of a market together owe of one asset, in the unit of the cells of that slot, as the market counts it itself. */
export type TotalDebt = { asset: Asset; slot: number; amount: bigint };

/** One deployment of a protocol, with what rarely changes. Reading throws when the node fails; a view never throws. */
export type Market = {
  key: MarketKey;
  assets: readonly Asset[];
  discovery: Discovery;
  /** Whether an account can change without a log that names it: those near the line are then read at every head. */
  changesSilently: boolean;
  /** Accounts that no log finds, counted: the keys of all there are at a block. */
  enumerate?(client: PublicClient, block: BlockRef): Promise<Address[]>;
  /** Accounts that the clock alone makes due by a moment. */
  dueBy?(moment: Moment): Address[];
  /** Reads what all accounts share, in one round trip where the protocol allows. */
  read(client: PublicClient, block: BlockRef): Promise<MarketState>;
  /** Reads accounts, given by key in whatever case, at the block of `state`. The map's keys are lower case. */
  readAccounts(client: PublicClient, state: MarketState, keys: readonly Address[]): Promise<Map<Address, Account>>;
  /**
   * What everybody owes at the block of `state`, counted by the market and not by its accounts: what the accounts that are known are
   * held against. Only what is counted to the unit.
   */
  totalDebts?(client: PublicClient, state: MarketState): Promise<TotalDebt[]>;
  /**
   * The state as if every account that owes had fallen under water, at the same prices: what the keeper plans on at quiet heads,
   * so that pools are known and code has run before they are needed. Nothing that comes of it is ever sent.
   */
  stressed(state: MarketState): MarketState;
  /**
   * Binds state, accounts and moment.
   *
   * @param accounts - by key, lower case; `undefined` for one that is not tracked
   * @param moment - not before the block of `state`
   */
  at(state: MarketState, accounts: (key: Address) => Account | undefined, moment: Moment): View;
};

/** A deployment that users may name. `isMain`: the one that the protocol alone means on its chain. */
export type Preset = { id: string; address: Address; chainId: number; isMain: boolean };

/** Whose legs they are and what native coins arrive as: some deals depend on it. */
export type Us = { liquidator: Address; wrappedNative: Address };

/** What became of a deal of a leg that was sent; why, where it did not land. */
export type Fate = { id: string; state: 'landed' | 'skipped' | 'lost'; reason?: Revert };

/** Everything the keeper knows of a lending protocol. */
export type Protocol = {
  id: ProtocolId;
  /** What its contracts revert with. */
  errors: Abi;
  /** The deployments that users may name, on one chain or all. */
  presets(chainId?: number): Promise<Preset[]>;
  /**
   * The market's own address by any address that its users know it by.
   *
   * @returns `undefined` where the address is none of this protocol's
   */
  find(client: PublicClient, address: Address): Promise<Address | undefined>;
  /**
   * Reads a deployment by its own address.
   *
   * @param block - where to read; the latest when left out
   * @throws one line, when the address is none, or one of a version that is not evaluated exactly
   */
  open(client: PublicClient, address: Address, us: Us, block?: BlockRef): Promise<Market>;
  /**
   * What became of the deals of a leg.
   *
   * @param own - the contract's event of this leg
   * @param before - the logs between the contract's event before it and `own`
   */
  fates(sent: Sent, own: Log, before: readonly Log[]): Fate[];
  /** Whether a revert says that somebody else was first, or it is not wanted any more; `undefined`: read the accounts at that block. */
  gone(revert: Revert, sent: Sent): boolean | undefined;
  /** What a revert means, for people. */
  explain(revert: Revert): string;
};
