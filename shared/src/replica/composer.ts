// Making records: what all commands share. A command checks, appends sealed records to a batch, and gives the state as
// it will be once they are durable. The caller writes `records` in one transaction, in this order, and only then keeps
// `state`; if the disk refuses, the state before is still good.

import type { GroupId, RecordId, RevisionId } from '../encoding/ids.ts';
import { idFromBytes, SHORT_ID_BYTES } from '../encoding/ids.ts';
import { textToUtf8 } from '../encoding/utf8.ts';
import { MAX_MESSAGE_BYTES } from '../record/limits.ts';
import type { GroupFlag } from '../record/header.ts';
import type { Payload } from '../record/payload.ts';
import { roleOfPayload } from '../record/streams.ts';
import type { Problem, Result } from '../util/result.ts';
import { fail } from '../util/result.ts';
import type { Batch, BatchResult } from './batch.ts';
import { applyRecord, finishBatch, groupIn, nextCounter, startBatch, streamIn } from './batch.ts';
import type { PromptFacts, ReplicaPorts, SealedRecord } from './ports.ts';
import type { Group, ReplicaState, Stream } from './state.ts';

/** Bytes of UTF-8. */
export const MAX_TEXT_BYTES = 2 * 1024 * 1024;

/** Why a command did nothing. `message` is for the user and holds no content. */
export type CommandProblem = Problem<
  | 'notFound'
  | 'nameInvalid'
  | 'nameTaken'
  | 'folderCycle'
  | 'tooLarge'
  | 'tooMany'
  | 'notVerified'
  | 'newerFormat'
  /** This account may not do it: another role, or the author of something, has to. */
  | 'notAllowed'
>;

export interface Composed<T> extends BatchResult {
  /** To be written in this order in one transaction. May be empty. */
  readonly records: readonly SealedRecord[];
  readonly result: T;
}

export type CommandResult<T> = Result<Composed<T>, CommandProblem>;

export interface Composer {
  readonly batch: Batch;
  readonly ports: ReplicaPorts;
  readonly records: SealedRecord[];
}

/** Runs a command's steps over a fresh batch; a problem throws the batch away. */
export function compose<T>(
  state: ReplicaState,
  ports: ReplicaPorts,
  steps: (composer: Composer) => Result<T, CommandProblem>,
): CommandResult<T> {
  const records: SealedRecord[] = [];
  // Records that this command made can be read before they are on the disk.
  const readRecord = (id: RecordId): Uint8Array | null =>
    records.find(({ header }) => header.id === id)?.bytes ?? ports.readRecord(id);
  const reading = { ...ports, readRecord };
  const composer: Composer = { batch: startBatch(state, reading), ports: reading, records };
  const done = steps(composer);
  if (!done.ok) return done;
  const finished = finishBatch(composer.batch);
  return { ok: true, value: { ...finished, records: composer.records, result: done.value } };
}

/** Seals a record after `parents` of its stream and applies it. */
export function append(
  composer: Composer,
  draft: {
    readonly group: GroupId;
    readonly payload: Payload;
    readonly parents: readonly RecordId[];
    readonly flag?: GroupFlag;
    /** What a revision's text says about itself, if that is known already. */
    readonly facts?: PromptFacts;
  },
): SealedRecord {
  const { group, payload, parents, flag = 'none', facts } = draft;
  const counter = nextCounter(composer.batch);
  const { feed: seen } = composer.batch.before;
  const role = roleOfPayload(payload);
  const sealed = composer.ports.records.seal({ group, role, parents, counter, flag, seen, payload });
  composer.records.push(sealed);
  applyRecord(composer.batch, {
    header: sealed.header,
    seq: null,
    status: 'verified',
    payload,
    ...(facts && { facts }),
  });
  return sealed;
}

/** Seals a record after the head of its stream. */
export function appendToHead(
  composer: Composer,
  draft: {
    readonly group: GroupId;
    readonly payload: Payload;
    readonly flag?: GroupFlag;
    readonly facts?: PromptFacts;
  },
): SealedRecord {
  const head = streamFor(composer, draft.group, draft.payload)?.head ?? null;
  return append(composer, { ...draft, parents: head === null ? [] : [head] });
}

export function streamFor(composer: Composer, group: GroupId, payload: Payload): Stream | undefined {
  return streamIn(composer.batch, group, composer.ports.records.streamOf(group, roleOfPayload(payload)));
}

export function contentStream(composer: Composer, group: GroupId): Stream | undefined {
  return streamIn(composer.batch, group, composer.ports.records.streamOf(group, { role: 'content' }));
}

/** A prompt or folder that may be changed here; in the trash or not. */
export function changeable(composer: Composer, id: GroupId): Result<Group, CommandProblem> {
  const group = groupIn(composer.batch, id);
  if (group === undefined || group.place === null || group.purged) {
    return fail('notFound', 'This prompt or folder does not exist any more.');
  }
  if (group.newerFormat) {
    return fail('newerFormat', 'A newer version of Cuebook wrote here: update Cuebook to change it.');
  }
  return { ok: true, value: group };
}

export const newId = <Id extends GroupId | RevisionId>(composer: Composer): Id =>
  idFromBytes<Id>(composer.ports.randomBytes(SHORT_ID_BYTES));

export function messageProblem(message: string): CommandProblem | null {
  return (textToUtf8(message)?.length ?? Infinity) <= MAX_MESSAGE_BYTES
    ? null
    : { code: 'tooLarge', message: `A message can have at most ${MAX_MESSAGE_BYTES} bytes.` };
}

/** The text as it can be sealed, or what is wrong with it. */
export function checkedText(text: string): Result<string, CommandProblem> {
  const wellFormed = text.toWellFormed();
  const size = textToUtf8(wellFormed)?.length ?? Infinity;
  if (size > MAX_TEXT_BYTES) return fail('tooLarge', `A prompt can have at most ${MAX_TEXT_BYTES} bytes.`);
  return { ok: true, value: wellFormed };
}
