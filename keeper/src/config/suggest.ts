import { closest, distance } from 'fastest-levenshtein';

/** ` (did you mean X?)` when a known name is near enough to what was typed to be what was meant, else an empty string. */
export function didYouMean(typed: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const near = closest(typed, known);
  const tolerated = Math.max(2, Math.floor(typed.length / 3));
  return distance(typed.toLowerCase(), near.toLowerCase()) <= tolerated ? ` (did you mean ${near}?)` : '';
}
