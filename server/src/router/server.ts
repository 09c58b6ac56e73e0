// What the server says about itself to anybody, and what its owner does.

import { accountsAnswer, makeLinkAnswer, makeLinkInput } from '@cuebook/shared/protocol/account';
import { serverInfo } from '@cuebook/shared/protocol/server';
import { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { Refusal } from '../problems.ts';
import { sessionOf } from './author.ts';
import { procedure, router } from './procedures.ts';
import packageFacts from '../../package.json' with { type: 'json' };

export const serverRouter = router({
  info: procedure({ access: { kind: 'anyone' }, transport: 'any', budget: 'read' })
    .output(serverInfo)
    .query(({ ctx: { services } }) => ({
      name: 'cuebook-server' as const,
      version: packageFacts.version,
      protocol: { newest: PROTOCOL_VERSION, oldest: OLDEST_PROTOCOL_VERSION },
      origin: services.accounts.publicOrigin,
      incarnation: services.store.incarnation,
      time: services.now(),
      registration: services.accounts.registration,
      passwords: true,
      providers: services.accounts.oidc.providers,
    })),

  /** Good once: for an account to be made, or a password to be set again. The server sends no mail. */
  makeLink: procedure({ access: { kind: 'serverOwner' }, transport: 'any', budget: 'secret' })
    .input(makeLinkInput)
    .output(makeLinkAnswer)
    .mutation(async ({ ctx: { caller, origin, services }, input }) => {
      const { administration } = services.accounts;
      if (input.kind === 'newAccount') return administration.makeAccountLink(sessionOf(caller), origin);
      const link = await administration.makeResetLink(input.email, sessionOf(caller), origin);
      if (link === null) throw new Refusal('notFound', 'No account has this address.', { field: 'email' });
      return link;
    }),

  accounts: procedure({ access: { kind: 'serverOwner' }, transport: 'any', budget: 'read' })
    .output(accountsAnswer)
    .query(({ ctx }) => ctx.services.accounts.administration.listAccounts()),
});
