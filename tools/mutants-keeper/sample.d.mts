export function sampleOf<M extends { file: string; line: number }>(
  mutants: readonly M[],
  size: number,
  seed: number,
): M[];
