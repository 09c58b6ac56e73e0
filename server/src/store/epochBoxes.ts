// Sealed epoch keys: opaque here, named by hash in the team log. A box that comes with its entry must be the one that the
// entry names; one that is sealed anew later cannot be checked here, so it stands beside the others and replaces none.

import { boxHash } from '@cuebook/shared/crypto/box';
import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { AccountId, InviteId, TokenId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { EpochBoxMessage } from '@cuebook/shared/protocol/workspace';
import { membersNow, type TeamState } from '@cuebook/shared/team/teamState';
import type { KeyBox, TeamEntry } from '@cuebook/shared/team/teamEntry';
import { inviteIdOf, tokenIdOf } from '@cuebook/shared/team/teamFold';
import { bytesToHex } from '@cuebook/shared/util/bytes';
import { Refusal } from '../problems.ts';
import type { Transaction } from './database.ts';
import { bytesList, fromColumn, idList, toColumn } from './ids.ts';

/** The box of the log itself; else the account that sealed it anew. */
const FROM_LOG = new Uint8Array(0);

type BoxRecipient = EpochBoxMessage['recipient'];

const recipientId = (recipient: BoxRecipient): AccountId | InviteId | TokenId => {
  switch (recipient.kind) {
    case 'member':
      return recipient.account;
    case 'invite':
      return recipient.invite;
    case 'token':
      return recipient.token;
  }
};

const generationOf = (recipient: BoxRecipient): number =>
  recipient.kind === 'member' ? recipient.generation : 0;

const nameOf = (recipient: BoxRecipient, epoch: number, hash: Uint8Array): string =>
  `${recipient.kind} ${recipientId(recipient)} ${generationOf(recipient)} ${epoch} ${bytesToHex(hash)}`;

/** What the entry names: recipient, epoch and hash in one text. `after`: the state with the entry. */
function namedBoxes(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  entry: TeamEntry,
  after: TeamState,
): readonly string[] {
  const { action } = entry.body;
  const keyBox = ({ recipient, generation, hash }: KeyBox, epoch: number): string =>
    nameOf(
      recipient.kind === 'member'
        ? { kind: 'member', account: recipient.id, generation }
        : { kind: 'token', token: recipient.id },
      epoch,
      hash,
    );
  switch (action.type) {
    case 'create':
      return [keyBox(action.box, 1)];
    case 'join':
      return action.box === null ? [] : [keyBox(action.box, after.epoch)];
    case 'rotate':
    case 'remove':
      return action.rotation.boxes.map((box) => keyBox(box, action.rotation.epoch));
    case 'invite':
      return action.boxHash === null
        ? []
        : [nameOf({ kind: 'invite', invite: inviteIdOf(primitives, action) }, action.epoch, action.boxHash)];
    case 'token':
      return action.change === 'revoke' || action.boxHash === null
        ? []
        : [
            nameOf(
              { kind: 'token', token: tokenIdOf(primitives, action.boxPublic) },
              after.epoch,
              action.boxHash,
            ),
          ];
    default:
      return [];
  }
}

/** Exactly the boxes that the entries name come with them. Throws a `Refusal` otherwise. */
export function checkBoxes(
  primitives: Pick<VerifyPrimitives, 'sha256'>,
  steps: readonly { readonly entry: TeamEntry; readonly after: TeamState }[],
  boxes: readonly EpochBoxMessage[],
): void {
  const named = new Set(steps.flatMap(({ entry, after }) => namedBoxes(primitives, entry, after)));
  for (const { recipient, epoch, box } of boxes) {
    if (!named.delete(nameOf(recipient, epoch, boxHash(primitives, box)))) {
      throw new Refusal('refused', 'A sealed box is not one that the entry names.');
    }
  }
  if (named.size > 0) throw new Refusal('refused', 'A sealed box that the entry names is missing.');
}

/** `source`: null for boxes of the log. */
export async function writeBoxes(
  sql: Transaction,
  workspace: WorkspaceId,
  boxes: readonly EpochBoxMessage[],
  source: AccountId | null,
): Promise<void> {
  if (boxes.length === 0) return;
  const by = source === null ? FROM_LOG : toColumn(source);
  await sql`
    insert into epoch_boxes (workspace, source, kind, recipient, epoch, generation, box)
    select ${toColumn(workspace)}, ${by}, * from unnest(
      ${boxes.map(({ recipient }) => recipient.kind)}::text[],
      ${idList(
        sql,
        boxes.map(({ recipient }) => recipientId(recipient)),
      )}::bytea[],
      ${boxes.map(({ epoch }) => epoch)}::bigint[],
      ${boxes.map(({ recipient }) => generationOf(recipient))}::bigint[],
      ${bytesList(
        sql,
        boxes.map(({ box }) => box),
      )}::bytea[])
    on conflict (workspace, kind, recipient, epoch, generation, source) do update set box = excluded.box`;
}

/** Throws a `Refusal` for a box that nobody who is in the workspace could use. */
export function checkResealed(state: TeamState, boxes: readonly EpochBoxMessage[]): void {
  for (const { recipient, epoch } of boxes) {
    if (epoch > state.epoch) throw new Refusal('refused', 'A box is for an epoch that has not begun.');
    if (!isRecipient(state, recipient))
      throw new Refusal('refused', 'A box is for somebody who is not here.');
  }
}

function isRecipient(state: TeamState, recipient: BoxRecipient): boolean {
  if (recipient.kind === 'invite') return false;
  if (recipient.kind === 'token') return state.tokens.get(recipient.token)?.reads === true;
  const member = state.members.get(recipient.account);
  return member?.endedAt === null && member.confirmed && member.generation === recipient.generation;
}

/** Boxes that nobody may open any more: of invites that are closed, members who left, tokens that were revoked. */
export async function deleteUnusedBoxes(
  sql: Transaction,
  workspace: WorkspaceId,
  state: TeamState,
): Promise<void> {
  await sql`
    delete from epoch_boxes
    where workspace = ${toColumn(workspace)} and (
      (kind = 'invite' and recipient <> all (${idList(sql, state.invites.keys())}::bytea[]))
      or (kind = 'token' and recipient <> all (${idList(sql, state.tokens.keys())}::bytea[]))
      or (kind = 'member' and recipient <> all (${idList(
        sql,
        membersNow(state).map(({ account }) => account),
      )}::bytea[])))`;
}

interface BoxColumns {
  readonly kind: BoxRecipient['kind'];
  readonly recipient: Uint8Array;
  readonly epoch: number;
  readonly generation: number;
  readonly box: Uint8Array;
}

const MOST_READ = 5120;

/** Newest epochs first; those of the log before those that were sealed anew. */
export async function readBoxes(
  sql: Transaction,
  workspace: WorkspaceId,
  kind: BoxRecipient['kind'],
  recipient: AccountId | InviteId | TokenId,
): Promise<readonly EpochBoxMessage[]> {
  const rows = await sql<BoxColumns[]>`
    select kind, recipient, epoch, generation, box from epoch_boxes
    where workspace = ${toColumn(workspace)} and kind = ${kind} and recipient = ${toColumn(recipient)}
    order by epoch desc, generation desc, source limit ${MOST_READ}`;
  return rows.map(messageOf);
}

function messageOf({ kind, recipient, epoch, generation, box }: BoxColumns): EpochBoxMessage {
  switch (kind) {
    case 'member':
      return { epoch, box, recipient: { kind, account: fromColumn<AccountId>(recipient), generation } };
    case 'invite':
      return { epoch, box, recipient: { kind, invite: fromColumn<InviteId>(recipient) } };
    case 'token':
      return { epoch, box, recipient: { kind, token: fromColumn<TokenId>(recipient) } };
  }
}
