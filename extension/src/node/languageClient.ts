// The language as the extension host sees it: forwards questions to a worker thread, which starts with the first one and
// is given each text once per version. If the worker ends by itself, questions that wait are answered with null and the
// next one starts another.

import { Worker } from 'node:worker_threads';
import type {
  DocumentQuestions,
  Language,
  LanguageCalls,
  LanguageHostCalls,
  TextQuestions,
} from '../language/api.ts';
import { placeOf } from './libraryProblem.ts';
import type { TranslatedWorkerData, Translations } from './translations.ts';
import { openWorkerChannel, type WorkerChannel } from './workerChannel.ts';

export interface LanguageDeps {
  /** The bundled `languageWorker.js`. */
  readonly workerUrl: URL;
  /** `vscode.l10n.bundle` */
  readonly translations?: Translations;
  /** Answers the worker's questions. */
  readonly host: LanguageHostCalls;
  /** Never given a text or a name. */
  readonly log: {
    debug(message: string): void;
    error(message: string): void;
  };
}

interface RunningWorker {
  readonly worker: Worker;
  readonly channel: WorkerChannel<LanguageCalls, LanguageHostCalls>;
  /** Version of each text that the worker has. */
  readonly versions: Map<string, number>;
}

type Questions = DocumentQuestions & TextQuestions;

/** Every question, so that a forgotten one does not compile. */
const questionNames: Readonly<Record<keyof Questions, true>> = {
  diagnose: true,
  fixes: true,
  complete: true,
  hover: true,
  outline: true,
  folds: true,
  named: true,
  rename: true,
  preview: true,
  paste: true,
  read: true,
  render: true,
  inclusions: true,
  convert: true,
};

/** After so many, it is not chance: reloading the window starts afresh. */
const mostUnexpectedEnds = 5;

export function createLanguage(deps: LanguageDeps): Language & { dispose(): void } {
  let running: RunningWorker | null = null;
  let disposed = false;
  let unexpectedEnds = 0;

  const start = (): RunningWorker | null => {
    if (disposed || unexpectedEnds >= mostUnexpectedEnds) return null;
    const started = startWorker(deps);
    started.worker.once('exit', () => {
      started.channel.$close(new Error('the language worker ended'));
      if (running !== started) return;
      running = null;
      unexpectedEnds += 1;
      deps.log.error('The language worker ended by itself.');
    });
    return started;
  };

  const ask = async (name: keyof Questions, values: readonly unknown[]): Promise<unknown> => {
    running ??= start();
    if (running === null) return null;
    const { channel } = running;
    try {
      return await channel.$callRaw({ method: name, args: [...values] });
    } catch (error) {
      if (!disposed) deps.log.error(`The language did not answer ${name}: ${placeOf(error)}`);
      return null;
    }
  };

  return {
    ...forwardQuestions(ask),
    at: ({ key, version, opened }) => {
      running ??= start();
      if (running !== null && running.versions.get(key) !== version) {
        running.versions.set(key, version);
        void running.channel.open.asEvent({ key, version }, opened());
      }
      return { key, version };
    },
    close: (key) => {
      if (running?.versions.delete(key) === true) void running.channel.close.asEvent(key);
    },
    dispose: () => {
      disposed = true;
      const ending = running;
      running = null;
      ending?.channel.$close(new Error('the language was disposed'));
      void ending?.worker.terminate();
    },
  };
}

function startWorker({ workerUrl, translations, host, log }: LanguageDeps): RunningWorker {
  const workerData: TranslatedWorkerData = { translations };
  const worker = new Worker(workerUrl, { name: 'cuebook language', workerData, env: {}, execArgv: [] });
  worker.on('error', (error) => log.error(`The language worker failed: ${placeOf(error)}`));
  log.debug('the language worker starts');
  const channel = openWorkerChannel<LanguageCalls, LanguageHostCalls>(worker, host);
  return { worker, channel, versions: new Map() };
}

function forwardQuestions(
  ask: (name: keyof Questions, values: readonly unknown[]) => Promise<unknown>,
): Questions {
  const names = Object.keys(questionNames) as (keyof Questions)[];
  const questions = names.map((name) => [name, async (...values: unknown[]) => ask(name, values)] as const);
  // The table above has every name; who answers implements the same interface.
  return Object.fromEntries(questions) as unknown as Questions;
}
