// An unlocked library: the store, its keys, and the replica's state in memory, kept equal to what is on the disk.
//
// Promises: what `change` returned is durable, was written after everything that other windows had written before, and
// is in memory only if the disk took it. Others are told after the commit. All of it is synchronous, so no call of this
// worker sees another half done.

import type { RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { ReplicaPorts, SealedRecord } from '@cuebook/shared/replica/ports';
import type { CommandResult } from '@cuebook/shared/replica/composer';
import { receive, settle, uncheckedRecords } from '@cuebook/shared/replica/receive';
import { decodeSnapshot, encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { atRow, emptyReplica, type ReplicaState } from '@cuebook/shared/replica/state';
import { type LibraryView, viewLibrary } from '@cuebook/shared/replica/libraryView';
import type { LibraryChange, PromptId } from '../library/api.ts';
import { fail, ProblemError, problem } from './libraryProblem.ts';
import type { LocalSeals, Place } from './localValues.ts';
import type { SqliteStore, Touch } from './sqliteStore.ts';

export interface SessionDependencies {
  readonly store: SqliteStore;
  readonly seals: LocalSeals;
  readonly ports: ReplicaPorts;
  readonly changed: (change: LibraryChange) => void;
  readonly log: (level: 'debug' | 'info' | 'warn', message: string) => void;
  /** Called after each commit of this window: tells the other ones. */
  readonly announce: () => void;
  /** Runs it when the worker has nothing else to do; answers how to forget about it. */
  readonly whenIdle: (work: () => void, delayMs: number) => () => void;
}

/** One transaction. What it composes is seen by its own later steps at once. */
export interface Change {
  readonly store: SqliteStore;
  state(): ReplicaState;
  view(): LibraryView;
  /**
   * Stores what was composed, notes what it changed and goes on from there; ends the transaction if it could not be
   * composed.
   */
  apply<T>(composed: CommandResult<T>): T;
  /** Says that the text shown for this prompt changed: its `mtime` rises. */
  touchText(id: PromptId): void;
  touch(kind: 'tree' | 'runs' | 'status'): void;
  /** Something was erased that the snapshot still holds. */
  dropSnapshot(): void;
}

export interface LibrarySession {
  readonly store: SqliteStore;
  readonly seals: LocalSeals;
  readonly ports: ReplicaPorts;
  /** As of now: applies first what other windows have written. */
  view(): LibraryView;
  state(): ReplicaState;
  /** Rises with every change, also of a draft or a favourite. */
  tick(): number;
  favourites(): ReadonlySet<PromptId>;
  /** Prompts that have a draft. */
  drafts(): ReadonlySet<PromptId>;
  change<T>(work: (change: Change) => T): T;
  /** Applies what other windows have written, if anything, and tells the editor. */
  catchUp(): void;
  /** Keeps what makes the next opening fast, and ends idle work. The store stays open. */
  close(): void;
}

const rowsAtOnce = 500;
/** Rows beyond the snapshot after which a new one is worth writing. */
const snapshotEvery = 300;
const snapshotAfterMs = 3000;
const checkedAtOnce = 20;
/** Beyond so many new records opening does not wait for their signatures: they show as being checked for a while. */
const checkedAtOpening = 200;

/** Brings the state up to the last row on the disk, from the snapshot where there is one. */
export function openSession(dependencies: SessionDependencies): LibrarySession {
  const { store, seals, ports, changed, announce, whenIdle, log } = dependencies;
  const workspace = ports.records.workspace;
  let state = initialState(dependencies, workspace);
  let snapshotRow = state.row;
  let view: { readonly of: ReplicaState; readonly view: LibraryView } | null = null;
  const marks = createMarks(store);
  let version = store.version();
  let forgetIdle = (): void => undefined;

  const adopt = (next: ReplicaState): void => {
    state = next;
  };

  const applyRows = (verify: 'now' | 'later'): boolean => {
    const before = state.row;
    for (;;) {
      const rows = store.recordsAfter(workspace, state.row, rowsAtOnce);
      const last = rows.at(-1);
      if (last === undefined) return state.row !== before;
      const received = receive(state, ports, rows, { verify });
      adopt(received.state);
      for (const { id, reason } of received.quarantined) log('warn', `Record ${id} was set aside: ${reason}`);
    }
  };

  /** What was committed elsewhere since the last look; null if nothing was. */
  const news = (): LibraryChange | null => {
    const rowsApplied = applyRows('now');
    const touches = store.touchedAfter(marks.tick());
    if (touches.length === 0) return rowsApplied ? { ...nothing, origin: 'elsewhere', tree: true } : null;
    marks.refresh(touches);
    return changeOf('elsewhere', touches);
  };

  const catchUp = (): void => {
    const now = store.version();
    if (now === version) return;
    version = now;
    const change = news();
    if (change === null) return;
    refuseSetAside(store);
    changed(change);
    idleSoon();
  };

  const idleSoon = (): void => {
    forgetIdle();
    forgetIdle = whenIdle(idle, snapshotAfterMs);
  };

  const idle = (): void => {
    const waiting = uncheckedRecords(state, checkedAtOnce);
    if (waiting.length > 0) {
      adopt(settle(state, ports, waiting).state);
      forgetIdle = whenIdle(idle, 0);
      if (uncheckedRecords(state, 1).length === 0) changed({ ...nothing, origin: 'elsewhere', tree: true });
      return;
    }
    if (state.row - snapshotRow >= snapshotEvery || !hasSnapshot()) keepSnapshot();
  };

  const hasSnapshot = (): boolean => store.blobIds('snapshot').length > 0;

  const keepSnapshot = (): void => {
    const sealed = seals.seal(placeOfSnapshot(workspace), encodeSnapshot(state));
    store.write(() => store.setBlob('snapshot', workspace, sealed));
    snapshotRow = state.row;
  };

  const afterCommit = (done: Committed): void => {
    adopt(done.row === null ? done.state : atRow(done.state, done.row));
    if (done.touches.length === 0) return;
    marks.refresh(done.touches);
    announce();
    changed(changeOf('here', done.touches));
    idleSoon();
  };

  const session: LibrarySession = {
    store,
    seals,
    ports,
    state: () => state,
    tick: marks.tick,
    view() {
      catchUp();
      if (view?.of !== state) view = { of: state, view: viewLibrary(state) };
      return view.view;
    },
    favourites: marks.favourites,
    drafts: marks.drafts,
    catchUp,
    change(work) {
      const elsewhere: { change: LibraryChange | null } = { change: null };
      try {
        const done = store.write(() => {
          refuseSetAside(store);
          elsewhere.change = news();
          const step = beginChange(dependencies, state, marks.tick());
          const value = work(step.change);
          return { value, ...step.end() };
        });
        afterCommit(done);
        return done.value;
      } finally {
        // Even if this change was refused, the other window's is true and applied.
        if (elsewhere.change !== null) changed(elsewhere.change);
      }
    },
    close() {
      forgetIdle();
      try {
        if (state.row > snapshotRow) keepSnapshot();
      } catch {
        // The snapshot only saves time: without it the next opening applies the rows again.
        log('debug', 'The snapshot was not written at the end.');
      }
    },
  };
  if (applyRows(store.lastRow() - state.row > checkedAtOpening ? 'later' : 'now'))
    forgetIdle = whenIdle(idle, 0);
  return session;
}

/** What the store knows besides records, as of the last tick that was looked at. */
interface Marks {
  readonly tick: () => number;
  readonly favourites: () => ReadonlySet<PromptId>;
  readonly drafts: () => ReadonlySet<PromptId>;
  refresh(touches: readonly Touch[]): void;
}

function createMarks(store: SqliteStore): Marks {
  const read = (tick: number) => ({
    tick,
    favourites: new Set(store.favourites()),
    drafts: new Set(store.blobIds('draft') as PromptId[]),
  });
  let marks = read(store.tick());
  return {
    tick: () => marks.tick,
    favourites: () => marks.favourites,
    drafts: () => marks.drafts,
    refresh(touches) {
      marks = read(touches.at(-1)?.tick ?? marks.tick);
    },
  };
}

const nothing = { texts: [], tree: false, runs: false, status: false } as const;

const placeOfSnapshot = (workspace: WorkspaceId): Place => ({ purpose: 'snapshot', row: workspace });

function initialState({ store, seals, log }: SessionDependencies, workspace: WorkspaceId): ReplicaState {
  const sealed = store.blob('snapshot', workspace);
  if (sealed === null) return emptyReplica(workspace);
  const plaintext = seals.open(placeOfSnapshot(workspace), sealed);
  const state = plaintext === null ? null : decodeSnapshot(plaintext, workspace);
  if (state === null) log('warn', 'The snapshot was not usable; the library is read from its records.');
  return state ?? emptyReplica(workspace);
}

function refuseSetAside(store: SqliteStore): void {
  if (store.meta('setAside') === null) return;
  fail('stopped', {
    message: 'This library was set aside in another window.',
    action: 'Reload this window to work with the new one. The old one is kept in its folder.',
  });
}

interface Committed {
  readonly state: ReplicaState;
  /** Last row that was written, null if there is none. */
  readonly row: number | null;
  readonly touches: readonly Touch[];
}

function beginChange(
  { store, ports }: SessionDependencies,
  start: ReplicaState,
  tick: number,
): { readonly change: Change; readonly end: () => Committed } {
  let state = start;
  let view: { readonly of: ReplicaState; readonly view: LibraryView } | null = null;
  let row: number | null = null;
  const change: Change = {
    store,
    state: () => state,
    view() {
      if (view?.of !== state) view = { of: state, view: viewLibrary(state) };
      return view.view;
    },
    apply(composed) {
      if (!composed.ok)
        throw new ProblemError(problem(composed.problem.code, { message: composed.problem.message }));
      for (const record of composed.value.records) row = addRecord(store, record);
      for (const id of composed.value.erase) eraseRecord(store, ports, id);
      for (const id of composed.value.texts) store.touch('text', id);
      if (composed.value.tree) store.touch('tree', '');
      state = composed.value.state;
      return composed.value.result;
    },
    touchText: (id) => {
      store.touch('text', id);
    },
    touch: (kind) => {
      store.touch(kind, '');
    },
    dropSnapshot: () => {
      store.deleteBlob('snapshot', start.workspace);
    },
  };
  return { change, end: () => ({ state, row, touches: store.touchedAfter(tick) }) };
}

function addRecord(store: SqliteStore, { header, bytes }: SealedRecord): number {
  const { id, workspace, group, stream } = header;
  return store.addRecord({ id, workspace, group, stream, bytes });
}

function eraseRecord(store: SqliteStore, ports: ReplicaPorts, id: RecordId): void {
  const bytes = store.record(id);
  if (bytes !== null) store.eraseRecord(id, ports.records.tombstoneOf(bytes));
}

function changeOf(origin: LibraryChange['origin'], touches: readonly Touch[]): LibraryChange {
  const has = (kind: Touch['kind']): boolean => touches.some((touch) => touch.kind === kind);
  return {
    origin,
    texts: touches
      .filter((touch) => touch.kind === 'text')
      .map(({ id, tick }) => ({ id: id as PromptId, mtime: tick })),
    tree: has('tree'),
    runs: has('runs'),
    status: has('status'),
  };
}
