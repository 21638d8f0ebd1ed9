/** The fields of a line of the log, as JSON has them. */
type Fields = Readonly<Record<string, unknown>>;

/** Fields that every line has, or that only machines need. */
const UNSHOWN = ['level', 'time', 'msg', 'units', 'revert', 'protocol', 'protocols'];

/**
 * Puts a line of the log into words for people: what happened, to whom, the money in the native coin, long hexadecimal numbers by
 * their ends. What no sentence is made for is shown field by field.
 *
 * @param coin - what the native coin is called
 * @example
 * inWords({ msg: 'landed', account, repaid: '78558.1 USDC', seized: '44.37 WETH', value: '5.468', fee: '0.0002', hash }, 'ETH');
 * // 'landed 0x9f76…20E1  78,558 USDC → 44.37 WETH  +5.47 ETH  gas 0.0002  0x6153…'
 */
export function inWords(line: Fields, coin: string): string {
  const { msg } = line;
  const words = SENTENCES[String(msg)]?.(line, coin) ?? fieldByField(line);
  return [String(msg ?? ''), ...words]
    .filter((word) => word !== '')
    .join('  ')
    .replace('  ', ' ');
}

const sent = (line: Fields, coin: string) => [
  whom(line),
  `+${quantity(line.value)} ${coin}`,
  `gas ${quantity(line.fee ?? line.gasCost)}`,
  text(line.hash),
];
const failed = (line: Fields) => [whom(line), String(line.reason ?? ''), text(line.hash)];
const SENTENCES: Readonly<Record<string, (line: Fields, coin: string) => string[]>> = {
  landed: (line, coin) => [whom(line), `${amount(line.repaid)} → ${amount(line.seized)}`, ...sent(line, coin).slice(1)],
  'plan landed': (line, coin) => [`${line.legs} legs, ${line.skipped} skipped`, ...sent(line, coin).slice(1)],
  'would liquidate': sent,
  'leg skipped': failed,
  sent,
  ...Object.fromEntries(
    ['skipped', 'lost', 'reverted', 'replaced', 'expired', 'cancelled', 'taken apart'].map((msg) => [msg, failed]),
  ),
  head: ({ head, market, underwater, accounts }) => [
    String(head),
    text(market),
    `${underwater} under water of ${accounts}`,
  ],
  watching: ({ head, accounts, underwater, account, slack }) => [
    String(head),
    `${accounts} accounts, ${underwater} under water`,
    account === undefined ? '' : `nearest ${text(account)} ${(Number(slack) * 100).toFixed(2)} %`,
  ],
};

function fieldByField(line: Fields): string[] {
  return Object.entries(line)
    .filter(([name, value]) => !UNSHOWN.includes(name) && value !== undefined)
    .map(([name, value]) => `${name} ${text(value)}`);
}

/** One account by the ends of its address, several by their number. */
function whom({ account, who, claim }: Fields): string {
  if (Array.isArray(who)) return `${who.length} accounts`;
  return text(account ?? claim ?? '');
}

/** `78558.12 USDC` with as many digits as people read. */
function amount(shown: unknown): string {
  const [number = '', ...name] = String(shown).split(' ');
  return [quantity(number), ...name].join(' ');
}

const SMALL = 1e-4;

/** A decimal number for people; only its size is of interest here, not its last digits. */
function quantity(written: unknown): string {
  const number = Number(written);
  if (!Number.isFinite(number)) return String(written);
  const size = Math.abs(number);
  if (size >= 1_000) return Math.round(number).toLocaleString('en');
  if (size >= 1) return number.toFixed(2);
  return size === 0 || size >= SMALL ? String(Number(number.toFixed(4))) : number.toPrecision(1);
}

/** A value on a line; of addresses both ends, of hashes the beginning. */
function text(value: unknown): string {
  if (typeof value === 'string')
    return value
      .replace(/\b0x[0-9a-fA-F]{64,}\b/g, (hex) => `${hex.slice(0, 6)}…`)
      .replace(/\b0x[0-9a-fA-F]{40}\b/g, (hex) => `${hex.slice(0, 6)}…${hex.slice(-4)}`);
  if (Array.isArray(value))
    return value.length > 5
      ? `${value.slice(0, 5).map(text).join(', ')} and ${value.length - 5} more`
      : value.map(text).join(', ');
  if (typeof value === 'object' && value !== null) {
    const { type, message, causes } = value as { type?: unknown; message?: unknown; causes?: readonly unknown[] };
    if (typeof message !== 'string' || typeof type !== 'string') return JSON.stringify(value);
    return [message, ...(causes ?? [])].join('; because: ');
  }
  return String(value ?? '');
}
