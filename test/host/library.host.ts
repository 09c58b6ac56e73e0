import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setup, suite, suiteTeardown, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { eventually } from './eventually.ts';
import type { Library, PromptId, PromptSummary, WorkspaceId } from '../../extension/src/library/api.ts';
import { openConflict } from '../../extension/src/vscode/library/conflictEditor.ts';

const run = vscode.commands.executeCommand;
const { fs } = vscode.workspace;

interface HistoryEntry {
  readonly number: number | null;
  readonly kind: string;
}

async function newPrompt(name: string, text: string): Promise<vscode.Uri> {
  const uri = await run<vscode.Uri>('cuebook.newPrompt', { name, text });
  assert.ok(uri instanceof vscode.Uri);
  return uri;
}

async function textAt(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await fs.readFile(uri));
}

async function write(uri: vscode.Uri, text: string): Promise<void> {
  await fs.writeFile(uri, new TextEncoder().encode(text));
}

async function edit(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const at = document.getText().indexOf(from);
  assert.ok(at >= 0, `“${from}” is not in the document`);
  const change = new vscode.WorkspaceEdit();
  const range = new vscode.Range(document.positionAt(at), document.positionAt(at + from.length));
  change.replace(document.uri, range, to);
  assert.ok(await vscode.workspace.applyEdit(change));
}

async function shown(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

function root(uri: vscode.Uri, ...names: readonly string[]): vscode.Uri {
  return uri.with({ path: `/${names.join('/')}` });
}

function tabUris(): readonly string[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .flatMap((tab) => (tab.input instanceof vscode.TabInputText ? [tab.input.uri.toString()] : []));
}

async function isThere(uri: vscode.Uri): Promise<boolean> {
  try {
    await fs.stat(uri);
    return true;
  } catch (error) {
    assert.ok(error instanceof vscode.FileSystemError && error.code === 'FileNotFound', String(error));
    return false;
  }
}

suite('prompts as documents', () => {
  const folders: string[] = [];

  const temporary = async (): Promise<vscode.Uri> => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-library-'));
    folders.push(folder);
    return vscode.Uri.file(folder);
  };

  /** The versions of a prompt, oldest first, as an export shows them. */
  const history = async (uri: vscode.Uri): Promise<readonly HistoryEntry[]> => {
    const target = await temporary();
    await run('cuebook.exportItem', uri, target);
    const folder = (await fs.readDirectory(target)).find(([name]) => name.endsWith('.history'));
    assert.ok(folder);
    const file = path.join(target.fsPath, folder[0], 'history.json');
    const parsed = JSON.parse(await readFile(file, 'utf8')) as {
      readonly versions?: readonly HistoryEntry[];
    };
    return parsed.versions ?? (parsed as unknown as readonly HistoryEntry[]);
  };

  const setAutoSave = async (mode: 'off' | 'afterDelay'): Promise<void> => {
    const files = vscode.workspace.getConfiguration('files');
    await files.update('autoSaveDelay', 50, vscode.ConfigurationTarget.Global);
    await files.update('autoSave', mode, vscode.ConfigurationTarget.Global);
  };

  setup(async () => setAutoSave('off'));

  teardown(async () => {
    await run('workbench.action.files.revert');
    await run('workbench.action.closeAllEditors');
  });

  suiteTeardown(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  test('every command of the manifest is registered, and no other one', async () => {
    const extension = vscode.extensions.getExtension('cuebook.cuebook');
    assert.ok(extension);
    await extension.activate();
    const manifest = extension.packageJSON as {
      readonly contributes: { readonly commands: readonly { readonly command: string }[] };
    };
    const declared = manifest.contributes.commands.map(({ command }) => command).sort();
    const ofViews = /^cuebook\.(?:library|trash|versions|runPanel)\./;
    const registered = (await vscode.commands.getCommands(true)).filter(
      (command) => command.startsWith('cuebook.') && !ofViews.test(command),
    );
    assert.deepEqual([...new Set(registered)].sort(), declared);
  });

  test('a new prompt opens as a document of its own language', async () => {
    const uri = await newPrompt('language/one', 'Say hello.\n');
    const document = await shown(uri);
    assert.equal(document.languageId, 'cuebook-prompt');
    assert.equal(document.getText(), 'Say hello.\n');
    const resolution = vscode.workspace
      .getConfiguration('files', document)
      .get<string>('saveConflictResolution');
    assert.equal(resolution, 'overwriteFileOnDisk');
  });

  test('each explicit save makes one version, and saving an unchanged text makes none', async () => {
    const uri = await newPrompt('versions/explicit', 'one\n');
    const document = await shown(uri);
    await edit(document, 'one', 'two');
    assert.ok(await document.save());
    await edit(document, 'two', 'three');
    assert.ok(await document.save());
    await run('workbench.action.files.save');
    assert.equal(await textAt(uri), 'three\n');
    assert.deepEqual(
      (await history(uri)).map(({ number }) => number).sort((a, b) => Number(a) - Number(b)),
      [1, 2, 3],
    );
  });

  test('auto saves make no version until the document closes', async () => {
    const uri = await newPrompt('versions/auto', 'one\n');
    const document = await shown(uri);
    await setAutoSave('afterDelay');
    for (const [from, to] of [
      ['one', 'two'],
      ['two', 'three'],
    ] as const) {
      await edit(document, from, to);
      await eventually(() => !document.isDirty, 'the document is saved by itself');
    }
    assert.equal(await textAt(uri), 'three\n');
    assert.equal((await history(uri)).length, 1);
    await run('workbench.action.closeAllEditors');
    await eventually(async () => (await history(uri)).length === 2, 'the draft is a version');
  });

  test('an explicit save makes a version of what was auto-saved before', async () => {
    const uri = await newPrompt('versions/both', 'one\n');
    const document = await shown(uri);
    await setAutoSave('afterDelay');
    await edit(document, 'one', 'two');
    await eventually(() => !document.isDirty, 'the document is saved by itself');
    assert.equal((await history(uri)).length, 1);
    await run('workbench.action.files.save');
    await eventually(async () => (await history(uri)).length === 2, 'the draft is a version');
  });

  test('what another window saved meanwhile is merged, and the editor shows it', async () => {
    const uri = await newPrompt('merge/lines', 'first\n\nmiddle\n\nlast\n');
    const document = await shown(uri);
    await edit(document, 'first', 'first, mine');
    await write(uri, 'first\n\nmiddle\n\nlast, theirs\n');
    assert.ok(await document.save());
    const merged = 'first, mine\n\nmiddle\n\nlast, theirs\n';
    assert.equal(await textAt(uri), merged);
    await eventually(() => document.getText() === merged && !document.isDirty, 'the merged text is shown');
    await edit(document, 'middle', 'the middle');
    assert.ok(await document.save());
    assert.equal(await textAt(uri), merged.replace('middle', 'the middle'));
  });

  test('a document without edits follows what another window saves', async () => {
    const uri = await newPrompt('merge/follow', 'one\n');
    const document = await shown(uri);
    await write(uri, 'two, from elsewhere\n');
    await eventually(() => document.getText() === 'two, from elsewhere\n', 'the new text is shown');
    assert.equal(document.isDirty, false);
  });

  test('the same lines changed twice are a conflict that ends when the user says so', async () => {
    const uri = await newPrompt('merge/conflict', 'a\nb\nc\n');
    const document = await shown(uri);
    await edit(document, 'b', 'mine');
    await write(uri, 'a\ntheirs\nc\n');
    assert.ok(await document.save());
    assert.match(await textAt(uri), /^<{7}[^]*mine[^]*={7}[^]*theirs[^]*>{7}/m);
    await eventually(
      () =>
        vscode.window.tabGroups.all.some(({ tabs }) =>
          tabs.some((tab) => tab.input === undefined || !(tab.input instanceof vscode.TabInputText)),
        ),
      "VS Code's merge editor is open",
    );
    await eventually(() => document.getText() === 'a\nb\nc\n', 'the merge editor starts from the base');
    await run('merge.acceptAllInput1');
    await eventually(() => document.getText() === 'a\ntheirs\nc\n', 'a side is taken');
    assert.equal(await run('cuebook.finishConflict', uri), true);
    assert.equal(await textAt(uri), 'a\ntheirs\nc\n');
    const kinds = (await history(uri)).map(({ kind }) => kind);
    assert.ok(kinds.includes('merge'), 'the merge is a version');
    assert.equal(kinds.length, 4, 'both sides stay in the history');
    const open = await shown(uri);
    await edit(open, 'theirs', 'later');
    assert.ok(await open.save());
    assert.equal(await textAt(uri), 'a\nlater\nc\n', 'what is saved next grows from the merge');
  });

  test('without a merge editor the document itself opens, with its markers', async () => {
    const uri = await newPrompt('merge/fallback', '<<<<<<< mine\na\n=======\nb\n>>>>>>> theirs\n');
    await run('workbench.action.closeAllEditors');
    const [, id = ''] = uri.path.split('/');
    const prompt = { id: id as PromptId, workspaceId: uri.authority as WorkspaceId, name: 'fallback' };
    const library = { prompt: async () => ({ ok: true, value: prompt as PromptSummary }) };
    await openConflict(library as unknown as Library, prompt.id, async () => {
      throw new Error('command not found');
    });
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.toString(), uri.toString());
    const lenses = await eventually(async () => {
      const found = await run<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 20);
      return found.some(({ command }) => command?.command === 'cuebook.acceptConflictSide') ? found : null;
    }, 'the actions are above the conflict');
    assert.ok(lenses.length >= 4);
    assert.equal(await run('cuebook.finishConflict', uri), false);
    assert.equal(await run('cuebook.acceptConflictSide', uri, 0, 'both'), true);
    assert.equal(editor?.document.getText(), 'a\nb\n');
  });

  test('an open document follows a rename, and its old address still resolves', async () => {
    const uri = await newPrompt('rename/before', 'text\n');
    await run('cuebook.renameItem', uri, 'after');
    const renamed = await eventually(
      () => tabUris().find((tab) => tab.endsWith('/after.cue.md')),
      'the tab has the new name',
    );
    assert.ok(!tabUris().includes(uri.toString()));
    assert.equal(await textAt(uri), 'text\n');
    assert.equal(await textAt(vscode.Uri.parse(renamed)), 'text\n');
  });

  test('renamed elsewhere while dirty here: the save goes into the renamed prompt', async () => {
    const uri = await newPrompt('rename/dirty', 'text\n');
    const document = await shown(uri);
    await edit(document, 'text', 'edited');
    await run('cuebook.renameItem', uri, 'renamed');
    assert.equal(document.isDirty, true);
    assert.ok(await document.save());
    assert.equal(await textAt(root(uri, 'rename', 'renamed.cue.md')), 'edited\n');
    await eventually(() => tabUris().some((tab) => tab.endsWith('/renamed.cue.md')), 'the tab follows');
    assert.equal((await history(uri)).length, 2);
  });

  test('the trash keeps a prompt readable, and restoring brings it back to its folder', async () => {
    const uri = await newPrompt('trash/kept', 'text\n');
    const byPath = root(uri, 'trash', 'kept.cue.md');
    await run('cuebook.trashItem', uri);
    assert.equal(await isThere(byPath), false);
    assert.equal(await textAt(uri), 'text\n');
    assert.equal((await fs.stat(uri)).permissions, vscode.FilePermission.Readonly);
    await run('cuebook.restoreItem', uri);
    assert.equal(await textAt(byPath), 'text\n');
    assert.equal((await fs.stat(uri)).permissions, undefined);
  });

  test('edits made before a prompt went to the trash can be saved, which restores it', async () => {
    const uri = await newPrompt('trash/dirty', 'text\n');
    const document = await shown(uri);
    await edit(document, 'text', 'edited');
    await run('cuebook.trashItem', uri);
    assert.ok(await document.save());
    assert.equal(await textAt(root(uri, 'trash', 'dirty.cue.md')), 'edited\n');
  });

  test('paths of names create, move, rename and delete', async () => {
    const any = await newPrompt('paths/first', 'first\n');
    const folder = root(any, 'paths', 'inner');
    await fs.createDirectory(folder);
    const second = root(any, 'paths', 'inner', 'second.cue.md');
    await write(second, 'second\n');
    assert.deepEqual(await fs.readDirectory(folder), [['second.cue.md', vscode.FileType.File]]);
    const moved = root(any, 'paths', 'moved.cue.md');
    await fs.rename(second, moved);
    assert.equal(await textAt(moved), 'second\n');
    assert.equal(await isThere(second), false);
    await fs.rename(folder, root(any, 'paths', 'outer'));
    assert.equal(await isThere(root(any, 'paths', 'outer')), true);
    await fs.delete(moved);
    assert.equal(await isThere(moved), false);
    await assert.rejects(async () => fs.writeFile(root(any, 'paths', 'no.txt'), new Uint8Array()));
  });

  test('an address of a prompt that does not exist is not found', async () => {
    const any = await newPrompt('paths/known', 'x\n');
    assert.equal(await isThere(root(any, 'a'.repeat(26), 'x.cue.md')), false);
    assert.equal(await isThere(any.with({ authority: 'elsewhere' })), false);
  });

  test('an import of a folder keeps its folders, and an export gives its texts back', async () => {
    const source = await temporary();
    const at = (...names: readonly string[]) => vscode.Uri.joinPath(source, ...names);
    await write(
      at('team', 'greet.prompt.md'),
      '---\ndescription: Greets\nmode: ask\n---\nGreet ${input:who}.\n',
    );
    await write(at('team', 'pdf', 'SKILL.md'), '---\nname: pdf\ndescription: PDFs\n---\nRead PDFs.\n');
    await write(at('team', 'README.md'), '# Not a prompt\n');
    await write(at('own.cue.md'), '---\ndescription: Ours\n---\n{{selection}}\n');
    await run('cuebook.importPrompts', source, { declareInputs: true });
    const report = vscode.window.activeTextEditor?.document;
    assert.equal(report?.uri.scheme, 'cuebook-report');
    assert.match(report.getText(), /3 prompts imported, 1 file not/);
    const any = await newPrompt('imported/any', 'x\n');
    assert.match(await textAt(root(any, 'team', 'greet.cue.md')), /Greet \{\{who\}\}/);
    assert.match(await textAt(root(any, 'team', 'pdf.cue.md')), /Read PDFs/);
    const target = await temporary();
    await run('cuebook.exportEverything', target);
    assert.equal(
      await textAt(vscode.Uri.joinPath(target, 'own.cue.md')),
      await textAt(root(any, 'own.cue.md')),
    );
  });

  test('every file of the real prompt collection is imported', async function () {
    this.timeout(120_000);
    const data = path.resolve(__dirname, '../../../../shared/data/prompt-files');
    if (!existsSync(data)) {
      console.log('shared/data is not beside this clone: the import of the real collection was not tried');
      return;
    }
    const files = await fs.readDirectory(vscode.Uri.file(data));
    await run('cuebook.importPrompts', vscode.Uri.file(data), { declareInputs: true });
    const report = vscode.window.activeTextEditor?.document.getText() ?? '';
    assert.match(report, new RegExp(`^${files.length} prompts imported\\.$`, 'm'));
  });

  test('the samples are added once', async () => {
    assert.equal(await run('cuebook.addSamples'), 6);
    assert.equal(await run('cuebook.addSamples'), 0);
    assert.match(vscode.window.activeTextEditor?.document.uri.path ?? '', /review-code\.cue\.md$/);
  });
});
