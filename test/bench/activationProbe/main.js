// Two commands for `activation.bench.ts`; each answers in a notification, as the benchmark sees no more than the window.
import * as vscode from 'vscode';

export function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('cuebook-test.fill', async () => say(`Filled: ${await fill()}`)),
    vscode.commands.registerCommand('cuebook-test.measure', async () => say(`Measured: ${await measure()}`)),
  );
}

/** Imports the opened folder; answers with what its report says first. */
async function fill() {
  const [folder] = vscode.workspace.workspaceFolders;
  await vscode.commands.executeCommand('cuebook.importPrompts', folder.uri, { declareInputs: false });
  const report = vscode.window.activeTextEditor.document.lineAt(2).text;
  // What is open would be opened again with the window, and Cuebook with it.
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  return report;
}

/** Milliseconds of CPU, all threads of the extension host. */
async function measure() {
  const cuebook = vscode.extensions.getExtension('cuebook.cuebook');
  if (cuebook.isActive) return 'Cuebook was active already.';
  const start = process.cpuUsage();
  await cuebook.activate();
  const { user, system } = process.cpuUsage(start);
  return JSON.stringify({ milliseconds: (user + system) / 1000 });
}

function say(text) {
  void vscode.window.showInformationMessage(text);
}
