import type { Address } from 'viem';
import type { Account, Cell } from '../protocols/protocol.ts';

const GROUP_BYTES = 2;
const SLOT_BYTES = 2;
const AMOUNT_BITS = 256n;

/**
 * An account without its address as bytes, for the store: the group (2 bytes), then for each cell its slot (2 bytes), the
 * length of its amount (1 byte) and the amount without leading zeros, all big-endian.
 * @throws RangeError when a group or slot is above 65,535, or an amount is no uint256
 * @example
 * decodeRow(account.address, encodeRow(account)); // the same account
 */
export function encodeRow({ group, cells }: Account): Uint8Array {
  const digits = cells.map(({ amount }) => hexOf(amount));
  const length = digits.reduce((sum, hex) => sum + SLOT_BYTES + 1 + hex.length / 2, GROUP_BYTES);
  const bytes = Buffer.allocUnsafe(length);
  let at = bytes.writeUInt16BE(group, 0);
  cells.forEach(({ slot }, index) => {
    const hex = digits[index]!;
    at = bytes.writeUInt16BE(slot, at);
    at = bytes.writeUInt8(hex.length / 2, at);
    at += bytes.write(hex, at, 'hex');
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}

/**
 * The account that `encodeRow` made `bytes` of.
 * @throws when they are cut short
 */
export function decodeRow(address: Address, bytes: Uint8Array): Account {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const group = view.readUInt16BE(0);
  const cells: Cell[] = [];
  for (let at = GROUP_BYTES; at < view.length; ) {
    const slot = view.readUInt16BE(at);
    const size = view.readUInt8(at + SLOT_BYTES);
    const from = at + SLOT_BYTES + 1;
    at = from + size;
    if (at > view.length) throw new RangeError(`the row of ${address} ends within a cell`);
    cells.push({ slot, amount: size === 0 ? 0n : BigInt(`0x${view.toString('hex', from, at)}`) });
  }
  return { address: address.toLowerCase() as Address, group, cells };
}

function hexOf(amount: bigint): string {
  if (amount < 0n || amount >> AMOUNT_BITS !== 0n) throw new RangeError(`${amount} is not a uint256`);
  if (amount === 0n) return '';
  const hex = amount.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
