// Running prompts in a real VS Code, with a model that answers with what it was sent.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setup, suite, suiteTeardown, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { eventually } from './eventually.ts';

const run = vscode.commands.executeCommand;

/** A prompt whose answer is its own text. */
async function echoing(name: string, body: string): Promise<vscode.Uri> {
  const text = `---\nmodel: vscode/cuebook-test/echo\n---\n${body}\n`;
  const uri = await run<vscode.Uri>('cuebook.newPrompt', { name, text });
  assert.ok(uri instanceof vscode.Uri);
  return uri;
}

function comparison(): vscode.TabInputTextDiff | null {
  const inputs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).map((tab) => tab.input);
  return (
    inputs.find(
      (input): input is vscode.TabInputTextDiff =>
        input instanceof vscode.TabInputTextDiff && input.modified.scheme === 'cuebook-result',
    ) ?? null
  );
}

async function select(document: vscode.TextDocument, ...texts: readonly string[]): Promise<void> {
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  editor.selections = texts.map((text) => {
    const start = document.getText().indexOf(text);
    assert.ok(start >= 0, `“${text}” is not in the document`);
    return new vscode.Selection(document.positionAt(start), document.positionAt(start + text.length));
  });
}

async function replaceText(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const at = document.getText().indexOf(from);
  const edit = new vscode.WorkspaceEdit();
  const range = new vscode.Range(document.positionAt(at), document.positionAt(at + from.length));
  edit.replace(document.uri, range, to);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

async function proposed(): Promise<string> {
  await run('cuebook.replaceWithAnswer');
  const { modified } = await eventually(comparison, 'a comparison opens');
  return (await vscode.workspace.openTextDocument(modified)).getText();
}

suite('running prompts', () => {
  let folder: string;
  let file: string;
  let document: vscode.TextDocument;

  setup(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-run-'));
    file = path.join(folder, 'source.ts');
    await writeFile(file, 'first();\nsecond();\nthird();\n');
    document = await vscode.workspace.openTextDocument(file);
  });

  teardown(async () => {
    await run('cuebook.rejectReplacement');
    for (const each of vscode.workspace.textDocuments.filter(({ isDirty }) => isDirty)) {
      await vscode.window.showTextDocument(each);
      await run('workbench.action.revertAndCloseActiveEditor');
    }
    await run('workbench.action.closeAllEditors');
    await rm(folder, { recursive: true, force: true });
  });

  suiteTeardown(async () => run('workbench.action.closeAuxiliaryBar'));

  test('an answer replaces the selection after it was accepted, and one undo takes it back', async () => {
    const prompt = await echoing('replace', '```ts\nbetter();\n```');
    await select(document, 'second();\n');
    await run('cuebook.runPrompt', prompt);
    assert.equal(await proposed(), 'first();\nbetter();\nthird();\n');
    assert.equal(document.getText(), 'first();\nsecond();\nthird();\n');
    await run('cuebook.acceptReplacement');
    assert.equal(document.getText(), 'first();\nbetter();\nthird();\n');
    assert.equal(comparison(), null);
    await vscode.window.showTextDocument(document);
    await run('undo');
    await eventually(
      () => document.getText() === 'first();\nsecond();\nthird();\n',
      'one undo takes it back',
    );
  });

  test('rejecting leaves the document as it is', async () => {
    const prompt = await echoing('reject', 'better();');
    await select(document, 'second();');
    await run('cuebook.runPrompt', prompt);
    await proposed();
    await run('cuebook.rejectReplacement');
    assert.equal(comparison(), null);
    assert.equal(document.getText(), 'first();\nsecond();\nthird();\n');
  });

  test('edits around the selection move it, edits inside it are compared again before they are overwritten', async () => {
    const prompt = await echoing('track', 'better();');
    await select(document, 'second();');
    await run('cuebook.runPrompt', prompt);
    await replaceText(document, 'first();', 'a longer first line();\nand one more();');
    assert.equal(await proposed(), 'a longer first line();\nand one more();\nbetter();\nthird();\n');
    await replaceText(document, 'second();', 'second(42);');
    await run('cuebook.acceptReplacement');
    assert.ok(document.getText().includes('second(42);'), 'nothing is overwritten unseen');
    await run('cuebook.acceptReplacement');
    assert.equal(document.getText(), 'a longer first line();\nand one more();\nbetter();\nthird();\n');
  });

  test('several selections take one code block each', async () => {
    const prompt = await echoing('several', '```\none();\n```\nand\n```\nthree();\n```');
    await select(document, 'first();', 'third();');
    await run('cuebook.runPrompt', prompt);
    await proposed();
    await run('cuebook.acceptReplacement');
    assert.equal(document.getText(), 'one();\nsecond();\nthree();\n');
  });

  test('an answer that cannot be divided among several selections replaces nothing', async () => {
    const prompt = await echoing('undivided', 'one answer');
    await select(document, 'first();', 'third();');
    await run('cuebook.runPrompt', prompt);
    await run('cuebook.replaceWithAnswer');
    assert.equal(comparison(), null);
  });

  test('a document that was closed meanwhile is opened again', async () => {
    const prompt = await echoing('closed', 'better();');
    await select(document, 'second();');
    await run('cuebook.runPrompt', prompt);
    await run('workbench.action.closeAllEditors');
    await proposed();
    await run('cuebook.acceptReplacement');
    const again = await vscode.workspace.openTextDocument(file);
    assert.equal(again.getText(), 'first();\nbetter();\nthird();\n');
  });

  test('text that is no longer there is not replaced', async () => {
    const prompt = await echoing('gone', 'better();');
    await select(document, 'second();');
    await run('cuebook.runPrompt', prompt);
    await replaceText(document, 'second();\n', '');
    await run('cuebook.replaceWithAnswer');
    assert.equal(comparison(), null);
  });

  test('an answer goes below the selection', async () => {
    const prompt = await echoing('below', 'inserted();');
    await select(document, 'first();\nsecond();\n');
    await run('cuebook.runPrompt', prompt);
    await run('cuebook.insertAnswerBelow');
    assert.equal(document.getText(), 'first();\nsecond();\ninserted();\nthird();\n');
  });

  test('an answer that is code opens as a document of its language', async () => {
    const prompt = await echoing('open', '```py\nprint(1)\n```');
    await select(document, 'first();');
    await run('cuebook.runPrompt', prompt);
    await run('cuebook.openAnswer');
    const opened = vscode.window.activeTextEditor?.document;
    assert.equal(opened?.languageId, 'python');
    assert.equal(opened?.getText(), 'print(1)');
  });

  test('values come from the editor, and a text in an open prompt is run as it stands', async () => {
    const prompt = await echoing('values', '{{fileName}} {{language}}: {{selection}}');
    const promptDocument = await vscode.workspace.openTextDocument(prompt);
    await replaceText(promptDocument, '{{fileName}}', 'unsaved {{fileName}}');
    await select(document, 'second();');
    await run('cuebook.runPrompt', prompt);
    await run('cuebook.openAnswer');
    assert.equal(
      vscode.window.activeTextEditor?.document.getText(),
      'unsaved source.ts typescript: second();',
    );
  });
});
