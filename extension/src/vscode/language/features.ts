// Everything that the editor can do with a prompt, registered once. Loaded with the first prompt.

import * as vscode from 'vscode';
import type { LibraryChange } from '../../library/api.ts';
import type { Services } from '../services.ts';
import { registerCodeActions } from './codeActions.ts';
import { createDiagnostics } from './diagnostics.ts';
import { registerNavigation } from './navigation.ts';
import { registerPaste } from './paste.ts';
import { createPreview } from './preview.ts';
import { registerProviders } from './providers.ts';
import { updateReferences } from './references.ts';
import { createTokenCount } from './tokenCount.ts';
import { createTokenCounts } from './tokenCounts.ts';

export interface LanguageFeatures extends vscode.Disposable {
  /** Shows the rendered messages beside the prompt; `target` is a prompt's address, id or tree node, else the active one. */
  preview(target: unknown): Promise<void>;
  /** Points the references of a renamed prompt to its new name, after a look at the changes. */
  updateReferences(target: unknown): Promise<void>;
}

export function createLanguageFeatures(services: Services): LanguageFeatures {
  const { library, language } = services;
  const libraryChanged = new vscode.EventEmitter<void>();
  const counts = createTokenCounts(services.models);
  // Only the kind of error: its message may quote a prompt.
  const failed = (error: unknown): void =>
    services.log.error(`A language feature failed: ${error instanceof Error ? error.name : typeof error}`);
  const diagnostics = createDiagnostics(services, libraryChanged.event, failed);
  const preview = createPreview({ services, counts, libraryChanged: libraryChanged.event, failed });
  const all = vscode.Disposable.from(
    libraryChanged,
    { dispose: library.onDidChange((change) => mayShow(change) && libraryChanged.fire()) },
    vscode.workspace.onDidCloseTextDocument(({ uri }) => language.close(uri.toString())),
    diagnostics,
    preview,
    createTokenCount(services, counts, failed),
    registerCodeActions({ diagnostics, services }),
    registerNavigation(services),
    registerPaste(language),
    registerProviders(language),
  );
  return {
    preview: async (target) => preview.show(target),
    updateReferences: async (target) => updateReferences({ library, language }, target),
    dispose: () => all.dispose(),
  };
}

/** Something in the library changed that open prompts may show. */
function mayShow({ texts, tree, status }: LibraryChange): boolean {
  return texts.length > 0 || tree || status;
}
