import assert from 'node:assert/strict';
import { suite, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import { eventually } from './eventually.ts';

const run = vscode.commands.executeCommand;

async function newPrompt(name: string, text: string): Promise<vscode.TextDocument> {
  const uri = await run<vscode.Uri>('cuebook.newPrompt', { name, text });
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

function after(document: vscode.TextDocument, text: string): vscode.Position {
  const at = document.getText().indexOf(text);
  assert.ok(at >= 0, `“${text}” is not in the document`);
  return document.positionAt(at + text.length);
}

async function problems(document: vscode.TextDocument, code: string): Promise<vscode.Diagnostic> {
  const find = (): vscode.Diagnostic | undefined =>
    vscode.languages.getDiagnostics(document.uri).find((each) => each.code === code);
  return eventually(find, `the diagnostic ${code}`);
}

async function fix(document: vscode.TextDocument, code: string, title: RegExp): Promise<vscode.CodeAction> {
  const { range } = await problems(document, code);
  return eventually(
    async () => {
      const actions = await run<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, range);
      return actions.find((action) => title.test(action.title));
    },
    `the fix ${String(title)}`,
  );
}

async function insert(document: vscode.TextDocument, at: vscode.Position, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, at, text);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

const front = '---\ndescription: d\ninputs:\n  focus: { description: What to look for }\n---\n';

suite('the language of prompts', () => {
  teardown(async () => {
    for (const { uri } of vscode.workspace.textDocuments) {
      if (uri.scheme !== 'cuebook') continue;
      await vscode.window.showTextDocument(uri);
      await run('workbench.action.files.revert');
    }
    await run('workbench.action.closeAllEditors');
  });

  test('a prompt of the library and a .cue.md file have the language', async () => {
    const prompt = await newPrompt('language one', 'Hi');
    assert.equal(prompt.languageId, 'cuebook-prompt');
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const uri = vscode.Uri.joinPath(folder.uri, 'on-disk.cue.md');
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode('{{nobody}}'));
    const file = await vscode.workspace.openTextDocument(uri);
    assert.equal(file.languageId, 'cuebook-prompt');
    await problems(file, 'inputUndeclared');
    await vscode.workspace.fs.delete(uri);
  });

  test('completion offers inputs with their description, values from the editor, partials and models', async () => {
    await newPrompt('language partial', 'Be kind.');
    const document = await newPrompt('language completion', `${front}Look for {{fo}} {{> lang}}\n`);
    const complete = async (position: vscode.Position): Promise<vscode.CompletionItem[]> => {
      const list = await run<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        position,
      );
      return list.items;
    };
    const names = await complete(after(document, '{{fo'));
    assert.equal(names.find(({ label }) => label === 'focus')?.documentation, 'What to look for');
    assert.ok(names.some(({ label }) => label === 'selection'));
    const partials = await complete(after(document, '{{> lang'));
    const partial = partials.find(({ label }) => label === 'language partial');
    assert.equal(partial?.insertText, '"language partial"');
    await insert(document, new vscode.Position(1, 0), 'model: \n');
    // The worker that knows the models may still be starting.
    await eventually(async () => {
      const models = await complete(new vscode.Position(1, 7));
      return models.length > 5 && models.some(({ label }) => label === 'vscode/*');
    }, 'the models');
  });

  test('problems appear at their places, go with a quick fix, and know the library', async () => {
    const document = await newPrompt(
      'language problems',
      `${front}{{focus}} {{unknown}} {{> language missing}}\n`,
    );
    const undeclared = await problems(document, 'inputUndeclared');
    assert.equal(document.getText(undeclared.range), 'unknown');
    const action = await fix(document, 'inputUndeclared', /Declare the input/);
    assert.ok(action.edit && (await vscode.workspace.applyEdit(action.edit)));
    assert.match(document.getText(), /\n {2}unknown: string\n/);
    await eventually(
      () => !vscode.languages.getDiagnostics(document.uri).some((each) => each.code === 'inputUndeclared'),
      'the diagnostic goes',
    );
  });

  test('a missing partial is created by its quick fix, and the problem goes', async () => {
    const document = await newPrompt('language creates', '{{> language-made}}\n');
    const action = await fix(document, 'partialUnknown', /Create the prompt/);
    assert.ok(action.command);
    await run(action.command.command, ...(action.command.arguments ?? []));
    assert.match(vscode.window.activeTextEditor?.document.uri.path ?? '', /language-made\.cue\.md$/);
    await eventually(
      () => !vscode.languages.getDiagnostics(document.uri).some((each) => each.code === 'partialUnknown'),
      'the diagnostic goes',
    );
  });

  test('hidden characters are found and removed', async () => {
    const document = await newPrompt('language hidden', 'a\u200Bb\u202Ec\n');
    const action = await fix(document, 'hiddenCharacter', /all hidden/);
    assert.ok(action.edit && (await vscode.workspace.applyEdit(action.edit)));
    assert.equal(document.getText(), 'abc\n');
  });

  test('hover, definition, references and rename know inputs and partials', async () => {
    const partial = await newPrompt('language-tone', 'Be **dry**. <img src=x>');
    const document = await newPrompt(
      'language links',
      `${front}{{focus}} {{#if focus}}x{{/if}} {{> language-tone}}\n`,
    );
    const onInput = after(document, '{{fo');
    const onPartial = after(document, '{{> lang');
    const hovers = await run<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, onPartial);
    const shown = hovers.flatMap(({ contents }) =>
      contents.map((each) => (typeof each === 'string' ? each : each.value)),
    );
    assert.match(
      shown.join('\n'),
      /Be \*\*dry\*\*\. <img src=x>\n```/,
      'a teammate’s text stands in a code block',
    );

    const definition = async (at: vscode.Position): Promise<vscode.Uri | undefined> => {
      const [link] = await run<vscode.LocationLink[]>('vscode.executeDefinitionProvider', document.uri, at);
      return link?.targetUri;
    };
    assert.equal((await definition(onInput))?.toString(), document.uri.toString());
    assert.equal((await definition(onPartial))?.toString(), partial.uri.toString());

    const references = async (at: vscode.Position): Promise<vscode.Location[]> =>
      run<vscode.Location[]>('vscode.executeReferenceProvider', document.uri, at);
    assert.equal((await references(onInput)).length, 3);
    assert.deepEqual(
      (await references(onPartial)).map(({ uri }) => uri.toString()),
      [document.uri.toString()],
    );

    const rename = await run<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      document.uri,
      onInput,
      'concern',
    );
    assert.ok(await vscode.workspace.applyEdit(rename));
    assert.match(document.getText(), /concern: \{.*\n---\n\{\{concern\}\} \{\{#if concern\}\}/);
  });

  test('the outline and the folds follow messages, headings and blocks', async () => {
    const document = await newPrompt(
      'language outline',
      `${front}system:\n# Role\nx\n\nuser:\n{{#if focus}}\n{{focus}}\n{{/if}}\n`,
    );
    const symbols = await run<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    assert.deepEqual(
      symbols.map(({ name }) => name),
      ['front matter', 'system', 'user'],
    );
    assert.deepEqual(
      symbols[2]?.children.map(({ name }) => name),
      ['#if focus'],
    );
    const folds = await run<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    assert.ok(folds.some(({ start, end }) => start === 0 && end === 4));
  });

  test('the preview shows the rendered messages with tokens, and follows the typing', async () => {
    const document = await newPrompt(
      'language preview',
      `${front}system:\nBe dry.\nuser:\nLook for {{focus}}.\n`,
    );
    await run('cuebook.previewMessages', document.uri);
    const preview = await eventually(
      () => vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'cuebook-preview'),
      'the preview',
    );
    await eventually(() => preview.getText().includes('Look for ‹focus›.'), 'the message');
    await eventually(() => /━━━ system ━━━ (about )?\d+ tokens/.test(preview.getText()), 'the token counts');
    await insert(document, after(document, 'Be dry.'), ' And kind.');
    await eventually(() => preview.getText().includes('Be dry. And kind.'), 'the change');
  });

  test('a renamed prompt can be followed in the prompts that include it', async () => {
    const partial = await newPrompt('language-before', 'x');
    const document = await newPrompt('language user', '{{> language-before}}\n');
    await run('workbench.action.files.save');
    const [, id] = partial.uri.path.split('/');
    await run('cuebook.renameItem', id, 'language-after');
    const action = await fix(document, 'partialMoved', /language-after/);
    assert.ok(action.edit && (await vscode.workspace.applyEdit(action.edit)));
    assert.equal(document.getText(), '{{> language-after}}\n');
  });
});
