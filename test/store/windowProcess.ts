// One window of the editor as a process of its own: the library over its real worker thread, driven from the test over
// the process's channel. Killing the process kills both, in the middle of whatever they do.
//
// Arguments: the library's folder, the file that holds the secrets, the worker's bundle, the way to servers as JSON.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { LibraryCalls, LibraryChange } from '../../extension/src/library/api.ts';
import type { NetworkWay, TeamsCalls, TeamsChange } from '../../extension/src/library/teams.ts';
import { isTeamsCall } from '../../extension/src/node/teamsCallNames.ts';
import { createLibrary } from '../../extension/src/node/libraryClient.ts';

/** What the test sends. */
export type WindowRequest =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly name: keyof LibraryCalls | keyof TeamsCalls;
      readonly values: readonly unknown[];
    }
  /** Saves versions of a prompt without end, each with a number; says which are acknowledged. */
  | { readonly kind: 'saveForever'; readonly promptId: string; readonly writer: string };

/** What the window sends. */
export type WindowMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'changed'; readonly change: LibraryChange }
  | { readonly kind: 'teamsChanged'; readonly change: TeamsChange }
  | { readonly kind: 'log'; readonly level: string; readonly message: string }
  | { readonly kind: 'acknowledged'; readonly text: string; readonly revisionId: string };

const [folder = '', secretsFile = '', worker = '', way = ''] = process.argv.slice(2);
const send = (message: WindowMessage): void => {
  process.send?.(message);
};
const logAs =
  (level: string) =>
  (message: string): void =>
    send({ kind: 'log', level, message });

const readSecrets = (): Map<string, string> =>
  new Map(
    existsSync(secretsFile) ? (JSON.parse(readFileSync(secretsFile, 'utf8')) as [string, string][]) : [],
  );

const library = createLibrary({
  folder,
  workerUrl: pathToFileURL(worker),
  networkWay: async () =>
    way === '' ? { proxy: null, systemCertificates: false } : (JSON.parse(way) as NetworkWay),
  log: { debug: logAs('debug'), info: logAs('info'), warn: logAs('warn'), error: logAs('error') },
  secrets: {
    get: async (name) => readSecrets().get(name) ?? null,
    set: async (name, value) => {
      writeFileSync(`${secretsFile}.${process.pid}`, JSON.stringify([...readSecrets().set(name, value)]));
      renameSync(`${secretsFile}.${process.pid}`, secretsFile);
    },
  },
});
library.onDidChange((change) => send({ kind: 'changed', change }));
library.teams.onDidChange((change) => send({ kind: 'teamsChanged', change }));

process.on('message', (request: WindowRequest) => void handle(request));
process.on('disconnect', () => process.exit());

async function handle(request: WindowRequest): Promise<void> {
  if (request.kind === 'saveForever') return saveForever(request.promptId, request.writer);
  const { name } = request;
  const call = (isTeamsCall(name) ? library.teams[name] : library[name]) as (
    ...values: readonly unknown[]
  ) => Promise<unknown>;
  send({ kind: 'answer', id: request.id, value: await call(...request.values) });
}

/** Each save adds a line of its own place, so that those of two writers merge without a person. */
async function saveForever(promptId: string, writer: string): Promise<void> {
  const id = promptId as Parameters<LibraryCalls['save']>[0];
  for (let number = 1; ; number += 1) {
    const read = await library.read(id);
    if (!read.ok) {
      await refused(read.problem.code);
      continue;
    }
    const { text: before, revisionId: base, mtime } = read.value;
    const text = before.replace(new RegExp(`^${writer}: .*$`, 'm'), `${writer}: ${number}.${process.pid}`);
    const saved = await library.save(id, { text, base, mtime });
    if (!saved.ok) {
      await refused(saved.problem.code);
      continue;
    }
    const { kind, document } = saved.value;
    if (kind === 'conflict' || document.revisionId === null)
      throw new Error('these saves merge without a person');
    // The revision that holds exactly what was given, also where it was merged with another writer's.
    const revisionId = kind === 'merged' ? saved.value.mineRevisionId : document.revisionId;
    send({ kind: 'acknowledged', text, revisionId });
  }
}

/** Waiting too long for the other writer is no error on a slow machine; anything else ends the test. */
async function refused(code: string): Promise<void> {
  send({ kind: 'log', level: code === 'busy' ? 'debug' : 'error', message: `refused: ${code}` });
  await new Promise((resolve) => setTimeout(resolve, 20));
}
