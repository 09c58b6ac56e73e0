// What a client sent as an append, looked at before any lock is taken: forms, names, one stream, one author. What is wrong
// here is wrong for ever, whatever the workspace looks like.

import type { RecordId } from '@cuebook/shared/encoding/ids';
import { WORKSPACE_GROUP } from '@cuebook/shared/encoding/ids';
import { MAX_APPEND_BYTES } from '@cuebook/shared/protocol/limits';
import type { AppendInput } from '@cuebook/shared/protocol/record';
import { parseRecord, type ParsedRecord, type RecordHeader } from '@cuebook/shared/record/header';
import { recordIdFrom, recordMessage } from '@cuebook/shared/record/verify';
import { judgeAuthor } from '@cuebook/shared/team/authority';
import type { AccountDevice } from '@cuebook/shared/team/accountFold';
import { equalBytes } from '@cuebook/shared/util/bytes';
import type { MayWrite } from '../access.ts';
import { Refusal } from '../problems.ts';
import type { Author } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import { toolsOf, type AccountHistories } from './folds.ts';

export interface SentRecord {
  readonly id: RecordId;
  readonly header: RecordHeader;
  readonly parsed: ParsedRecord;
  /** SHA-256: name and signature both go over it. */
  readonly ciphertextHash: Uint8Array;
  /** The key under which the signature was found to be sound; null: not checked yet. */
  readonly soundUnder: Uint8Array | null;
}

export interface SentAppend {
  readonly author: Author;
  readonly mayWrite: MayWrite;
  readonly input: AppendInput;
  readonly records: readonly SentRecord[];
  readonly bytes: number;
}

/** Throws a `Refusal` for what no workspace would take. */
export function readSent(
  context: StoreContext,
  { author, input, mayWrite }: Pick<SentAppend, 'author' | 'input' | 'mayWrite'>,
): SentAppend {
  const bytes = input.records.reduce((sum, record) => sum + record.length, 0);
  if (bytes > MAX_APPEND_BYTES) throw new Refusal('tooLarge', 'An append has too many bytes.');
  const records = input.records.map((each) => readRecord(context, author, input, each));
  checkChain(input, records);
  return { author, input, mayWrite, records: records.map((record) => checkedAhead(context, record)), bytes };
}

function readRecord(
  { primitives }: StoreContext,
  author: Author,
  input: AppendInput,
  bytes: Uint8Array,
): SentRecord {
  const parsed = parseRecord(bytes);
  if (!parsed.ok) throw new Refusal('refused', parsed.problem.message);
  const { header } = parsed.value;
  if (header.workspace !== input.workspace)
    throw new Refusal('refused', 'A record is for another workspace.');
  if (header.group !== input.group || header.stream !== input.stream) {
    throw new Refusal('refused', 'A record is for another stream than its append.');
  }
  if (header.author !== author.account || header.device !== author.device) {
    throw new Refusal('refused', 'A record is not by the account and device of the session.');
  }
  if (header.group === WORKSPACE_GROUP && header.flag !== 'none') {
    throw new Refusal('refused', 'What belongs to the whole workspace is neither trashed nor purged.');
  }
  const { headerBytes, ciphertext, signature } = parsed.value;
  const ciphertextHash = primitives.sha256(ciphertext);
  const id = recordIdFrom(primitives, { header: headerBytes, ciphertextHash, signature });
  return { id, header, parsed: parsed.value, ciphertextHash, soundUnder: null };
}

/** The last becomes the head and follows the one expected; all others lead to it. */
function checkChain(input: AppendInput, records: readonly SentRecord[]): void {
  const last = records.at(-1);
  if ((last?.header.parents[0] ?? null) !== input.expectedHead) {
    throw new Refusal('refused', 'The last record of an append does not follow the head that it expects.');
  }
  const earlier = new Set<RecordId>();
  for (const { id } of records) {
    if (earlier.has(id)) throw new Refusal('refused', 'A record stands twice in an append.');
    earlier.add(id);
  }
  const ancestors = new Set<RecordId>(last === undefined ? [] : [last.id]);
  for (const { id, header } of records.toReversed()) {
    if (!ancestors.has(id))
      throw new Refusal('refused', 'A record of an append does not lead to the last one.');
    for (const parent of header.parents) ancestors.add(parent);
  }
}

/** Most of the time nothing changes until the lock is taken, so the signature is checked outside of it. */
function checkedAhead(context: StoreContext, record: SentRecord): SentRecord {
  const fold = context.folds.peek(record.header.workspace);
  const history = context.folds.peekAccount(record.header.author);
  if (fold === null || history === null) return record;
  const accounts: AccountHistories = new Map([[record.header.author, history]]);
  const tools = toolsOf(context.primitives, context.verifiers, accounts);
  const judged = judgeAuthor(tools, fold.state, record.header);
  return judged.ok ? checkSignature(context, record, judged.value) : record;
}

/** Throws a `Refusal` if the device did not sign it. */
export function checkSignature(
  { verifiers }: Pick<StoreContext, 'verifiers'>,
  record: SentRecord,
  device: AccountDevice,
): SentRecord {
  if (record.soundUnder !== null && equalBytes(record.soundUnder, device.signPublic)) return record;
  const verifier = verifiers.of(device.signPublic);
  const { headerBytes, signature } = record.parsed;
  if (verifier?.(recordMessage(headerBytes, record.ciphertextHash), signature) !== true) {
    throw new Refusal('refused', 'A record is not signed by the device that it names.');
  }
  return { ...record, soundUnder: device.signPublic };
}
