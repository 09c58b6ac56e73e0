import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import * as vscode from 'vscode';

suite('the ground that the product stands on', () => {
  test('the folder is the throw-away copy of the test workspace', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0];
    assert.ok(folder);
    const file = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, 'src', 'cart.ts'));
    assert.equal(file.languageId, 'typescript');
  });

  test('the model provider of the tests offers its models through vscode.lm', async () => {
    const models = await vscode.lm.selectChatModels({ vendor: 'cuebook-test' });
    assert.deepEqual(models.map((model) => model.id).sort(), ['echo', 'refuse']);
  });
});
