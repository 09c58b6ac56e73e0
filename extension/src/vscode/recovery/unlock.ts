// "The store is there, its key is not": nothing is overwritten; the user tries again, uses the kit, or sets the library
// aside.

import * as vscode from 'vscode';
import type { Library } from '../../library/api.ts';
import { sentenceOf, valueOrShown, wentWell } from '../library/problems.ts';

export async function unlockWithKit(library: Library): Promise<void> {
  const status = await library.status();
  if (status.kind === 'ready') {
    void vscode.window.showInformationMessage(vscode.l10n.t('The library is open already.'));
    return;
  }
  let code = await askForCode(null);
  while (code !== undefined) {
    const result = await library.unlockWithKit(code);
    if (result.ok) {
      void vscode.window.showInformationMessage(vscode.l10n.t('The library is open again.'));
      return;
    }
    const { code: reason } = result.problem;
    if (reason !== 'kitInvalid' && reason !== 'kitWrong') {
      wentWell(result);
      return;
    }
    code = await askForCode(sentenceOf(result.problem));
  }
}

async function askForCode(problem: string | null): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Unlock Library with Recovery Kit'),
    prompt:
      problem ??
      vscode.l10n.t('The code on your sheet. Spaces, dashes and upper or lower case do not matter.'),
    password: true,
    ignoreFocusOut: true,
  });
}

export async function retryKey(library: Library): Promise<void> {
  const status = await library.retryKey();
  if (status.kind !== 'keyMissing') return;
  void vscode.window.showWarningMessage(
    vscode.l10n.t(
      'The key is still missing. Is your computer’s key store unlocked? In a browser window the key belongs to the address that the library was made under.',
    ),
  );
}

export async function setAside(library: Library): Promise<void> {
  const yes = vscode.l10n.t('Set Aside');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Set this library aside and start an empty one?'),
    {
      modal: true,
      detail: vscode.l10n.t(
        'Nothing is deleted: its folder gets another name and stays beside the new one. With the key or the recovery kit it can be opened later.',
      ),
    },
    yes,
  );
  if (answer !== yes) return;
  const result = valueOrShown(await library.setAside());
  if (result) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The earlier library is kept in the folder {0}.', result.folder),
    );
  }
}
