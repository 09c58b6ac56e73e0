// Commands on what stands beside a prompt's text: labels, amended messages; and the workspace's own name.

import type { GroupId, RevisionId } from '../encoding/ids.ts';
import { WORKSPACE_GROUP } from '../encoding/ids.ts';
import type { Result } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import type { CommandProblem, CommandResult, Composer } from './composer.ts';
import { appendToHead, changeable, compose, contentStream, messageProblem, streamFor } from './composer.ts';
import { nameProblem } from './names.ts';
import type { ReplicaPorts } from './ports.ts';
import { revisionOf } from './saving.ts';
import type { ReplicaState, StreamEntry } from './state.ts';
import { contributing } from './streamGraph.ts';

export interface LabelMove {
  readonly id: GroupId;
  readonly label: string;
  /** Null removes the label. */
  readonly revisionId: RevisionId | null;
  readonly message?: string;
}

/** Points a label at a version. Where it points already, nothing is written. */
export function moveLabel(state: ReplicaState, ports: ReplicaPorts, move: LabelMove): CommandResult<null> {
  return compose(state, ports, (composer) => {
    const problem = labelProblem(move);
    if (problem !== null) return { ok: false, problem };
    if (!ports.records.mayMoveLabel(move.label)) {
      return fail('notAllowed', 'This label is protected: ask somebody who may move it.');
    }
    const target = move.revisionId === null ? succeed(null) : revisionIn(composer, move.id, move.revisionId);
    if (!target.ok) return target;
    const { label: name, revisionId, message = '' } = move;
    const payload = { kind: 'label', name, revisionId, message, savedAt: ports.now() } as const;
    const stream = streamFor(composer, move.id, payload);
    const now = stream === undefined ? undefined : contributing(stream)?.facts;
    const pointsAt = now?.kind === 'label' ? now.revisionId : null;
    if (pointsAt !== revisionId) appendToHead(composer, { group: move.id, payload });
    return succeed(null);
  });
}

/** Changes what the message of an own version says; the version itself stays as it was signed. */
export function amendMessage(
  state: ReplicaState,
  ports: ReplicaPorts,
  amendment: { readonly id: GroupId; readonly revisionId: RevisionId; readonly message: string },
): CommandResult<null> {
  return compose(state, ports, (composer) => {
    const { id, revisionId, message } = amendment;
    const problem = messageProblem(message);
    if (problem !== null) return { ok: false, problem };
    const target = revisionIn(composer, id, revisionId);
    if (!target.ok) return target;
    if (target.value.author !== ports.records.author) {
      return fail('notAllowed', 'Only the author of a version can change its message.');
    }
    const payload = { kind: 'message', revisionId, message, savedAt: ports.now() } as const;
    appendToHead(composer, { group: id, payload });
    return succeed(null);
  });
}

export function renameWorkspace(state: ReplicaState, ports: ReplicaPorts, name: string): CommandResult<null> {
  return compose(state, ports, (composer) => {
    const problem = nameProblem(name);
    if (problem !== null) return fail('nameInvalid', problem);
    if (name === state.workspaceName) return succeed(null);
    const payload = { kind: 'workspaceName', name, savedAt: ports.now() } as const;
    appendToHead(composer, { group: WORKSPACE_GROUP, payload });
    return succeed(null);
  });
}

function labelProblem({ label, message = '' }: LabelMove): CommandProblem | null {
  const problem = nameProblem(label);
  if (problem !== null) return { code: 'nameInvalid', message: problem };
  // `x@v3` means a version: no label may look like one.
  if (/^v[0-9]+$/u.test(label) || label.includes('@')) {
    return { code: 'nameInvalid', message: 'A label cannot look like a version or contain “@”.' };
  }
  return messageProblem(message);
}

function revisionIn(
  composer: Composer,
  id: GroupId,
  revisionId: RevisionId,
): Result<StreamEntry, CommandProblem> {
  const group = changeable(composer, id);
  if (!group.ok) return group;
  const stream = contentStream(composer, id);
  const entry = stream === undefined ? undefined : revisionOf(stream, revisionId);
  if (entry === undefined) return fail('notFound', 'This version is not here.');
  return entry.status === 'verified'
    ? succeed(entry)
    : fail('notVerified', 'This version is still being checked: try again in a moment.');
}
