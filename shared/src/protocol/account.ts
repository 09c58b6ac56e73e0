// One's own account: making it, its log and sealed boxes, credentials, approving a device, and what the law asks for.

import * as z from 'zod/mini';
import { SIGNATURE_BYTES } from '../crypto/sizes.ts';
import { MAX_ACCOUNT_ENTRY_BYTES } from '../team/accountEntry.ts';
import {
  accountId,
  bytes,
  bytesOf,
  count,
  deviceId,
  email,
  inviteId,
  logHead,
  newPassword,
  oneTimeCode,
  password,
  rowId,
  secret,
  time,
  workspaceId,
} from './fields.ts';
import { MAX_APPROVAL_BYTES, MAX_BOX_BYTES, MAX_KIT_BACKUP_BYTES, MAX_LOG_ENTRIES } from './limits.ts';
import { grant } from './session.ts';
import { teamAppend } from './workspace.ts';

export const accountEntries = z.readonly(
  z.array(bytes(MAX_ACCOUNT_ENTRY_BYTES)).check(z.maxLength(MAX_LOG_ENTRIES)),
);

/** A user key sealed to a device or the kit (team/userKeys.ts). */
export const userBox = z.object({
  device: deviceId,
  generation: z.int().check(z.minimum(1), z.maximum(0xffffffff)),
  box: bytes(MAX_BOX_BYTES),
});
export type UserBox = z.infer<typeof userBox>;
const userBoxes = z.readonly(z.array(userBox).check(z.maxLength(1024)));

/** What allows an account to be made. */
export const ground = z.discriminatedUnion('kind', [
  /** The owner's link of the first start, or one that the owner made for somebody. */
  z.object({ kind: z.literal('link'), secret }),
  /** An invite to a workspace: `signature` by the invite's key over a challenge (crypto/challenge.ts). */
  z.object({
    kind: z.literal('invite'),
    workspace: workspaceId,
    invite: inviteId,
    challenge: bytesOf(32),
    signature: bytesOf(SIGNATURE_BYTES),
  }),
  /** Where the server is open to everybody. */
  z.object({ kind: z.literal('open') }),
]);
export type Ground = z.infer<typeof ground>;

export const credentials = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), email, password: newPassword }),
  z.object({ kind: z.literal('ticket'), ticket: secret }),
]);

/** All in one transaction: the account, its log, and, with an invite, the `join`. The answer's session is signed in. */
export const createAccountInput = z.object({
  ground,
  credentials,
  log: accountEntries,
  boxes: userBoxes,
  kitBackup: z.optional(bytes(MAX_KIT_BACKUP_BYTES)),
  join: z.optional(teamAppend),
});
export const createAccountAnswer = z.object({ grant });

/** Proof for whoever has no account yet: a challenge that the invite's key signs. */
export const inviteChallengeAnswer = z.object({ challenge: bytesOf(32), expiresAt: time });

/** The own log; a co-member's is read by `workspace.readAccount`. */
export const readAccountLogInput = z.object({ from: count });
export const accountLogAnswer = z.object({ entries: accountEntries, head: logHead });

export const appendAccountLogInput = z.object({
  /** The head that the entries follow; another head is answered with `behind`. */
  expectedHead: logHead,
  entries: accountEntries,
  boxes: userBoxes,
});
export const appendAccountLogAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stored'), head: logHead }),
  z.object({ kind: z.literal('behind'), head: logHead }),
]);

/** Boxes for one device or the kit: all generations there are. */
export const readUserBoxesInput = z.object({ device: deviceId });
export const userBoxesAnswer = userBoxes;
/** A committed key sealed anew, for a box that is missing or opens to something else. */
export const putUserBoxesInput = z.object({ boxes: userBoxes });

export const kitBackupInput = z.object({ box: bytes(MAX_KIT_BACKUP_BYTES) });
export const kitBackupAnswer = z.object({ box: z.nullable(bytes(MAX_KIT_BACKUP_BYTES)) });

export const aboutMe = z.object({
  account: accountId,
  email: z.nullable(email),
  hasPassword: z.boolean(),
  providers: z.readonly(z.array(z.object({ id: z.string(), name: z.string() }))),
  secondFactor: z.boolean(),
  recoveryCodesLeft: z.int(),
  isServerOwner: z.boolean(),
  createdAt: time,
});
export type AboutMe = z.infer<typeof aboutMe>;

/** Credentials change only beside the old one; every other session ends. */
export const changePasswordInput = z.object({ password, newPassword });
export const changeEmailInput = z.object({ password, email });
/** By a one-time link of the owner: gives sign-in back, never keys; all sessions end. */
export const resetPasswordInput = z.object({ secret, newPassword });

export const startSecondFactorAnswer = z.object({
  /** For an authenticator app; also as base32 for typing. */
  uri: z.string(),
  secret: z.string(),
});
export const confirmSecondFactorInput = z.object({ code: oneTimeCode });
/** Shown once, each good once. */
export const recoveryCodesAnswer = z.object({ codes: z.readonly(z.array(z.string())) });
export const endSecondFactorInput = z.object({ password: z.optional(password), code: oneTimeCode });

/** Approval of a new device (team/approval.ts): the server carries three messages, for five minutes, one at a time. */
export const approvalStep = z.enum(['hello', 'answer', 'reveal', 'accepted']);
export const putApprovalInput = z.object({
  approval: rowId,
  step: approvalStep,
  message: bytes(MAX_APPROVAL_BYTES),
});
export const readApprovalInput = z.object({ approval: z.optional(rowId) });
export const approvalAnswer = z.nullable(
  z.object({
    approval: rowId,
    startedAt: time,
    expiresAt: time,
    messages: z.readonly(z.array(z.object({ step: approvalStep, message: bytes(MAX_APPROVAL_BYTES) }))),
  }),
);
export type ApprovalAnswer = z.infer<typeof approvalAnswer>;
export const endApprovalInput = z.object({ approval: rowId });
export const startApprovalAnswer = z.object({ approval: rowId, expiresAt: time });

/** Everything that the server holds about the caller, as JSON text. */
export const exportAnswer = z.object({ json: z.string() });
/** Purged within 30 days. Workspaces that only this account owns must be transferred or deleted first. */
export const deleteAccountInput = z.object({ password: z.optional(password), code: z.optional(oneTimeCode) });

/** By the server's owner: a link good once, for an account to be made or a password to be set again. */
export const makeLinkInput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('newAccount') }),
  z.object({ kind: z.literal('resetPassword'), email }),
]);
export const makeLinkAnswer = z.object({ link: z.string(), secret, expiresAt: time });
export const accountRow = z.object({
  account: accountId,
  email: z.nullable(email),
  createdAt: time,
  lastSeenAt: z.nullable(time),
});
export const accountsAnswer = z.readonly(z.array(accountRow));
