// Records: appending them, reading the feed, following it, presence.

import type { Observable } from '@trpc/server/observable';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import {
  appendInput,
  followInput,
  presenceInput,
  readFeedInput,
  readRecordsInput,
  type FollowMessage,
} from '@cuebook/shared/protocol/record';
import { mayWrite, requireAccess } from '../access.ts';
import type { LiveSocket } from '../liveSocket.ts';
import { Refusal } from '../problems.ts';
import { authorOf, sessionOf } from './author.ts';
import { procedure, router, type Access, type RequestContext } from './procedures.ts';

const WRITER = { kind: 'member', least: 'editor', underLock: true } as const satisfies Access;
const READER = { kind: 'member', least: 'viewer', scope: 'records:read' } as const satisfies Access;

export const recordRouter = router({
  append: procedure({ access: WRITER, transport: 'socket', budget: 'write' })
    .input(appendInput)
    .mutation(async ({ ctx, input }) =>
      ctx.services.store.records.append(authorOf(ctx.caller), input, mayWrite(WRITER, sessionOf(ctx.caller))),
    ),

  readFeed: procedure({ access: READER, transport: 'socket', budget: 'read' })
    .input(readFeedInput)
    .query(async ({ ctx, input }) =>
      ctx.services.store.records.readFeed(input.workspace, input.after, input.limit),
    ),

  read: procedure({ access: READER, transport: 'socket', budget: 'read' })
    .input(readRecordsInput)
    .query(async ({ ctx, input }) => ctx.services.store.records.read(input.workspace, input.ids)),

  /** Ends with `ended` or `otherIncarnation`, or by the client. */
  follow: procedure({ access: READER, transport: 'socket', budget: 'read' })
    .input(followInput)
    .subscription(({ ctx, input }): Observable<FollowMessage, unknown> => {
      const { workspace, after, logFrom } = input;
      return streamOf((observer) =>
        ctx.services.feed.follow({
          workspace,
          from: { ...after, logFrom },
          socket: socketOf(ctx),
          mayFollow: async () => mayRead(ctx, workspace),
          observer,
        }),
      );
    }),

  /** To everybody who follows the workspace at this moment, and to nobody later. */
  presence: procedure({
    access: { kind: 'member', least: 'viewer' },
    transport: 'socket',
    budget: 'write',
  })
    .input(presenceInput)
    .mutation(({ ctx, input }) => {
      ctx.services.hub.publish({ kind: 'presence', from: socketOf(ctx).id, ...input });
    }),
});

type Observer = Parameters<Observable<FollowMessage, unknown>['subscribe']>[0];

/** Without the wrappers of tRPC's own, of which each idle subscription would keep a kilobyte: the feed says nothing after the end. */
const streamOf = (begin: (observer: Observer) => () => void): Observable<FollowMessage, unknown> => ({
  subscribe: (observer) => ({ unsubscribe: begin(observer) }),
  pipe: () => {
    throw new Error('Broken invariant: a feed is subscribed to as it is');
  },
});

function socketOf({ socket }: RequestContext): LiveSocket {
  if (socket === null) throw new Refusal('socketNeeded', 'Following needs a socket.');
  return socket;
}

/** Asked again in the life of a subscription: the same rule as at its beginning. */
async function mayRead(
  { services, caller, origin }: RequestContext,
  workspace: WorkspaceId,
): Promise<boolean> {
  try {
    await requireAccess(services, READER, { caller, origin, workspace });
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}
