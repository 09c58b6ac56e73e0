// Composition root: makes the few things that features share and hands them over. Nothing heavy is loaded here; the
// workers start with the first call that needs them.

import { pathToFileURL } from 'node:url';
import { config } from '@vscode/l10n';
import * as vscode from 'vscode';
import { createLanguage } from './node/languageClient.ts';
import { createLibrary } from './node/libraryClient.ts';
import { createModels } from './node/modelClient.ts';
import { createProviderKeys, registerKeys } from './vscode/keys/index.ts';
import { registerHistory } from './vscode/history/index.ts';
import { createSurroundings, registerLanguage } from './vscode/language/index.ts';
import { registerLibrary } from './vscode/library/index.ts';
import { withEditorModels } from './vscode/models/index.ts';
import { registerRecovery } from './vscode/recovery/index.ts';
import { registerRun } from './vscode/run/index.ts';
import { createSaveMessages } from './vscode/saveMessages.ts';
import type { Feature, Services } from './vscode/services.ts';
import { registerTeams } from './vscode/team/index.ts';
import { networkWay } from './vscode/team/networkWay.ts';

const features: readonly Feature[] = [
  registerLibrary,
  registerHistory,
  registerRecovery,
  registerLanguage,
  registerKeys,
  registerRun,
  registerTeams,
];

export function activate(context: vscode.ExtensionContext): void {
  const services = createServices(context);
  for (const feature of features) context.subscriptions.push(feature(services));
}

function createServices(context: vscode.ExtensionContext): Services {
  const log = vscode.window.createOutputChannel('Cuebook', { log: true });
  const translations = vscode.l10n.bundle;
  // For the words of modules that know no editor; the workers get theirs with their start.
  config({ contents: { ...translations } });
  const library = createLibrary({
    folder: vscode.Uri.joinPath(context.globalStorageUri, 'library').fsPath,
    secrets: {
      get: async (name) => (await context.secrets.get(name)) ?? null,
      set: async (name, value) => context.secrets.store(name, value),
    },
    log,
    networkWay,
    translations,
    workerUrl: bundled(context, 'libraryWorker.js'),
  });
  const models = withEditorModels(
    createModels({
      // Looked up at each call: VS Code replaces the global with one that knows the user's proxy and certificates.
      fetch: async (input, init) => globalThis.fetch(input, init),
      log,
      translations,
      workerUrl: bundled(context, 'modelWorker.js'),
    }),
  );
  const keys = createProviderKeys(context, models);
  const surroundings = createSurroundings({ library, models, keys });
  const language = createLanguage({
    host: surroundings,
    log,
    translations,
    workerUrl: bundled(context, 'languageWorker.js'),
  });
  context.subscriptions.push(log, library, models, keys, surroundings, language);
  const saveMessages = createSaveMessages();
  return { context, log, library, teams: library.teams, models, keys, language, saveMessages };
}

function bundled(context: vscode.ExtensionContext, file: string): URL {
  return pathToFileURL(vscode.Uri.joinPath(context.extensionUri, 'dist', file).fsPath);
}
