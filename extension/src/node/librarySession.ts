// An unlocked library: the store, its keys, and the replicas' states in memory, kept equal to what is on the disk. One
// session for each workspace, over one store: what is in one transaction may be of one workspace only.
//
// Promises: what `change` returned is durable, was written after everything that other windows had written before, and
// is in memory only if the disk took it. Others are told after the commit. All of it is synchronous, so no call of this
// worker sees another half done.

import type { RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { CommandResult } from '@cuebook/shared/replica/composer';
import type { FeedTaken } from '@cuebook/shared/replica/feed';
import { mergePending } from '@cuebook/shared/replica/merging';
import type { RecordPort, ReplicaPorts, SealedRecord } from '@cuebook/shared/replica/ports';
import {
  prepareToSettle,
  receive,
  retryMissingKeys,
  settle,
  type StoredRow,
  uncheckedRecords,
} from '@cuebook/shared/replica/receive';
import type { Resealed } from '@cuebook/shared/replica/resealing';
import { decodeSnapshot, encodeSnapshot } from '@cuebook/shared/replica/snapshot';
import { atRow, attach, emptyReplica, type ReplicaState } from '@cuebook/shared/replica/state';
import { type LibraryView, viewLibrary } from '@cuebook/shared/replica/libraryView';
import { t } from '@vscode/l10n';
import type { LibraryChange, PromptId } from '../library/api.ts';
import { fail, ProblemError, problem } from './libraryProblem.ts';
import type { LocalSeals, Place } from './localValues.ts';
import type { SqliteStore, Touch, TouchKind } from './sqliteStore.ts';
import { readUnread } from './unread.ts';

/** A workspace as its account sees it now; asked anew each time, since team log and keys go on. */
export interface Ground {
  readonly workspace: WorkspaceId;
  readonly records: () => RecordPort;
  /** Whether prompts may be changed here. */
  readonly mayEdit: () => boolean;
  /** Whether a server has it, or may have. */
  readonly isAttached: () => boolean;
}

export interface SessionDependencies {
  readonly store: SqliteStore;
  readonly seals: LocalSeals;
  readonly ports: Omit<ReplicaPorts, 'records'>;
  /** Workspaces of which keys are here; the library's own is the first. */
  readonly grounds: () => readonly Ground[];
  /** Another window wrote these: what was read of accounts is read anew where that is said. Before records are. */
  readonly reload: (touches: readonly Touch[]) => void;
  readonly changed: (change: LibraryChange) => void;
  /** After each commit, of this window or another: what it marked. */
  readonly touched: (origin: LibraryChange['origin'], touches: readonly Touch[]) => void;
  readonly log: (level: 'debug' | 'info' | 'warn', message: string) => void;
  /** Called after each commit of this window: tells the other ones. */
  readonly announce: () => void;
  /** Runs it when the worker has nothing else to do; answers how to forget about it. */
  readonly whenIdle: (work: () => Promise<void>, delayMs: number) => () => void;
}

/** One transaction. What it composes is seen by its own later steps at once. */
export interface Change {
  readonly store: SqliteStore;
  state(): ReplicaState;
  view(): LibraryView;
  /**
   * Stores what was composed, notes what it changed and goes on from there; ends the transaction if it could not be
   * composed, or may not be written by this account.
   */
  apply<T>(composed: CommandResult<T>): T;
  /** Stores a page of the server's feed. */
  takeFeed(taken: FeedTaken): void;
  /** Stores what was sealed anew in the place of the old. */
  reseal(resealed: Resealed): void;
  /** Says that the text shown for this prompt changed: its `mtime` rises. */
  touchText(id: PromptId): void;
  touch(kind: Exclude<TouchKind, 'text'>, id?: string): void;
  /** Something was erased that the snapshot still holds. */
  dropSnapshot(): void;
}

/** One workspace of the library. */
export interface LibrarySession {
  readonly workspace: WorkspaceId;
  readonly store: SqliteStore;
  readonly seals: LocalSeals;
  readonly ports: ReplicaPorts;
  /** As of now: applies first what other windows have written. */
  view(): LibraryView;
  state(): ReplicaState;
  /** Rises with every change of any workspace, also of a draft or a favourite. */
  tick(): number;
  favourites(): ReadonlySet<PromptId>;
  /** Prompts that have a draft. */
  drafts(): ReadonlySet<PromptId>;
  /** Prompts that others changed since they were last looked at. */
  unread(): ReadonlySet<PromptId>;
  mayEdit(): boolean;
  change<T>(work: (change: Change) => T): T;
  /** After a key has come: opens what waited for it. */
  retryKeys(): void;
}

export interface LibrarySessions {
  readonly store: SqliteStore;
  /** The library's own first. */
  all(): readonly LibrarySession[];
  /** Null for a workspace that is not here, or of which no key is. */
  of(workspace: WorkspaceId): LibrarySession | null;
  /** The workspace that the library began with. */
  home(): LibrarySession;
  /** A transaction about no workspace in particular. */
  write<T>(work: (touch: Change['touch']) => T): T;
  /** After accounts have changed: opens workspaces that came, forgets those that went. */
  refresh(): void;
  /** Applies what other windows have written, if anything, and tells the editor. */
  catchUp(): void;
  /** Checks what is still unchecked in the background. */
  idleSoon(): void;
  /** Keeps what makes the next opening fast, and ends idle work. The store stays open. */
  close(): void;
}

const rowsAtOnce = 500;
/** Rows beyond the snapshot after which a new one is worth writing. */
const snapshotEvery = 300;
const snapshotAfterMs = 3000;
/** Pages of a first sync follow each other within this; they are shown first, and checked then. */
const arrivingMs = 200;
const checkedAtOnce = 100;
const checkSliceMs = 10;
/** Beyond so many new records opening does not wait for their signatures: they show as being checked for a while. */
const checkedAtOpening = 200;

/** Brings the states up to the last row on the disk, from the snapshots where there are any. */
export function openSessions(dependencies: SessionDependencies): LibrarySessions {
  const { store, changed, touched, announce, whenIdle, reload } = dependencies;
  const open = new Map<WorkspaceId, OpenWorkspace>();
  const marks = createMarks(store, () => unreadIn(dependencies));
  let version = store.version();
  let forgetIdle = (): void => undefined;

  let isChecking = false;
  let isClosed = false;

  /** Signatures are checked once nothing more comes in; what makes the next opening fast is kept after a longer pause. */
  const idleSoon = (checkAfterMs = arrivingMs): void => {
    forgetIdle();
    const isBusy = [...open.values()].some((workspace) => workspace.hasUnchecked());
    forgetIdle = whenIdle(idle, isBusy ? checkAfterMs : snapshotAfterMs);
  };

  const idle = async (): Promise<void> => {
    if (isChecking) return;
    const busy = [...open.values()].find((workspace) => workspace.hasUnchecked());
    if (busy === undefined) {
      for (const workspace of open.values()) workspace.keepSnapshotIfDue();
      return;
    }
    isChecking = true;
    try {
      await busy.prepareChecks();
    } finally {
      isChecking = false;
    }
    if (isClosed) return;
    // Meanwhile the workspace may have been left; another may still wait.
    if (open.get(busy.session.workspace) !== busy) return idleSoon(0);
    const { settled, composed } = busy.checkSome();
    idleSoon(0);
    if (composed) announce();
    if (settled || composed) changed({ ...nothing, origin: 'elsewhere', tree: true });
  };

  /** What was committed elsewhere since the last look; null if nothing was. */
  const news = (): LibraryChange | null => {
    const touches = store.touchedAfter(marks.tick());
    reload(touches);
    refresh();
    for (const { kind, id } of touches) {
      if (kind === 'rebuild') open.get(id as WorkspaceId)?.rebuild();
    }
    const rowsApplied = [...open.values()].map((workspace) => workspace.applyRows('now')).includes(true);
    if (touches.length === 0) return rowsApplied ? { ...nothing, origin: 'elsewhere', tree: true } : null;
    marks.refresh(touches);
    touched('elsewhere', touches);
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

  const refresh = (): void => {
    const grounds = dependencies.grounds();
    const wanted = new Set(grounds.map(({ workspace }) => workspace));
    for (const id of open.keys()) if (!wanted.has(id)) open.delete(id);
    for (const ground of grounds) {
      if (open.has(ground.workspace)) continue;
      const workspace = openWorkspace(dependencies, ground, sessionTools);
      open.set(ground.workspace, workspace);
      const isMuch = store.lastRow() - workspace.state().row > checkedAtOpening;
      workspace.applyRows(isMuch ? 'later' : 'now');
      if (workspace.hasUnchecked()) idleSoon(0);
    }
  };

  /** One transaction; `adopt` keeps in memory what it left, once the disk has it. */
  const transact = <T>(work: (tick: number) => { readonly value: T; readonly adopt: () => void }): T => {
    const elsewhere: { change: LibraryChange | null } = { change: null };
    try {
      const done = store.write(() => {
        refuseSetAside(store);
        elsewhere.change = news();
        const tick = marks.tick();
        const { value, adopt } = work(tick);
        return { value, adopt, touches: store.touchedAfter(tick) };
      });
      done.adopt();
      afterCommit(done.touches);
      return done.value;
    } finally {
      // Even if this change was refused, the other window's is true and applied.
      if (elsewhere.change !== null) changed(elsewhere.change);
    }
  };

  const afterCommit = (touches: readonly Touch[]): void => {
    if (touches.length === 0) return;
    marks.refresh(touches);
    announce();
    touched('here', touches);
    changed(changeOf('here', touches));
    idleSoon();
  };

  const sessionTools: SessionTools = { marks, catchUp, transact };
  refresh();
  return {
    store,
    all: () => [...open.values()].map(({ session }) => session),
    of: (workspace) => open.get(workspace)?.session ?? null,
    home: () => open.values().next().value?.session ?? fail('corrupt'),
    write: (work) =>
      transact(() => ({
        value: work((kind, id = '') => void store.touch(kind, id)),
        adopt: () => undefined,
      })),
    refresh,
    catchUp,
    idleSoon,
    close() {
      isClosed = true;
      forgetIdle();
      for (const workspace of open.values()) workspace.close();
    },
  };
}

interface SessionTools {
  readonly marks: Marks;
  readonly catchUp: () => void;
  readonly transact: <T>(work: (tick: number) => { readonly value: T; readonly adopt: () => void }) => T;
}

interface OpenWorkspace {
  readonly session: LibrarySession;
  state(): ReplicaState;
  /** Applies what is on the disk and not in memory; true if there was something. */
  applyRows(verify: 'now' | 'later'): boolean;
  /** Starts again from the disk: records were taken away. */
  rebuild(): void;
  hasUnchecked(): boolean;
  /** Works the signatures that are next out beside this thread, where the platform can. */
  prepareChecks(): Promise<void>;
  /** Checks some signatures. `settled`: none is left. `composed`: what waited for them was merged and stored. */
  checkSome(): { readonly settled: boolean; readonly composed: boolean };
  keepSnapshotIfDue(): void;
  close(): void;
}

function openWorkspace(
  dependencies: SessionDependencies,
  ground: Ground,
  { marks, catchUp, transact }: SessionTools,
): OpenWorkspace {
  const { store, seals, log } = dependencies;
  const { workspace } = ground;
  const ports: ReplicaPorts = {
    ...dependencies.ports,
    get records() {
      return ground.records();
    },
  };
  let state = initialState(dependencies, ground);
  let snapshotRow = state.row;
  /** No row up to this one is of this workspace, but for those that were taken: a table of another's is not read again. */
  let lookedAt = 0;
  const prepared = new Map<RecordId, Promise<void>>();
  let view: { readonly of: ReplicaState; readonly view: LibraryView } | null = null;

  const take = (rows: readonly StoredRow[], verify: 'now' | 'later'): void => {
    const received = receive(state, ports, rows, { verify });
    state = received.state;
    for (const { id, reason } of received.quarantined) log('warn', `Record ${id} was set aside: ${reason}`);
  };

  const applyRows = (verify: 'now' | 'later'): boolean => {
    const before = state;
    if (ground.isAttached() && !state.isAttached) state = attach(state);
    const placed = store.placedAfter(workspace, { row: state.row, seq: state.feed.seq });
    if (placed.length > 0) take(placed, verify);
    const last = store.lastRow();
    while (Math.max(state.row, lookedAt) < last) {
      const rows = store.recordsAfter(workspace, Math.max(state.row, lookedAt), rowsAtOnce);
      if (rows.length === 0) lookedAt = last;
      else take(rows, verify);
    }
    return state.row !== before.row || state.feed.seq !== before.feed.seq;
  };

  const keepSnapshot = (): void => {
    const sealed = seals.seal(placeOfSnapshot(workspace), encodeSnapshot(state));
    store.write(() => store.setBlob('snapshot', workspace, sealed));
    snapshotRow = state.row;
  };

  const session: LibrarySession = {
    workspace,
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
    unread: marks.unread,
    mayEdit: ground.mayEdit,
    change: (work) =>
      transact(() => {
        const step = beginChange({ store, ports, mayEdit: ground.mayEdit }, state);
        const value = work(step.change);
        const { state: next, row } = step.end();
        return {
          value,
          adopt() {
            state = row === null ? next : atRow(next, row);
          },
        };
      }),
    retryKeys() {
      state = retryMissingKeys(state, ports).state;
    },
  };

  return {
    session,
    state: () => state,
    applyRows,
    rebuild() {
      state = emptyReplica(workspace);
      snapshotRow = 0;
      lookedAt = 0;
    },
    hasUnchecked: () => uncheckedRecords(state, 1).length > 0,
    async prepareChecks() {
      // Those after the next as well: the platform goes on while this thread takes what is ready.
      for (const id of uncheckedRecords(state, 3 * checkedAtOnce)) {
        if (prepared.has(id)) continue;
        // A disk that fails fails in `checkSome` again, and is told there.
        const ready = prepareToSettle(state, ports, id).catch(() => undefined);
        prepared.set(id, ready);
      }
      await Promise.all(uncheckedRecords(state, checkedAtOnce).map(async (id) => prepared.get(id)));
    },
    checkSome() {
      const waiting = uncheckedRecords(state, checkedAtOnce);
      const groups = waiting.flatMap((id) => state.unchecked.get(id) ?? []);
      const end = performance.now() + checkSliceMs;
      state = settle(state, ports, waiting, { stop: () => performance.now() >= end }).state;
      for (const id of waiting) if (!state.unchecked.has(id)) prepared.delete(id);
      const settled = uncheckedRecords(state, 1).length === 0;
      const merged = ground.mayEdit() ? mergePending(state, ports, groups) : null;
      const composed = merged?.ok === true && merged.value.records.length > 0;
      if (composed) session.change((change) => change.apply(mergePending(change.state(), ports, groups)));
      return { settled, composed };
    },
    keepSnapshotIfDue() {
      const hasSnapshot = store.blobIds('snapshot').includes(workspace);
      if (state.row - snapshotRow >= snapshotEvery || !hasSnapshot) keepSnapshot();
    },
    close() {
      try {
        if (state.row > snapshotRow) keepSnapshot();
      } catch {
        // The snapshot only saves time: without it the next opening applies the rows again.
        log('debug', 'The snapshot was not written at the end.');
      }
    },
  };
}

/** What the store knows besides records, as of the last tick that was looked at. */
interface Marks {
  readonly tick: () => number;
  readonly favourites: () => ReadonlySet<PromptId>;
  readonly drafts: () => ReadonlySet<PromptId>;
  readonly unread: () => ReadonlySet<PromptId>;
  refresh(touches: readonly Touch[]): void;
}

function createMarks(store: SqliteStore, unread: () => ReadonlySet<PromptId>): Marks {
  const read = (tick: number) => ({
    tick,
    favourites: new Set(store.favourites()),
    drafts: new Set(store.blobIds('draft') as PromptId[]),
    unread: unread(),
  });
  let marks = read(store.tick());
  return {
    tick: () => marks.tick,
    favourites: () => marks.favourites,
    drafts: () => marks.drafts,
    unread: () => marks.unread,
    refresh(touches) {
      marks = read(touches.at(-1)?.tick ?? marks.tick);
    },
  };
}

const unreadIn = ({ store, seals, grounds }: SessionDependencies): ReadonlySet<PromptId> =>
  new Set(
    grounds().flatMap(({ workspace }) => (readUnread(store, seals, workspace) ?? []).map(({ id }) => id)),
  );

const nothing = { texts: [], tree: false, runs: false, status: false } as const;

const placeOfSnapshot = (workspace: WorkspaceId): Place => ({ purpose: 'snapshot', row: workspace });

function initialState(
  { store, seals, log }: SessionDependencies,
  { workspace, isAttached }: Ground,
): ReplicaState {
  const sealed = store.blob('snapshot', workspace);
  const plaintext = sealed === null ? null : seals.open(placeOfSnapshot(workspace), sealed);
  const state = plaintext === null ? null : decodeSnapshot(plaintext, workspace);
  if (sealed !== null && state === null) {
    log('warn', 'The snapshot was not usable; the library is read from its records.');
  }
  const start = state ?? emptyReplica(workspace);
  return isAttached() ? attach(start) : start;
}

function refuseSetAside(store: SqliteStore): void {
  if (store.meta('setAside') === null) return;
  fail('stopped', {
    message: t('This library was set aside in another window.'),
    action: t('Reload this window to work with the new one. The old one is kept in its folder.'),
  });
}

interface ChangeParts {
  readonly store: SqliteStore;
  readonly ports: ReplicaPorts;
  readonly mayEdit: () => boolean;
}

/** What a step of the replica gives to be written. */
interface Written {
  readonly state: ReplicaState;
  readonly records: readonly SealedRecord[];
  readonly erase: readonly RecordId[];
  readonly texts: readonly string[];
  readonly tree: boolean;
}

function beginChange(
  { store, ports, mayEdit }: ChangeParts,
  start: ReplicaState,
): {
  readonly change: Change;
  /** `row`: the last that was written, null if there is none. */
  readonly end: () => { readonly state: ReplicaState; readonly row: number | null };
} {
  const { workspace } = start;
  let state = start;
  let view: { readonly of: ReplicaState; readonly view: LibraryView } | null = null;
  let row: number | null = null;
  const keep = (written: Written): void => {
    for (const record of written.records) row = addRecord(store, record);
    for (const id of written.erase) eraseRecord(store, ports, id);
    for (const id of written.texts) store.touch('text', id);
    if (written.tree) store.touch('tree', '');
    ({ state } = written);
  };
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
      if (composed.value.records.length > 0 && !mayEdit()) fail('notAllowed');
      keep(composed.value);
      return composed.value.result;
    },
    takeFeed(taken) {
      for (const { id, bytes, feed } of taken.arrived) {
        row = addArrived({ store, ports }, workspace, { id, bytes });
        store.setPlace(workspace, id, feed);
      }
      for (const { id, feed } of taken.placed) store.setPlace(workspace, id, feed);
      keep(taken);
    },
    reseal(resealed) {
      for (const id of resealed.drop) store.deleteRecord(id);
      keep(resealed);
      // Other windows, and the snapshot, still have what was taken away.
      store.deleteBlob('snapshot', workspace);
      store.touch('rebuild', workspace);
    },
    touchText: (id) => {
      store.touch('text', id);
    },
    touch: (kind, id = '') => {
      store.touch(kind, id);
    },
    dropSnapshot: () => {
      store.deleteBlob('snapshot', workspace);
    },
  };
  return { change, end: () => ({ state, row }) };
}

function addRecord(store: SqliteStore, { header, bytes }: SealedRecord): number {
  const { id, workspace, group, stream } = header;
  return store.addRecord({ id, workspace, group, stream, bytes });
}

/** Whatever came in the feed is kept, also what cannot be read: it has its place, and may be readable to a later version. */
function addArrived(
  { store, ports }: Pick<ChangeParts, 'store' | 'ports'>,
  workspace: WorkspaceId,
  { id, bytes }: { readonly id: RecordId; readonly bytes: Uint8Array },
): number {
  const header = ports.records.parse(bytes);
  const { group, stream } = header.ok ? header.value : { group: '', stream: '' };
  return store.addRecord({ id, workspace, group, stream, bytes });
}

function eraseRecord(store: SqliteStore, ports: ReplicaPorts, id: RecordId): void {
  const bytes = store.record(id);
  if (bytes !== null) store.eraseRecord(id, ports.records.tombstoneOf(bytes));
}

function changeOf(origin: LibraryChange['origin'], touches: readonly Touch[]): LibraryChange {
  const has = (kind: Touch['kind']): boolean => touches.some((touch) => touch.kind === kind);
  const otherAccounts = has('client');
  return {
    origin,
    texts: touches
      .filter((touch) => touch.kind === 'text')
      .map(({ id, tick }) => ({ id: id as PromptId, mtime: tick })),
    tree: has('tree') || otherAccounts,
    runs: has('runs'),
    status: has('status') || otherAccounts,
  };
}
