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
  await atRest();
  const start = process.cpuUsage();
  await cuebook.activate();
  const { user, system } = process.cpuUsage(start);
  return JSON.stringify({ milliseconds: (user + system) / 1000 });
}

/** A window that has just opened keeps its host busy with other things for a while, which are not Cuebook's. */
async function atRest() {
  for (let quiet = 0, slices = 0; quiet < 5 && slices < 200; slices += 1) {
    const start = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { user, system } = process.cpuUsage(start);
    quiet = (user + system) / 1000 < 2 ? quiet + 1 : 0;
  }
}

function say(text) {
  void vscode.window.showInformationMessage(text);
}
