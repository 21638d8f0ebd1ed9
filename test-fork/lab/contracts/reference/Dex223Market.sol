// Plimsoll's own reference contract of Dex223 margin trading, part 10: pools by token, and the router. It stands for the factory and
// router of EthereumCommonwealth/Dex223-contracts 33eca526: same functions, on Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IToken } from "./Dex223Vault.sol";

interface IUniswapFactory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
}

interface IUniswapPool {
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1);
}

interface IConverter {
    function getERC20OriginFor(address wrapper) external view returns (address);
    function getERC223WrapperFor(address token) external view returns (address);
    function wrapERC20toERC223(address token, uint256 amount) external returns (bool);
}

/// @title Dex223's factory and router over the pools of a Uniswap v3 factory, in one contract.
/// @dev The pools are Uniswap's own: they trade the ERC-20 side and know no other.
contract Dex223Market {
    IUniswapFactory public immutable uniswap;
    address public immutable converter;

    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
        bool prefer223Out;
    }

    constructor(address uniswap_, address converter_) {
        (uniswap, converter) = (IUniswapFactory(uniswap_), converter_);
    }

    /// @notice The ERC-20 side of a token; itself when it is not an ERC-223 wrapper.
    function erc20Of(address token) public view returns (address origin) {
        origin = IConverter(converter).getERC20OriginFor(token);
        if (origin == address(0)) origin = token;
    }

    /// @notice The pool for either side of either token, in either order.
    function getPool(address tokenA, address tokenB, uint24 fee) public view returns (address) {
        return uniswap.getPool(erc20Of(tokenA), erc20Of(tokenB), fee);
    }

    /// @notice Sells ERC-20 tokens of the caller; a limit of 0 is none. With `prefer223Out` it pays in ERC-223 tokens.
    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 out) {
        require(block.timestamp <= params.deadline, "Transaction too old");
        address pool = uniswap.getPool(params.tokenIn, params.tokenOut, params.fee);
        bool zeroForOne = params.tokenIn < params.tokenOut;
        uint160 limit = params.sqrtPriceLimitX96;
        if (limit == 0) {
            limit = zeroForOne ? 4_295_128_740 : 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;
        }
        address to = params.prefer223Out ? address(this) : params.recipient;
        (int256 amount0, int256 amount1) =
            IUniswapPool(pool).swap(to, zeroForOne, int256(params.amountIn), limit, abi.encode(msg.sender, params));
        out = uint256(-(zeroForOne ? amount1 : amount0));
        require(out >= params.amountOutMinimum, "Too little received");
        if (params.prefer223Out) _payWrapped(params.tokenOut, out, params.recipient);
    }

    function _payWrapped(address token, uint256 amount, address to) private {
        IToken(token).approve(converter, amount);
        IConverter(converter).wrapERC20toERC223(token, amount);
        require(IToken(IConverter(converter).getERC223WrapperFor(token)).transfer(to, amount));
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        (address payer, ExactInputSingleParams memory params) = abi.decode(data, (address, ExactInputSingleParams));
        require(msg.sender == uniswap.getPool(params.tokenIn, params.tokenOut, params.fee));
        uint256 amount = uint256(amount0 > 0 ? amount0 : amount1);
        (bool ok, bytes memory answer) =
            params.tokenIn.call(abi.encodeCall(IToken.transferFrom, (payer, msg.sender, amount)));
        require(ok && (answer.length == 0 || abi.decode(answer, (bool))), "STF");
    }

    /// @notice ERC-223 tokens pass through here on their way.
    function tokenReceived(address, uint256, bytes calldata) external pure returns (bytes4) {
        return 0x8943ec02;
    }
}
