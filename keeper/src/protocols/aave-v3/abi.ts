import { parseAbi } from 'viem';

/** The Pool, as far as it is read. Structs of one word are written as that word: the encoding is the same. */
export const poolAbi = parseAbi([
  'struct ReserveData { uint256 configuration; uint128 liquidityIndex; uint128 liquidityRate; uint128 variableBorrowIndex; uint128 variableBorrowRate; uint128 stableBorrowRate; uint40 lastUpdateTimestamp; uint16 id; address aToken; address stableDebtToken; address variableDebtToken; address interestRateStrategy; uint128 accruedToTreasury; uint128 unbacked; uint128 isolationModeTotalDebt; }',
  'struct CollateralConfig { uint16 ltv; uint16 liquidationThreshold; uint16 liquidationBonus; }',
  'struct EModeCategory { uint16 ltv; uint16 liquidationThreshold; uint16 liquidationBonus; address priceSource; string label; }',
  'function POOL_REVISION() view returns (uint256)',
  'function ADDRESSES_PROVIDER() view returns (address)',
  'function FLASHLOAN_PREMIUM_TOTAL() view returns (uint128)',
  'function getLiquidationLogic() view returns (address)',
  'function getReservesCount() view returns (uint256)',
  'function getReservesList() view returns (address[])',
  'function getReserveData(address asset) view returns (ReserveData)',
  'function getVirtualUnderlyingBalance(address asset) view returns (uint128)',
  'function getLiquidationGracePeriod(address asset) view returns (uint40)',
  'function getEModeCategoryCollateralConfig(uint8 id) view returns (CollateralConfig)',
  'function getEModeCategoryCollateralBitmap(uint8 id) view returns (uint128)',
  'function getEModeCategoryData(uint8 id) view returns (EModeCategory)',
  'function getUserConfiguration(address user) view returns (uint256)',
  'function getUserEMode(address user) view returns (uint256)',
]);

export const providerAbi = parseAbi([
  'function getPool() view returns (address)',
  'function getPoolConfigurator() view returns (address)',
  'function getPriceOracle() view returns (address)',
  'function getPriceOracleSentinel() view returns (address)',
]);

export const oracleAbi = parseAbi([
  'function BASE_CURRENCY_UNIT() view returns (uint256)',
  'function getAssetPrice(address asset) view returns (uint256)',
]);

export const sentinelAbi = parseAbi(['function isLiquidationAllowed() view returns (bool)']);

/** Public constants of the linked LiquidationLogic library; a market without a USD base currency has its own. */
export const liquidationLogicAbi = parseAbi([
  'function CLOSE_FACTOR_HF_THRESHOLD() view returns (uint256)',
  'function MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD() view returns (uint256)',
  'function MIN_LEFTOVER_BASE() view returns (uint256)',
]);

/** aToken and variable debt token. */
export const scaledTokenAbi = parseAbi([
  'function scaledBalanceOf(address user) view returns (uint256)',
  'function scaledTotalSupply() view returns (uint256)',
]);

/** aToken of 3.0.1 and later, for the Pool alone. */
export const repaymentAbi = parseAbi(['function handleRepayment(address user, address onBehalfOf, uint256 amount)']);

/** Stable debt token, up to 3.1. */
export const stableTokenAbi = parseAbi([
  'function principalBalanceOf(address user) view returns (uint256)',
  'function getUserStableRate(address user) view returns (uint256)',
  'function getUserLastUpdated(address user) view returns (uint40)',
]);

export const tokenAbi = parseAbi([
  'function symbol() view returns (string)',
  'function balanceOf(address holder) view returns (uint256)',
]);
/** Maker-style tokens answer `symbol()` with 32 bytes. */
export const bytesTokenAbi = parseAbi(['function symbol() view returns (bytes32)']);

/** Logs that name accounts: all of the Pool but BalanceTransfer, which every aToken emits. */
export const accountEventsAbi = parseAbi([
  'event Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referralCode)',
  'event Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount)',
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
  'event Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount, bool useATokens)',
  'event ReserveUsedAsCollateralEnabled(address indexed reserve, address indexed user)',
  'event ReserveUsedAsCollateralDisabled(address indexed reserve, address indexed user)',
  'event UserEModeSet(address indexed user, uint8 categoryId)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
  'event MintUnbacked(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referralCode)',
  'event SwapBorrowRateMode(address indexed reserve, address indexed user, uint8 interestRateMode)',
  'event RebalanceStableBorrowRate(address indexed reserve, address indexed user)',
  'event DeficitCreated(address indexed user, address indexed debtAsset, uint256 amountCreated)',
  'event BalanceTransfer(address indexed from, address indexed to, uint256 value, uint256 index)',
]);

/** Logs of the Pool proxy, the configurator and the provider after which `open` has to read again. */
export const reopenEventsAbi = parseAbi([
  'event Upgraded(address indexed implementation)',
  'event ReserveInitialized(address indexed asset, address indexed aToken, address stableDebtToken, address variableDebtToken, address interestRateStrategyAddress)',
  'event ReserveDropped(address indexed asset)',
  'event EModeCategoryAdded(uint8 indexed categoryId, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus, address oracle, string label)',
  'event PoolConfiguratorUpdated(address indexed oldAddress, address indexed newAddress)',
  'event PriceOracleUpdated(address indexed oldAddress, address indexed newAddress)',
  'event PriceOracleSentinelUpdated(address indexed oldAddress, address indexed newAddress)',
]);
