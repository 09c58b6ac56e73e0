// The recovery kit and the way back when the library's key is missing. The kit's code is shown in modal dialogs only:
// VS Code writes neither their text nor what is typed into a password box to disk.

import * as vscode from 'vscode';
import type { Feature } from '../services.ts';

export const registerRecovery: Feature = ({ library }) => {
  const offer = async (): Promise<void> => (await import('./kitOffer.ts')).offerKit(library);
  const command = (id: string, run: () => Promise<void>): vscode.Disposable =>
    vscode.commands.registerCommand(id, run);
  return vscode.Disposable.from(
    command('cuebook.showRecoveryKit', async () => (await import('./kitDialog.ts')).showKit(library)),
    command('cuebook.unlockWithKit', async () => (await import('./unlock.ts')).unlockWithKit(library)),
    command('cuebook.retryLibraryKey', async () => (await import('./unlock.ts')).retryKey(library)),
    command('cuebook.setLibraryAside', async () => (await import('./unlock.ts')).setAside(library)),
    // The offer follows something that the user did here; so it never starts the library by itself.
    new vscode.Disposable(
      library.onDidChange((change) => {
        if (change.status || (change.tree && change.origin === 'here')) void offer();
      }),
    ),
  );
};
