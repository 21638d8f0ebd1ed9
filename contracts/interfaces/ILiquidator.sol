// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The lending protocol a leg liquidates in.
enum Protocol {
    AaveV3,
    CompoundV2,
    CompoundV3,
    Dex223
}

/// @notice Where the money that a round repays with comes from.
enum Funding {
    None,
    UniswapV3Swap,
    UniswapV3Flash,
    UniswapV4,
    BalancerV2,
    BalancerV3,
    Morpho,
    AaveV3Simple,
    AaveV3
}

/// @notice Where a token is sold, wrapped or redeemed.
enum Venue {
    UniswapV3,
    UniswapV2,
    UniswapV4,
    Weth,
    Erc4626
}

/// @notice One liquidation inside a round. The debt token is the round's.
/// @param protocol Which protocol's rules apply.
/// @param market The contract that is called. Aave v3: the Pool; Compound v2: the debt's market; Compound v3: the Comet;
/// Dex223: the margin module.
/// @param borrower The account. Dex223: the position id as an address.
/// @param collateral The token that arrives here.
/// @param repay Debt-token units to repay; `type(uint256).max` for as much as the protocol allows at that moment.
/// @param extra What only one protocol knows; empty for Aave v3. ABI-encoded see `CompoundV2Extra` and {CompoundV3}, packed
/// {Dex223} in protocols/.
struct Leg {
    Protocol protocol;
    address market;
    address borrower;
    address collateral;
    uint256 repay;
    bytes extra;
}

/// @notice One sale inside a round, after its legs.
/// @param venue The kind of `pool`.
/// @param pool The pool or contract that is called. It must not be the round's own source while that is locked.
/// @param tokenIn Token sold.
/// @param tokenOut Token bought.
/// @param amountIn Units of `tokenIn` to sell, at most: if less is here, less is sold. `type(uint256).max` sells all.
/// @param minOut The least units of `tokenOut` for `amountIn`. If less is sold the bound shrinks in proportion, rounded
/// up; with `amountIn = type(uint256).max` it is absolute. It is a price, so a skipped leg does not break the round.
/// @param extra What only one venue knows; empty for a single Uniswap v3 pool. See {UniswapV3}, {UniswapV2} and {UniswapV4}
/// in venues/.
struct Swap {
    Venue venue;
    address pool;
    address tokenIn;
    address tokenOut;
    uint256 amountIn;
    uint256 minOut;
    bytes extra;
}

/// @notice One funding call with its legs and swaps; all of it happens or none. Rounds follow one another, never nest.
/// @param funding The kind of `source`.
/// @param source The pool, vault or lender that is asked. Ignored with `Funding.None`.
/// @param debtToken The token borrowed and repaid.
/// @param amount Units of `debtToken` to borrow. What the legs do not use goes back or is profit.
/// @param maxPay Flash swap: the most units of the legs' collateral the pool may take. Loan: the most units of `debtToken`
/// the lender may take as its fee; what its sales bring is bounded by their own `minOut`.
/// @param extra What only one funding knows; empty for a single Uniswap v3 pool and for most loans. See
/// {UniswapV3FlashSwap} and {UniswapV3Flash} in funding/.
/// @param legs Liquidations. Flash swap: all of one collateral, and all must land. Otherwise a failing leg is skipped.
/// @param swaps Sales after the legs.
struct Round {
    Funding funding;
    address source;
    address debtToken;
    uint256 amount;
    uint256 maxPay;
    bytes extra;
    Leg[] legs;
    Swap[] swaps;
}

/// @notice A token the plan touches, and what it is worth when the floor is checked.
/// @param token An ERC-20, or 0 for the native coin.
/// @param price Wei of the native currency, times 1e18, for one smallest unit of `token`. WETH itself: 1e18.
struct PricedToken {
    address token;
    uint256 price;
}

/// @notice One transaction: rounds, then one floor and one tip.
/// @dev Packed for {ILiquidator.execute}, which has the layout; here with the names and the types that planners use.
/// @param validUntil Last `block.timestamp` (seconds) at which the plan may run.
/// @param floor The least profit in wei, valued at `tokens[].price` and net of the tip, or everything reverts.
/// @param tip Wei for `block.coinbase`, out of the profit in `weth`; 0 for none.
/// @param weth The chain's wrapped native token, or 0 to tip out of profit in the native coin; needed, and listed in `tokens`, with a tip only.
/// @param tokens Every token that a round, leg or swap names. Each starts and ends at zero here: what lay here before goes
/// to the treasury first and is no profit, what is left afterwards goes there as profit.
/// @param rounds In order of execution.
struct Plan {
    uint256 validUntil;
    uint256 floor;
    uint256 tip;
    address weth;
    PricedToken[] tokens;
    Round[] rounds;
}

/// @notice The first word of a packed plan; the rest follows it in the calldata. See {ILiquidator.execute}.
struct PlanHead {
    bytes32 word;
}

/// @notice What a plan came to, in one word: legs that landed (bits 0 to 15), legs that did not (16 to 31), those of skipped
/// rounds included, the wei that `block.coinbase` took (32 to 143), and all flash-loan fees in wei at the plan's prices (144 to
/// 255). A flash swap has no fee: its cost is in the price.
type Tally is uint256;

/// @notice What the treasury received of one token.
struct Profit {
    address token;
    uint256 amount;
}

/// @title ILiquidator
/// @notice Repays the debts of underwater accounts with borrowed money, seizes and sells the collateral, returns the loan
/// and sends the profit to a treasury, in one transaction or not at all.
/// @dev The place of an event alone tells which leg it is about. A plan that landed leaves, in this order: one `Rescued` for each
/// of its tokens that lay here before; its rounds, in order; one `PlanExecuted`. A round that landed leaves exactly one event of
/// `Liquidated`, `Frozen` or `LegSkipped` for each of its legs, in order, and none for its swaps; one that did not, one
/// `RoundSkipped` alone. Nothing else of this contract stands between, unless the owner sets something in the midst of a plan.
interface ILiquidator {
    // ---- events ----

    /// @notice One liquidation landed. It stands at its leg's place: a round that landed has one event a leg.
    /// @param protocol Which protocol's rules applied.
    /// @param market The market that was called.
    /// @param borrower The account as the leg names it; on Compound v3 no proof that it was absorbed, which `AbsorbDebt` is.
    /// @param debt The token repaid.
    /// @param collateral The token seized.
    /// @param repaid Units of `debt` that left, measured here.
    /// @param seized Units of `collateral` that arrived, measured here.
    event Liquidated(
        Protocol protocol,
        address indexed market,
        address indexed borrower,
        address debt,
        address collateral,
        uint256 repaid,
        uint256 seized
    );

    /// @notice A Dex223 position is frozen and can be confirmed from the next second on, for an hour: its leg has landed.
    /// @param market The margin module.
    /// @param position Its id there.
    event Frozen(address indexed market, uint256 indexed position);

    /// @notice One leg of a round that went on without it, and landed with another.
    /// @param market The market that was called.
    /// @param borrower The account.
    /// @param leg Its index in its round, from 0; which round that is, the event's place tells.
    /// @param reason The first 256 bytes of what the call reverted with.
    event LegSkipped(address indexed market, address indexed borrower, uint256 leg, bytes reason);

    /// @notice One round that left nothing behind, no event of its legs either: this stands in their place.
    /// @param round Its index in the plan, from 0.
    /// @param source What was asked for money.
    /// @param reason The first 256 bytes of what the round reverted with.
    event RoundSkipped(uint256 indexed round, address indexed source, bytes reason);

    /// @notice The plan is done and the treasury has its profit. The plan's last event.
    /// @param operator Who sent it.
    /// @param value All profits in wei at the plan's prices, net of the tip.
    /// @param tally Legs, tip and fees; see {Tally}.
    /// @param profits Per token of the plan that anything was left of, what the treasury received, measured there.
    event PlanExecuted(address indexed operator, uint256 value, Tally tally, Profit[] profits);

    /// @notice `operator` may now, or no longer, execute plans.
    event OperatorSet(address indexed operator, bool allowed);
    /// @notice Profits go to `treasury` from now on.
    event TreasurySet(address indexed treasury);
    /// @notice A tip may take at most `bps` of a plan's WETH profit from now on.
    event TipCapSet(uint256 bps);
    /// @notice `amount` of `token` (0: native) that lay here went to the treasury: sent by the owner, or swept before a plan.
    event Rescued(address indexed token, uint256 amount);

    // ---- errors ----

    /// @notice `caller` may not execute plans.
    error NotOperator(address caller);
    /// @notice The plan was valid until `validUntil` and it is `timestamp` now (seconds).
    error Expired(uint256 validUntil, uint256 timestamp);
    /// @notice A round, leg or swap uses the token of `number`, which none of the plan's has.
    error UnlistedToken(uint256 number);
    /// @notice Not one leg landed; `lastReason` is why the last round did not.
    error NothingLanded(bytes lastReason);
    /// @notice The profit, `value` wei at the plan's prices and net of the tip, is under the plan's `floor`.
    error BelowFloor(uint256 value, uint256 floor);
    /// @notice The plan asks for `tip` wei and the owner's cap on this profit is `cap` wei.
    error TipAboveCap(uint256 tip, uint256 cap);
    /// @notice `weth`, as the plan names it, did not pay out what was unwrapped.
    error NoWeth(address weth);
    /// @notice `caller` called back with `selector` where nobody, or somebody else, was asked, or with other data.
    error UnexpectedCallback(address caller, bytes4 selector);
    /// @notice `source` returned without calling back.
    error NoCallback(address source);
    /// @notice A flash loan that `initiator` started, not this contract.
    error WrongInitiator(address initiator);
    /// @notice The source gave `received` units of the debt token where `amount` were asked.
    error ShortFunding(uint256 received, uint256 amount);
    /// @notice The pool wants `pay` units of collateral and the round allows `maxPay`.
    error PayAboveMax(uint256 pay, uint256 maxPay);
    /// @notice A sale brought `out` units and the round wants `minOut` for what was sold.
    error OutBelowMin(uint256 out, uint256 minOut);
    /// @notice Leg `leg` of a round that needs all its legs failed with `reason`.
    error LegFailed(uint256 leg, bytes reason);
    /// @notice The market call succeeded and moved no money: no liquidation.
    error NothingRepaid(address market);
    /// @notice `target` did not revert and returned `code`, which is not 0: Compound v2's way to fail.
    error ErrorCode(address target, uint256 code);
    /// @notice The margin module `market` succeeded without freezing or liquidating `position` as asked.
    error NotLanded(address market, uint256 position);
    /// @notice A flash swap needs legs of one collateral other than the debt token.
    error NotOnePair();
    /// @notice An address that must not be zero, or not this contract, is.
    error BadAddress();
    /// @notice The plan is shorter or longer than what it says is in it.
    error BadEncoding();
    /// @notice `execute` or `rescue` was called while one of them runs.
    error Reentered();
    /// @notice `token` does not tell its allowances.
    error NoAllowance(address token);
    /// @notice A share above 10,000 bps.
    error BadBps(uint256 bps);

    // ---- operators ----

    /// @notice Runs a plan. Each round happens whole or not at all; the plan reverts if no leg lands or the profit is
    /// under the floor. Afterwards no token of the plan is left here, and no allowance.
    /// @dev A {Plan} is packed, as calldata is what a plan pays for twice on a rollup. Integers are big-endian and everything
    /// follows without a gap, so that there is one encoding of a plan, and a round is one run of bytes:
    ///
    /// | part | bytes |
    /// |---|---|
    /// | plan | `validUntil` 5, `floor` 12, `tip` 12, number of `weth` 1, tokens 1, rounds 1; tokens; rounds |
    /// | token | `token` 20, `price` 16 |
    /// | round | `funding` 1, legs 1, swaps 1, length of `extra` 2, `source` 20, number of `debtToken` 1, `amount` 16, `maxPay` 16; `extra`; legs; swaps |
    /// | leg | `protocol` 1, length of `extra` 2, `market` 20, number of `collateral` 1, `borrower` 20, `repay` 16; `extra` |
    /// | swap | `venue` 1, length of `extra` 2, `pool` 20, number of `tokenIn` 1, of `tokenOut` 1, `amountIn` 16, `minOut` 16; `extra` |
    ///
    /// The number of a token is its place among the plan's tokens, counted from the last, which is 1.
    /// `type(uint128).max` in `maxPay`, `repay` and `amountIn` stands for `type(uint256).max`. Without a tip the number of `weth`
    /// is 0.
    /// @param head The plan's first word. The rest follows right behind it: the calldata is the selector and then the packed plan,
    /// without the offset and the length that `bytes` would take.
    /// @return value The profit in wei at the plan's prices, net of the tip: what a rehearsal by `eth_call` learns.
    function execute(PlanHead calldata head) external returns (uint256 value);

    // ---- owner ----

    /// @notice Lets `operator` execute plans, or no longer.
    /// @param operator A hot key. It can waste gas and the profit of its own plans, nothing else.
    /// @param allowed Whether it may.
    function setOperator(address operator, bool allowed) external;

    /// @notice Sends all later profits to `treasury`.
    /// @param treasury Not zero, not this contract.
    function setTreasury(address treasury) external;

    /// @notice Caps what a plan may tip, in bps of its WETH profit.
    /// @param bps At most 10,000. 0, the default, allows no tip.
    function setTipCap(uint256 bps) external;

    /// @notice Sends what lies here to the treasury: tokens that somebody sent by mistake.
    /// @param token An ERC-20, or 0 for the native currency.
    /// @param amount Units of it.
    function rescue(address token, uint256 amount) external;

    // ---- views ----

    /// @notice Whether `operator` may execute plans.
    function operators(address operator) external view returns (bool);

    /// @notice Where every profit goes.
    function treasury() external view returns (address);

    /// @notice What a tip may take of a plan's WETH profit, in bps.
    function tipCapBps() external view returns (uint16);
}
