// One's own account: making it, its log and boxes, credentials, approving a device, data rights.

import {
  aboutMe,
  accountLogAnswer,
  appendAccountLogAnswer,
  appendAccountLogInput,
  approvalAnswer,
  changeEmailInput,
  changePasswordInput,
  confirmSecondFactorInput,
  createAccountAnswer,
  createAccountInput,
  deleteAccountInput,
  endApprovalInput,
  endSecondFactorInput,
  exportAnswer,
  inviteChallengeAnswer,
  kitBackupAnswer,
  kitBackupInput,
  putApprovalInput,
  putUserBoxesInput,
  readAccountLogInput,
  readApprovalInput,
  readUserBoxesInput,
  recoveryCodesAnswer,
  resetPasswordInput,
  startApprovalAnswer,
  startSecondFactorAnswer,
  userBoxesAnswer,
} from '@cuebook/shared/protocol/account';
import { sessionOf } from './author.ts';
import { noteAccountEntries } from './noteEntries.ts';
import { procedure, router } from './procedures.ts';

const anyone = { access: { kind: 'anyone' }, budget: 'secret' } as const;
const signedIn = { access: { kind: 'signedIn' }, transport: 'socket' } as const;
const deviceBound = { access: { kind: 'deviceBound' }, transport: 'socket' } as const;
/** Changes who may come in, or what is left: by a device of the account, over any way. */
const own = { access: { kind: 'deviceBound' }, transport: 'any', budget: 'secret' } as const;

export const accountRouter = router({
  inviteChallenge: procedure({ ...anyone, transport: 'socket' })
    .output(inviteChallengeAnswer)
    .mutation(({ ctx }) => ctx.services.accounts.inviteProofs.challenge()),

  create: procedure({ ...anyone, transport: 'socket' })
    .input(createAccountInput)
    .output(createAccountAnswer)
    .mutation(async ({ ctx, input }) => ({
      grant: await ctx.services.accounts.own.create(input, ctx.origin),
    })),

  about: procedure({ ...signedIn, transport: 'any', budget: 'read' })
    .output(aboutMe)
    .query(({ ctx }) => ctx.services.accounts.own.about(sessionOf(ctx.caller))),

  readLog: procedure({ ...signedIn, budget: 'read' })
    .input(readAccountLogInput)
    .output(accountLogAnswer)
    .query(({ ctx, input }) =>
      ctx.services.store.accountLogs.readLog(sessionOf(ctx.caller).account, input.from),
    ),

  /** Signed in is enough: the entries carry the signatures of whoever may. */
  appendLog: procedure({ ...signedIn, budget: 'write' })
    .input(appendAccountLogInput)
    .output(appendAccountLogAnswer)
    .mutation(async ({ ctx, input }) => {
      const { account, session } = sessionOf(ctx.caller);
      const answer = await ctx.services.store.accountLogs.appendLog({ account, session }, input);
      if (answer.kind === 'stored') await noteAccountEntries(ctx, account, input.entries);
      return answer;
    }),

  readBoxes: procedure({ ...signedIn, budget: 'read' })
    .input(readUserBoxesInput)
    .output(userBoxesAnswer)
    .query(({ ctx, input }) =>
      ctx.services.store.accountLogs.readBoxes(sessionOf(ctx.caller).account, input.device),
    ),

  putBoxes: procedure({ ...deviceBound, budget: 'write' })
    .input(putUserBoxesInput)
    .mutation(({ ctx, input }) =>
      ctx.services.store.accountLogs.putBoxes(sessionOf(ctx.caller).account, input.boxes),
    ),

  /** Sealed to the kit: whoever has it and the password begins anew from here. */
  readKitBackup: procedure({ ...signedIn, budget: 'read' })
    .output(kitBackupAnswer)
    .query(async ({ ctx }) => ({
      box: await ctx.services.store.accountLogs.readKitBackup(sessionOf(ctx.caller).account),
    })),

  putKitBackup: procedure({ ...deviceBound, budget: 'write' })
    .input(kitBackupInput)
    .mutation(({ ctx, input }) =>
      ctx.services.store.accountLogs.putKitBackup(sessionOf(ctx.caller).account, input.box),
    ),

  changePassword: procedure(own)
    .input(changePasswordInput)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.own.changePassword(sessionOf(ctx.caller), input, ctx.origin),
    ),

  changeEmail: procedure(own)
    .input(changeEmailInput)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.own.changeEmail(sessionOf(ctx.caller), input, ctx.origin),
    ),

  resetPassword: procedure({ ...anyone, transport: 'any' })
    .input(resetPasswordInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.own.resetPassword(input, ctx.origin)),

  startSecondFactor: procedure(own)
    .output(startSecondFactorAnswer)
    .mutation(({ ctx }) => ctx.services.accounts.own.startSecondFactor(sessionOf(ctx.caller))),

  confirmSecondFactor: procedure(own)
    .input(confirmSecondFactorInput)
    .output(recoveryCodesAnswer)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.own.confirmSecondFactor(sessionOf(ctx.caller), input.code, ctx.origin),
    ),

  endSecondFactor: procedure(own)
    .input(endSecondFactorInput)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.own.endSecondFactor(sessionOf(ctx.caller), input, ctx.origin),
    ),

  startApproval: procedure({ ...deviceBound, transport: 'any', budget: 'secret' })
    .output(startApprovalAnswer)
    .mutation(({ ctx }) => ctx.services.accounts.approvals.start(sessionOf(ctx.caller))),

  putApproval: procedure({ ...signedIn, budget: 'secret' })
    .input(putApprovalInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.approvals.put(sessionOf(ctx.caller), input)),

  readApproval: procedure({ ...signedIn, budget: 'read' })
    .input(readApprovalInput)
    .output(approvalAnswer)
    .query(({ ctx, input }) =>
      ctx.services.accounts.approvals.read(sessionOf(ctx.caller), input.approval ?? null),
    ),

  endApproval: procedure({ ...signedIn, transport: 'any', budget: 'secret' })
    .input(endApprovalInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.approvals.end(sessionOf(ctx.caller), input.approval)),

  export: procedure({ ...own, budget: 'secret' })
    .output(exportAnswer)
    .mutation(async ({ ctx }) => ({
      json: await ctx.services.accounts.own.exportAll(sessionOf(ctx.caller), ctx.origin),
    })),

  delete: procedure(own)
    .input(deleteAccountInput)
    .mutation(({ ctx, input }) => ctx.services.accounts.own.delete(sessionOf(ctx.caller), input, ctx.origin)),
});
