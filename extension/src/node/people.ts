// Who the people of a workspace are to this user: their names as they write them, whether they are members, and whether
// their fingerprints were compared. For everything that says whose something is.

import { teamOf, workspaceOf } from '@cuebook/shared/client/state';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { labelTag } from '@cuebook/shared/record/labelTag';
import type { Role } from '@cuebook/shared/team/roles';
import type { TeamState } from '@cuebook/shared/team/teamState';
import { equalBytes } from '@cuebook/shared/util/bytes';
import type { VersionAuthor } from '../library/history.ts';
import type { LibraryAccounts } from './libraryAccounts.ts';
import type { LibrarySession } from './librarySession.ts';
import { profilesOf } from './profiles.ts';

/** Of one workspace, as of the time it is asked for. */
export interface People {
  author(account: AccountId): VersionAuthor;
  /** The least role that may move the label of this name, if the team protects it. */
  protectedFor(label: string): Role | null;
}

export type PeopleOf = (session: LibrarySession) => People;

export function createPeopleOf(
  accounts: LibraryAccounts,
  verifiedMembers: () => readonly string[],
): PeopleOf {
  return (session) => {
    const holder = accounts.holderOf(session.workspace);
    const team = holder === null ? null : teamOf(workspaceOf(holder.client, session.workspace));
    const own = new Set(accounts.all().map(({ settings }) => settings.id));
    const names = new Map(
      [...profilesOf(session)].map(([account, { displayName }]) => [account, displayName]),
    );
    const verified = new Set(verifiedMembers());
    return {
      author: (account) => ({
        account,
        name: names.get(account) ?? '',
        isMe: own.has(account),
        isVerifiedMember: verified.has(account),
        isFormerMember: isFormer(team, account),
        looksLikeAnother: looksLikeAnother(account, names),
      }),
      protectedFor: (label) => protectedFor(accounts, session.workspace, { team, label }),
    };
  };
}

const isFormer = (team: TeamState | null, account: AccountId): boolean => {
  const member = team?.members.get(account);
  return team !== null && (member === undefined || member.endedAt !== null);
};

function protectedFor(
  accounts: LibraryAccounts,
  workspace: WorkspaceId,
  { team, label }: { readonly team: TeamState | null; readonly label: string },
): Role | null {
  const keys = accounts.holderOf(workspace)?.workspaceKeys.get(workspace);
  if (keys === undefined || team === null || team.policy.protectedLabels.length === 0) return null;
  const tag = labelTag(keys.streamKey, label);
  return team.policy.protectedLabels.find((one) => equalBytes(one.tag, tag))?.least ?? null;
}

export function looksLikeAnother(account: AccountId, names: ReadonlyMap<AccountId, string>): boolean {
  const own = skeleton(names.get(account) ?? '');
  return own !== '' && [...names].some(([other, name]) => other !== account && skeleton(name) === own);
}

/** What is left of a name when letters are compared as they look: no accents, signs or case. */
const skeleton = (name: string): string => name.normalize('NFKD').replaceAll(/\P{L}/gu, '').toLowerCase();
