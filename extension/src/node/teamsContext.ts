// What the calls about accounts and teams share: where accounts and workspaces are kept, the connections, and the small
// steps that several of them take.

import type { Author } from '@cuebook/shared/client/entries';
import type { Composed } from '@cuebook/shared/client/entries';
import { type ClientState, teamOf, workspaceOf } from '@cuebook/shared/client/state';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { TeamState } from '@cuebook/shared/team/teamState';
import type * as api from '../library/api.ts';
import type * as teams from '../library/teams.ts';
import { type LocalAccount, writeAccount, writeSettings } from './accounts.ts';
import type { LibraryAccounts } from './libraryAccounts.ts';
import type { LibrarySession, LibrarySessions } from './librarySession.ts';
import type { SyncHub } from './syncHub.ts';
import { failNotAllowed, failTeams } from './teamsProblem.ts';

export interface TeamsContext {
  readonly suite: Suite;
  readonly accounts: LibraryAccounts;
  readonly sessions: LibrarySessions;
  readonly hub: SyncHub;
  readonly now: () => number;
}

// Ids are the same texts on both sides of the worker's edge; their names differ, so that the editor needs no shared code.
export const accountId = (id: teams.AccountId): AccountId => id;
export const workspaceId = (id: api.WorkspaceId): WorkspaceId => id;
export const shownAccount = (id: AccountId): teams.AccountId => id;
export const shownWorkspace = (id: WorkspaceId): api.WorkspaceId => id;

export function accountIn({ accounts }: TeamsContext, id: teams.AccountId): LocalAccount {
  return accounts.get(accountId(id)) ?? failTeams('signInNeeded');
}

/** The account that a team is used by. A member before one that is none any more; also while its key is awaited. */
export function holderIn({ accounts }: TeamsContext, id: WorkspaceId): LocalAccount {
  const holder = accounts.holderOf(id);
  if (holder !== null) return holder;
  return accounts.all().find(({ client }) => client.workspaces.has(id)) ?? failTeams('notMember');
}

export const sessionIn = ({ sessions }: TeamsContext, id: WorkspaceId): LibrarySession =>
  sessions.of(id) ?? failTeams('notMember');

export function teamIn(context: TeamsContext, id: WorkspaceId): TeamState {
  return teamOf(workspaceOf(holderIn(context, id).client, id)) ?? failTeams('notMember');
}

/** Durable, then in memory, then told. */
export function keepAccount({ accounts, sessions }: TeamsContext, account: LocalAccount): void {
  sessions.write((touch) => {
    writeAccount(accounts.tools, sessions.store, account);
    touch('client', account.settings.id);
  });
  accounts.adopt(account);
  sessions.refresh();
}

/** Only how it is signed in has changed. */
export function keepSettings({ accounts, sessions }: TeamsContext, account: LocalAccount): void {
  sessions.write((touch) => {
    writeSettings(accounts.tools, sessions.store, account.settings);
    touch('client', account.settings.id);
  });
  accounts.adopt(account);
}

/** One entry of a team's log, by the account that holds it. */
export async function appendEntry(
  context: TeamsContext,
  id: WorkspaceId,
  compose: (author: Author, state: ClientState) => Promise<Composed>,
): Promise<void> {
  const sync = await context.hub.syncOf(holderIn(context, id).settings.id);
  checkOutcome(await sync.append(id, compose));
}

type Outcome = Awaited<ReturnType<Awaited<ReturnType<SyncHub['syncOf']>>['append']>>;

export function checkOutcome(outcome: Outcome): void {
  switch (outcome.kind) {
    case 'stored':
      return;
    case 'behind':
      return failTeams('changedMeanwhile');
    case 'refused':
      return failNotAllowed();
    case 'impossible':
      return outcome.code === 'keyMissing' ? failTeams('serverFailed') : failNotAllowed();
  }
}
