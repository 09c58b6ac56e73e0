// The user's language in a worker thread. Every text of ours is written in English and looked up when it is said
// (`t` of @vscode/l10n); what a thread looks up in comes with its start.

import { workerData } from 'node:worker_threads';
import { config } from '@vscode/l10n';

/** From English texts to the user's language; what is missing stays English. VS Code has none for English. */
export type Translations = Readonly<Record<string, string>> | undefined;

export interface TranslatedWorkerData {
  readonly translations: Translations;
}

/** Called once by a worker, before it says anything. */
export function translateWorker(): void {
  const { translations } = workerData as TranslatedWorkerData;
  config({ contents: { ...translations } });
}
