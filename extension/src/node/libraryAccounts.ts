// The accounts of an open library in memory, kept equal to what is on the disk, and what each workspace is to the rest of
// the library: the port to its records, judged by the newest verified team log, and whether it may be changed.

import type { WorkspaceKeys } from '@cuebook/shared/client/keys';
import { recordsOf } from '@cuebook/shared/client/judge';
import { mayEdit, standingOf } from '@cuebook/shared/client/standing';
import {
  type ClientState,
  type ClientTools,
  type LocalFeed,
  teamOf,
  workspaceOf,
} from '@cuebook/shared/client/state';
import type { AccountId, FeedHash, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition } from '@cuebook/shared/record/header';
import type { RecordPort } from '@cuebook/shared/replica/ports';
import { currentMember } from '@cuebook/shared/team/teamState';
import { type AccountTools, type LocalAccount, readAccount, storedAccounts } from './accounts.ts';
import type { Identity } from './libraryIdentity.ts';
import type { Ground } from './librarySession.ts';
import type { SqliteStore, Touch } from './sqliteStore.ts';

export interface LibraryAccounts {
  readonly tools: AccountTools;
  /** The library's own first. */
  all(): readonly LocalAccount[];
  get(id: AccountId): LocalAccount | null;
  /** Whose membership a workspace is used by: of a member before one who is no more. */
  holderOf(workspace: WorkspaceId): LocalAccount | null;
  /** After the disk has it. */
  adopt(account: LocalAccount): void;
  forget(id: AccountId): void;
  /** Another window wrote these. */
  reload(touches: readonly Touch[]): void;
  grounds(): readonly Ground[];
  /** `position`: how far the feed of a workspace was taken; asked of the replica's state. */
  clientTools(position: (workspace: WorkspaceId) => FeedPosition): ClientTools;
}

export function createLibraryAccounts(store: SqliteStore, identity: Identity): LibraryAccounts {
  const { accounts: tools, own } = identity;
  const accounts = new Map<AccountId, LocalAccount>([[own.settings.id, own]]);
  for (const id of storedAccounts(store)) readInto(id);

  function readInto(id: AccountId): void {
    const account = readAccount(tools, store, id);
    if (account !== null) accounts.set(id, account);
    else if (id !== own.settings.id) accounts.delete(id);
  }

  const holderOf = (workspace: WorkspaceId): LocalAccount | null => {
    const holders = [...accounts.values()].filter(({ workspaceKeys }) => workspaceKeys.has(workspace));
    return holders.find(({ client }) => isMember(client, workspace)) ?? holders[0] ?? null;
  };

  const groundOf = (workspace: WorkspaceId): Ground => {
    const port = createPortCache(tools, store, workspace);
    const standing = () => {
      const holder = holderOf(workspace);
      const keys = holder?.workspaceKeys.get(workspace) ?? null;
      return holder === null ? 'unknown' : standingOf(holder.client, workspace, keys);
    };
    return {
      workspace,
      records() {
        const holder = holderOf(workspace);
        if (holder === null) throw new Error('a workspace that is open has an account with its keys');
        return port(holder);
      },
      mayEdit: () => mayEdit(standing()),
      isAttached() {
        const holder = holderOf(workspace);
        return holder !== null && workspaceOf(holder.client, workspace).incarnation !== null;
      },
    };
  };

  const grounds = new Map<WorkspaceId, Ground>();
  return {
    tools,
    all: () => [...accounts.values()],
    get: (id) => accounts.get(id) ?? null,
    holderOf,
    adopt(account) {
      accounts.set(account.settings.id, account);
    },
    forget(id) {
      accounts.delete(id);
    },
    reload(touches) {
      for (const { kind, id } of touches) if (kind === 'client') readInto(id as AccountId);
    },
    grounds() {
      const here = new Set([...accounts.values()].flatMap(({ workspaceKeys }) => [...workspaceKeys.keys()]));
      for (const id of grounds.keys()) if (!here.has(id)) grounds.delete(id);
      for (const id of here) if (!grounds.has(id)) grounds.set(id, groundOf(id));
      return [...grounds.values()];
    },
    clientTools: (position) => ({
      primitives: tools.suite,
      verifiers: tools.suite.verifiers,
      localOf: (workspace) => localFeed(store, holderOf(workspace), { workspace, position }),
    }),
  };
}

const isMember = (client: ClientState, workspace: WorkspaceId): boolean => {
  const team = teamOf(workspaceOf(client, workspace));
  return team !== null && currentMember(team, client.account) !== null;
};

export const feedHashAt = (store: SqliteStore, workspace: WorkspaceId, seq: number): FeedHash | null =>
  seq === 0 ? FEED_START.feedHash : store.feedHash(workspace, seq);

function localFeed(
  store: SqliteStore,
  holder: LocalAccount | null,
  {
    workspace,
    position,
  }: { readonly workspace: WorkspaceId; readonly position: (workspace: WorkspaceId) => FeedPosition },
): LocalFeed {
  return {
    position: position(workspace),
    hashAt: (seq) => feedHashAt(store, workspace, seq),
    placeOf: (record) => store.placeOf(workspace, record),
    recordsFrom: (seq, limit) => store.feedFrom(workspace, seq, limit),
    hasKey: (epoch) => holder?.workspaceKeys.get(workspace)?.epochs.has(epoch) === true,
  };
}

/** The same port as long as logs and keys are the same. */
function createPortCache(
  { suite }: AccountTools,
  store: SqliteStore,
  workspace: WorkspaceId,
): (holder: LocalAccount) => RecordPort {
  let made: { readonly of: PortGround; readonly port: RecordPort } | null = null;
  return ({ client, device, workspaceKeys }) => {
    const keys = workspaceKeys.get(workspace);
    if (keys === undefined) throw new Error('a workspace that is open has keys');
    const of = { team: workspaceOf(client, workspace).team, accounts: client.accounts, keys };
    if (made !== null && isSame(made.of, of)) return made.port;
    const port = recordsOf(suite, {
      state: client,
      workspace,
      device,
      keys,
      hashAt: (seq) => feedHashAt(store, workspace, seq),
    });
    made = { of, port };
    return port;
  };
}

interface PortGround {
  readonly team: unknown;
  readonly accounts: unknown;
  readonly keys: WorkspaceKeys;
}

const isSame = (left: PortGround, right: PortGround): boolean =>
  left.team === right.team && left.accounts === right.accounts && left.keys === right.keys;
