/**
 * What to say of a program that could not be started: where one of Foundry's is not there, how to get it.
 *
 * @param {unknown} error - as `spawn` or `execFile` gives it
 * @param {string} program
 * @returns {string}
 */
export function whyNotStarted(error, program) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (code !== 'ENOENT') return `${program}: ${message}`;
  const isFoundry = ['forge', 'cast', 'anvil'].some((name) => program.split(/[\\/]/).at(-1)?.startsWith(name));
  const cure = isFoundry
    ? 'npm has no Foundry for this platform: install it with foundryup (https://getfoundry.sh), version 1.7.1'
    : 'run npx -y pnpm@12 install first';
  return `${program} is not there: ${cure}`;
}

/**
 * A message in which it is said, among other things, that a program is not there, with what to do about it.
 *
 * @param {string} message
 * @returns {string}
 */
export const withCure = (message) =>
  message.replace(/spawn (\S+) ENOENT/, (_, program) => whyNotStarted({ code: 'ENOENT' }, program));
