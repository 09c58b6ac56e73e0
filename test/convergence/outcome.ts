// What must be true after quiet, of one seed's story.

import { KINDS } from '@cuebook/shared/encoding/format';
import type { RecordId } from '@cuebook/shared/encoding/ids';
import { currentText, labels, versions, versionText } from '@cuebook/shared/replica/history';
import { viewLibrary } from '@cuebook/shared/replica/libraryView';
import { pendingEntries } from '@cuebook/shared/replica/pushing';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import { openSharedKey, sharedKeys } from '@cuebook/shared/replica/providerKeys';
import type { QuarantinedRecord, ReplicaState } from '@cuebook/shared/replica/state';
import { reveal } from '@cuebook/shared/util/redacted';
import { PROVIDER, type Promised } from './editing.ts';
import type { EventName } from './events.ts';
import type { Simulation } from './simulation.ts';
import type { SimulatedDevice } from './simulatedDevice.ts';

/** Empty if everything is as it must be. */
export async function problemsOf(simulation: Simulation): Promise<readonly string[]> {
  if (simulation.problems.length > 0) return simulation.problems;
  if (simulation.server.hasOrphanedDeletions()) {
    simulation.count('restored without a purge that had been done');
    return [];
  }
  const fresh = await simulation.fresh();
  if (fresh === null) return [];
  noteMerges(simulation, fresh);
  if (sharedKeys(fresh.state).length > 0) simulation.count('provider key shared at the end');
  const problems = [
    ...(await differences(simulation, fresh)),
    ...setAside(simulation, fresh),
    ...simulation.people.promised.flatMap((promise) => brokenPromise(simulation, fresh, promise)),
    ...unacknowledged(simulation, fresh),
    ...alarms(simulation, fresh),
  ];
  return [...new Set(problems)];
}

function noteMerges(simulation: Simulation, { state }: SimulatedDevice): void {
  for (const { id } of state.groups.values()) {
    if (versions(state, id, { limit: 10_000 }).some(({ kind }) => kind === 'merge'))
      simulation.count('texts merged');
  }
}

/** All members see the same, also after a restart, and the same as somebody who reads everything from the start. */
async function differences(simulation: Simulation, fresh: SimulatedDevice): Promise<readonly string[]> {
  const expected = shown(fresh);
  const problems: string[] = [];
  for (const device of simulation.members()) {
    // A viewer whose work could not be sent still sees it.
    if (pendingEntries(device.state).length > 0) continue;
    if (shown(device) !== expected) problems.push(`${simulation.name(device)} sees something else.`);
    if (simulation.chance.isBelow(0.4)) continue;
    await device.restart(simulation.chance.isBelow(0.5));
    if (shown(device) !== expected) {
      problems.push(`${simulation.name(device)} sees something else after a restart.`);
    }
  }
  return problems;
}

/**
 * What an honest race may put aside:
 *
 *     notAllowed   a label was moved by somebody who did not know yet that it had been protected: a server that cannot
 *                  read labels takes the move, and no client counts it; or a provider key was shared by somebody who
 *                  did not know yet that they are no admin any more
 */
function setAside(simulation: Simulation, fresh: SimulatedDevice): readonly string[] {
  const problems: string[] = [];
  for (const device of [...simulation.members(), fresh]) {
    for (const record of device.state.quarantine.values()) {
      const race = honestRace(device, record);
      if (race !== null) simulation.count(race);
      else problems.push(`${simulation.name(device)} set a record aside: ${record.reason}.`);
    }
  }
  return problems;
}

function honestRace(device: SimulatedDevice, { id, reason }: QuarantinedRecord): EventName | null {
  if (reason !== 'notAllowed' || device.ports === null) return null;
  const bytes = device.ports.readRecord(id);
  // Purged since: it cannot be looked into any more. A provider key is never purged.
  if (bytes?.[1] === KINDS.tombstone) return 'protected label moved by somebody who did not know';
  const opened = bytes === null ? null : device.ports.records.open(bytes);
  if (opened?.ok !== true) return null;
  if (opened.value.kind === 'label') return 'protected label moved by somebody who did not know';
  return opened.value.kind === 'providerKey'
    ? 'provider key shared by somebody who was no admin any more'
    : null;
}

/** A text that was saved is found under its version: by all, or where its author may not write, by the author. */
function brokenPromise(
  simulation: Simulation,
  fresh: SimulatedDevice,
  { by, id, revisionId, text }: Promised,
): readonly string[] {
  const holders = simulation.mayWrite(by) ? [fresh, by] : [by];
  const isPurged = [...holders, fresh].some((holder) => holder.state.groups.get(id)?.purged === true);
  if (isPurged) return [];
  return holders.flatMap(({ state, ports }) => {
    const found = ports === null ? null : versionText(state, ports, { id, revisionId });
    const name = simulation.name(by);
    if (found !== text) return [`A text saved by ${name} is ${found === null ? 'lost' : 'another'}.`];
    const listed = versions(state, id, { limit: 10_000 }).filter(
      (version) => version.revisionId === revisionId,
    );
    return listed.length === 1 ? [] : [`A version of ${name} is listed ${listed.length} times.`];
  });
}

/**
 * What the server said that it had stored is in everybody's history, or was purged. After a restore: what anybody still
 * has who is a member and was back in time.
 */
function unacknowledged(simulation: Simulation, fresh: SimulatedDevice): readonly string[] {
  const rows = new Set<RecordId>(fresh.rows.map((row) => row.id));
  const missing = [...simulation.acknowledged].filter((id) => !rows.has(id));
  const isHeldBy = (device: SimulatedDevice, id: RecordId): boolean => {
    const row = device.rows.find((each) => each.id === id);
    const isWhole = row !== undefined && row.bytes[1] !== KINDS.tombstone;
    return isWhole && (row.feed !== undefined || simulation.mayWrite(device));
  };
  const isStillHeld = (id: RecordId): boolean => simulation.members().some((device) => isHeldBy(device, id));
  const isLost = simulation.server.wasRestored ? missing.filter(isStillHeld) : missing;
  return isLost.length > 0 ? ['What was acknowledged is not in history.'] : [];
}

/** An honest server alarms nobody, but those whom an owner left behind by closing the healing before they were back. */
function alarms(simulation: Simulation, fresh: SimulatedDevice): readonly string[] {
  return [...simulation.members(), fresh].flatMap((device) =>
    device.client.alarms.map(({ code }) => `${simulation.name(device)} is alarmed: ${code}.`),
  );
}

/** All that a person can see of a replica. */
function shown({ state, ports }: SimulatedDevice): string {
  const view = viewLibrary(state);
  const groups = [...state.groups.values()].filter((group) => group.kind !== null);
  return JSON.stringify({
    name: state.workspaceName,
    providerKeys: sharedKeys(state),
    providerKey: openedKey(state, ports),
    feed: state.feed,
    ignoredMoves: [...state.ignoredMoves].sort((left, right) => (left.record < right.record ? -1 : 1)),
    paths: [...view.prompts(), ...view.folders()]
      .map((group) => `${group.id} ${view.tree.path(group).join('/')}`)
      .sort(),
    trashed: view
      .trashed()
      .map((group) => group.id)
      .sort(),
    groups: groups
      .map((group) => ({
        id: group.id,
        kind: group.kind,
        createdAt: group.createdAt,
        trashedAt: group.trashedAt,
        conflict: group.hasConflict,
        content: group.content,
        text: ports === null ? null : currentText(state, ports, group.id),
        labels: labels(state, group.id),
        versions: versions(state, group.id, { limit: 10_000 }),
      }))
      .sort((left, right) => (left.id < right.id ? -1 : 1)),
  });
}

function openedKey(state: ReplicaState, ports: ReplicaPorts | null): string | null {
  const opened = ports === null ? null : openSharedKey(state, ports, PROVIDER);
  return opened === null ? null : reveal(opened.key);
}
