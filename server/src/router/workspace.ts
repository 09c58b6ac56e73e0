// Workspaces: team logs and sealed keys, invites as they are met, healing after a restore.

import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import {
  closeHealingInput,
  contactsInput,
  healInput,
  joinInput,
  offerPinInput,
  openInviteInput,
  putEpochBoxesInput,
  readAccountInput,
  readEpochBoxesInput,
  readTeamLogInput,
  readWorkspaceInput,
  reportBoxInput,
  teamAppend,
} from '@cuebook/shared/protocol/workspace';
import type { InviteProof } from '../accounts/api.ts';
import { Refusal } from '../problems.ts';
import type { Services } from '../services.ts';
import { authorOf, sessionOf } from './author.ts';
import { procedure, router, type Access } from './procedures.ts';

const MEMBER = { kind: 'member', least: 'viewer' } as const satisfies Access;
/** Whoever waits to be confirmed reads the log, to see when that is, and nothing else. */
const LOG_READER = { ...MEMBER, scope: 'log:read', waitingToo: true } as const satisfies Access;
const read = { transport: 'socket', budget: 'read' } as const;
const write = { transport: 'socket', budget: 'write' } as const;

export const workspaceRouter = router({
  list: procedure({ access: { kind: 'deviceBound' }, ...read }).query(async ({ ctx }) =>
    ctx.services.store.workspaces.list(sessionOf(ctx.caller).account),
  ),

  create: procedure({ access: { kind: 'deviceBound' }, ...write })
    .input(teamAppend)
    .mutation(async ({ ctx, input }) => {
      if (input.expectedHead !== null) {
        throw new Refusal('malformed', 'A new workspace has no head.', { field: 'expectedHead' });
      }
      return ctx.services.store.workspaces.appendLog(authorOf(ctx.caller), input);
    }),

  /** By somebody with an account and an invite; without an account, `account.create` does both. */
  join: procedure({ access: { kind: 'deviceBound' }, transport: 'socket', budget: 'secret' })
    .input(joinInput)
    .mutation(async ({ ctx, input }) => {
      await openProven(ctx.services, { ...input.proof, workspace: input.append.workspace, from: 0 });
      return ctx.services.store.workspaces.appendLog(authorOf(ctx.caller), input.append);
    }),

  head: procedure({ access: LOG_READER, ...read })
    .input(readWorkspaceInput)
    .query(async ({ ctx, input }) => ctx.services.store.workspaces.head(input.workspace)),

  appendLog: procedure({ access: { ...MEMBER, waitingToo: true }, ...write })
    .input(teamAppend)
    .mutation(async ({ ctx, input }) => {
      if (input.expectedHead === null) {
        throw new Refusal('malformed', 'The workspace is there already.', { field: 'expectedHead' });
      }
      return ctx.services.store.workspaces.appendLog(authorOf(ctx.caller), input);
    }),

  readLog: procedure({ access: LOG_READER, ...read })
    .input(readTeamLogInput)
    .query(async ({ ctx, input }) => ctx.services.store.workspaces.readLog(input.workspace, input.from)),

  readAccount: procedure({ access: LOG_READER, ...read })
    .input(readAccountInput)
    .query(async ({ ctx, input }) =>
      ctx.services.store.workspaces.readAccountLog(input.workspace, input.account, input.from),
    ),

  readBoxes: procedure({ access: { ...MEMBER, scope: 'records:read' }, ...read })
    .input(readEpochBoxesInput)
    .query(async ({ ctx, input }) => {
      const { workspaces } = ctx.services.store;
      return ctx.caller.kind === 'token'
        ? workspaces.readTokenBoxes(input.workspace, ctx.caller.token)
        : workspaces.readBoxes(input.workspace, sessionOf(ctx.caller).account);
    }),

  putBoxes: procedure({ access: MEMBER, ...write })
    .input(putEpochBoxesInput)
    .mutation(async ({ ctx, input }) =>
      ctx.services.store.workspaces.putBoxes(authorOf(ctx.caller), input.workspace, input.boxes),
    ),

  /** By whoever none of the boxes opens for, or opens to something else. */
  reportBox: procedure({ access: MEMBER, ...write })
    .input(reportBoxInput)
    .mutation(async ({ ctx, input: { workspace, ...wanted } }) =>
      ctx.services.store.workspaces.reportBox(authorOf(ctx.caller), workspace, wanted),
    ),

  wantedBoxes: procedure({ access: MEMBER, ...read })
    .input(readWorkspaceInput)
    .query(async ({ ctx, input }) => ctx.services.store.workspaces.wantedBoxes(input.workspace)),

  contacts: procedure({ access: MEMBER, ...read })
    .input(contactsInput)
    .query(async ({ ctx, input }) => {
      const accounts = await ctx.services.store.workspaces.accounts(input.workspace);
      return ctx.services.accounts.contacts(accounts);
    }),

  openInvite: procedure({ access: { kind: 'anyone' }, transport: 'socket', budget: 'secret' })
    .input(openInviteInput)
    .query(async ({ ctx, input }) => {
      const { log, feed, accounts, box } = await openProven(ctx.services, input);
      return { ...log, feed, accounts, box };
    }),

  healing: procedure({ access: MEMBER, ...read })
    .input(readWorkspaceInput)
    .query(async ({ ctx, input }) => ctx.services.store.workspaces.healing(input.workspace)),

  offerPin: procedure({ access: MEMBER, ...write })
    .input(offerPinInput)
    .mutation(async ({ ctx, input }) => ctx.services.store.workspaces.offerPin(authorOf(ctx.caller), input)),

  heal: procedure({ access: MEMBER, ...write })
    .input(healInput)
    .mutation(async ({ ctx, input }) => ctx.services.store.workspaces.heal(authorOf(ctx.caller), input)),

  closeHealing: procedure({ access: { kind: 'member', least: 'owner' }, ...write })
    .input(closeHealingInput)
    .mutation(async ({ ctx, input }) =>
      ctx.services.store.workspaces.closeHealing(authorOf(ctx.caller), input.workspace),
    ),
});

/** An invite that is not there, has ended, or whose key was not shown: one answer for all. */
async function openProven(
  { store, accounts }: Services,
  asked: InviteProof & { readonly workspace: WorkspaceId; readonly from: number },
) {
  const opened = await store.workspaces.openInvite(asked.workspace, asked.invite, asked.from);
  if (opened === null || !accounts.inviteProofs.isProven(asked, opened.signPublic)) {
    throw new Refusal('notFound', 'There is no such invite.');
  }
  return opened;
}
