// What people say about themselves in a workspace: their names, and those of their devices.

import { WORKSPACE_GROUP, type AccountId } from '@cuebook/shared/encoding/ids';
import { openStreams } from '@cuebook/shared/replica/packedStreams';
import type { PayloadFacts } from '@cuebook/shared/replica/state';
import { firstParents } from '@cuebook/shared/replica/streamGraph';
import type { LibrarySession } from './librarySession.ts';

export type Profile = Extract<PayloadFacts, { readonly kind: 'profile' }>;

/** As each has written it, once the signature was checked: nobody names anybody else. */
export function profilesOf(session: Pick<LibrarySession, 'state'>): ReadonlyMap<AccountId, Profile> {
  const group = session.state().groups.get(WORKSPACE_GROUP);
  const profiles = new Map<AccountId, Profile>();
  for (const stream of group === undefined ? [] : openStreams(group.streams).values()) {
    if (stream.kind !== 'profile') continue;
    for (const { status, facts, author } of firstParents(stream, stream.head)) {
      if (status !== 'verified' || facts?.kind !== 'profile' || facts.account !== author) continue;
      profiles.set(author, facts);
      break;
    }
  }
  return profiles;
}

export const profileOf = (session: Pick<LibrarySession, 'state'>, account: AccountId): Profile | null =>
  profilesOf(session).get(account) ?? null;
