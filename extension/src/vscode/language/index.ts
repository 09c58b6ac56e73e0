// The language of prompt documents in the editor. Its features load with the first prompt that is open, or with the
// first command that needs them; what reads a prompt runs in a worker of its own.

import * as vscode from 'vscode';
import { languageId } from '../promptUri.ts';
import type { Feature, Services } from '../services.ts';
import type { LanguageFeatures } from './features.ts';

export const registerLanguage: Feature = (services) => {
  const load = createLoader(services);
  const loadFor = (document: vscode.TextDocument): void => {
    if (document.languageId === languageId) void load.features();
  };
  vscode.workspace.textDocuments.forEach(loadFor);
  return vscode.Disposable.from(
    load,
    vscode.workspace.onDidOpenTextDocument(loadFor),
    vscode.commands.registerCommand('cuebook.previewMessages', async (target: unknown) =>
      (await load.features())?.preview(target),
    ),
    vscode.commands.registerCommand('cuebook.updateReferences', async (target: unknown) =>
      (await load.features())?.updateReferences(target),
    ),
  );
};

export { createSurroundings } from './surroundings.ts';

interface Loader extends vscode.Disposable {
  /** Null once the extension is being shut down. */
  features(): Promise<LanguageFeatures | null>;
}

function createLoader(services: Services): Loader {
  let loading: Promise<LanguageFeatures | null> | null = null;
  let features: LanguageFeatures | null = null;
  let isDisposed = false;
  const load = async (): Promise<LanguageFeatures | null> => {
    const { createLanguageFeatures } = await import('./features.ts');
    features = isDisposed ? null : createLanguageFeatures(services);
    return features;
  };
  return {
    features: async () => {
      loading ??= load();
      return loading;
    },
    dispose: () => {
      isDisposed = true;
      features?.dispose();
    },
  };
}
