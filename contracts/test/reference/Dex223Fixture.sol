// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IDex223Types } from "../../../test-fork/lab/contracts/reference/Dex223Types.sol";
import { Lab } from "../Lab.sol";
import { IDex223Converter, IDex223Module, IDex223Oracle } from "./IDex223.sol";

interface IObservable {
    function increaseObservationCardinalityNext(uint16 next) external;
}

/// @title Dex223Fixture
/// @notice Both margin modules on the lab's Uniswap v3 pools, a lender's order in each, positions that go under.
/// @dev Each variable names, inside this folder, the artifact that the suites run on instead of the reference contract:
/// `DEX223_MODULE_V1`, `DEX223_MODULE_V2` (constructor: factory, router), `DEX223_ORACLE_V1` (factory), and `DEX223_MARKET`
/// (Uniswap's factory, converter), which is both factory and router. A published module asks a pool for both sides of
/// its tokens, so it needs a market whose `getPool` answers pools that tell them.
abstract contract Dex223Fixture is Lab {
    using SafeTransferLib for address;

    address internal immutable DEX_LENDER = makeAddr("dex223 lender");
    address internal immutable DEX_BORROWER = makeAddr("dex223 borrower");
    uint32 internal constant WINDOW = 1800;

    IDex223Module internal moduleV1;
    IDex223Module internal moduleV2;
    IDex223Oracle internal oracleV1;
    IDex223Oracle internal oracleV2;
    IDex223Converter internal converter;
    address internal market;

    function setUp() public virtual override {
        super.setUp();
        converter = IDex223Converter(_deployDex("", "Dex223Converter", ""));
        market = _deployDex("DEX223_MARKET", "Dex223Market", abi.encode(factory, converter));
        oracleV1 = IDex223Oracle(_deployDex("DEX223_ORACLE_V1", "Dex223OracleV1", abi.encode(market)));
        oracleV2 = IDex223Oracle(_deployDex("", "Dex223OracleV2", abi.encode(market, WINDOW)));
        moduleV1 = IDex223Module(_deployDex("DEX223_MODULE_V1", "Dex223ModuleV1", abi.encode(market, market)));
        moduleV2 = IDex223Module(_deployDex("DEX223_MODULE_V2", "Dex223ModuleV2", abi.encode(market, market)));
        // Room for the observations that a window needs, however often the pools trade.
        IObservable(_pool(weth, usdc, 500)).increaseObservationCardinalityNext(64);
        IObservable(_pool(weth, usdc, 3000)).increaseObservationCardinalityNext(64);
    }

    function _deployDex(string memory variable, string memory name, bytes memory args) private returns (address at) {
        string memory path = string.concat("out-lab/", name, ".sol/", name, ".json");
        if (bytes(variable).length != 0) path = vm.envOr(variable, path);
        require(vm.exists(path), string.concat("no artifact ", path, ": run `pnpm lab`"));
        at = deployCode(path, args);
        vm.label(at, name);
    }

    // ---- rewards ----

    /// @dev An ERC-223 token of the lab, minted by anybody.
    function _newErc223(string memory symbol) internal returns (address token) {
        token =
            deployCode("out-lab/Erc223Token.sol/Erc223Token.json", abi.encode(symbol, symbol, uint8(18), address(0)));
        vm.label(token, symbol);
    }

    /// @dev The ERC-223 wrapper of an ERC-20 token of the lab.
    function _newWrapper(address token) internal returns (address wrapper) {
        wrapper = converter.createERC223Wrapper(token);
    }

    /// @dev Gives `to` units of a wrapper.
    function _giveWrapped(address token, address wrapper, address to, uint256 amount) internal {
        _give(token, address(this), amount);
        token.safeApprove(address(converter), amount);
        converter.wrapERC20toERC223(token, amount);
        wrapper.safeTransfer(to, amount);
    }

    // ---- orders and positions ----

    function _oracleOf(IDex223Module module) internal view returns (IDex223Oracle) {
        return module == moduleV1 ? oracleV1 : oracleV2;
    }

    /// @dev The terms that {_openOrder} uses: USDC at 20 % a month up to tenfold, USDC or WETH as collateral.
    function _orderParams(IDex223Module module, address rewardAsset, uint256 rewardAmount)
        internal
        returns (IDex223Types.OrderParams memory params)
    {
        address[] memory tokens = new address[](3);
        (tokens[0], tokens[1], tokens[2]) = (usdc, weth, wbtc);
        params.whitelistId = module.addTokenlist(tokens, false);
        params.interestRate = 2000;
        params.duration = 30 days;
        params.liquidationRewardAmount = rewardAmount;
        params.liquidationRewardAsset = rewardAsset;
        params.asset = usdc;
        params.deadline = type(uint32).max;
        params.currencyLimit = 4;
        params.leverage = 10;
        params.oracle = address(_oracleOf(module));
        params.collateral = new address[](2);
        (params.collateral[0], params.collateral[1]) = (usdc, weth);
    }

    /// @dev An order of 1,000,000 USDC. `rewardAsset` 0: the native currency.
    function _openOrder(IDex223Module module, address rewardAsset, uint256 rewardAmount)
        internal
        returns (uint256 orderId)
    {
        IDex223Types.OrderParams memory params = _orderParams(module, rewardAsset, rewardAmount);
        vm.prank(DEX_LENDER);
        orderId = module.createOrder(params);
        _give(usdc, DEX_LENDER, 1_000_000e6);
        vm.startPrank(DEX_LENDER);
        usdc.safeApproveWithRetry(address(module), 1_000_000e6);
        module.orderDepositToken(orderId, 1_000_000e6);
        vm.stopPrank();
    }

    /// @dev 20,000 USDC borrowed on 10,000 USDC, all of it turned into WETH; the borrower brings the reward.
    function _openPosition(IDex223Module module, uint256 orderId) internal returns (uint256 id) {
        id = module.positionIndex();
        _bringReward(module, orderId);
        _give(usdc, DEX_BORROWER, 10_000e6);
        IDex223Types.OrderExpiration memory reward = module.orders(orderId).expirationData;
        uint256 eth = reward.liquidationRewardAsset == address(0) ? reward.liquidationRewardAmount : 0;
        vm.deal(DEX_BORROWER, eth);
        vm.startPrank(DEX_BORROWER);
        usdc.safeApproveWithRetry(address(module), 10_000e6);
        module.takeLoan{ value: eth }(orderId, 20_000e6, 0, 10_000e6);
        module.marginSwap(id, 0, 0, 1, 30_000e6, weth, 3000, 0, 0);
        vm.stopPrank();
    }

    /// @dev ERC-20 by allowance. ERC-223: the borrower has sent it to the module before.
    function _bringReward(IDex223Module module, uint256 orderId) private {
        IDex223Types.OrderExpiration memory reward = module.orders(orderId).expirationData;
        (address asset, uint256 amount) = (reward.liquidationRewardAsset, reward.liquidationRewardAmount);
        if (asset == address(0) || asset == usdc) return;
        address origin = converter.getERC20OriginFor(asset);
        if (origin != address(0)) _giveWrapped(origin, asset, DEX_BORROWER, amount);
        else _give(asset, DEX_BORROWER, amount);
        vm.startPrank(DEX_BORROWER);
        if (origin != address(0)) asset.safeTransfer(address(module), amount);
        else asset.safeApproveWithRetry(address(module), amount);
        vm.stopPrank();
    }

    /// @dev An order with this reward and a position in it, underwater from now on.
    function _openInsolvent(IDex223Module module, address rewardAsset, uint256 rewardAmount)
        internal
        returns (uint256 id)
    {
        id = _openPosition(module, _openOrder(module, rewardAsset, rewardAmount));
        _crashWeth();
        require(module.subjectToLiquidation(id), "the position should be underwater");
    }

    /// @dev WETH loses 40 % in both of its USDC pools and stays there for the whole window, as time passes.
    function _crashWeth() internal {
        _dump(_pool(weth, usdc, 500), weth, usdc, 4000);
        _dump(_pool(weth, usdc, 3000), weth, usdc, 4000);
        skip(WINDOW);
    }

    /// @dev One step of a liquidation by `keeper`; 12 seconds, and so a block, pass before it.
    function _liquidateAs(IDex223Module module, uint256 id, address keeper, address receiver) internal {
        skip(12);
        vm.prank(keeper);
        module.liquidate(id, receiver);
    }
}
