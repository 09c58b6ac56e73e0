// Everything that the editor can do with a prompt, registered once. Loaded with the first prompt.

import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import { registerCodeActions } from './codeActions.ts';
import { createDiagnostics } from './diagnostics.ts';
import { registerNavigation } from './navigation.ts';
import { registerPaste } from './paste.ts';
import { createPreview } from './preview.ts';
import { registerProviders } from './providers.ts';
import { updateReferences } from './references.ts';
import { createPromptSources } from './sources.ts';
import { createTokenCount } from './tokenCount.ts';

export interface LanguageFeatures extends vscode.Disposable {
  /** Shows the rendered messages beside the prompt; `target` is a prompt's address, id or tree node, else the active one. */
  preview(target: unknown): Promise<void>;
  /** Points the references of a renamed prompt to its new name, after a look at the changes. */
  updateReferences(target: unknown): Promise<void>;
}

export function createLanguageFeatures(services: Services): LanguageFeatures {
  const sources = createPromptSources(services.library);
  // Only the kind of error: its message may quote a prompt.
  const failed = (error: unknown): void =>
    services.log.error(`A language feature failed: ${error instanceof Error ? error.name : typeof error}`);
  const diagnostics = createDiagnostics(sources, failed);
  const preview = createPreview(sources, services, failed);
  const all = vscode.Disposable.from(
    sources,
    diagnostics,
    preview,
    createTokenCount(sources, services, failed),
    registerCodeActions({ sources, diagnostics, services }),
    registerNavigation(sources, services),
    registerPaste(sources),
    registerProviders(sources, services),
  );
  return {
    preview: async (target) => preview.show(target),
    updateReferences: async (target) => updateReferences(sources, services.library, target),
    dispose: () => all.dispose(),
  };
}
