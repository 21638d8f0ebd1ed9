import type { EMode, Price, ReserveState } from './state.ts';

/** Whether the threshold and bonus of a category apply to reserve `id`. What is borrowed plays no part. */
const isMember = (eMode: EMode, id: number): boolean => ((eMode.collateralBitmap >> BigInt(id)) & 1n) === 1n;

/**
 * The category whose threshold and bonus apply to reserve `id`, if any.
 *
 * @example
 * (eModeOf(category, id) ?? reserve).liquidationThreshold; // bps
 */
export const eModeOf = (eMode: EMode | undefined, id: number): EMode | undefined =>
  eMode && isMember(eMode, id) ? eMode : undefined;

/**
 * What the health of an account in `category` values reserve `id` at: up to 3.1 a category may have a price of its own for
 * its reserves. Where that fails, nothing of the account can be valued, as the Pool asks for it first.
 *
 * @example
 * const found = priceIn(state.eModes.get(account.group), reserve, id);
 * 'error' in found ? found.error : found.value;
 */
export function priceIn(category: EMode | undefined, reserve: ReserveState, id: number): Price {
  const own = category?.price;
  if (!category || !own) return reserve.price;
  if ('error' in own) return own;
  return isMember(category, id) && own.value !== 0n ? own : reserve.price;
}

/** What `liquidationCall` values a debt at: in a category with a price of its own, at that, whatever the reserve. */
export const debtPriceIn = (category: EMode | undefined, valued: bigint): bigint =>
  category?.price && 'value' in category.price ? category.price.value : valued;
