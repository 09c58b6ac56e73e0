// Workspaces: their team logs, the account logs of their members, sealed epoch keys, invites as they are met, healing
// after a restore, and the security log.

import * as z from 'zod/mini';
import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import { MAX_ACCOUNT_ENTRY_BYTES } from '../team/accountEntry.ts';
import { MAX_TEAM_ENTRY_BYTES } from '../team/teamEntry.ts';
import {
  accountId,
  bytes,
  bytesOf,
  count,
  email,
  feedPosition,
  inviteId,
  logHead,
  recordId,
  rowId,
  time,
  tokenId,
  workspaceId,
} from './fields.ts';
import { MAX_BOX_BYTES, MAX_BOXES, MAX_FEED_ITEMS, MAX_LOG_ENTRIES, MAX_WORKSPACES } from './limits.ts';
import { MAX_RECORD_BYTES } from '../record/limits.ts';

export const teamEntries = z.readonly(
  z.array(bytes(MAX_TEAM_ENTRY_BYTES)).check(z.maxLength(MAX_LOG_ENTRIES)),
);

const epoch = z.int().check(z.minimum(1), z.maximum(0xffffffff));
const generation = z.int();

/** An epoch key sealed to a member's user key, an invite or a token; its hash stands in the entry it comes with. */
export const epochBox = z.object({
  epoch,
  recipient: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('member'), account: accountId, generation }),
    z.object({ kind: z.literal('invite'), invite: inviteId }),
    z.object({ kind: z.literal('token'), token: tokenId }),
  ]),
  box: bytes(MAX_BOX_BYTES),
});
export type EpochBoxMessage = z.infer<typeof epochBox>;
const epochBoxes = z.readonly(z.array(epochBox).check(z.maxLength(MAX_BOXES)));

/** Null: `entries` begins with `create`. */
export const teamAppend = z.object({
  workspace: workspaceId,
  expectedHead: z.nullable(logHead),
  entries: teamEntries,
  boxes: epochBoxes,
});
export type TeamAppend = z.infer<typeof teamAppend>;

export const teamAppendAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stored'), head: logHead }),
  /** Another entry came first, or the feed has moved on from what the entry names: compose anew. */
  z.object({ kind: z.literal('behind'), head: z.nullable(logHead), feed: feedPosition }),
]);
export type TeamAppendAnswer = z.infer<typeof teamAppendAnswer>;

export const workspaceRow = z.object({
  workspace: workspaceId,
  head: logHead,
  feed: feedPosition,
  /** Heads below a pin are taken from members who have more. */
  healing: z.boolean(),
});
/** Where the caller is a member, or was one: the log says which. */
export const workspacesAnswer = z.readonly(z.array(workspaceRow).check(z.maxLength(MAX_WORKSPACES)));

export const readWorkspaceInput = z.object({ workspace: workspaceId });
export const readTeamLogInput = z.object({ workspace: workspaceId, from: count });
export const teamLogAnswer = z.object({ entries: teamEntries, head: logHead });

/** The log of somebody who is or was a member of the same workspace, as far as that workspace needs it. */
export const readAccountInput = z.object({ workspace: workspaceId, account: accountId, from: count });
export const readAccountAnswer = z.object({
  entries: z.readonly(z.array(bytes(MAX_ACCOUNT_ENTRY_BYTES))),
  head: logHead,
});

/** Those for the caller: its account, or its token. */
export const readEpochBoxesInput = z.object({ workspace: workspaceId });
export const epochBoxesAnswer = epochBoxes;
/** "None of my boxes opens to the key that the log commits to": of the caller. */
export const reportBoxInput = z.object({ workspace: workspaceId, epoch, generation });
/** A member without a box that opens, for this generation of the member's user key. */
export const wantedBox = z.object({ account: accountId, epoch, generation });
export type WantedBoxMessage = z.infer<typeof wantedBox>;
export const wantedBoxesAnswer = z.readonly(z.array(wantedBox).check(z.maxLength(MAX_BOXES)));
export const putEpochBoxesInput = z.object({ workspace: workspaceId, boxes: epochBoxes });

/** E-mail addresses of members, "according to the server". */
export const contactsInput = z.object({ workspace: workspaceId });
export const contactsAnswer = z.readonly(z.array(z.object({ account: accountId, email: z.nullable(email) })));

/** What somebody with an invite sees before there is an account: proven by the invite's key. */
export const openInviteInput = z.object({
  workspace: workspaceId,
  invite: inviteId,
  challenge: bytesOf(32),
  signature: bytesOf(SIGNATURE_BYTES),
  /** Of the team log; the answer goes on from there until it is whole. */
  from: count,
});
export const openInviteAnswer = z.object({
  entries: teamEntries,
  head: logHead,
  feed: feedPosition,
  /** Logs of all accounts that the team log names. */
  accounts: z.readonly(
    z.array(z.object({ account: accountId, entries: z.readonly(z.array(bytes(MAX_ACCOUNT_ENTRY_BYTES))) })),
  ),
  box: z.nullable(bytes(MAX_BOX_BYTES)),
});

/** By somebody who has an account: `append` holds the `join`, which the invite's key signed too. */
export const joinInput = z.object({
  append: teamAppend,
  proof: z.object({ invite: inviteId, challenge: bytesOf(32), signature: bytesOf(SIGNATURE_BYTES) }),
});

/** What a client has verified: healing waits until the workspace has reached the highest. */
export const offerPinInput = z.object({ workspace: workspaceId, head: logHead, feed: feedPosition });
export const healingAnswer = z.object({
  healing: z.boolean(),
  head: logHead,
  feed: feedPosition,
  /** The highest that was offered and is not reached. */
  wanted: z.nullable(z.object({ head: logHead, feed: feedPosition })),
});
export type HealingAnswer = z.infer<typeof healingAnswer>;

/** The missing end of log and feed, verbatim, in the order in which it was: any member may push anyone's signed bytes. */
export const healInput = z.object({
  workspace: workspaceId,
  after: z.object({ head: logHead, feed: feedPosition }),
  /** Ends of members' account logs, without which the entries could not be judged. */
  accounts: z.optional(
    z.readonly(
      z.array(z.object({ account: accountId, entries: z.readonly(z.array(bytes(MAX_ACCOUNT_ENTRY_BYTES))) })),
    ),
  ),
  entries: teamEntries,
  items: z.readonly(
    z.array(z.object({ id: recordId, bytes: bytes(MAX_RECORD_BYTES) })).check(z.maxLength(MAX_FEED_ITEMS)),
  ),
});
/** By an owner: goes on with what there is. Whoever has more is told. */
export const closeHealingInput = z.object({ workspace: workspaceId });

export const auditInput = z.object({ workspace: workspaceId, before: z.nullable(count), limit: z.int() });
export const auditRow = z.object({
  number: count,
  at: time,
  what: z.string(),
  account: z.nullable(accountId),
  address: z.nullable(z.string()),
  /** Ids only. */
  details: z.record(z.string(), z.string()),
  requestId: z.nullable(rowId),
});
export type AuditRow = z.infer<typeof auditRow>;
export const auditAnswer = z.readonly(z.array(auditRow));
