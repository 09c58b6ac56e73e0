// Machine tokens of a workspace: by its admins.

import {
  createTokenInput,
  listTokensInput,
  revokeTokenInput,
  rotateTokenInput,
  tokenRow,
  tokensAnswer,
} from '@cuebook/shared/protocol/token';
import { sessionOf } from './author.ts';
import { procedure, router } from './procedures.ts';

const admin = { access: { kind: 'member', least: 'admin' }, transport: 'any', budget: 'secret' } as const;

export const tokenRouter = router({
  create: procedure(admin)
    .input(createTokenInput)
    .output(tokenRow)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.tokens.create(sessionOf(ctx.caller), input, ctx.origin),
    ),

  rotate: procedure(admin)
    .input(rotateTokenInput)
    .output(tokenRow)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.tokens.rotate(sessionOf(ctx.caller), input, ctx.origin),
    ),

  revoke: procedure(admin)
    .input(revokeTokenInput)
    .mutation(({ ctx, input }) =>
      ctx.services.accounts.tokens.revoke(sessionOf(ctx.caller), input.workspace, input.id, ctx.origin),
    ),

  list: procedure({ ...admin, budget: 'read' })
    .input(listTokensInput)
    .output(tokensAnswer)
    .query(({ ctx, input }) => ctx.services.accounts.tokens.list(input.workspace)),
});
