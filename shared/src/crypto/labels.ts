// Every constant that separates one use of a key or hash from another. A label is used for one purpose only; changing
// one is a new format. All bytes that are hashed, signed or derived from begin with a context made from a label.

import { ascii } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';

export const LABELS = {
  // Derivations
  deviceSign: 'cuebook/1/device/sign',
  deviceBox: 'cuebook/1/device/box',
  kitSeed: 'cuebook/1/kit/seed',
  kitChecksum: 'cuebook/1/kit/checksum',
  userBox: 'cuebook/1/user/box',
  userPrevious: 'cuebook/1/user/previous',
  epochCommitment: 'cuebook/1/epoch/commitment',
  epochPrevious: 'cuebook/1/epoch/previous',
  group: 'cuebook/1/group',
  record: 'cuebook/1/record/key',
  streams: 'cuebook/1/streams',
  stream: 'cuebook/1/stream',
  labelTag: 'cuebook/1/label-tag',
  inviteSign: 'cuebook/1/invite/sign',
  inviteBox: 'cuebook/1/invite/box',
  tokenAuth: 'cuebook/1/token/auth',
  tokenBox: 'cuebook/1/token/box',
  local: 'cuebook/1/local',
  // Hashes
  deviceId: 'cuebook/1/device-id',
  inviteId: 'cuebook/1/invite-id',
  tokenId: 'cuebook/1/token-id',
  recordId: 'cuebook/1/record-id',
  feed: 'cuebook/1/feed',
  entry: 'cuebook/1/log-entry',
  box: 'cuebook/1/box-hash',
  fingerprint: 'cuebook/1/fingerprint',
  teamState: 'cuebook/1/team-state',
  approvalCommitment: 'cuebook/1/approval/commitment',
  approvalTranscript: 'cuebook/1/approval/transcript',
  // Signatures
  signRecord: 'cuebook/1/sign/record',
  signAccountEntry: 'cuebook/1/sign/account-entry',
  signTeamEntry: 'cuebook/1/sign/team-entry',
  signChallenge: 'cuebook/1/sign/challenge',
  // HPKE info
  boxInfo: 'cuebook/1/box',
} as const;

export type Label = keyof typeof LABELS;

const CONTEXTS: Readonly<Record<Label, Uint8Array>> = Object.fromEntries(
  Object.entries(LABELS).map(([name, text]) => [name, contextOf(text)]),
) as Record<Label, Uint8Array>;

/** The label in bytes, after one byte with its length: no context is the beginning of another. */
export const context = (label: Label): Uint8Array => CONTEXTS[label];

function contextOf(text: string): Uint8Array {
  const bytes = ascii(text);
  return concatBytes(Uint8Array.of(bytes.length), bytes);
}
