// The replica's port to records over the real seals and signatures of one workspace on this device.

import type { GroupKeys, StreamKey } from '../crypto/groupKeys.ts';
import type { Ed25519Signer } from '../crypto/primitives.ts';
import type { Suite } from '../crypto/suite.ts';
import type { AccountId, DeviceId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import { idToBytes, WORKSPACE_GROUP } from '../encoding/ids.ts';
import { KINDS } from '../encoding/format.ts';
import type { LogHead, ParsedRecord, RecordHeader as FullHeader } from '../record/header.ts';
import { nextPosition } from '../record/feed.ts';
import { parseRecord } from '../record/header.ts';
import { openRecord } from '../record/open.ts';
import { labelTag } from '../record/labelTag.ts';
import type { Payload } from '../record/payload.ts';
import { decodePayload, encodePayload } from '../record/payloadCodec.ts';
import { sealRecord } from '../record/seal.ts';
import { streamId } from '../record/streams.ts';
import { parseTombstone, tombstoneOf } from '../record/tombstone.ts';
import { recordIdOf, signedIn, verifyRecord } from '../record/verify.ts';
import { invariant } from '../util/invariant.ts';
import type { Problem, Result } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import type { QuarantineReason, RecordDraft, RecordHeader, RecordPort, SealedRecord } from './ports.ts';

/** The team's say on what only the payload tells, at a place in the feed; `seq` null: now. */
export interface PayloadPolicy {
  /** Whether any label is protected there: if not, no record is opened to learn its label's name. */
  protectsLabels(seq: number | null): boolean;
  /** `tag`: of the label's name (record/labelTag.ts). */
  mayMoveLabel(account: AccountId, tag: Uint8Array, seq: number | null): boolean;
  mayShareKey(account: AccountId, seq: number | null): boolean;
}

/** This device in one workspace, as far as records are concerned. */
export interface Membership {
  readonly workspace: WorkspaceId;
  readonly author: AccountId;
  readonly device: DeviceId;
  readonly sign: Ed25519Signer;
  readonly groupKeys: GroupKeys;
  readonly streamKey: StreamKey;
  /** The epoch to seal under, and how much of the team log this device has verified: asked for each record anew. */
  readonly present: () => { readonly epoch: number; readonly teamLog: LogHead };
  /** With which key the record must be signed: that of the device named in its header, if it could write there and then. */
  readonly signerOf: (
    record: ParsedRecord,
    seq: number | null,
  ) => Result<Uint8Array, Problem<'notAllowed' | 'otherView'>>;
  /** Absent: whoever may write may also do these. */
  readonly payloadPolicy?: PayloadPolicy;
}

export function createRecordPort(suite: Suite, membership: Membership): RecordPort {
  const { workspace, author, device, streamKey } = membership;
  return {
    workspace,
    author,
    device,
    streamOf: (group, role) => streamId(streamKey, group, role),
    seal: (draft) => seal(suite, membership, draft),
    parse: (bytes) => parse(suite, bytes),
    open: (bytes) => open(suite, membership, bytes),
    tombstoneOf(bytes) {
      if (bytes[1] === KINDS.tombstone) return bytes;
      const parsed = parseRecord(bytes);
      invariant(parsed.ok, 'a tombstone is made of a record that was applied');
      return tombstoneOf(suite, parsed.value);
    },
    mayMoveLabel: (name) =>
      membership.payloadPolicy?.mayMoveLabel(author, labelTag(streamKey, name), null) ?? true,
    mayShareKey: () => membership.payloadPolicy?.mayShareKey(author, null) ?? true,
    verify: (bytes, seq) => verify(suite, membership, { bytes, seq }),
    async verifyAhead(bytes, seq) {
      const parsed = parseRecord(bytes);
      const signer = parsed.ok ? membership.signerOf(parsed.value, seq) : null;
      if (!parsed.ok || signer?.ok !== true) return;
      await suite.verifiers.ahead(signer.value, signedIn(suite, parsed.value));
    },
    follow: (last, record) => nextPosition(suite, last, record),
  };
}

function seal(suite: Suite, membership: Membership, draft: RecordDraft): SealedRecord {
  const { workspace, author, device, sign, groupKeys, streamKey, present } = membership;
  const { group, role, parents, counter, flag, seen, payload } = draft;
  const { epoch, teamLog } = present();
  const stream = streamId(streamKey, group, role);
  const encoded = encodePayload(payload);
  invariant(encoded.ok, 'commands check texts and names before they seal them');
  const header = { flag, workspace, group, stream, parents, epoch, author, device, counter, teamLog, seen };
  const key = groupKeys.keyOf(idToBytes(group), epoch);
  invariant(key !== null, 'the key of the current epoch is here');
  const sealed = sealRecord(suite, { group: key, sign }, header, encoded.value);
  return { bytes: sealed.bytes, header: named(sealed.id, sealed.header, false) };
}

function open(
  suite: Suite,
  { groupKeys }: Membership,
  bytes: Uint8Array,
): Result<Payload, Problem<QuarantineReason>> {
  const parsed = parseRecord(bytes);
  if (!parsed.ok) return malformed(parsed.problem.code);
  const key = groupKeys.keyOf(parsed.value.groupBytes, parsed.value.epoch);
  if (key === null) return fail('keyMissing', 'The key of this record is not here.');
  const opened = openRecord(suite, key, parsed.value);
  if (!opened.ok) return fail('doesNotOpen', opened.problem.message);
  const payload = decodePayload(opened.value);
  if (payload.ok) return payload;
  const { code, message } = payload.problem;
  return fail(code === 'newerFormat' ? 'newerFormat' : 'badPayload', message);
}

function verify(
  suite: Suite,
  membership: Membership,
  { bytes, seq }: { readonly bytes: Uint8Array; readonly seq: number | null },
): Result<null, Problem<QuarantineReason>> {
  const parsed = parseRecord(bytes);
  if (!parsed.ok) return malformed(parsed.problem.code);
  const checked = checkSignature(suite, membership, { record: parsed.value, seq });
  const { payloadPolicy } = membership;
  // Without a place in the feed yet it is not judged by what the team says now: it is sent, and judged where it comes to
  // stand, whether this program was started anew meanwhile or not. Set aside here, it would wait for ever.
  if (!checked.ok || payloadPolicy === undefined || seq === null) return checked;
  const { author, group } = parsed.value.header;
  // Keys lie in the group of the workspace only (receive.ts); of the rest, a label's name decides who may move it.
  if (group !== WORKSPACE_GROUP && !payloadPolicy.protectsLabels(seq)) return checked;
  const opened = open(suite, membership, bytes);
  if (!opened.ok) return checked;
  const refusal = payloadRefusal(membership.streamKey, payloadPolicy, { payload: opened.value, author, seq });
  return refusal === null ? checked : fail('notAllowed', refusal);
}

function checkSignature(
  suite: Suite,
  membership: Membership,
  { record, seq }: { readonly record: ParsedRecord; readonly seq: number | null },
): Result<null, Problem<QuarantineReason>> {
  const signer = membership.signerOf(record, seq);
  if (!signer.ok) return signer;
  const verifier = suite.verifiers.of(signer.value);
  return verifier !== null && verifyRecord(suite, record, verifier)
    ? succeed(null)
    : fail('badSignature', 'Not signed by the device that it names.');
}

function payloadRefusal(
  streamKey: StreamKey,
  policy: PayloadPolicy,
  {
    payload,
    author,
    seq,
  }: { readonly payload: Payload; readonly author: AccountId; readonly seq: number | null },
): string | null {
  if (payload.kind === 'label' && !policy.mayMoveLabel(author, labelTag(streamKey, payload.name), seq)) {
    return 'This label is protected: its author could not move it.';
  }
  if (payload.kind === 'providerKey' && !policy.mayShareKey(author, seq)) {
    return 'Only an admin shares a provider key.';
  }
  return null;
}

function parse(suite: Suite, bytes: Uint8Array): Result<RecordHeader, Problem<QuarantineReason>> {
  if (bytes[1] === KINDS.tombstone) {
    const tombstone = parseTombstone(suite, bytes);
    if (!tombstone.ok) return malformed(tombstone.problem.code);
    return succeed(named(tombstone.value.id, tombstone.value.header, true));
  }
  const parsed = parseRecord(bytes);
  if (!parsed.ok) return malformed(parsed.problem.code);
  return succeed(named(recordIdOf(suite, parsed.value), parsed.value.header, false));
}

function named(id: RecordId, header: FullHeader, erased: boolean): RecordHeader {
  const { workspace, group, stream, parents, epoch, author, device, counter, flag, seen } = header;
  return { id, workspace, group, stream, parents, epoch, author, device, counter, flag, seen, erased };
}

const malformed = (code: string): Result<never, Problem<'malformed' | 'newerFormat'>> =>
  fail(code === 'newerFormat' ? 'newerFormat' : 'malformed', 'A record cannot be read.');
