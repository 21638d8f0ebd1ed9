import type { Address, Hex } from 'viem';

const ADDRESS_BYTES = 20;

export const hexToBytes = (hex: Hex): Uint8Array => Buffer.from(hex.slice(2), 'hex');

export const bytesToHex = (bytes: Uint8Array): Hex => `0x${view(bytes).toString('hex')}`;

/** Addresses as their bytes, one after the other. */
export const packAddresses = (addresses: readonly Address[]): Uint8Array =>
  Buffer.from(addresses.map((address) => address.slice(2)).join(''), 'hex');

export function unpackAddresses(bytes: Uint8Array): Address[] {
  const all = view(bytes);
  return Array.from(
    { length: all.length / ADDRESS_BYTES },
    (_, index): Address => `0x${all.toString('hex', index * ADDRESS_BYTES, (index + 1) * ADDRESS_BYTES)}`,
  );
}

const view = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** As the store keeps addresses and hashes, so that one has one spelling. */
export const lower = <Text extends Hex>(hex: Text): Text => hex.toLowerCase() as Text;
