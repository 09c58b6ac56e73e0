import * as nodeCrypto from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import type { GroupId, RevisionId } from '../encoding/ids.ts';
import type { TestStore, TestWindow } from './fixture.ts';
import { createTestRecordPort, createTestStore, createTestWindow } from './fixture.ts';
import { createFolder, createPrompts } from './creating.ts';
import { conflictOf, currentText, versions, versionText } from './history.ts';
import { moveLabel } from './labelling.ts';
import { viewLibrary } from './libraryView.ts';
import { openStreams } from './packedStreams.ts';
import { place, purge, restore, trash } from './placing.ts';
import { resolveConflict, restoreVersion, saveText } from './saving.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import type { ReplicaState } from './state.ts';

const suite = createSuite(nodeCrypto);

/** One thing that a window does. Numbers choose among what there is, so every sequence makes sense. */
interface Step {
  readonly window: number;
  readonly action:
    | 'prompt'
    | 'folder'
    | 'save'
    | 'resolve'
    | 'restoreVersion'
    | 'label'
    | 'rename'
    | 'move'
    | 'trash'
    | 'restore'
    | 'purge'
    | 'restart'
    | 'snapshot';
  readonly which: number;
  readonly where: number;
  readonly line: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  window: fc.nat(1),
  action: fc.constantFrom(
    ...(['prompt', 'save', 'save', 'save', 'save', 'folder', 'resolve', 'restoreVersion', 'label'] as const),
    ...(['rename', 'move', 'move', 'trash', 'restore', 'purge', 'restart', 'snapshot'] as const),
  ),
  which: fc.nat(30),
  where: fc.nat(30),
  line: fc.nat(5),
});

/** What was promised to be kept: every text that a save took, by revision. */
interface Promised {
  readonly id: GroupId;
  readonly revisionId: RevisionId;
  readonly text: string;
}

class World {
  readonly records = createTestRecordPort(suite);
  readonly store: TestStore = createTestStore(this.records);
  readonly windows: TestWindow[] = [this.open(), this.open()];
  /** What each window's editor last showed of a prompt. */
  readonly bases: Map<GroupId, { revisionId: RevisionId; text: string }>[] = [new Map(), new Map()];
  readonly ids: GroupId[] = [];
  readonly promised: Promised[] = [];
  readonly numbers = new Map<RevisionId, number>();
  count = 0;

  open(start?: ReplicaState): TestWindow {
    return createTestWindow(suite, this.records, this.store, start);
  }

  take({ window: at, action, which, where, line }: Step): void {
    const window = this.windows[at];
    const bases = this.bases[at];
    const id = this.ids[which % Math.max(1, this.ids.length)];
    const other = this.ids[where % Math.max(1, this.ids.length)];
    if (window === undefined || bases === undefined) throw new Error('No window.');
    const folderId =
      other !== undefined && window.catchUp().groups.get(other)?.kind === 'folder' ? other : null;
    this.count += 1;
    switch (action) {
      case 'prompt':
      case 'folder':
        this.create(window, action, folderId, where);
        return;
      case 'restart':
        this.windows[at] = this.open();
        return;
      case 'snapshot': {
        const decoded = decodeSnapshot(encodeSnapshot(window.state()), this.records.workspace);
        if (decoded === null) throw new Error('No snapshot.');
        this.windows[at] = this.open(decoded);
        return;
      }
      default:
    }
    if (id === undefined) return;
    const done = (() => {
      switch (action) {
        case 'save':
          return this.save(window, bases, id, line);
        case 'resolve':
          return attempt(window, (state, ports) => {
            const text = `resolved ${this.count}\n`;
            const result = resolveConflict(state, ports, { id, text });
            if (result.ok) this.promised.push({ id, revisionId: result.value.result.revisionId, text });
            return result;
          });
        case 'restoreVersion': {
          const listed = versions(window.catchUp(), id, { limit: 100 });
          const version = listed[where % Math.max(1, listed.length)];
          if (version === undefined) return;
          const { revisionId } = version;
          return attempt(window, (state, ports) => restoreVersion(state, ports, { id, revisionId }));
        }
        case 'label': {
          const revisionId = window.catchUp().groups.get(id)?.content?.revisionId ?? null;
          const move = { id, label: `label${line}`, revisionId };
          return attempt(window, (state, ports) => moveLabel(state, ports, move));
        }
        case 'rename':
          return attempt(window, (state, ports) =>
            place(state, ports, [{ id, name: `name${where % 3}`, ifTaken: 'suffix' }]),
          );
        case 'move':
          return attempt(window, (state, ports) =>
            place(state, ports, [{ id, folderId, ifTaken: 'suffix' }]),
          );
        case 'trash':
          return attempt(window, (state, ports) => trash(state, ports, [id]));
        case 'restore':
          return attempt(window, (state, ports) => restore(state, ports, [id]));
        case 'purge':
          return attempt(window, (state, ports) => purge(state, ports, [id]));
        default:
          return;
      }
    })();
    void done;
  }

  create(window: TestWindow, kind: 'prompt' | 'folder', folderId: GroupId | null, where: number): void {
    const name = `name${where % 3}`;
    if (kind === 'folder') {
      attempt(window, (state, ports) => {
        const made = createFolder(state, ports, { parentId: folderId, name, ifTaken: 'suffix' });
        if (made.ok) this.ids.push(made.value.result.id);
        return made;
      });
      return;
    }
    const text = 'one\ntwo\nthree\nfour\nfive\nsix\n';
    attempt(window, (state, ports) => {
      const made = createPrompts(state, ports, [{ folderId, name, text, ifTaken: 'suffix' }]);
      if (!made.ok) return made;
      for (const created of made.value.result) {
        this.ids.push(created.id);
        this.promised.push({ ...created, text });
      }
      return made;
    });
  }

  save(
    window: TestWindow,
    bases: Map<GroupId, { revisionId: RevisionId; text: string }>,
    id: GroupId,
    line: number,
  ): void {
    const known = bases.get(id);
    const shown = window.catchUp().groups.get(id)?.content;
    const base =
      known ??
      (shown && { revisionId: shown.revisionId, text: currentText(window.state(), window.ports, id) ?? '' });
    if (base === undefined || base === null) return;
    const lines = base.text.split('\n');
    lines[line % Math.max(1, lines.length - 1)] = `line ${this.count}`;
    const text = lines.join('\n');
    attempt(window, (state, ports) => {
      const saved = saveText(state, ports, { id, text, base: base.revisionId });
      if (!saved.ok) return saved;
      const { mineRevisionId, revisionId, text: headText } = saved.value.result;
      this.promised.push({ id, revisionId: mineRevisionId, text });
      // The editor shows the head from now on; now and then it stays on an older one, as a second window would.
      if (this.count % 3 !== 0) bases.set(id, { revisionId, text: headText });
      else if (known === undefined) bases.set(id, base);
      return saved;
    });
  }

  check(): void {
    const [left, right] = this.windows.map((window) => window.catchUp());
    const fresh = this.open();
    const rebuilt = fresh.catchUp();
    if (left === undefined || right === undefined) throw new Error('No window.');
    expect(shown(left)).toEqual(shown(rebuilt));
    expect(shown(right)).toEqual(shown(rebuilt));
    expect([...rebuilt.quarantine.values()]).toEqual([]);
    for (const { id, revisionId, text } of this.promised) {
      if (rebuilt.groups.get(id)?.purged === true) continue;
      expect(versionText(rebuilt, fresh.ports, { id, revisionId })).toBe(text);
      expect(versions(rebuilt, id, { limit: 1000 }).map((version) => version.revisionId)).toContain(
        revisionId,
      );
    }
    this.checkTree(rebuilt);
    this.checkConflicts(rebuilt, fresh);
  }

  /** A number that a version once had on the main line, it keeps. */
  checkNumbers(): void {
    for (const window of this.windows) {
      for (const id of this.ids) {
        for (const { revisionId, number } of versions(window.state(), id, { limit: 1000 })) {
          if (number === null) continue;
          expect(this.numbers.get(revisionId) ?? number).toBe(number);
          this.numbers.set(revisionId, number);
        }
      }
    }
  }

  checkTree(state: ReplicaState): void {
    const view = viewLibrary(state);
    const all = [...view.prompts(), ...view.folders()];
    const listed: GroupId[] = [];
    const walk = (folder: GroupId | null): void => {
      const { folders, prompts, names } = view.tree.folder(folder);
      expect(new Set(folders.map((each) => names.get(each.id)?.toLowerCase())).size).toBe(folders.length);
      expect(new Set(prompts.map((each) => names.get(each.id)?.toLowerCase())).size).toBe(prompts.length);
      listed.push(...folders.map((each) => each.id), ...prompts.map((each) => each.id));
      for (const inner of folders) walk(inner.id);
    };
    walk(null);
    // Everything that is not in the trash shows exactly once.
    expect(listed.sort()).toEqual(all.map((group) => group.id).sort());
    expect(state.ignoredMoves).toEqual([]);
    const inTrash = [...state.groups.values()].filter((group) => group.trashedAt !== null);
    if (inTrash.length > 0) expect(view.trashed().length).toBeGreaterThan(0);
  }

  checkConflicts(state: ReplicaState, window: TestWindow): void {
    for (const group of state.groups.values()) {
      expect(conflictOf(state, window.ports, group.id) !== null).toBe(group.hasConflict);
    }
  }
}

function attempt<T>(window: TestWindow, command: Parameters<TestWindow['run']>[0]): T | undefined {
  try {
    window.run(command);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('Refused')) throw error;
  }
  return undefined;
}

const shown = (state: ReplicaState): unknown =>
  [...state.groups.values()]
    .map(({ streams, ...group }) => ({ ...group, streams: [...openStreams(streams).values()] }))
    .sort((left, right) => (left.id < right.id ? -1 : 1));

test('whatever two windows do in whatever order, both and a fresh start see the same, and no saved text is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const world = new World();
      for (const [index, each] of steps.entries()) {
        world.take(each);
        if (index % 7 === 0) world.checkNumbers();
      }
      world.check();
    }),
    { numRuns: Number(process.env['SEEDS'] ?? 60) },
  );
}, 600_000);
