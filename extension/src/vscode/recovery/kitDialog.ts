// Shows the recovery kit: in a modal dialog, with Copy and Save. The code goes nowhere else; only Save writes it to a
// file, at the place that the user picks.

import * as vscode from 'vscode';
import type { Library, LibraryResult, RecoveryKit } from '../../library/api.ts';
import { valueOrShown, wentWell } from '../library/problems.ts';

export async function showKit(library: Library): Promise<void> {
  const kit = valueOrShown(await library.recoveryKit());
  if (kit) await presentKit(kit, async () => library.confirmKitSaved());
}

/** `saved` is called once the user has said that the kit is in a safe place. */
export async function presentKit(kit: RecoveryKit, saved: () => Promise<LibraryResult<null>>): Promise<void> {
  const copy = vscode.l10n.t('Copy');
  const save = vscode.l10n.t('Save…');
  const done = vscode.l10n.t('I Have Written It Down');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Your recovery kit'),
    { modal: true, detail: detailOf(kit) },
    done,
    save,
    copy,
  );
  switch (answer) {
    case copy:
      await vscode.env.clipboard.writeText(kit.code);
      return confirmSaved(
        saved,
        vscode.l10n.t('Copied. Paste it where you will find it again, not on this computer.'),
      );
    case save:
      if (await saveSheet(kit))
        await confirmSaved(saved, vscode.l10n.t('Saved. Print it, or move it off this computer.'));
      return;
    case done:
      wentWell(await saved());
      return;
    default:
      return;
  }
}

function detailOf(kit: RecoveryKit): string {
  return [
    kit.code,
    '',
    vscode.l10n.t('With this code the library can be opened again when this computer has lost its key.'),
    vscode.l10n.t(
      'Whoever has both the code and the library’s folder can read everything. Keep it on paper, in a safe place.',
    ),
    vscode.l10n.t(
      'Nobody can make it anew: without this computer’s key and without the kit the prompts are lost.',
    ),
  ].join('\n');
}

async function saveSheet(kit: RecoveryKit): Promise<boolean> {
  const uri = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save Recovery Kit'),
    saveLabel: vscode.l10n.t('Save'),
    filters: { [vscode.l10n.t('Text')]: ['txt'] },
  });
  if (!uri) return false;
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(kit.sheet));
    return true;
  } catch {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('The recovery kit could not be written there. Choose another place.'),
    );
    return false;
  }
}

/** Asked only after Copy or Save, because only the user knows if it is in a safe place. */
async function confirmSaved(saved: () => Promise<LibraryResult<null>>, message: string): Promise<void> {
  const yes = vscode.l10n.t('It Is Safe');
  const answer = await vscode.window.showInformationMessage(message, yes, vscode.l10n.t('Not Yet'));
  if (answer === yes) wentWell(await saved());
}
