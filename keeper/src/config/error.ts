/**
 * An error whose message is all its reader needs: one line that names the flag or variable and says what to do.
 *
 * `exitCode` is 2 when the settings themselves are wrong and 1 when the world does not fit them (an endpoint that does
 * not answer, a contract that is not there).
 */
export class KeeperError extends Error {
  override name = 'KeeperError';
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The settings are wrong: exit code 2. */
export function usageError(message: string, cause?: unknown): KeeperError {
  return new KeeperError(message, { exitCode: 2, cause });
}
