// The security log of a workspace: by its admins, and by machine tokens that watch it.

import { auditAnswer, auditInput } from '@cuebook/shared/protocol/workspace';
import { procedure, router } from './procedures.ts';

export const auditRouter = router({
  read: procedure({
    access: { kind: 'member', least: 'admin', scope: 'audit:read' },
    transport: 'any',
    budget: 'read',
  })
    .input(auditInput)
    .output(auditAnswer)
    .query(({ ctx, input }) => ctx.services.store.audit.read(input.workspace, input.before, input.limit)),
});
