// The only ways to make a procedure. Each begins with who may call it, which stands in `meta`, where the isolation table
// reads it (test/server/isolation): a procedure without an access rule cannot be written.

import { initTRPC } from '@trpc/server';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { workspaceId } from '@cuebook/shared/protocol/fields';
import { wireTransformer } from '@cuebook/shared/protocol/wire';
import type { TokenScope } from '@cuebook/shared/protocol/token';
import type { Role } from '@cuebook/shared/team/roles';
import { requireAccess, requireBeforeLock } from '../access.ts';
import type { Caller, Origin } from '../caller.ts';
import type { LiveSocket } from '../liveSocket.ts';
import type { Services } from '../services.ts';
import { Refusal } from '../problems.ts';
import { formatError } from './formatError.ts';

/** Who may call. `member`: of the workspace that the input names, with at least this role. */
export type Access =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'deviceBound' }
  | { readonly kind: 'serverOwner' }
  | {
      readonly kind: 'member';
      readonly least: Role;
      /** A machine token of the workspace with this scope may call it too. */
      readonly scope?: TokenScope;
      /** Also for who joined and waits for an admin's `confirm`: what is needed to learn of it. */
      readonly waitingToo?: true;
      /**
       * Decided in the transaction that writes, under the workspace's row lock, by what is true there: session, device,
       * membership. What was refused is decided once more as for any other procedure, so that everybody hears the same.
       */
      readonly underLock?: true;
    };

export interface Meta {
  readonly access: Access;
  /** `socket`: its messages hold bytes, which JSON has no word for. */
  readonly transport: 'any' | 'socket';
  /** Which budget a call is taken from (limits.ts). */
  readonly budget: 'read' | 'write' | 'secret';
}

export interface RequestContext {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly services: Services;
  /** What the call came in on; null over HTTP. */
  readonly socket: LiveSocket | null;
}

const t = initTRPC
  .context<RequestContext>()
  .meta<Meta>()
  .create({
    errorFormatter: formatError,
    transformer: wireTransformer,
    defaultMeta: { access: { kind: 'signedIn' }, transport: 'socket', budget: 'read' },
  });

export const { router, createCallerFactory } = t;

/** A procedure with its rule. Inputs of `member` procedures name the workspace as `workspace`. */
export const procedure = (meta: Meta) =>
  t.procedure.meta(meta).use(async ({ ctx, getRawInput, next }) => {
    if (meta.transport === 'socket' && ctx.origin.transport !== 'socket') {
      throw new Refusal('socketNeeded', 'The answers of this procedure are binary: call it on a socket.');
    }
    await ctx.services.limits.take(meta.budget, ctx.caller, ctx.origin);
    const workspace = meta.access.kind === 'member' ? workspaceOf(await getRawInput()) : null;
    const asked = { caller: ctx.caller, origin: ctx.origin, workspace };
    if (!isUnderLock(meta)) {
      await requireAccess(ctx.services, meta.access, asked);
      return next();
    }
    requireBeforeLock(meta.access, asked, ctx.services.now());
    const result = await next();
    if (!result.ok) await requireAccess(ctx.services, meta.access, asked);
    return result;
  });

type MetaUnderLock = Meta & { readonly access: Extract<Access, { kind: 'member' }> };

export const isUnderLock = (meta: Meta | undefined): meta is MetaUnderLock =>
  meta?.access.kind === 'member' && meta.access.underLock === true;

/** Looks at the raw input, because access is decided before anything else is parsed. */
function workspaceOf(input: unknown): WorkspaceId {
  const named = typeof input === 'object' && input !== null && 'workspace' in input ? input.workspace : null;
  const parsed = workspaceId.safeParse(named);
  if (!parsed.success) throw new Refusal('malformed', 'A workspace is not named.', { field: 'workspace' });
  return parsed.data;
}
