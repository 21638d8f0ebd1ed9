import type { Address } from 'viem';
import { chainPreset, type V2Factory } from './chains.ts';
import { usageError } from './error.ts';
import type { Settings } from './schema.ts';

/** Settings with everything filled in that the chain's preset knows. */
export type ChainSettings = Omit<Settings, 'uniswapV2Factory'> & {
  wrappedNative: Address;
  uniswapV2Factory: readonly V2Factory[];
  pollingInterval: number;
};

/** Milliseconds between two looks at the newest block: as set, or half of the chain's usual time between blocks. */
export function pollingIntervalOf(set: number | undefined, chainId: number): number {
  return set ?? Math.min(1_000, Math.max(100, (chainPreset(chainId)?.blockTime ?? 2_000) / 2));
}

/**
 * Fills what was not set from the preset of the chain. Without a preset or a flag there is no Uniswap, and the wrapped native
 * token must be given.
 *
 * @throws KeeperError with exit code 2 when nothing names the wrapped native token.
 */
export function withPreset(settings: Settings, chainId: number): ChainSettings {
  const preset = chainPreset(chainId);
  const wrappedNative = settings.wrappedNative ?? preset?.wrappedNative;
  if (!wrappedNative) {
    throw usageError(`--wrapped-native is required on chain ${chainId}: there is no preset to take it from`);
  }
  return {
    ...settings,
    wrappedNative,
    uniswapV3Factory: settings.uniswapV3Factory ?? preset?.uniswapV3,
    uniswapV2Factory: settings.uniswapV2Factory ?? preset?.uniswapV2 ?? [],
    pollingInterval: pollingIntervalOf(settings.pollingInterval, chainId),
  };
}
