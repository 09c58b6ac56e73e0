// What all parts of accounts stand on, given by the composition root; and the two things that they all do: tell the
// security log, and tell everybody that somebody's rights have ended.

import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { AccountId, DeviceId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { UserBox } from '@cuebook/shared/protocol/account';
import type { TeamAppend, TeamAppendAnswer } from '@cuebook/shared/protocol/workspace';
import type { Origin } from '../caller.ts';
import type { Database, Transaction } from '../store/database.ts';
import type { DeletionList } from '../store/deletions.ts';
import type { AccountLogStore, AuditStore, Hint, WorkspaceStore } from '../store/api.ts';
import type { Guessing } from './guessing.ts';
import type { Passwords } from './passwords.ts';
import type { Peppers } from './peppers.ts';
import type { Secrets } from './secrets.ts';

/** What accounts ask of the store. */
export interface AccountsStore {
  readonly workspaces: Pick<WorkspaceStore, 'list' | 'membership' | 'openInvite'>;
  readonly accountLogs: Pick<AccountLogStore, 'readLog'> & {
    /**
     * A new account's log with its boxes and, with an invite, the `join`: one transaction, in which `also` writes what
     * belongs to it. Refuses a log that is not sound; `behind` leaves nothing behind.
     */
    create(
      input: {
        readonly account: AccountId;
        readonly entries: readonly Uint8Array[];
        readonly boxes: readonly UserBox[];
        readonly kitBackup: Uint8Array | null;
        readonly join: TeamAppend | null;
      },
      also: (sql: Transaction) => Promise<void>,
    ): Promise<TeamAppendAnswer | { readonly kind: 'created' }>;
    /** From the verified log; null if it is no active device of the account. */
    activeDevice(account: AccountId, device: DeviceId): Promise<{ readonly signPublic: Uint8Array } | null>;
  };
  readonly audit: Pick<AuditStore, 'write'>;
  publish(hint: Hint): void;
}

export interface Ground {
  readonly database: Database;
  readonly store: AccountsStore;
  readonly peppers: Peppers;
  readonly passwords: Passwords;
  readonly guessing: Guessing;
  readonly secrets: Secrets;
  readonly primitives: VerifyPrimitives;
  /** The server's public address, as challenges name it: scheme, host and port, without a slash at the end. */
  readonly publicOrigin: string;
  readonly registration: 'invitation' | 'open';
  readonly deletions: Pick<DeletionList, 'add'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** For the security log: of the server, or of a workspace. Ids only in `details`. */
export interface Event {
  readonly what: string;
  readonly account: AccountId | null;
  readonly origin: Origin | null;
  readonly workspace?: WorkspaceId;
  readonly details?: Readonly<Record<string, string>>;
}

export async function record(ground: Pick<Ground, 'store'>, event: Event): Promise<void> {
  await ground.store.audit.write({
    workspace: event.workspace ?? null,
    what: event.what,
    account: event.account,
    address: event.origin?.address ?? null,
    details: event.details ?? {},
    requestId: event.origin?.requestId ?? null,
  });
}

/** The same in the log of every workspace that the account is or was in: whose admins are to see it. */
export async function recordEverywhere(
  ground: Pick<Ground, 'store'>,
  event: Event & { readonly account: AccountId },
): Promise<void> {
  await record(ground, event);
  for (const { workspace } of await ground.store.workspaces.list(event.account)) {
    await record(ground, { ...event, workspace });
  }
}

/** After the commit: live sockets are looked at again at once, on every process. */
export const announceEnd = (ground: Pick<Ground, 'store'>, account: AccountId): void =>
  ground.store.publish({ kind: 'revoked', account, workspace: null });
