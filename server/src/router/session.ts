// Signing in and out, binding a session to a device, one's sessions.

import {
  bindDeviceInput,
  challengeAnswer,
  finishOidcAnswer,
  finishOidcInput,
  grant,
  presentInput,
  refreshInput,
  revokeSessionInput,
  sessionsAnswer,
  signInAnswer,
  signInInput,
  startOidcAnswer,
  startOidcInput,
} from '@cuebook/shared/protocol/session';
import { Refusal } from '../problems.ts';
import { sessionOf } from './author.ts';
import { procedure, router } from './procedures.ts';

const ANYONE = { access: { kind: 'anyone' }, transport: 'any', budget: 'secret' } as const;
const SIGNED_IN = { access: { kind: 'signedIn' }, transport: 'any', budget: 'secret' } as const;

export const sessionRouter = router({
  signIn: procedure(ANYONE)
    .input(signInInput)
    .output(signInAnswer)
    .mutation(({ ctx, input }) => ctx.services.accounts.sessions.signIn(input, ctx.origin)),

  startOidc: procedure(ANYONE)
    .input(startOidcInput)
    .output(startOidcAnswer)
    .mutation(({ ctx, input }) => ctx.services.accounts.oidc.start(ctx.caller, input, ctx.origin)),

  finishOidc: procedure(ANYONE)
    .input(finishOidcInput)
    .output(finishOidcAnswer)
    .mutation(({ ctx, input }) => ctx.services.accounts.oidc.finish(input, ctx.origin)),

  refresh: procedure(ANYONE)
    .input(refreshInput)
    .output(grant)
    .mutation(({ ctx, input }) => ctx.services.accounts.sessions.refresh(input.refreshToken, ctx.origin)),

  /** A socket goes on under a new access token of its session. */
  present: procedure({ access: { kind: 'anyone' }, transport: 'socket', budget: 'secret' })
    .input(presentInput)
    .mutation(async ({ ctx, input }) => {
      if (ctx.socket === null) throw new Refusal('socketNeeded', 'There is no socket to present a token on.');
      await ctx.socket.present(input.accessToken);
    }),

  /** Bytes: for the device to sign. */
  challenge: procedure({ ...SIGNED_IN, transport: 'socket' })
    .output(challengeAnswer)
    .mutation(({ ctx }) => ctx.services.accounts.sessions.challenge(sessionOf(ctx.caller))),

  bindDevice: procedure({ ...SIGNED_IN, transport: 'socket' })
    .input(bindDeviceInput)
    .output(grant)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.sessions.bindDevice(sessionOf(ctx.caller), input, ctx.origin),
    ),

  list: procedure({ ...SIGNED_IN, budget: 'read' })
    .output(sessionsAnswer)
    .query(({ ctx }) => ctx.services.accounts.sessions.list(sessionOf(ctx.caller))),

  revoke: procedure(SIGNED_IN)
    .input(revokeSessionInput)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.sessions.revoke(sessionOf(ctx.caller), input.session, ctx.origin),
    ),

  signOut: procedure(SIGNED_IN).mutation(({ ctx }) =>
    ctx.services.accounts.sessions.signOut(sessionOf(ctx.caller), ctx.origin),
  ),
});
