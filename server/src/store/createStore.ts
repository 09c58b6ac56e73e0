// The store, put together. The database is migrated before (migrate.ts).

import { createVerifiers } from '@cuebook/shared/crypto/verifiers';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { MAX_APPEND_BYTES } from '@cuebook/shared/protocol/limits';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import { invariant } from '@cuebook/shared/util/invariant';
import { createAccountLogStore } from './accountLogs.ts';
import type { RecordStore, Store } from './api.ts';
import { createStandings, type Standings } from './appendAtOnce.ts';
import type { WaitingAppend } from './appendJudging.ts';
import { commitAppends } from './appendRecords.ts';
import { createAuditStore } from './audit.ts';
import type { StoreContext, StoreDependencies } from './dependencies.ts';
import type { Database } from './database.ts';
import { readByIds, readFeed, readTail } from './feedReads.ts';
import { createFolds } from './folds.ts';
import { createFreshTails, type FreshTails } from './freshTails.ts';
import { createGroupCommit } from './groupCommit.ts';
import { readSent, type SentAppend } from './sentRecords.ts';
import { createWorkspaceStore } from './workspaces.ts';

export async function createStore(dependencies: StoreDependencies): Promise<Store> {
  const { database, primitives, hints } = dependencies;
  const context: StoreContext = {
    ...dependencies,
    incarnation: await readIncarnation(database),
    verifiers: createVerifiers(primitives),
    folds: createFolds(primitives),
  };
  return {
    incarnation: context.incarnation,
    workspaces: createWorkspaceStore(context),
    records: createRecordStore(context),
    accountLogs: createAccountLogStore(context),
    audit: createAuditStore(context),
    publish: (hint) => hints.publish(hint),
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

async function readIncarnation(database: Database): Promise<string> {
  const [row] = await database.app<{ incarnation: Uint8Array }[]>`select incarnation from server`;
  invariant(row !== undefined, 'a migrated database says which it is');
  return bytesToBase32(row.incarnation);
}

function createRecordStore(context: StoreContext): RecordStore {
  const fresh = createFreshTails(context);
  const standings = createStandings();
  const commits = createGroupCommit<SentAppend, AppendAnswer>(
    (workspace, group) => commitAndTell(context, { fresh, standings }, workspace, group),
    { most: MAX_APPEND_BYTES, weigh: ({ bytes }) => bytes },
  );
  return {
    append: async (author, input, mayWrite = () => {}) =>
      commits.add(input.workspace, readSent(context, { author, input, mayWrite })),
    readFeed: (workspace, after, limit) => readFeed(context, workspace, after, limit),
    readTail: async (workspace, from, atLeast) =>
      (atLeast === undefined ? null : fresh.read(workspace, from, atLeast)) ??
      readTail(context, workspace, from),
    read: (workspace, ids) => readByIds(context, workspace, ids),
  };
}

async function commitAndTell(
  context: StoreContext,
  { fresh, standings }: { readonly fresh: FreshTails; readonly standings: Standings },
  workspace: WorkspaceId,
  group: readonly WaitingAppend[],
): Promise<void> {
  const committed = await commitAppends(context, standings, workspace, group);
  if (committed === null) return;
  fresh.keep(workspace, committed);
  const { position, head } = committed;
  context.hints.publish({ kind: 'workspace', workspace, seq: position.seq, logIndex: head.index });
}
