import type { Address, Hash, Hex } from 'viem';
import { bytesToHex, hexToBytes, lower } from './bytes.ts';
import type { StoreFile } from './file.ts';
import { legsOf, outcomesOf, textOfLegs, textOfOutcomes } from './legs.ts';
import type { LegOutcome } from './outcome.ts';
import type { Sent } from './sent.ts';

export type AttemptState = 'planned' | 'sent' | 'landed' | 'lost' | 'reverted' | 'expired' | 'replaced' | 'cancelled';

/**
 * One plan that was made into a transaction: all it takes to find out after a restart what became of it, and to bump or
 * cancel it. Amounts in wei; addresses and hashes come back in lower case.
 */
export type Attempt = {
  id: number;
  /** In the order in which the contract runs them; of one market or of several. */
  legs: readonly Sent[];
  /** What became of each of them, once the plan has ended. */
  outcomes: readonly LegOutcome[] | undefined;
  operator: Address;
  /** Undefined until it is signed. */
  nonce: number | undefined;
  /** The Liquidator. */
  to: Address;
  /** The plan: the calldata of `execute`. */
  data: Hex;
  /** Its newest version, signed. */
  signed: Hex | undefined;
  /** Of all its versions, newest last. */
  hashes: readonly Hash[];
  state: AttemptState;
  /** Why it ended as it did; of one still open, why it is being taken back. */
  reason: string | undefined;
  /** What it earns as rehearsed, or once landed as measured; before gas. */
  value: bigint;
  /** Gas as rehearsed, or once mined as used. */
  gas: bigint;
  /** What its gas cost, once mined. */
  cost: bigint | undefined;
  /** Most that may be spent on gas. */
  budget: bigint;
  /** Of its newest version, per gas. */
  fees: { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint } | undefined;
  /** Seconds: the plan's own limit. */
  validUntil: bigint;
  /** The head its newest version was sent at. */
  sentAt: bigint | undefined;
  /** ISO 8601 */
  createdAt: string;
  updatedAt: string;
};

/** What a new attempt is made of; the rest begins undefined or empty. */
export type NewAttempt = Pick<
  Attempt,
  'legs' | 'operator' | 'to' | 'data' | 'value' | 'gas' | 'budget' | 'validUntil'
> &
  Partial<Pick<Attempt, 'state' | 'nonce' | 'signed' | 'hashes' | 'fees' | 'sentAt' | 'reason'>>;

/** What may change of it. A key that is present with `undefined` empties its field. */
export type AttemptPatch = Partial<Omit<Attempt, 'id' | 'legs' | 'createdAt' | 'updatedAt'>>;

export type Attempts = {
  /** `planned` unless it says otherwise. @returns its id */
  insert(attempt: NewAttempt): number;
  /** @throws if there is no such attempt */
  update(id: number, patch: AttemptPatch): void;
  get(id: number): Attempt | undefined;
  /** The operator's that are planned or sent, oldest first. */
  open(operator: Address): Attempt[];
  /** The last `count` that were made, newest first. */
  recent(count: number): Attempt[];
};

type Column = string | number | bigint | Uint8Array | null;

/**
 * The attempts of a store. See {@link Attempts}.
 * @example
 * const attempts = openAttempts(file);
 * attempts.update(attempts.insert({ legs, operator, to, data, value, gas, budget, validUntil }), { state: 'sent' });
 */
export function openAttempts({ db, run }: StoreFile): Attempts {
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  const byId = prepare('SELECT * FROM attempts WHERE id = ?');
  const open = prepare(`SELECT * FROM attempts WHERE operator = ? AND state IN ('planned', 'sent') ORDER BY id`);
  const recent = prepare('SELECT * FROM attempts ORDER BY id DESC LIMIT ?');

  return {
    insert: ({ legs, ...rest }) =>
      run(() => {
        const now = new Date().toISOString();
        const columns = {
          legs: textOfLegs(legs),
          ...columnsOf({ state: 'planned', hashes: [], ...rest }),
          created_at: now,
          updated_at: now,
        };
        const names = Object.keys(columns);
        const sql = `INSERT INTO attempts (${names}) VALUES (${names.map(() => '?')})`;
        return Number(db.prepare(sql).run(...Object.values(columns)).lastInsertRowid);
      }),

    update: (id, patch) =>
      run(() => {
        const columns = { ...columnsOf(patch), updated_at: new Date().toISOString() };
        const sets = Object.keys(columns).map((name) => `${name} = ?`);
        const { changes } = db.prepare(`UPDATE attempts SET ${sets} WHERE id = ?`).run(...Object.values(columns), id);
        if (changes === 0) throw new Error(`there is no attempt ${id}`);
      }),

    get: (id) =>
      run(() => {
        const row = byId.get(id);
        return row && attemptOf(row as unknown as AttemptRow);
      }),
    open: (operator) => run(() => (open.all(lower(operator)) as unknown as AttemptRow[]).map(attemptOf)),
    recent: (count) => run(() => (recent.all(count) as unknown as AttemptRow[]).map(attemptOf)),
  };
}

/** The columns that a patch sets: those whose key is there. */
function columnsOf(patch: AttemptPatch): Record<string, Column> {
  const columns: Record<string, Column> = {};
  if (patch.operator !== undefined) columns.operator = lower(patch.operator);
  for (const key of ['value', 'gas', 'budget', 'cost'] as const) {
    if (key in patch) columns[key] = patch[key]?.toString() ?? null;
  }
  for (const key of ['state', 'nonce', 'reason'] as const) if (key in patch) columns[key] = patch[key] ?? null;
  if (patch.to !== undefined) columns.recipient = lower(patch.to);
  if (patch.data !== undefined) columns.data = hexToBytes(patch.data);
  if ('signed' in patch) columns.signed = patch.signed === undefined ? null : hexToBytes(patch.signed);
  if (patch.hashes !== undefined) columns.hashes = JSON.stringify(patch.hashes.map(lower));
  if ('fees' in patch) {
    columns.max_fee = patch.fees?.maxFeePerGas.toString() ?? null;
    columns.priority_fee = patch.fees?.maxPriorityFeePerGas.toString() ?? null;
  }
  if (patch.validUntil !== undefined) columns.valid_until = patch.validUntil.toString();
  if ('outcomes' in patch) columns.outcomes = patch.outcomes === undefined ? null : textOfOutcomes(patch.outcomes);
  if ('sentAt' in patch) columns.sent_at = patch.sentAt ?? null;
  return columns;
}

type AttemptRow = {
  id: bigint;
  legs: string;
  outcomes: string | null;
  operator: Address;
  nonce: bigint | null;
  recipient: Address;
  data: Uint8Array;
  signed: Uint8Array | null;
  hashes: string;
  state: AttemptState;
  reason: string | null;
  value: string;
  gas: string;
  cost: string | null;
  budget: string;
  max_fee: string | null;
  priority_fee: string | null;
  valid_until: string;
  sent_at: bigint | null;
  created_at: string;
  updated_at: string;
};

const attemptOf = (row: AttemptRow): Attempt => ({
  id: Number(row.id),
  legs: legsOf(row.legs),
  outcomes: row.outcomes === null ? undefined : outcomesOf(row.outcomes),
  operator: row.operator,
  nonce: row.nonce === null ? undefined : Number(row.nonce),
  to: row.recipient,
  data: bytesToHex(row.data),
  signed: row.signed === null ? undefined : bytesToHex(row.signed),
  hashes: JSON.parse(row.hashes) as Hash[],
  state: row.state,
  reason: row.reason ?? undefined,
  value: BigInt(row.value),
  gas: BigInt(row.gas),
  cost: row.cost === null ? undefined : BigInt(row.cost),
  budget: BigInt(row.budget),
  fees:
    row.max_fee === null || row.priority_fee === null
      ? undefined
      : { maxFeePerGas: BigInt(row.max_fee), maxPriorityFeePerGas: BigInt(row.priority_fee) },
  validUntil: BigInt(row.valid_until),
  sentAt: row.sent_at ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
