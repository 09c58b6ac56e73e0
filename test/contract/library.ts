// What every implementation of the library promises to the rest of the extension. Run it over an adapter with
// `describeLibrary(name, open)`; `open` gives a library that is empty, and is called once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  FolderId,
  Library,
  LibraryChange,
  LibraryResult,
  PromptId,
  PromptSummary,
  RunId,
  RunRecord,
  WorkspaceId,
} from '../../extension/src/library/api.ts';

export interface OpenedLibrary extends AsyncDisposable {
  readonly library: Library;
}

export function describeLibrary(name: string, open: () => Promise<OpenedLibrary>): void {
  describe(name, { timeout: 60_000 }, () => {
    let opened: OpenedLibrary;
    let library: Library;
    let workspaceId: WorkspaceId;

    beforeAll(async () => {
      opened = await open();
      library = opened.library;
      const status = await library.status();
      const [workspace] = status.kind === 'ready' ? status.workspaces : [];
      if (workspace === undefined) throw new Error(`a new library is ready: ${JSON.stringify(status)}`);
      workspaceId = workspace.id;
    }, 60_000);
    afterAll(async () => opened[Symbol.asyncDispose]());

    const make = async (
      promptName: string,
      text: string,
      folderId: FolderId | null = null,
    ): Promise<PromptSummary> => {
      const [made] = value(await library.createPrompts([{ workspaceId, folderId, name: promptName, text }]));
      if (made === undefined) throw new Error('one prompt was asked for');
      return made;
    };
    const folder = async (folderName: string, parentId: FolderId | null = null): Promise<FolderId> =>
      value(await library.createFolder({ workspaceId, parentId, name: folderName })).id;
    const revisionOf = async (id: PromptId) => value(await library.read(id)).revisionId;
    const names = async (folderId: FolderId | null): Promise<readonly string[]> =>
      value(await library.children({ workspaceId, folderId })).prompts.map((prompt) => prompt.name);

    describe('making and reading', () => {
      test('a prompt that was made is read back as it was written', async () => {
        const text = '---\ndescription: Ä\n---\r\nHello\u{1F600}\n';
        const { id } = await make('exact', text);
        const read = value(await library.read(id));
        expect(read).toMatchObject({ text, isDraft: false, size: Buffer.byteLength(text) });
        expect(read.revisionId).not.toBeNull();
      });

      test('what a prompt says about itself is in its summary', async () => {
        const text =
          '---\ndescription: Reviews\ntags: [a, b]\nmodel: openai/gpt-5\n---\n{{> exact}} {{> nowhere}}';
        const { id } = await make('facts', text);
        expect(value(await library.prompt(id))).toMatchObject({
          name: 'facts',
          path: 'facts',
          description: 'Reviews',
          tags: ['a', 'b'],
          models: ['openai/gpt-5'],
          includes: ['exact', 'nowhere'],
          versions: 1,
          verified: true,
          hasDraft: false,
          hasConflict: false,
          trashedAt: null,
        });
      });

      test('folders on the way are made once and found again', async () => {
        const place = { workspaceId, folderId: null, path: ['way', 'inner'], text: '' };
        const made = value(
          await library.createPrompts([
            { ...place, name: 'one' },
            { ...place, name: 'two' },
          ]),
        );
        expect(made.map((prompt) => prompt.path)).toEqual(['way/inner/one', 'way/inner/two']);
        const folders = value(await library.folders(workspaceId)).map((each) => each.name);
        expect(folders.filter((each) => each === 'way' || each === 'inner')).toHaveLength(2);
      });

      test('a new prompt whose name is taken gets another one', async () => {
        const inside = await folder('twins');
        await make('same', '1', inside);
        expect((await make('same', '2', inside)).name).toBe('same (2)');
      });

      test('a new folder whose name is taken is refused', async () => {
        await folder('only one');
        expect(problem(await library.createFolder({ workspaceId, parentId: null, name: 'only one' }))).toBe(
          'nameTaken',
        );
      });

      test.each(['', ' ', 'a/b', 'a\\b', '..', 'x'.repeat(121), 'bell\u0007'])(
        'the name %j is refused',
        async (bad) => {
          expect(problem(await library.createFolder({ workspaceId, parentId: null, name: bad }))).toBe(
            'nameInvalid',
          );
        },
      );

      test('a text above one megabyte is refused and says so', async () => {
        const text = 'x'.repeat(1_000_001);
        const refused = await library.createPrompts([{ workspaceId, folderId: null, name: 'big', text }]);
        expect(problem(refused)).toBe('tooLarge');
      });

      test('of several new prompts either all are made or none', async () => {
        const inside = await folder('all or none');
        const refused = await library.createPrompts([
          { workspaceId, folderId: inside, name: 'good', text: '' },
          { workspaceId, folderId: inside, name: 'bad/name', text: '' },
        ]);
        expect(problem(refused)).toBe('nameInvalid');
        expect(await names(inside)).toEqual([]);
      });

      test('what is not there is answered as a problem', async () => {
        const nobody = 'aaaaaaaaaaaaaaaaaaaaaaaaae' as PromptId;
        expect(problem(await library.read(nobody))).toBe('notFound');
        expect(problem(await library.prompt(nobody))).toBe('notFound');
        expect(problem(await library.save(nobody, { text: '', base: null }))).toBe('notFound');
        expect(problem(await library.versions(nobody, { limit: 1 }))).toBe('notFound');
        expect(problem(await library.rename(nobody, 'x'))).toBe('notFound');
      });
    });

    describe('saving', () => {
      test('a save makes a version, and the time of change rises', async () => {
        const { id } = await make('saved', 'one');
        const before = value(await library.read(id));
        const outcome = value(
          await library.save(id, { text: 'two', base: before.revisionId, message: 'why' }),
        );
        expect(outcome).toMatchObject({ kind: 'saved', document: { text: 'two', isDraft: false } });
        expect(outcome.document.mtime).toBeGreaterThan(before.mtime);
        expect(outcome.document.ctime).toBe(before.ctime);
        const [newest, oldest] = value(await library.versions(id, { limit: 10 }));
        expect(newest).toMatchObject({ number: 2, message: 'why', kind: 'save', author: { isMe: true } });
        expect(oldest).toMatchObject({ number: 1 });
        expect(value(await library.versionText(id, oldest?.revisionId ?? fault()))).toBe('one');
      });

      test('saving the same text makes no version', async () => {
        const { id } = await make('unchanged', 'one');
        const outcome = value(await library.save(id, { text: 'one', base: await revisionOf(id) }));
        expect(outcome.kind).toBe('unchanged');
        expect(value(await library.versions(id, { limit: 10 }))).toHaveLength(1);
      });

      test('a save on an older version is merged with what came between', async () => {
        const { id } = await make('merged', 'top\n\nmiddle\n\nbottom\n');
        const base = await revisionOf(id);
        value(await library.save(id, { text: 'TOP\n\nmiddle\n\nbottom\n', base }));
        const outcome = value(await library.save(id, { text: 'top\n\nmiddle\n\nBOTTOM\n', base }));
        expect(outcome).toMatchObject({ kind: 'merged', document: { text: 'TOP\n\nmiddle\n\nBOTTOM\n' } });
        if (outcome.kind !== 'merged') return;
        expect(value(await library.versionText(id, outcome.mineRevisionId))).toBe(
          'top\n\nmiddle\n\nBOTTOM\n',
        );
      });

      test('what cannot be merged keeps both sides until somebody decides', async () => {
        const { id } = await make('conflict', 'line\n');
        const base = await revisionOf(id);
        value(await library.save(id, { text: 'theirs\n', base }));
        const outcome = value(await library.save(id, { text: 'mine\n', base }));
        expect(outcome).toMatchObject({ kind: 'conflict', conflict: { mine: 'mine\n', theirs: 'theirs\n' } });
        expect(value(await library.read(id))).toMatchObject({ isDraft: true, text: outcome.document.text });
        expect(outcome.document.text).toMatch(/^<<<<<<</m);
        expect(value(await library.prompt(id)).hasConflict).toBe(true);
        expect(value(await library.commitDraft(id))).toBeNull();

        expect(value(await library.resolveConflict(id, 'both\n'))).toMatchObject({ kind: 'saved' });
        expect(value(await library.conflict(id))).toBeNull();
        expect(value(await library.prompt(id))).toMatchObject({ hasConflict: false, hasDraft: false });
        const texts = await Promise.all(
          value(await library.versions(id, { limit: 10 })).map(async ({ revisionId }) =>
            value(await library.versionText(id, revisionId)),
          ),
        );
        expect(texts.toSorted()).toEqual(['both\n', 'line\n', 'mine\n', 'theirs\n']);
      });

      test('versions come in pages', async () => {
        const { id } = await make('pages', '0');
        for (let n = 1; n < 5; n += 1)
          value(await library.save(id, { text: `${n}`, base: await revisionOf(id) }));
        const first = value(await library.versions(id, { limit: 3 }));
        const before = first.at(-1)?.revisionId ?? fault();
        const second = value(await library.versions(id, { limit: 3, before }));
        expect([...first, ...second].map((version) => version.number)).toEqual([5, 4, 3, 2, 1]);
      });
    });

    describe('history', () => {
      const texts = ['one\ntwo\n', 'one\nTWO\n', 'one\nTWO\nthree\n'];
      const prompt = async (promptName: string) => {
        const { id } = await make(promptName, texts[0] ?? '');
        const revisions = [await revisionOf(id)];
        for (const text of texts.slice(1)) {
          const base = revisions.at(-1) ?? null;
          const saved = value(await library.save(id, { text, base, message: `now ${text.length}` }));
          revisions.push(saved.document.revisionId);
        }
        const [first, second, third] = revisions.map((revision) => revision ?? fault());
        return { id, first: first ?? fault(), second: second ?? fault(), third: third ?? fault() };
      };

      test('rows come newest first, in pages, and say whose they are', async () => {
        const { id } = await prompt('rows');
        const page = value(await library.history(id, { limit: 2 }));
        expect(page).toMatchObject({
          total: 3,
          rows: [
            { trust: 'verified', number: 3, author: { isMe: true, isFormerMember: false }, mayAmend: true },
            { trust: 'verified', number: 2, kind: 'save', synced: false, isAmended: false, labels: [] },
          ],
        });
        const rest = value(await library.history(id, { limit: 2, after: page.next ?? fault() }));
        expect(rest).toMatchObject({ rows: [{ number: 1, parents: [] }], next: null });
      });

      test('each line is its version’s, also while somebody types', async () => {
        const { id, first, second, third } = await prompt('blamed');
        const { runs, versions } = value(await library.blame(id));
        expect(runs.map(({ count, revisionId }) => [count, revisionId])).toEqual([
          [1, first],
          [1, second],
          [1, third],
        ]);
        expect(new Set(versions.map(({ number }) => number))).toEqual(new Set([1, 2, 3]));
        const typed = value(await library.blame(id, { text: 'one\ntyped\nTWO\nthree' }));
        expect(typed.runs.map(({ kind, first: line, revisionId }) => [kind, line, revisionId])).toEqual([
          ['version', 0, first],
          ['unsaved', 1, null],
          ['version', 2, second],
          ['version', 3, third],
        ]);
        const older = value(await library.blame(id, { revisionId: second }));
        expect(older.runs.map(({ revisionId }) => revisionId)).toEqual([first, second]);
      });

      test('a version says what it changed, how much, and which one brought a text in', async () => {
        const { id, first, second, third } = await prompt('changed');
        expect(value(await library.change(id, second))).toMatchObject({
          version: { revisionId: second },
          before: { revisionId: first },
          hunks: [{ before: { first: 1, lines: ['two'] }, after: { first: 1, lines: ['TWO'] } }],
        });
        expect(value(await library.changeSizes(id, [third, second, first]))).toEqual([
          { revisionId: third, added: 1, removed: 0 },
          { revisionId: second, added: 1, removed: 1 },
          { revisionId: first, added: 2, removed: 0 },
        ]);
        const found = value(await library.introduced(id, { text: 'three' }));
        expect(found).toMatchObject([{ version: { revisionId: third }, what: 'introduced', line: 2 }]);
        const either = value(await library.introduced(id, { text: 'Two', ignoreCase: true }));
        expect(either).toMatchObject([{ version: { revisionId: first }, what: 'introduced', line: 1 }]);
      });

      test('an earlier text is restored as a new version that says so, and a draft becomes one before', async () => {
        const { id, first, third } = await prompt('restored');
        value(await library.saveDraft(id, { text: 'draft\n', base: third }));
        const restored = value(await library.restoreVersion(id, { revisionId: first, message: 'back' }));
        expect(restored).toMatchObject({ kind: 'saved', document: { text: texts[0], isDraft: false } });
        const { rows } = value(await library.history(id, { limit: 2 }));
        expect(rows).toMatchObject([
          { number: 5, kind: 'restore', restoredFrom: first, message: 'back' },
          { number: 4, kind: 'save' },
        ]);
        expect(
          value(await library.versionText(id, rows[1]?.trust === 'verified' ? rows[1].revisionId : fault())),
        ).toBe('draft\n');
      });

      test('a message is amended and says that it was; a label moves, and its moves are kept', async () => {
        const { id, first, second } = await prompt('labelled');
        value(await library.amendMessage(id, { revisionId: second, message: 'louder' }));
        expect(value(await library.version(id, second))).toMatchObject({
          message: 'louder',
          isAmended: true,
        });
        const move = async (revisionId: typeof first | null, message = '') =>
          library.moveLabel(id, { name: 'production', revisionId, message });
        value(await move(first, 'first try'));
        value(await move(second));
        expect(value(await library.labels(id))).toMatchObject([
          {
            name: 'production',
            version: { revisionId: second },
            author: { isMe: true },
            protectedFor: null,
            mayMove: true,
          },
        ]);
        expect(value(await library.version(id, second)).labels).toEqual(['production']);
        const { id: user } = await make('uses a label', '{{> labelled@production}}');
        const [partial] = value(await library.includes(user));
        expect(partial).toMatchObject({ reference: 'labelled@production', text: texts[1] });
        value(await move(null));
        expect(value(await library.labels(id))).toEqual([]);
        expect(value(await library.labelMoves(id, 'production'))).toMatchObject([
          { isRemoval: true, to: null },
          { isRemoval: false, to: { revisionId: second } },
          { isRemoval: false, to: { revisionId: first }, message: 'first try', author: { isMe: true } },
        ]);
        expect(problem(await library.moveLabel(id, { name: 'v3', revisionId: first }))).toBe('nameInvalid');
      });

      test('a merge says who brought what', async () => {
        const { id } = await make('merging', 'top\n\nmiddle\n\nbottom\n');
        const base = await revisionOf(id);
        value(await library.save(id, { text: 'TOP\n\nmiddle\n\nbottom\n', base }));
        const merged = value(await library.save(id, { text: 'top\n\nmiddle\n\nBOTTOM\n', base }));
        const mine = merged.kind === 'merged' ? merged.mineRevisionId : fault();
        const head = merged.document.revisionId ?? fault();
        expect(value(await library.merge(id, head))).toMatchObject({
          merge: { kind: 'merge', number: 3 },
          sides: [
            { tip: { number: 2 }, brought: [{ number: 2 }], total: 1 },
            { tip: { number: null, revisionId: mine }, total: 1 },
          ],
        });
        expect(problem(await library.merge(id, base ?? fault()))).toBe('notFound');
        const { runs } = value(await library.blame(id));
        expect(runs.at(-1)).toMatchObject({ first: 4, count: 1, revisionId: mine });
      });

      test('the history of a prompt in the trash is there, and what is not there is answered as a problem', async () => {
        const { id, first } = await prompt('history in the trash');
        value(await library.trash([id]));
        expect(value(await library.history(id, { limit: 9 })).total).toBe(3);
        expect(value(await library.blame(id)).runs).toHaveLength(3);
        expect(value(await library.versionText(id, first))).toBe(texts[0]);
        const nothing = 'aaaaaaaaaaaaaaaaaaaaaaaaae' as typeof first;
        expect(problem(await library.version(id, nothing))).toBe('notFound');
        expect(problem(await library.change(id, nothing))).toBe('notFound');
        expect(problem(await library.blame(id, { revisionId: nothing }))).toBe('notFound');
        expect(problem(await library.history(id, { limit: 1, after: 'nothing' }))).toBe('notFound');
      });

      test('what one changes oneself is never unread', async () => {
        const { id } = await prompt('my own');
        expect(value(await library.unread())).toEqual([]);
        expect(value(await library.prompt(id)).unread).toBe(false);
        value(await library.markSeen('all'));
      });
    });

    describe('drafts', () => {
      test('a draft is shown, is no version, and becomes one when it is committed', async () => {
        const { id } = await make('draft', 'one');
        const base = await revisionOf(id);
        const draft = value(await library.saveDraft(id, { text: 'two', base }));
        expect(draft).toMatchObject({ text: 'two', isDraft: true, revisionId: base });
        expect(value(await library.prompt(id))).toMatchObject({ hasDraft: true, versions: 1 });
        expect(value(await library.commitDraft(id))).toMatchObject({
          kind: 'saved',
          document: { text: 'two' },
        });
        expect(value(await library.prompt(id))).toMatchObject({ hasDraft: false, versions: 2 });
        expect(value(await library.commitDraft(id))).toBeNull();
      });

      test('an explicit save takes the place of the draft', async () => {
        const { id } = await make('draft then save', 'one');
        const base = await revisionOf(id);
        const draft = value(await library.saveDraft(id, { text: 'two', base }));
        const saved = value(await library.save(id, { text: 'three', base, mtime: draft.mtime }));
        expect(saved.kind).toBe('saved');
        expect(saved.document.mtime).toBeGreaterThan(draft.mtime);
        expect(value(await library.prompt(id))).toMatchObject({ hasDraft: false, versions: 2 });
      });

      test('a draft that is thrown away leaves the current version', async () => {
        const { id } = await make('thrown away', 'one');
        const draft = value(await library.saveDraft(id, { text: 'two', base: await revisionOf(id) }));
        const shown = value(await library.discardDraft(id));
        expect(shown).toMatchObject({ text: 'one', isDraft: false });
        expect(shown.mtime).toBeGreaterThan(draft.mtime);
      });

      test("a draft that another editor wrote is never lost to somebody else's save", async () => {
        const { id } = await make('two drafts', 'line\n');
        const opened = value(await library.read(id));
        value(await library.saveDraft(id, { text: 'first\n', base: opened.revisionId, mtime: opened.mtime }));
        const outcome = value(
          await library.save(id, { text: 'second\n', base: opened.revisionId, mtime: opened.mtime }),
        );
        expect(outcome).toMatchObject({
          kind: 'conflict',
          conflict: { mine: 'second\n', theirs: 'first\n' },
        });
      });

      test('two drafts that touch different places become one', async () => {
        const { id } = await make('two drafts in one', 'top\n\nmiddle\n\nbottom\n');
        const { revisionId: base, mtime } = value(await library.read(id));
        value(await library.saveDraft(id, { text: 'TOP\n\nmiddle\n\nbottom\n', base, mtime }));
        const both = value(await library.saveDraft(id, { text: 'top\n\nmiddle\n\nBOTTOM\n', base, mtime }));
        expect(both).toMatchObject({ text: 'TOP\n\nmiddle\n\nBOTTOM\n', isDraft: true });
      });
    });

    describe('the tree', () => {
      test('a prompt is renamed and moved, and keeps its id and versions', async () => {
        const inside = await folder('target');
        const { id } = await make('old name', 'x');
        value(await library.rename(id, 'new name'));
        value(await library.move([id], inside));
        expect(value(await library.prompt(id))).toMatchObject({ path: 'target/new name', versions: 1 });
      });

      test('a rename to a name that is taken is refused', async () => {
        const inside = await folder('taken');
        await make('first', '', inside);
        const { id } = await make('second', '', inside);
        expect(problem(await library.rename(id, 'FIRST'))).toBe('nameTaken');
      });

      test('a folder cannot be moved into itself', async () => {
        const outer = await folder('outer');
        const inner = await folder('inner of outer', outer);
        expect(problem(await library.move([outer], inner))).toBe('folderCycle');
      });

      test('a duplicate has the same text, another id and a free name', async () => {
        const { id } = await make('original', 'text');
        const copy = value(await library.duplicate(id));
        expect(copy.id).not.toBe(id);
        expect(copy.name).toBe('original (2)');
        expect(value(await library.read(copy.id)).text).toBe('text');
      });

      test('a folder goes to the trash with what is in it, and comes back with it', async () => {
        const doomed = await folder('doomed');
        const { id } = await make('inside', 'x', doomed);
        value(await library.trash([doomed]));
        expect(value(await library.prompt(id)).trashedAt).not.toBeNull();
        expect(value(await library.trashed()).folders.map((each) => each.id)).toContain(doomed);
        expect(value(await library.search('inside', 50)).map((hit) => hit.prompt.id)).not.toContain(id);
        value(await library.restore([doomed]));
        expect(value(await library.prompt(id))).toMatchObject({ path: 'doomed/inside', trashedAt: null });
      });

      test('what is purged is gone, and only what is in the trash can be purged', async () => {
        const { id } = await make('purged', 'x');
        expect(problem(await library.purge([id]))).toBe('notFound');
        value(await library.trash([id]));
        value(await library.purge([id]));
        expect(problem(await library.read(id))).toBe('notFound');
        expect(value(await library.trashed()).prompts.map((each) => each.id)).not.toContain(id);
      });

      test('favourites, tags and filters list what they name', async () => {
        const { id } = await make('starred', '---\ntags: [rare-tag, Überblick]\n---\nx');
        value(await library.setFavourite(id, true));
        const ids = async (options: Parameters<Library['list']>[0]): Promise<readonly PromptId[]> =>
          value(await library.list(options)).map((prompt) => prompt.id);
        expect(await ids({ favourites: true, limit: 10 })).toEqual([id]);
        expect(await ids({ tag: 'rare-tag', limit: 10 })).toEqual([id]);
        expect(await ids({ filter: 'tag:uber', limit: 10 })).toEqual([id]);
        expect(await ids({ filter: 'starr rare', limit: 10 })).toEqual([id]);
        expect(await ids({ filter: 'starr nothing', limit: 10 })).toEqual([]);
        expect(value(await library.tags())).toContainEqual({ tag: 'rare-tag', count: 1 });
        value(await library.setFavourite(id, false));
        expect(await ids({ favourites: true, limit: 10 })).toEqual([]);
      });

      test('includes and used by name each other, through renames', async () => {
        const partial = await make('house-style', 'Be brief.');
        const user = await make('uses-style', 'Say: {{> house-style}}{{> missing-one}}');
        value(await library.rename(partial.id, 'house-rules'));
        const includes = value(await library.includes(user.id));
        expect(includes.map(({ reference, target }) => [reference, target?.id ?? null])).toEqual([
          ['house-style', partial.id],
          ['missing-one', null],
        ]);
        expect(includes[0]?.text).toBe('Be brief.');
        expect(value(await library.usedBy(partial.id)).map((prompt) => prompt.id)).toEqual([user.id]);
        const deep = value(await library.partialsOf('{{> uses-style}}', null));
        expect(deep.map(({ reference }) => reference)).toEqual(['uses-style', 'house-style', 'missing-one']);
      });
    });

    describe('search', () => {
      test('names come before tags, tags before bodies; every word must match', async () => {
        const body = await make('in body', 'first line\nthe Quokka sleeps here');
        const tag = await make('in tag', '---\ntags: [quokka]\n---\n');
        const name = await make('a quokka', '');
        const prefix = await make('quokka', '');
        const hits = value(await library.search('QUOKKA', 10));
        expect(hits.map((hit) => hit.prompt.id)).toEqual([prefix.id, name.id, tag.id, body.id]);
        expect(hits.at(-1)).toMatchObject({ matched: 'body', line: 1, excerpt: 'the Quokka sleeps here' });
        expect(value(await library.search('quokka sleeps', 10)).map((hit) => hit.prompt.id)).toEqual([
          body.id,
        ]);
        expect(value(await library.search('quokka nowhere', 10))).toEqual([]);
      });

      test('what was changed is found as it is now', async () => {
        const { id } = await make('changing', 'wallaby');
        expect(value(await library.search('wallaby', 10))).toHaveLength(1);
        value(await library.save(id, { text: 'bilby', base: await revisionOf(id) }));
        expect(value(await library.search('wallaby', 10))).toEqual([]);
        expect(value(await library.search('bilby', 10)).map((hit) => hit.prompt.id)).toEqual([id]);
      });
    });

    test('while a search still reads the texts, the library says how far it is', async () => {
      const text = 'wombat and numbat\n'.repeat(3_000);
      for (let batch = 0; batch < 4; batch += 1) {
        const names = Array.from({ length: 40 }, (_, at) => `long ${batch} ${at}`);
        value(
          await library.createPrompts(
            names.map((name) => ({ workspaceId, folderId: null, name, text: `${name}\n${text}` })),
          ),
        );
      }
      const searching = library.search('numbat', 10);
      const progress = value(await library.searchProgress());
      expect(progress).toMatchObject({ read: expect.any(Number), total: expect.any(Number) });
      expect(value(await searching)).toHaveLength(10);
      expect(value(await library.searchProgress())).toBeNull();
    });

    describe('changes', () => {
      test('a change is told after it is done, with the prompt and its new time', async () => {
        const { id } = await make('told', 'one');
        const told: LibraryChange[] = [];
        const stop = library.onDidChange((change) => told.push(change));
        const { document } = value(await library.save(id, { text: 'two', base: await revisionOf(id) }));
        stop();
        value(await library.save(id, { text: 'three', base: await revisionOf(id) }));
        expect(told).toHaveLength(1);
        expect(told[0]).toMatchObject({
          origin: 'here',
          texts: [{ id, mtime: document.mtime }],
          runs: false,
        });
      });
    });

    describe('runs and memory', () => {
      test('runs are kept newest first, found by what was in them, and cleared', async () => {
        const runs = ['one', 'two', 'three'].map((word, index) => runOf(word, index));
        for (const run of runs) value(await library.addRun(run));
        const listed = value(await library.runs({ limit: 2 }));
        expect(listed.map((run) => run.id)).toEqual([runs[2]?.id, runs[1]?.id]);
        const next = value(await library.runs({ limit: 2, before: listed[1]?.id ?? fault() }));
        expect(next.map((run) => run.id)).toEqual([runs[0]?.id]);
        expect(value(await library.runs({ query: 'ANSWER two', limit: 9 })).map((run) => run.id)).toEqual([
          runs[1]?.id,
        ]);
        expect(value(await library.run(runs[0]?.id ?? fault()))).toEqual(runs[0]);
        value(await library.clearRuns());
        expect(value(await library.runs({ limit: 9 }))).toEqual([]);
      });

      test('small values are remembered and forgotten', async () => {
        expect(value(await library.recall('input.focus'))).toBeNull();
        value(await library.remember('input.focus', '"bugs"'));
        expect(value(await library.recall('input.focus'))).toBe('"bugs"');
        value(await library.remember('input.focus', null));
        expect(value(await library.recall('input.focus'))).toBeNull();
        expect(problem(await library.remember('big', 'x'.repeat(65_537)))).toBe('tooLarge');
      });
    });

    describe('export', () => {
      test('a folder is exported as plain files with their history', async () => {
        const outer = await folder('exported: "this"');
        const { id } = await make('CON', 'one', outer);
        value(await library.save(id, { text: 'two', base: await revisionOf(id), message: 'second' }));
        const files = await exportAll(library, { kind: 'folder', id: outer });
        expect([...files.keys()].toSorted()).toEqual([
          'cuebook-export.json',
          'exported_ _this_/_CON.cue.md',
          'exported_ _this_/_CON.history/history.json',
          'exported_ _this_/_CON.history/v0001.cue.md',
          'exported_ _this_/_CON.history/v0002.cue.md',
        ]);
        expect(files.get('exported_ _this_/_CON.cue.md')).toBe('two');
        expect(files.get('exported_ _this_/_CON.history/v0001.cue.md')).toBe('one');
        const history: unknown = JSON.parse(files.get('exported_ _this_/_CON.history/history.json') ?? '');
        expect(history).toMatchObject({ versions: [{ number: 2, message: 'second' }, { number: 1 }] });
      });

      test('everything can be exported, and says before how many files there will be', async () => {
        const started = value(await library.exportStart({ kind: 'everything' }));
        const files = await exportAll(library, { kind: 'everything' });
        expect(files.size).toBe(started.fileCount);
      });
    });

    test('the recovery kit has a code and a sheet until the user has saved it', async () => {
      const kit = value(await library.recoveryKit());
      expect(kit.sheet).toContain(kit.code);
      value(await library.confirmKitSaved());
      expect(await library.status()).toMatchObject({ kind: 'ready', kit: { state: 'saved', due: false } });
      expect(problem(await library.recoveryKit())).toBe('notFound');
    });
  });
}

function value<T>(result: LibraryResult<T>): T {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.message}`);
  return result.value;
}

function problem(result: LibraryResult<unknown>): string {
  if (result.ok) throw new Error('this should not have worked');
  expect(result.problem.message).not.toBe('');
  expect(result.problem.action).not.toBe('');
  return result.problem.code;
}

function fault(): never {
  throw new Error('a value that has to be there is missing');
}

async function exportAll(
  library: Library,
  scope: Parameters<Library['exportStart']>[0],
): Promise<ReadonlyMap<string, string>> {
  const { exportId } = value(await library.exportStart(scope));
  const files = new Map<string, string>();
  for (;;) {
    const next = value(await library.exportNext(exportId));
    if (next.length === 0) return files;
    for (const file of next) files.set(file.path, Buffer.from(file.bytes).toString('utf8'));
  }
}

function runOf(word: string, index: number): RunRecord {
  return {
    id: `${'abc'.charAt(index)}${'a'.repeat(25)}` as RunId,
    promptId: null,
    promptName: 'Review',
    revisionId: null,
    model: 'openai/gpt-5',
    parameters: { temperature: 0.5 },
    inputs: { focus: word },
    messages: [{ role: 'user', content: `question ${word}` }],
    output: `answer ${word}`,
    status: 'done',
    failure: null,
    startedAt: 1000 + index,
    firstTokenMs: 5,
    totalMs: 10,
    usage: { inputTokens: 1, outputTokens: 2, cost: null, estimated: false },
  };
}
