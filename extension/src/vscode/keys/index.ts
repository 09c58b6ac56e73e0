// Provider keys: the port that runs use, and the two commands of the palette.

import * as vscode from 'vscode';
import type { Models } from '../../models/api.ts';
import type { Feature } from '../services.ts';
import { createKeyStore } from './keyStore.ts';
import type { ProviderKeys } from './providerKeys.ts';

export function createProviderKeys(
  context: vscode.ExtensionContext,
  models: Pick<Models, 'listModels'>,
): ProviderKeys & vscode.Disposable {
  return createKeyStore({ editor: vscode, storage: context, models });
}

/** `cuebook.addProviderKey` takes a provider's id as its argument, or asks. */
export const registerKeys: Feature = ({ keys }) =>
  vscode.Disposable.from(
    vscode.commands.registerCommand('cuebook.addProviderKey', async (id: unknown) => {
      const { addKey } = await import('./manage.ts');
      return addKey({ editor: vscode, keys }, typeof id === 'string' ? id : null);
    }),
    vscode.commands.registerCommand('cuebook.manageProviderKeys', async () => {
      const { manageKeys } = await import('./manage.ts');
      await manageKeys({ editor: vscode, keys });
    }),
  );
