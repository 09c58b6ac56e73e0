// For tests and benchmarks: a workspace with real seals, a store that is an array, and windows that work on it as the
// extension's workers do. Nothing of the product imports this.

import { createGroupKeys, deriveStreamKey } from '../crypto/groupKeys.ts';
import type { Suite } from '../crypto/suite.ts';
import type { AccountId, DeviceId, EntryHash, GroupId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import { idFromBytes } from '../encoding/ids.ts';
import { invariant } from '../util/invariant.ts';
import { redact } from '../util/redacted.ts';
import { fail, succeed } from '../util/result.ts';
import type { CommandProblem, CommandResult, Composed } from './composer.ts';
import type { CreatedPrompt, NewPrompt } from './creating.ts';
import { createFolder, createPrompts } from './creating.ts';
import type { RecordPort, ReplicaPorts, SealedRecord } from './ports.ts';
import { factsOfText, mergeTexts } from './promptText.ts';
import type { StoredRow } from './receive.ts';
import { receive } from './receive.ts';
import { createRecordPort } from './recordPort.ts';
import type { ReplicaState } from './state.ts';
import { atRow, attach, emptyReplica } from './state.ts';

/** A personal workspace of one device, epoch 1. */
export function createTestRecordPort(suite: Suite): RecordPort {
  const id = <Id extends WorkspaceId | AccountId | DeviceId | EntryHash>(): Id =>
    idFromBytes<Id>(suite.random(32));
  const workspace = id<WorkspaceId>();
  const device = id<DeviceId>();
  const seed = suite.random(32);
  const publicKey = suite.ed25519PublicKey(seed);
  const epochKey = redact(suite.random(32));
  const present = { epoch: 1, teamLog: { index: 0, hash: id<EntryHash>() } };
  return createRecordPort(suite, {
    workspace,
    author: id<AccountId>(),
    device,
    sign: suite.ed25519Signer(seed),
    groupKeys: createGroupKeys(suite, workspace, new Map([[1, epochKey]])),
    streamKey: deriveStreamKey(suite, workspace, epochKey),
    present: () => present,
    signerOf: (record) =>
      record.header.device === device
        ? succeed(publicKey)
        : fail('notAllowed', 'Not written by this device.'),
  });
}

/** The rows of a store, in order; what is inserted is durable at once. */
export interface TestStore {
  readonly rows: StoredRow[];
  insert(records: readonly SealedRecord[], erase: readonly RecordId[]): number;
  read(id: RecordId): Uint8Array | null;
}

export function createTestStore(records: RecordPort): TestStore {
  const rows: StoredRow[] = [];
  const places = new Map<RecordId, number>();
  return {
    rows,
    insert(sealed, erase) {
      for (const { header, bytes } of sealed) {
        places.set(header.id, rows.length);
        rows.push({ row: rows.length + 1, id: header.id, bytes });
      }
      for (const id of erase) {
        const at = places.get(id) ?? -1;
        const row = rows[at];
        if (row !== undefined) rows[at] = { ...row, bytes: records.tombstoneOf(row.bytes) };
      }
      return rows.length;
    },
    read: (id) => rows[places.get(id) ?? -1]?.bytes ?? null,
  };
}

/** One window on a store: catches up before each command, as the worker does in its transaction. */
export interface TestWindow {
  readonly ports: ReplicaPorts;
  state(): ReplicaState;
  catchUp(): ReplicaState;
  /** From now on the workspace has a server. */
  attach(): void;
  /** Runs a command and writes its records; throws if the command has a problem. */
  run<T>(command: (state: ReplicaState, ports: ReplicaPorts) => CommandResult<T>): Composed<T>;
  /** The problem that a command answers with; throws if it has none. */
  refusal<T>(command: (state: ReplicaState, ports: ReplicaPorts) => CommandResult<T>): CommandProblem['code'];
  prompt(prompt: Partial<NewPrompt> & { readonly name: string }): CreatedPrompt;
  folder(name: string, parentId?: GroupId | null): GroupId;
}

export function createTestWindow(
  suite: Suite,
  records: RecordPort,
  store: TestStore,
  start?: ReplicaState,
): TestWindow {
  let state = start ?? emptyReplica(records.workspace);
  let time = 1_700_000_000_000;
  const ports: ReplicaPorts = {
    records,
    now: () => (time += 1000),
    randomBytes: (length) => suite.random(length),
    factsOf: factsOfText,
    merge: mergeTexts,
    readRecord: (id) => store.read(id),
  };
  const window: TestWindow = {
    ports,
    state: () => state,
    catchUp() {
      state = receive(state, ports, store.rows.slice(state.row), { verify: 'now' }).state;
      return state;
    },
    attach() {
      state = attach(state);
    },
    run(command) {
      const done = command(window.catchUp(), ports);
      if (!done.ok) throw new Error(`Refused: ${done.problem.code}, ${done.problem.message}`);
      const row = store.insert(done.value.records, done.value.erase);
      state = atRow(done.value.state, row);
      return done.value;
    },
    refusal(command) {
      const done = command(window.catchUp(), ports);
      invariant(!done.ok, 'the command is refused');
      return done.problem.code;
    },
    prompt(prompt) {
      const whole = { folderId: null, text: '', ifTaken: 'refuse', ...prompt } as const;
      const [created] = window.run((state, ports) => createPrompts(state, ports, [whole])).result;
      invariant(created !== undefined, 'one prompt was made');
      return created;
    },
    folder: (name, parentId = null) =>
      window.run((state, ports) => createFolder(state, ports, { name, parentId, ifTaken: 'refuse' })).result
        .id,
  };
  return window;
}
