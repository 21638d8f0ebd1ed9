/** A reserve's configuration word, as far as health and liquidation depend on it. Percentages in bps. */
export type ReserveConfiguration = {
  liquidationThreshold: bigint;
  /** Includes the 100 %: 10,500 is a bonus of 5 %. */
  liquidationBonus: bigint;
  decimals: number;
  active: boolean;
  paused: boolean;
  flashLoanEnabled: boolean;
  liquidationProtocolFee: bigint;
  /** The one eMode of the reserve, up to 3.1; 0 if none. */
  eModeCategory: number;
  /** From 3.1 to 3.3: whether the Pool keeps its own count of the reserve's liquidity. */
  virtualAccounting: boolean;
};

const bits = (word: bigint, from: bigint, width: bigint): bigint => (word >> from) & ((1n << width) - 1n);

/**
 * Unpacks `ReserveConfigurationMap.data`; the layout is the same in every v3 version.
 *
 * @example
 * decodeConfiguration(data.configuration).liquidationThreshold; // 8_300n, bps
 */
export function decodeConfiguration(word: bigint): ReserveConfiguration {
  return {
    liquidationThreshold: bits(word, 16n, 16n),
    liquidationBonus: bits(word, 32n, 16n),
    decimals: Number(bits(word, 48n, 8n)),
    active: bits(word, 56n, 1n) === 1n,
    paused: bits(word, 60n, 1n) === 1n,
    flashLoanEnabled: bits(word, 63n, 1n) === 1n,
    liquidationProtocolFee: bits(word, 152n, 16n),
    eModeCategory: Number(bits(word, 168n, 8n)),
    virtualAccounting: bits(word, 252n, 1n) === 1n,
  };
}
