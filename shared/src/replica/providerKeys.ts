// The provider keys that a workspace shares with its members: what an admin does with them, and what a member has.
// A state holds where a key is sent, never the key: that is opened from its record when a run needs it.

import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import { isProviderName } from '../record/limits.ts';
import type { ProviderKeyPayload, SharedProviderKey } from '../record/payload.ts';
import { encodePayload } from '../record/payloadCodec.ts';
import type { Redacted } from '../util/redacted.ts';
import { fail, succeed } from '../util/result.ts';
import type { CommandResult } from './composer.ts';
import { appendToHead, compose, streamFor } from './composer.ts';
import { openStreams } from './packedStreams.ts';
import type { ReplicaPorts } from './ports.ts';
import type { ReplicaState, StreamEntry } from './state.ts';
import { contributing } from './streamGraph.ts';

/** What members see of a key. */
export interface SharedKeyFacts extends Omit<SharedProviderKey, 'key'> {
  readonly provider: string;
  /** Author's clock: of the sharing, or of the last replacement. */
  readonly savedAt: number;
}

/** Shares a key, or puts it in the place of the one that is shared for this provider. */
export function shareProviderKey(
  state: ReplicaState,
  ports: ReplicaPorts,
  given: { readonly provider: string; readonly shared: SharedProviderKey },
): CommandResult<null> {
  return writeKey(state, ports, given);
}

/** From now on members have it no more from here. Who had it still has it: only the provider can revoke it. */
export function withdrawProviderKey(
  state: ReplicaState,
  ports: ReplicaPorts,
  provider: string,
): CommandResult<null> {
  return writeKey(state, ports, { provider, shared: null });
}

/** Those that are shared now, by provider. One whose signature is still to be checked is not among them. */
export function sharedKeys(state: ReplicaState): readonly SharedKeyFacts[] {
  return keyEntries(state).flatMap((entry) => {
    const { facts } = entry;
    if (facts?.kind !== 'providerKey' || facts.shared === null) return [];
    const { provider, savedAt, shared } = facts;
    return [{ provider, savedAt, ...shared }];
  });
}

/** With the address that it was shared for, so that the two cannot come apart. Null if none is shared now. */
export function openSharedKey(
  state: ReplicaState,
  ports: Pick<ReplicaPorts, 'records' | 'readRecord'>,
  provider: string,
): { readonly facts: SharedKeyFacts; readonly key: Redacted<string> } | null {
  for (const entry of keyEntries(state)) {
    if (entry.facts?.kind !== 'providerKey' || entry.facts.provider !== provider) continue;
    const bytes = ports.readRecord(entry.id);
    const opened = bytes === null ? null : ports.records.open(bytes);
    if (opened?.ok !== true || opened.value.kind !== 'providerKey' || opened.value.shared === null)
      return null;
    const { savedAt, shared } = opened.value;
    const { key, ...known } = shared;
    return { facts: { provider, savedAt, ...known }, key };
  }
  return null;
}

/** What each stream of keys says; nothing of a stream whose last word is still to be checked. */
function keyEntries(state: ReplicaState): readonly StreamEntry[] {
  const group = state.groups.get(WORKSPACE_GROUP);
  const streams = group === undefined ? [] : [...openStreams(group.streams).values()];
  return streams
    .filter(({ kind }) => kind === 'providerKey')
    .flatMap((stream) => contributing(stream) ?? [])
    .filter(({ status }) => status === 'verified')
    .sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
}

const nameOf = ({ facts }: StreamEntry): string => (facts?.kind === 'providerKey' ? facts.provider : '');

function writeKey(
  state: ReplicaState,
  ports: ReplicaPorts,
  { provider, shared }: Pick<ProviderKeyPayload, 'provider' | 'shared'>,
): CommandResult<null> {
  return compose(state, ports, (composer) => {
    if (!ports.records.mayShareKey())
      return fail('notAllowed', 'Only an admin of the team shares a provider key.');
    if (!isProviderName(provider))
      return fail('nameInvalid', 'This is not how a prompt can name a provider.');
    const payload = { kind: 'providerKey', provider, shared, savedAt: ports.now() } as const;
    const encoded = encodePayload(payload);
    if (!encoded.ok) return fail('tooLarge', encoded.problem.message);
    const stream = streamFor(composer, WORKSPACE_GROUP, payload);
    if (shared === null && stream === undefined)
      return fail('notFound', 'No key of this provider is shared.');
    appendToHead(composer, { group: WORKSPACE_GROUP, payload });
    return succeed(null);
  });
}
