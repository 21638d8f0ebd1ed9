/** What a suite forks for a chain. */
export type ForkTarget = { url: string };

/**
 * The network a suite should fork for a chain: the URL in `FORK_URL_<chainId>`.
 * @returns undefined when the variable is unset or empty; the suite then says it skipped.
 * @throws when the variable holds no http(s) URL.
 */
export function forkTarget(chainId: number): ForkTarget | undefined {
  const name = `FORK_URL_${chainId}`;
  const url = process.env[name];
  if (!url) return undefined;
  if (!/^https?:\/\/./.test(url)) throw new Error(`${name} must be an http or https URL of an RPC endpoint`);
  return { url };
}
