// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IAaveV3Pool } from "../../interfaces/external/IAaveV3Pool.sol";
import { IBalancerV2Vault, IBalancerV3Vault } from "../../interfaces/external/IBalancer.sol";
import { IComet } from "../../interfaces/external/IComet.sol";
import { ICToken } from "../../interfaces/external/ICompoundV2.sol";
import { IMorpho } from "../../interfaces/external/IMorpho.sol";
import { IUniswapV3Pool } from "../../interfaces/external/IUniswapV3Pool.sol";
import { IPoolManager } from "../../interfaces/external/IUniswapV4.sol";

/// @notice What every bare executor here does: trade WETH for USDC in one pool. For measuring only, like {Bare}.
abstract contract BareTrade {
    using SafeTransferLib for address;

    uint160 private constant MIN_LIMIT = 4_295_128_740;
    uint160 private constant MAX_LIMIT = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;

    address internal immutable POOL;
    address internal immutable COLLATERAL;
    address internal immutable DEBT;
    address internal immutable TREASURY;

    constructor(address pool, address collateral, address debt, address treasury) {
        (POOL, COLLATERAL, DEBT, TREASURY) = (pool, collateral, debt, treasury);
    }

    /// @dev `amount`: positive, of collateral to sell; negative, of debt to buy.
    function _swap(int256 amount, bytes memory data) internal {
        bool zeroForOne = COLLATERAL < DEBT;
        IUniswapV3Pool(POOL).swap(address(this), zeroForOne, amount, zeroForOne ? MIN_LIMIT : MAX_LIMIT, data);
    }

    function _sendAll(address token) internal {
        token.safeTransfer(TREASURY, token.balanceOf(address(this)));
    }
}

/// @notice Liquidates on Aave with a loan of each kind and sells what it got. The lender is named by the caller.
contract BareLoans is BareTrade {
    using SafeTransferLib for address;
    using SafeCastLib for *;

    address private immutable AAVE;

    constructor(address aave, address morpho_, address pool, address collateral, address debt, address treasury)
        BareTrade(pool, collateral, debt, treasury)
    {
        AAVE = aave;
        debt.safeApprove(aave, type(uint256).max);
        debt.safeApprove(morpho_, type(uint256).max);
    }

    function balancerV2(address vault, uint256 amount, address borrower) external {
        address[] memory tokens = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (tokens[0], amounts[0]) = (DEBT, amount);
        IBalancerV2Vault(vault).flashLoan(address(this), tokens, amounts, abi.encode(borrower));
        _sendAll(DEBT);
    }

    function balancerV3(address vault, uint256 amount, address borrower) external {
        IBalancerV3Vault(vault).unlock(abi.encodeCall(this.balancerV3Unlocked, (amount, borrower)));
        _sendAll(DEBT);
    }

    function morpho(address lender, uint256 amount, address borrower) external {
        IMorpho(lender).flashLoan(DEBT, amount, abi.encode(borrower));
        _sendAll(DEBT);
    }

    /// @notice The debt token is token0 if `first`.
    function uniswapV3Flash(address pool, bool first, uint256 amount, address borrower) external {
        bytes memory data = abi.encode(borrower, amount);
        if (first) IUniswapV3Pool(pool).flash(address(this), amount, 0, data);
        else IUniswapV3Pool(pool).flash(address(this), 0, amount, data);
        _sendAll(DEBT);
    }

    function uniswapV4(address manager, uint256 amount, address borrower) external {
        IPoolManager(manager).unlock(abi.encode(borrower, amount));
        _sendAll(DEBT);
    }

    // ---- called back ----

    function receiveFlashLoan(address[] calldata, uint256[] calldata amounts, uint256[] calldata, bytes calldata data)
        external
    {
        _liquidateAndSell(abi.decode(data, (address)), amounts[0]);
        DEBT.safeTransfer(msg.sender, amounts[0]);
    }

    function balancerV3Unlocked(uint256 amount, address borrower) external {
        IBalancerV3Vault(msg.sender).sendTo(DEBT, address(this), amount);
        _liquidateAndSell(borrower, amount);
        DEBT.safeTransfer(msg.sender, amount);
        IBalancerV3Vault(msg.sender).settle(DEBT, amount);
    }

    function onMorphoFlashLoan(uint256 amount, bytes calldata data) external {
        _liquidateAndSell(abi.decode(data, (address)), amount);
    }

    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external {
        (address borrower, uint256 amount) = abi.decode(data, (address, uint256));
        _liquidateAndSell(borrower, amount);
        DEBT.safeTransfer(msg.sender, amount + fee0 + fee1);
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        (address borrower, uint256 amount) = abi.decode(data, (address, uint256));
        IPoolManager(msg.sender).take(DEBT, address(this), amount);
        _liquidateAndSell(borrower, amount);
        IPoolManager(msg.sender).sync(DEBT);
        DEBT.safeTransfer(msg.sender, amount);
        IPoolManager(msg.sender).settle();
        return "";
    }

    /// @notice The sale's.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        COLLATERAL.safeTransfer(msg.sender, (amount0 > 0 ? amount0 : amount1).toUint256());
    }

    function _liquidateAndSell(address borrower, uint256 amount) private {
        IAaveV3Pool(AAVE).liquidationCall(COLLATERAL, DEBT, borrower, amount, false);
        _swap(COLLATERAL.balanceOf(address(this)).toInt256(), "");
    }
}

/// @notice Flash swaps into Compound v2 and v3.
contract BareCompound is BareTrade {
    using SafeTransferLib for address;
    using SafeCastLib for *;

    /// @dev Compound v2: markets of the debt and the collateral. Compound v3: the Comet, twice.
    address private immutable DEBT_MARKET;
    address private immutable COLLATERAL_MARKET;

    constructor(
        address debtMarket,
        address collateralMarket,
        address pool,
        address collateral,
        address debt,
        address treasury
    ) BareTrade(pool, collateral, debt, treasury) {
        (DEBT_MARKET, COLLATERAL_MARKET) = (debtMarket, collateralMarket);
        debt.safeApprove(debtMarket, type(uint256).max);
    }

    function flashSwap(uint256 amount, address borrower) external {
        _swap(-amount.toInt256(), abi.encode(borrower, amount));
        _sendAll(COLLATERAL);
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        (address borrower, uint256 amount) = abi.decode(data, (address, uint256));
        if (DEBT_MARKET == COLLATERAL_MARKET) _absorbAndBuy(borrower, amount);
        else _liquidateAndRedeem(borrower, amount);
        COLLATERAL.safeTransfer(msg.sender, (amount0 > 0 ? amount0 : amount1).toUint256());
    }

    function _liquidateAndRedeem(address borrower, uint256 amount) private {
        require(ICToken(DEBT_MARKET).liquidateBorrow(borrower, amount, COLLATERAL_MARKET) == 0, "not liquidated");
        uint256 tokens = IERC20(COLLATERAL_MARKET).balanceOf(address(this));
        require(ICToken(COLLATERAL_MARKET).redeem(tokens) == 0, "not redeemed");
    }

    function _absorbAndBuy(address borrower, uint256 amount) private {
        address[] memory accounts = new address[](1);
        accounts[0] = borrower;
        IComet(DEBT_MARKET).absorb(address(this), accounts);
        IComet(DEBT_MARKET).buyCollateral(COLLATERAL, 0, amount, address(this));
    }
}
