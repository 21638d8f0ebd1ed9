// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IAaveV3Pool } from "../../interfaces/external/IAaveV3Pool.sol";
import { IUniswapV3Pool } from "../../interfaces/external/IUniswapV3Pool.sol";

/// @notice The floor of the gas benches: does what a plan does and nothing else. No authority, no lock, no bounds, no events,
/// addresses in the code, a standing approval. Money in it is anybody's: for measuring only.
contract Bare {
    using SafeTransferLib for address;
    using SafeCastLib for uint256;

    uint160 private constant MIN_LIMIT = 4_295_128_740;
    uint160 private constant MAX_LIMIT = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;

    address private immutable AAVE;
    address private immutable POOL;
    address private immutable COLLATERAL;
    address private immutable DEBT;
    address private immutable TREASURY;

    constructor(address aave, address pool, address collateral, address debt, address treasury) {
        (AAVE, POOL, COLLATERAL, DEBT, TREASURY) = (aave, pool, collateral, debt, treasury);
        debt.safeApprove(aave, type(uint256).max);
    }

    /// @notice Flash swap: buys `amount` of debt, liquidates `borrowers`, pays with what they gave.
    function flashSwap(uint256 amount, address[] calldata borrowers) external {
        bool zeroForOne = COLLATERAL < DEBT;
        IUniswapV3Pool(POOL)
            .swap(
                address(this),
                zeroForOne,
                -amount.toInt256(),
                zeroForOne ? MIN_LIMIT : MAX_LIMIT,
                abi.encode(borrowers, amount / borrowers.length)
            );
        COLLATERAL.safeTransfer(TREASURY, COLLATERAL.balanceOf(address(this)));
    }

    /// @notice The pool's call: liquidates and pays for a flash swap, pays for a sale.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        if (data.length != 0) {
            (address[] memory borrowers, uint256 amount) = abi.decode(data, (address[], uint256));
            for (uint256 i; i < borrowers.length; ++i) {
                IAaveV3Pool(AAVE).liquidationCall(COLLATERAL, DEBT, borrowers[i], amount, false);
            }
        }
        COLLATERAL.safeTransfer(msg.sender, SafeCastLib.toUint256(amount0 > 0 ? amount0 : amount1));
    }

    /// @notice Flash loan: borrows `amount`, liquidates, sells all it got, pays back.
    function flashLoan(uint256 amount, address borrower) external {
        IAaveV3Pool(AAVE).flashLoanSimple(address(this), DEBT, amount, abi.encode(borrower), 0);
        DEBT.safeTransfer(TREASURY, DEBT.balanceOf(address(this)));
    }

    /// @notice Aave's call.
    function executeOperation(address, uint256 amount, uint256, address, bytes calldata params)
        external
        returns (bool)
    {
        address borrower = abi.decode(params, (address));
        IAaveV3Pool(AAVE).liquidationCall(COLLATERAL, DEBT, borrower, amount, false);
        bool zeroForOne = COLLATERAL < DEBT;
        uint256 all = IERC20(COLLATERAL).balanceOf(address(this));
        IUniswapV3Pool(POOL).swap(address(this), zeroForOne, all.toInt256(), zeroForOne ? MIN_LIMIT : MAX_LIMIT, "");
        return true;
    }
}
