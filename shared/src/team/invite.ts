// An invite: a secret that no server ever sees gives a signing and a sealing key; the log names their public halves.
// Who joins proves the secret by a signature, and finds the epoch key sealed to it.
//
//     Ed25519 seed  = HKDF-Expand(secret, context(inviteSign), 32)
//     X25519 secret = HKDF-Expand(secret, context(inviteBox), 32)
//     code = base32 of  version ‖ kind ‖ workspace (32) ‖ head of the team log (4 + 32) ‖ secret (32)
//
// The head is the joiner's first pin: a server that shows an older log is found out at once.

import { boxHash, type BoxPlace } from '../crypto/box.ts';
import { deriveKey, KEY_BYTES } from '../crypto/derive.ts';
import type { EpochKey } from '../crypto/groupKeys.ts';
import { openBox, type OpenSealedProblem } from '../crypto/open.ts';
import { sealBox } from '../crypto/seal.ts';
import type { Suite } from '../crypto/suite.ts';
import { base32ToBytes, bytesToBase32 } from '../encoding/base32.ts';
import { defineFormat, type DecodeProblem, type Format } from '../encoding/format.ts';
import { idToBytes, type EntryHash, type InviteId, type WorkspaceId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { equalBytes } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { epochCommitment } from './epochKeys.ts';
import type { EntrySigner } from './log.ts';
import { inviteIdOf } from './teamFold.ts';

export type InviteSecret = Redacted<Uint8Array>;

export interface InviteKeys {
  readonly id: InviteId;
  readonly signPublic: Uint8Array;
  readonly boxPublic: Uint8Array;
  readonly signer: EntrySigner;
  readonly boxSecret: Redacted<Uint8Array>;
}

/** What is handed to the person invited, in a `vscode:` link or as a code to paste; never in an https link. */
export interface InviteCode {
  readonly workspace: WorkspaceId;
  readonly head: LogHead;
  readonly secret: InviteSecret;
}

export const createInviteSecret = (suite: Pick<Suite, 'random'>): InviteSecret =>
  redact(suite.random(KEY_BYTES));

export function deriveInviteKeys(suite: Suite, secret: InviteSecret): InviteKeys {
  const signSeed = deriveKey(suite, reveal(secret), 'inviteSign');
  const boxSecret = deriveKey(suite, reveal(secret), 'inviteBox');
  const keys = { signPublic: suite.ed25519PublicKey(signSeed), boxPublic: suite.hpke.publicKey(boxSecret) };
  const id = inviteIdOf(suite, keys);
  return { id, ...keys, signer: { id, sign: suite.ed25519Signer(signSeed) }, boxSecret: redact(boxSecret) };
}

/** Where an invite of one use carries the epoch key. The box is deleted when the invite is used, ends or expires. */
export async function sealToInvite(
  suite: Suite,
  invite: Pick<InviteKeys, 'id' | 'boxPublic'>,
  workspace: WorkspaceId,
  epoch: { readonly number: number; readonly key: EpochKey },
): Promise<{ readonly box: Uint8Array; readonly hash: Uint8Array }> {
  const place = placeOf(workspace, invite.id, epoch.number);
  const box = await sealBox(suite, invite.boxPublic, place, reveal(epoch.key));
  return { box, hash: boxHash(suite, box) };
}

/** Only the key that the invite's entry commits to is taken. */
export async function openInviteBox(
  suite: Suite,
  invite: InviteKeys,
  workspace: WorkspaceId,
  epoch: { readonly number: number; readonly commitment: Uint8Array },
  box: Uint8Array,
): Promise<Result<EpochKey, OpenSealedProblem>> {
  const opened = await openBox(suite, invite.boxSecret, placeOf(workspace, invite.id, epoch.number), box);
  if (!opened.ok) return opened;
  const key: EpochKey = redact(opened.value);
  return equalBytes(epochCommitment(suite, key, epoch.number), epoch.commitment)
    ? succeed(key)
    : fail('wrongKey', 'The invite carries another key than the team log names.');
}

const placeOf = (workspace: WorkspaceId, invite: InviteId, epoch: number): BoxPlace => ({
  purpose: 'inviteKey',
  place: idToBytes(workspace),
  epoch,
  recipient: idToBytes(invite),
  generation: 0,
});

const CODE: Format<InviteCode> = defineFormat<InviteCode>({
  kind: 'invite',
  limit: 256,
  write(writer, { workspace, head, secret }) {
    writer.id(workspace);
    writer.u32(head.index);
    writer.id(head.hash);
    writer.bytes(reveal(secret), KEY_BYTES);
  },
  read: (reader) => ({
    workspace: reader.longId<WorkspaceId>(),
    head: { index: reader.u32(), hash: reader.longId<EntryHash>() },
    secret: redact(reader.bytes(KEY_BYTES)),
  }),
});

export const writeInviteCode = (code: InviteCode): Redacted<string> =>
  redact(bytesToBase32(CODE.encode(code)));

/** Forgives case and white space. Never repeats what was pasted. */
export function readInviteCode(pasted: string): Result<InviteCode, DecodeProblem | Problem<'malformed'>> {
  const bytes = base32ToBytes(pasted.toLowerCase().replaceAll(/\s/g, ''));
  return bytes === null
    ? fail('malformed', 'This is not an invite code: copy it again, in full.')
    : CODE.decode(bytes);
}
