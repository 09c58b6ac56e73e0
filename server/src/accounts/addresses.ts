// Addresses that a machine token may be used from. IPv4 written inside IPv6 (::ffff:192.0.2.1) is the IPv4 address, on
// both sides; a zone (fe80::1%eth0) is no part of an address that comes from elsewhere.

import { BlockList, isIP } from 'node:net';

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. Null for anything else. */
export function parseBlock(text: string): { readonly address: string; readonly bits: number } | null {
  const [written = '', bitsText, more] = text.trim().split('/');
  const address = plainAddress(written);
  if (address === null || more !== undefined) return null;
  const widest = isIP(address) === 4 ? 32 : 128;
  if (bitsText === undefined) return { address, bits: widest };
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Number.NaN;
  const mapped = address !== written ? bits - 96 : bits;
  return mapped >= 0 && mapped <= widest ? { address, bits: mapped } : null;
}

/** An empty list allows every address. What cannot be read is in no block. */
export function isAllowedAddress(address: string, blocks: readonly string[]): boolean {
  if (blocks.length === 0) return true;
  const plain = plainAddress(address);
  if (plain === null) return false;
  const list = new BlockList();
  for (const block of blocks) {
    const parsed = parseBlock(block);
    if (parsed !== null) list.addSubnet(parsed.address, parsed.bits, familyOf(parsed.address));
  }
  return list.check(plain, familyOf(plain));
}

/** Origins of browsers, compared as the header writes them. Whoever sends none is no browser and passes. */
export const isAllowedOrigin = (origin: string | null, allowed: readonly string[]): boolean =>
  origin === null || allowed.includes(origin);

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

const MAPPED = /^::ffff:(?:0:)?(\d+\.\d+\.\d+\.\d+)$/i;
const MAPPED_HEX = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

function plainAddress(address: string): string | null {
  const [bare = ''] = address.split('%');
  const dotted = MAPPED.exec(bare)?.[1];
  if (dotted !== undefined) return isIP(dotted) === 4 ? dotted : null;
  const [, high, low] = MAPPED_HEX.exec(bare) ?? [];
  if (high !== undefined && low !== undefined)
    return dottedOf(Number.parseInt(high, 16), Number.parseInt(low, 16));
  return isIP(bare) === 0 ? null : bare;
}

const dottedOf = (high: number, low: number): string =>
  [high >> 8, high & 255, low >> 8, low & 255].join('.');
