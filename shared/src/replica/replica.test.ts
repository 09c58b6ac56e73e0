import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import type { GroupId, RecordId } from '../encoding/ids.ts';
import { createPrompts } from './creating.ts';
import type { TestWindow } from './fixture.ts';
import { createTestRecordPort, createTestStore, createTestWindow } from './fixture.ts';
import { conflictOf, currentText, labels, versions, versionText } from './history.ts';
import { amendMessage, moveLabel, renameWorkspace } from './labelling.ts';
import { viewLibrary } from './libraryView.ts';
import { openStreams } from './packedStreams.ts';
import { place, purge, restore, trash } from './placing.ts';
import { answered, choosePushes, newSession } from './pushing.ts';
import { receive, settle, uncheckedRecords } from './receive.ts';
import { resolveConflict, restoreVersion, saveText } from './saving.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import type { ReplicaState } from './state.ts';
import { emptyReplica } from './state.ts';

const suite = createSuite(nodeCrypto);

function openStore(): {
  readonly window: () => TestWindow;
  readonly rows: ReturnType<typeof createTestStore>['rows'];
  readonly damage: (index: number) => void;
} {
  const records = createTestRecordPort(suite);
  const store = createTestStore(records);
  const { rows } = store;
  const damage = (index: number): void => {
    const row = rows[index];
    if (row === undefined) throw new Error('No row.');
    rows[index] = { ...row, bytes: row.bytes.with(400, (row.bytes[400] ?? 0) ^ 1) };
  };
  return { window: () => createTestWindow(suite, records, store), rows, damage };
}

const text = (window: TestWindow, id: GroupId): string | null =>
  currentText(window.state(), window.ports, id);

/** All that is shown of a state: two replicas that have the same records must agree on it. */
const shown = (state: ReplicaState): unknown => ({
  groups: [...state.groups.values()]
    .map(({ streams, ...group }) => ({ ...group, streams: [...openStreams(streams).values()] }))
    .sort((left, right) => (left.id < right.id ? -1 : 1)),
  paths: pathsOf(state),
  quarantine: [...state.quarantine.values()],
});

const pathsOf = (state: ReplicaState): readonly string[] => {
  const view = viewLibrary(state);
  return [...view.prompts(), ...view.folders()].map((group) => view.tree.path(group).join('/')).sort();
};

describe('saving', () => {
  test('a save on the head makes the next version', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    const saved = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'two\n', base: revisionId }),
    );
    expect(saved.result.kind).toBe('saved');
    expect(text(window, id)).toBe('two\n');
    expect(versions(window.state(), id, { limit: 10 }).map((version) => version.number)).toEqual([2, 1]);
    expect(window.state().groups.get(id)?.content?.versions).toBe(2);
  });

  test('a save of the same text writes nothing', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    const saved = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'one\n', base: revisionId }),
    );
    expect(saved.result).toMatchObject({ kind: 'unchanged', revisionId, mineRevisionId: revisionId });
    expect(saved.records).toEqual([]);
  });

  test('saves of two windows from one base are merged, and both are in history', () => {
    const store = openStore();
    const [left, right] = [store.window(), store.window()];
    const { id, revisionId: base } = left.prompt({ name: 'a', text: 'one\ntwo\nthree\nfour\nfive\n' });
    left.run((state, ports) => saveText(state, ports, { id, text: 'ONE\ntwo\nthree\nfour\nfive\n', base }));
    const merged = right.run((state, ports) =>
      saveText(state, ports, { id, text: 'one\ntwo\nthree\nfour\nFIVE\n', base }),
    );
    expect(merged.result).toMatchObject({ kind: 'merged', text: 'ONE\ntwo\nthree\nfour\nFIVE\n' });
    expect(merged.records).toHaveLength(2);
    left.catchUp();
    expect(text(left, id)).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
    const listed = versions(left.state(), id, { limit: 10 });
    expect(listed.map((version) => [version.number, version.kind])).toEqual([
      [3, 'merge'],
      [null, 'save'],
      [2, 'save'],
      [1, 'save'],
    ]);
    const mine = merged.result.mineRevisionId;
    expect(versionText(left.state(), left.ports, { id, revisionId: mine })).toBe(
      'one\ntwo\nthree\nfour\nFIVE\n',
    );
  });

  test('what cannot be merged is kept beside the head, through a restart, until somebody resolves it', () => {
    const store = openStore();
    const [left, right] = [store.window(), store.window()];
    const { id, revisionId: base } = left.prompt({ name: 'a', text: 'one\n' });
    left.run((state, ports) => saveText(state, ports, { id, text: 'left\n', base }));
    const saved = right.run((state, ports) => saveText(state, ports, { id, text: 'right\n', base }));
    expect(saved.result).toMatchObject({ kind: 'conflict', text: 'left\n' });
    const restarted = store.window();
    restarted.catchUp();
    expect(restarted.state().groups.get(id)?.hasConflict).toBe(true);
    expect(text(restarted, id)).toBe('left\n');
    expect(conflictOf(restarted.state(), restarted.ports, id)).toMatchObject({
      base: 'one\n',
      mine: 'right\n',
      theirs: 'left\n',
      mineRevisionId: saved.result.mineRevisionId,
    });
    const resolved = restarted.run((state, ports) => resolveConflict(state, ports, { id, text: 'both\n' }));
    expect(text(restarted, id)).toBe('both\n');
    expect(restarted.state().groups.get(id)?.hasConflict).toBe(false);
    expect(conflictOf(restarted.state(), restarted.ports, id)).toBe(null);
    const numbers = versions(restarted.state(), id, { limit: 10 }).map((version) => version.number);
    expect(numbers).toEqual([3, null, 2, 1]);
    expect(restarted.refusal((state, ports) => resolveConflict(state, ports, { id, text: 'x' }))).toBe(
      'notFound',
    );
    expect(resolved.result.revisionId).toBe(restarted.state().groups.get(id)?.content?.revisionId);
  });

  test('a save on one’s own side of a conflict continues it, and merges once it can', () => {
    const window = openStore().window();
    const { id, revisionId: base } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'left\n', base }));
    const side = window.run((state, ports) => saveText(state, ports, { id, text: 'right\n', base })).result;
    const again = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'more right\n', base: side.mineRevisionId }),
    ).result;
    expect(again.kind).toBe('conflict');
    expect(conflictOf(window.state(), window.ports, id)).toMatchObject({
      mine: 'more right\n',
      base: 'one\n',
    });
    const same = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'left\nand right\n', base: side.revisionId }),
    ).result;
    expect(same.kind).toBe('saved');
    expect(window.state().groups.get(id)?.hasConflict).toBe(true);
  });

  test('a document that was not changed follows what others saved', () => {
    const window = openStore().window();
    const { id, revisionId: base } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base }));
    const saved = window.run((state, ports) => saveText(state, ports, { id, text: 'one\n', base }));
    expect(saved.result).toMatchObject({ kind: 'merged', text: 'two\n' });
    expect(saved.records).toEqual([]);
  });

  test('restoring a version makes a new one with the old text', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    window.run((state, ports) => restoreVersion(state, ports, { id, revisionId }));
    expect(text(window, id)).toBe('one\n');
    expect(versions(window.state(), id, { limit: 1 })).toMatchObject([
      { number: 3, kind: 'restore', restoredFrom: revisionId },
    ]);
  });

  test('a text that is too large is refused, and a text in the trash can be saved back to life', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    const large = 'x'.repeat(2 * 1024 * 1024 + 1);
    expect(
      window.refusal((state, ports) => saveText(state, ports, { id, text: large, base: revisionId })),
    ).toBe('tooLarge');
    window.run((state, ports) => trash(state, ports, [id]));
    expect(pathsOf(window.state())).toEqual([]);
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    expect(pathsOf(window.state())).toEqual(['a']);
  });

  test('versions come in pages', () => {
    const window = openStore().window();
    const created = window.prompt({ name: 'a', text: '0\n' });
    let base = created.revisionId;
    for (let count = 1; count < 7; count++) {
      const save = { id: created.id, text: `${count}\n`, base };
      base = window.run((state, ports) => saveText(state, ports, save)).result.revisionId;
    }
    const first = versions(window.state(), created.id, { limit: 3 });
    const before = first.at(-1)?.revisionId;
    const second = versions(window.state(), created.id, { limit: 10, ...(before && { before }) });
    expect([...first, ...second].map((version) => version.number)).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });
});

describe('names and folders', () => {
  test('a taken name is refused or gets a suffix, whatever its case', () => {
    const window = openStore().window();
    window.prompt({ name: 'Review' });
    expect(
      window.refusal((state, ports) =>
        createPrompts(state, ports, [{ folderId: null, name: 'REVIEW', text: '', ifTaken: 'refuse' }]),
      ),
    ).toBe('nameTaken');
    window.prompt({ name: 'review', ifTaken: 'suffix' });
    window.folder('Review');
    expect(pathsOf(window.state())).toEqual(['Review', 'Review', 'review (2)']);
  });

  test('two prompts that were given one name both show, the later with a suffix', () => {
    const store = openStore();
    const window = store.window();
    const folder = window.folder('folder');
    window.prompt({ name: 'a', folderId: folder });
    const other = window.prompt({ name: 'a' });
    window.run((state, ports) => trash(state, ports, [other.id]));
    const third = window.prompt({ name: 'a' });
    window.run((state, ports) => restore(state, ports, [other.id]));
    expect(pathsOf(window.state())).toEqual(['a', 'a (2)', 'folder', 'folder/a']);
    const view = viewLibrary(window.state());
    expect(view.tree.folder(null).names.get(third.id)).toBe('a');
  });

  test('a name that cannot be a name is refused', () => {
    const window = openStore().window();
    const { id } = window.prompt({ name: 'a' });
    for (const name of ['', ' ', '.', '..', 'a/b', 'a\\b', 'a\nb', 'a\u0000', ' a', 'a ', 'x'.repeat(121)]) {
      expect(window.refusal((state, ports) => place(state, ports, [{ id, name, ifTaken: 'refuse' }]))).toBe(
        'nameInvalid',
      );
    }
  });

  test('a folder cannot be moved into itself or into what lies in it', () => {
    const window = openStore().window();
    const outer = window.folder('outer');
    const inner = window.folder('inner', outer);
    for (const folderId of [outer, inner]) {
      expect(
        window.refusal((state, ports) => place(state, ports, [{ id: outer, folderId, ifTaken: 'refuse' }])),
      ).toBe('folderCycle');
    }
  });

  test('renaming a folder is one record, whatever lies in it', () => {
    const window = openStore().window();
    const folder = window.folder('folder');
    window.prompt({ name: 'a', folderId: folder });
    const renamed = window.run((state, ports) =>
      place(state, ports, [{ id: folder, name: 'renamed', ifTaken: 'refuse' }]),
    );
    expect(renamed.records).toHaveLength(1);
    expect(pathsOf(window.state())).toEqual(['renamed', 'renamed/a']);
  });

  test('an import makes the folders it needs once, and references find each other in any order', () => {
    const window = openStore().window();
    const common = { folderId: null, ifTaken: 'suffix', kind: 'import' } as const;
    const { result } = window.run((state, ports) =>
      createPrompts(state, ports, [
        { ...common, path: ['team', 'parts'], name: 'uses', text: '{{> helper}}\n{{> team/other}}\n' },
        { ...common, path: ['team', 'parts'], name: 'helper', text: 'h\n' },
        { ...common, path: ['team'], name: 'other', text: 'o\n' },
      ]),
    );
    expect(pathsOf(window.state())).toEqual([
      'team',
      'team/other',
      'team/parts',
      'team/parts/helper',
      'team/parts/uses',
    ]);
    const [uses, helper, other] = result.map((created) => created.id);
    if (uses === undefined || helper === undefined) throw new Error('No prompts.');
    const content = window.state().groups.get(uses)?.content;
    expect(content?.references.map((reference) => reference.prompt)).toEqual([helper, other]);
    expect(
      viewLibrary(window.state())
        .usedBy(helper)
        .map((user) => user.id),
    ).toEqual([uses]);
  });

  test('a reference survives renaming what it points to; a new prompt of the old name does not take it over', () => {
    const window = openStore().window();
    const target = window.prompt({ name: 'target', text: 't\n' });
    const user = window.prompt({ name: 'user', text: '{{> target}}\n' });
    window.run((state, ports) => place(state, ports, [{ id: target.id, name: 'new', ifTaken: 'refuse' }]));
    window.prompt({ name: 'target', text: 'another\n' });
    const view = viewLibrary(window.state());
    expect(view.resolve('target', user.id)?.prompt.id).toBe(target.id);
    expect(view.resolve('target', null)?.prompt.id).not.toBe(target.id);
  });

  test('a reference with a version or a label resolves to that revision', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'x', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    window.run((state, ports) => moveLabel(state, ports, { id, label: 'production', revisionId }));
    const view = viewLibrary(window.state());
    expect(view.resolve('x@v1', null)?.revisionId).toBe(revisionId);
    expect(view.resolve('x@production', null)?.revisionId).toBe(revisionId);
    expect(view.resolve('x', null)).toMatchObject({ revisionId: null });
    expect(view.resolve('x@v3', null)).toBe(null);
    expect(view.resolve('x@other', null)).toBe(null);
    expect(view.resolve('/x', id)?.prompt.id).toBe(id);
    expect(view.resolve('nothing', id)).toBe(null);
  });
});

describe('trash', () => {
  test('a folder takes what is in it to the trash and brings it back', () => {
    const window = openStore().window();
    const outer = window.folder('outer');
    const inner = window.folder('inner', outer);
    const kept = window.prompt({ name: 'before', folderId: inner });
    window.run((state, ports) => trash(state, ports, [kept.id]));
    window.prompt({ name: 'a', folderId: inner });
    window.run((state, ports) => trash(state, ports, [outer]));
    expect(pathsOf(window.state())).toEqual([]);
    const trashed = viewLibrary(window.state()).trashed();
    expect(trashed.map((group) => group.id).sort()).toEqual([outer, kept.id].sort());
    window.run((state, ports) => restore(state, ports, [outer]));
    expect(pathsOf(window.state())).toEqual(['outer', 'outer/inner', 'outer/inner/a']);
  });

  test('what is edited elsewhere while its folder goes to the trash stays to be seen', () => {
    const window = openStore().window();
    const outer = window.folder('outer');
    const inner = window.folder('inner', outer);
    const { id, revisionId: base } = window.prompt({ name: 'a', folderId: inner, text: 'one\n' });
    window.run((state, ports) => trash(state, ports, [inner]));
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base }));
    expect(pathsOf(window.state())).toEqual(['outer', 'outer/a']);
    window.run((state, ports) => trash(state, ports, [outer]));
    window.run((state, ports) => restore(state, ports, [id]));
    expect(pathsOf(window.state())).toEqual(['a']);
  });

  test('a purge leaves tombstones only, here and after a restart', () => {
    const store = openStore();
    const window = store.window();
    const folder = window.folder('folder');
    const { id } = window.prompt({ name: 'a', folderId: folder, text: 'secret\n' });
    expect(window.refusal((state, ports) => purge(state, ports, [id]))).toBe('notFound');
    window.run((state, ports) => trash(state, ports, [folder]));
    const purged = window.run((state, ports) => purge(state, ports, [folder]));
    expect(purged.erase).toHaveLength(5);
    expect(text(window, id)).toBe(null);
    expect(viewLibrary(window.state()).trashed()).toEqual([]);
    expect(window.refusal((state, ports) => restore(state, ports, [id]))).toBe('notFound');
    const restarted = store.window();
    const state = restarted.catchUp();
    expect(state.groups.get(id)?.purged).toBe(true);
    expect([...state.quarantine.values()]).toEqual([]);
    expect(state.counters).toEqual(window.state().counters);
  });
});

describe('a purge and a server', () => {
  test('what was purged before there was a server is never sent, what is purged afterwards is told', () => {
    const window = openStore().window();
    const gone = (name: string): GroupId => {
      const { id } = window.prompt({ name, text: 'secret\n' });
      window.run((state, ports) => trash(state, ports, [id]));
      window.run((state, ports) => purge(state, ports, [id]));
      return id;
    };
    const before = gone('before');
    const kept = window.prompt({ name: 'kept', text: 'kept\n' });
    window.attach();
    const after = gone('after');
    const pushed = choosePushes(newSession(), window.state(), 100).pushes;
    expect(pushed.map((push) => push.group)).toEqual(expect.arrayContaining([kept.id, after]));
    expect(pushed.map((push) => push.group)).not.toContain(before);
    // The text itself is never sent.
    expect(pushed.filter((push) => push.group === after)).toHaveLength(1);
  });

  test('a stream has one push in flight, and a refused one waits until the feed has moved the head', () => {
    const window = openStore().window();
    window.attach();
    const { id, revisionId: base } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base }));
    const first = choosePushes(newSession(), window.state(), 100);
    expect(first.pushes.map((push) => push.records.length)).toEqual([1, 1]);
    expect(choosePushes(first.session, window.state(), 100).pushes).toEqual([]);
    const [place, content] = first.pushes;
    if (place === undefined || content === undefined) throw new Error('Two streams are pushed.');
    const refused = answered(first.session, place, { kind: 'behind' });
    expect(choosePushes(refused, window.state(), 100).pushes).toEqual([]);
    const places = content.records.map((record) => ({ id: record, seq: 1 }));
    const stored = answered(refused, content, { kind: 'stored', places });
    const next = choosePushes(stored, window.state(), 100).pushes;
    expect(next).toMatchObject([{ stream: content.stream, expectedHead: content.records[0] }]);
    const ended = answered(stored, content, { kind: 'notAllowed' });
    expect(choosePushes(ended, window.state(), 100).pushes).toEqual([]);
  });

  test('of much that is pending half is sent each time half has been answered, until all of it was', () => {
    const window = openStore().window();
    window.attach();
    for (let count = 0; count < 10; count += 1) window.prompt({ name: `p${count}`, text: `${count}\n` });
    const limit = 4;
    const sent: RecordId[] = [];
    let { session, pushes: underWay } = choosePushes(newSession(), window.state(), limit);
    expect(underWay).toHaveLength(limit);
    for (let seq = 1; underWay.length > 0; seq += 1) {
      const [push, ...rest] = underWay;
      if (push === undefined) throw new Error('Something is under way.');
      sent.push(...push.records);
      const places = push.records.map((id) => ({ id, seq }));
      session = answered(session, push, { kind: 'stored', places });
      const chosen = choosePushes(session, window.state(), limit);
      if (rest.length > limit / 2) expect(chosen.pushes).toEqual([]);
      ({ session } = chosen);
      underWay = [...rest, ...chosen.pushes];
      expect(underWay.length).toBeLessThanOrEqual(limit);
    }
    expect(new Set(sent).size).toBe(20);
  });
});

describe('labels, messages and names', () => {
  test('a label moves from version to version and can be removed', () => {
    const window = openStore().window();
    const { id, revisionId: first } = window.prompt({ name: 'a', text: 'one\n' });
    const second = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'two\n', base: first }),
    ).result;
    const label = 'production';
    window.run((state, ports) => moveLabel(state, ports, { id, label, revisionId: first }));
    expect(
      window.run((state, ports) => moveLabel(state, ports, { id, label, revisionId: first })).records,
    ).toEqual([]);
    window.run((state, ports) => moveLabel(state, ports, { id, label, revisionId: second.revisionId }));
    expect(labels(window.state(), id)).toMatchObject([{ name: label, revisionId: second.revisionId }]);
    window.run((state, ports) => moveLabel(state, ports, { id, label, revisionId: null }));
    expect(labels(window.state(), id)).toEqual([]);
    expect(
      window.refusal((state, ports) => moveLabel(state, ports, { id, label: 'v3', revisionId: first })),
    ).toBe('nameInvalid');
  });

  test('amending changes a version’s message and nothing else', () => {
    const window = openStore().window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n', message: 'old' });
    window.run((state, ports) => amendMessage(state, ports, { id, revisionId, message: 'new' }));
    expect(versions(window.state(), id, { limit: 5 })).toMatchObject([
      { revisionId, message: 'new', number: 1 },
    ]);
  });

  test('a workspace has a name', () => {
    const store = openStore();
    store.window().run((state, ports) => renameWorkspace(state, ports, 'Mine'));
    expect(store.window().catchUp().workspaceName).toBe('Mine');
  });
});

describe('records from the disk', () => {
  test('the same records give the same state, however often and in whatever slices they arrive', () => {
    const store = openStore();
    const window = store.window();
    const folder = window.folder('folder');
    const { id, revisionId: base } = window.prompt({ name: 'a', folderId: folder, text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base }));
    window.run((state, ports) => saveText(state, ports, { id, text: 'three\n', base }));
    const { ports } = window;
    let state = emptyReplica(window.state().workspace);
    for (const row of [...store.rows, ...store.rows]) {
      ({ state } = receive(state, ports, [row], { verify: 'now' }));
    }
    expect(shown(state)).toEqual(shown(window.state()));
    expect(shown(store.window().catchUp())).toEqual(shown(window.state()));
  });

  test('an altered record is set aside with a reason and loses nothing around it', () => {
    const store = openStore();
    const window = store.window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    const other = window.prompt({ name: 'b', text: 'b\n' });
    const [damaged] = store.rows.splice(2, 1);
    if (damaged === undefined) throw new Error('No row.');
    const bytes = damaged.bytes.with(400, (damaged.bytes[400] ?? 0) ^ 1);
    store.rows.splice(2, 0, { ...damaged, bytes });
    const restarted = store.window();
    const state = restarted.catchUp();
    expect(state.quarantine.get(damaged.id)?.reason).toBe('malformed');
    expect(text(restarted, id)).toBe('one\n');
    expect(text(restarted, other.id)).toBe('b\n');
  });

  test('a record whose predecessor the disk has lost is shown, and the loss is reported', () => {
    const store = openStore();
    const window = store.window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    const two = window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    window.run((state, ports) =>
      saveText(state, ports, { id, text: 'three\n', base: two.result.revisionId }),
    );
    const lost = two.records[0]?.header.id;
    if (lost === undefined) throw new Error('No record.');
    const kept = store.rows.filter((row) => row.id !== lost);
    const { state } = receive(emptyReplica(window.state().workspace), window.ports, kept, { verify: 'now' });
    expect(currentText(state, window.ports, id)).toBe('three\n');
    expect(state.quarantine.get(lost)?.reason).toBe('parentMissing');
  });

  test('a prompt whose text the disk has lost can be saved again', () => {
    const store = openStore();
    const window = store.window();
    const { id, revisionId } = window.prompt({ name: 'a', text: 'one\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base: revisionId }));
    store.damage(2);
    const saved = window.run((state, ports) =>
      saveText(state, ports, { id, text: 'three\n', base: revisionId }),
    );
    expect(saved.result.kind).toBe('saved');
    expect(text(window, id)).toBe('three\n');
    expect(versions(window.state(), id, { limit: 9 })[0]?.number).toBe(3);
  });

  test('until its signature is checked a prompt has no author, and a forged one never counts', () => {
    const store = openStore();
    const window = store.window();
    const { id } = window.prompt({ name: 'a', text: 'one\n' });
    const { ports } = window;
    const later = receive(emptyReplica(window.state().workspace), ports, store.rows, { verify: 'later' });
    expect(later.state.groups.get(id)?.verified).toBe(false);
    expect(versions(later.state, id, { limit: 1 })[0]?.author).toBe(null);
    const unchecked = uncheckedRecords(later.state, 100);
    expect(unchecked).toHaveLength(2);
    const settled = settle(later.state, ports, unchecked).state;
    expect(shown(settled)).toEqual(shown(window.state()));
    const last = store.rows.at(-1);
    const forging = {
      ...ports,
      readRecord: (record: RecordId) => {
        const bytes = ports.readRecord(record);
        return bytes === null || record !== last?.id
          ? bytes
          : bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
      },
    };
    const refused = settle(later.state, forging, unchecked);
    expect(refused.quarantined).toMatchObject([{ id: last?.id, reason: 'badSignature' }]);
    expect(refused.state.groups.get(id)?.content).toBe(null);
  });
});

describe('snapshots', () => {
  test('a state comes back from its snapshot, and goes on from there', () => {
    const store = openStore();
    const window = store.window();
    const folder = window.folder('folder');
    const { id, revisionId: base } = window.prompt({ name: 'a', folderId: folder, text: 'one\n{{> b}}\n' });
    window.run((state, ports) => saveText(state, ports, { id, text: 'two\n', base }));
    window.run((state, ports) => saveText(state, ports, { id, text: 'side\n', base }));
    const bytes = encodeSnapshot(window.state());
    const decoded = decodeSnapshot(bytes, window.state().workspace);
    if (decoded === null) throw new Error('The snapshot does not decode.');
    expect(shown(decoded)).toEqual(shown(window.state()));
    expect(versions(decoded, id, { limit: 9 })).toEqual(versions(window.state(), id, { limit: 9 }));
    expect(encodeSnapshot(decoded)).toEqual(bytes);
    window.prompt({ name: 'later', text: 'later\n' });
    const caughtUp = receive(decoded, window.ports, store.rows.slice(decoded.row), { verify: 'now' }).state;
    expect(shown(caughtUp)).toEqual(shown(window.state()));
  });

  test('a snapshot of another version, another workspace or with damage is no snapshot', () => {
    const window = openStore().window();
    window.prompt({ name: 'a', text: 'one\n' });
    const { workspace } = window.state();
    const bytes = encodeSnapshot(window.state());
    expect(decodeSnapshot(bytes.with(0, 99), workspace)).toBe(null);
    expect(decodeSnapshot(bytes.subarray(0, bytes.length - 1), workspace)).toBe(null);
    expect(decodeSnapshot(bytes.subarray(0, 20), workspace)).toBe(null);
    expect(decodeSnapshot(new Uint8Array(), workspace)).toBe(null);
    expect(decodeSnapshot(bytes, openStore().window().state().workspace)).toBe(null);
  });
});
