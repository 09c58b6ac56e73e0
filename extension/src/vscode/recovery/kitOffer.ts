// The one quiet notification that offers the recovery kit, once there is something to lose.

import * as vscode from 'vscode';
import type { Library } from '../../library/api.ts';
import { showKit } from './kitDialog.ts';

/** Shows the offer if it is due and no other window has shown it. */
export async function offerKit(library: Library): Promise<void> {
  const status = await library.status();
  if (status.kind !== 'ready' || !status.kit.due) return;
  const claimed = await library.claimKitOffer();
  if (!claimed.ok || !claimed.value) return;
  const show = vscode.l10n.t('Show Recovery Kit');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'Your prompts are encrypted with a key that only this computer has. If it is lost, they cannot be opened again, by anyone. A recovery kit on paper is the way back.',
    ),
    show,
    vscode.l10n.t('Later'),
  );
  if (answer === show) {
    await showKit(library);
    return;
  }
  void vscode.window.setStatusBarMessage(
    vscode.l10n.t('It is there when you want it: “Cuebook: Show Recovery Kit”.'),
    8000,
  );
}
