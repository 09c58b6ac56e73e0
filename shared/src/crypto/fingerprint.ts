// What two people compare out of band: sixty decimal digits in groups of five (199 bits of a SHA-256).

import { idToBytes, type AccountId, type EntryHash, type WorkspaceId } from '../encoding/ids.ts';
import { labelledHash } from './hash.ts';
import type { VerifyPrimitives } from './primitives.ts';

type Sha256 = Pick<VerifyPrimitives, 'sha256'>;

const GROUPS = 12;
const GROUP_DIGITS = 5;

/** An account's: of its id, which is the hash of its first entry, so it stays as long as the account. */
export const accountFingerprint = (primitives: Sha256, account: AccountId): string =>
  toDigits(labelledHash(primitives, 'fingerprint', idToBytes(account)));

/** The team state code: equal for two members exactly if they see the same team log. */
export const teamStateCode = (primitives: Sha256, workspace: WorkspaceId, head: EntryHash): string =>
  toDigits(labelledHash(primitives, 'teamState', idToBytes(workspace), idToBytes(head)));

function toDigits(hash: Uint8Array): string {
  let number = 0n;
  for (const byte of hash) number = (number << 8n) | BigInt(byte);
  const digits = (number % 10n ** BigInt(GROUPS * GROUP_DIGITS))
    .toString()
    .padStart(GROUPS * GROUP_DIGITS, '0');
  return (digits.match(/.{5}/g) ?? []).join(' ');
}
