// The guards of the contracts: where each stands, what stands there instead when it is taken out, and the test that should
// notice first. The text must occur once in its file.

const guard = (file, likely) => (text, instead) => ({ file, text, instead: instead ?? '', likely });

const liquidator = guard('Liquidator.sol', 'Owner.t.sol');
const execution = guard('Liquidator.sol', 'Bounds.t.sol');
const reentry = guard('Liquidator.sol', 'Hostile.t.sol');
const reentrant = guard('funding/Binding.sol', 'Hostile.t.sol');
const callbacks = guard('Liquidator.sol', 'Callbacks.t.sol');
const money = guard('Money.sol', 'venues/Hostile.t.sol');
const allowance = guard('Money.sol', 'funding/Hostile.t.sol');
const settlement = guard('Settlement.sol', 'Hostile.t.sol');
const tip = guard('Settlement.sol', 'Tip.t.sol');
const encoding = guard('funding/RoundTrip.sol', 'Encoding.t.sol');
const lent = guard('funding/RoundTrip.sol', 'funding/Hostile.t.sol');
const binding = guard('funding/Binding.sol', 'Callbacks.t.sol');
const flashSwap = guard('funding/UniswapV3FlashSwap.sol', 'Hostile.t.sol');
const aaveLoan = guard('funding/AaveV3FlashLoan.sol', 'funding/Hostile.t.sol');
const morpho = guard('funding/MorphoFlashLoan.sol', 'funding/Hostile.t.sol');
const balancerV3 = guard('funding/BalancerV3.sol', 'funding/Hostile.t.sol');
const v3Sale = guard('venues/UniswapV3.sol', 'Hostile.t.sol');
const v4Sale = guard('venues/UniswapV4.sol', 'venues/Hostile.t.sol');
const sales = guard('venues/Sales.sol', 'venues/Venues.t.sol');
const legs = guard('protocols/Legs.sol', 'Hostile.t.sol');
const aave = guard('protocols/AaveV3.sol', 'Hostile.t.sol');
const compoundV2 = guard('protocols/CompoundV2.sol', 'legs/VenusErc20.t.sol');
const compoundV3 = guard('protocols/CompoundV3.sol', 'legs/CometBuy.t.sol');
const dex223 = guard('protocols/Dex223.sol', 'legs/Dex223Confirm.t.sol');
const oneCall = guard('protocols/Dex223.sol', 'legs/Dex223OneCall.t.sol');
const enter = (file, data) => guard(`funding/${file}.sol`, 'funding/Hostile.t.sol')(`Binding.enter(${data});`);

/** Every guard. */
export const guards = [
  // Who may, and when.
  reentrant('if (_load() != 0) revert ILiquidator.Reentered();'),
  reentry('external onlyOwner {\n        Binding.check();', 'external onlyOwner {'),
  settlement('while (atRest != 0) {\n            Binding.lock();', 'while (atRest != 0) {'),
  liquidator('external onlyOwner {\n        Binding.check();', 'external {\n        Binding.check();'),
  liquidator(
    'setOperator(address operator, bool allowed) external onlyOwner',
    'setOperator(address operator, bool allowed) external',
  ),
  liquidator('setTreasury(address treasury_) external onlyOwner', 'setTreasury(address treasury_) external'),
  liquidator('setTipCap(uint256 bps) external onlyOwner', 'setTipCap(uint256 bps) external'),
  liquidator('if (bps > 10_000) revert BadBps(bps);'),
  liquidator('if (operator == address(0)) revert BadAddress();'),
  liquidator('treasury_ == address(0) || '),
  liquidator(' || treasury_ == address(this)'),
  execution('if (to == address(0)) revert NotOperator(msg.sender);'),
  execution('if (block.timestamp > plan.validUntil()) revert Expired(plan.validUntil(), block.timestamp);'),
  execution('if (counts & 0xffff == 0) revert NothingLanded(lastReason);'),
  guard(
    'Packed.sol',
    'Bounds.t.sol',
  )('if (number == 0 || number > (wordAt(PlanAt.unwrap(plan)) >> 8) & 0xff) revert ILiquidator.BadEncoding();'),
  reentry('Settlement.sweep(plan, tokensEnd, to);'),
  callbacks('if (msg.sender != address(this)) revert UnexpectedCallback(msg.sender, msg.sig);'),

  // Callbacks.
  binding('if (tally != key) return (tally, reason);', 'return (tally, reason);'),
  binding(
    'revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);\n        _store(RUNNING);',
    'revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);',
  ),
  binding('if (_load() != keyOf(msg.sender, msg.sig, data))', 'if (_load() == RUNNING)'),
  enter('UniswapV3FlashSwap', 'data'),
  enter('UniswapV3Flash', 'data'),
  enter('UniswapV4Unlock', 'data'),
  enter('BalancerV2', 'userData'),
  enter('BalancerV3', 'encoded'),
  enter('MorphoFlashLoan', 'data'),
  enter('AaveV3FlashLoan', 'params'),
  aaveLoan('if (initiator != address(this)) revert ILiquidator.WrongInitiator(initiator);'),

  // What a round may say.
  encoding('if (roundEnd > msg.data.length) revert ILiquidator.BadEncoding();'),
  encoding('revert(0x1c, 0x24)'),
  guard('Liquidator.sol', 'Encoding.t.sol')('if (at != msg.data.length) revert BadEncoding();'),

  // What a source may give and take.
  lent('if (received != amount) revert ILiquidator.ShortFunding(received, amount);'),
  lent('if (fee > round.maxPay()) revert ILiquidator.PayAboveMax(fee, round.maxPay());'),
  lent('Binding.tallyOf(landed, skipped, fee)', 'Binding.tallyOf(landed, skipped, 0)'),
  aaveLoan('if (tally != 0) Money.disallow(token, lender);'),
  morpho('if (tally != 0) Money.disallow(token, lender);'),
  balancerV3('if (credit != owed) revert ILiquidator.ShortFunding(credit, owed);'),
  flashSwap('revert ILiquidator.ShortFunding(received, round.amount());'),
  flashSwap('if (pay > round.maxPay()) revert ILiquidator.PayAboveMax(pay, round.maxPay());'),
  flashSwap('round.legs() == 0 || '),
  flashSwap(' || tokenIn == debtToken'),
  flashSwap('if (hops.length % UniswapV3.HOP != 0) revert ILiquidator.BadEncoding();'),
  flashSwap('if (tally == 0) UniswapV3.bubble(reason);'),
  allowance('if (allowance(token, spender) != 0) SafeTransferLib.safeApprove(token, spender, 0);'),

  // Sales.
  sales('if (out < minOut) revert ILiquidator.OutBelowMin(out, minOut);'),
  sales('FixedPointMathLib.fullMulDivUp(minOut, sold, amountIn)', 'minOut * sold / amountIn'),
  v3Sale('if (owed > amount) revert ILiquidator.PayAboveMax(owed, amount);'),
  v3Sale('if (tally == 0) bubble(reason);'),
  v3Sale('Money.here(between) - before', 'Money.here(between)'),
  v4Sale('if (owed > amount) revert ILiquidator.PayAboveMax(owed, amount);'),
  v4Sale('if (tally == 0) UniswapV3.bubble(reason);'),
  v4Sale('address(this).balance - before);', 'due);'),
  v4Sale('Money.send(token, address(manager), owed);', 'Money.send(currency, address(manager), owed);'),
  money('if (address(this).balance - before != amount) revert ILiquidator.NoWeth(weth);'),

  // What is known without asking.
  guard('Liquidator.sol', 'legs/TenRounds.t.sol')('round, counts & 0xffff != 0);', 'round, false);'),
  guard('protocols/AaveV3.sol', 'Loan.t.sol')('run.untouched && collateral != debtToken', 'run.untouched'),
  guard('Liquidator.sol', 'Execute.t.sol')('only == 0 || round.touched()', 'only == 0'),
  guard('protocols/AaveV3.sol', 'Loan.t.sol')('        run.untouched = false;\n', ''),

  // Settlement.
  settlement('if (value < plan.floor()) revert ILiquidator.BelowFloor(value, plan.floor());'),
  tip('if (plan.tip() > cap) revert ILiquidator.TipAboveCap(plan.tip(), cap);'),
  tip('if (weth != address(0)) Money.wrap(weth, tip);'),
  tip('Money.send(weth, treasury, tip);'),

  // Legs.
  guard('protocols/Legs.sol', 'Execute.t.sol')('revert ILiquidator.NotOnePair();', '{ }'),
  legs('revert ILiquidator.LegFailed(i, reason);'),
  legs('if (landed == 0) revert ILiquidator.LegFailed(count - 1, reason);'),
  guard(
    'protocols/Legs.sol',
    'funding/Hostile.t.sol',
  )('if (msg.sender != address(this)) revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);'),
  aave('if (repaid == 0) return (false, abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, market));'),
  guard(
    'protocols/AaveV3.sol',
    'Execute.t.sol',
  )('if (run.allowed != owed) Money.allow(run.debtToken, run.spender, owed);'),
  compoundV2('if (repaid == 0 || tokens == 0) revert ILiquidator.NothingRepaid(leg.market());'),
  compoundV2('Money.disallow(debtToken, target);'),
  compoundV2('if (!ok) LibCall.bubbleUpRevert(answer);'),
  compoundV2('revert ILiquidator.ErrorCode(target, abi.decode(answer, (uint256)));'),
  compoundV3('if (quote == 0) revert ILiquidator.NothingRepaid(leg.market());'),
  compoundV3('Money.disallow(base, leg.market());'),
  dex223('_wordOf(told, 7) == block.timestamp && '),
  dex223(' && _wordOf(told, 8) == uint160(address(this))'),
  dex223('if (!_isFrozen(leg)) return (false, _notLanded(leg));'),
  dex223('if (seized == 0 && !_isClosed(leg)) return (false, _notLanded(leg), 0);'),
  dex223('if (!ok) LibCall.bubbleUpRevert(reason);'),
  oneCall('length != ALWAYS && (length < ALWAYS + FORM || (length - ALWAYS - FORM) % PRE_SALE != 0)', 'false'),
  oneCall('if (reward != address(0)) payee = address(this);'),
  guard('Liquidator.sol', 'legs/Dex223OneCall.t.sol')('if (behind != msg.data.length) revert BadEncoding();'),
  guard('Liquidator.sol', 'legs/Dex223OneCall.t.sol')(' && plan.rounds() == 1', ''),
  guard('Liquidator.sol', 'legs/Dex223OneCall.t.sol')('plan.tip() == 0 ? to : address(this)', 'to'),
  guard('protocols/Dex223.sol', 'legs/Dex223PreSale.t.sol')('FixedPointMathLib.max(minOut, least)', 'minOut'),
];
