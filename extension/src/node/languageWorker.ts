// Entry of the worker thread that reads prompt texts for the editor. It knows no file, no key and no network: what it
// needs to know of the library and of models it asks of the extension host.

import { parentPort } from 'node:worker_threads';
import type { LanguageCalls, LanguageHostCalls } from '../language/api.ts';
import { createLanguageService } from '../language/languageService.ts';
import { translateWorker } from './translations.ts';
import { openWorkerChannel } from './workerChannel.ts';

const port = parentPort;
if (port === null) throw new Error('languageWorker.ts runs in a worker thread');
translateWorker();

const service = createLanguageService({
  partials: async (key, references) => channel.partials(key, references),
  paths: async () => channel.paths(),
  matching: async (typed) => channel.matching(typed),
  tags: async () => channel.tags(),
  models: async () => channel.models(),
  lastValues: async (key) => channel.lastValues(key),
});
const channel = openWorkerChannel<LanguageHostCalls, LanguageCalls>(port, service);
