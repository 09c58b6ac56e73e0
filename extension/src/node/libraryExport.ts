// Export as plain files: each prompt as `<path>.cue.md`, its versions beside it, read in steps so that a large library
// never lies in memory at once.
//
//   <folders>/<name>.cue.md                     the current version
//   <folders>/<name>.draft.cue.md               a draft, if there is one
//   <folders>/<name>.history/v0001.cue.md …     every version of the main line
//   <folders>/<name>.history/m<revision>.cue.md what came in by a merge
//   <folders>/<name>.history/history.json       author, time, message and kind of each
//   cuebook-export.json                         what belongs to which prompt

import type { ExportFile, PromptId, RevisionId } from '../library/api.ts';
import type { VersionKind } from '../library/history.ts';
import { createNamesInUse, safeFileName } from './exportNames.ts';

/** A version as it stands in `history.json`. */
export interface ExportedVersion {
  readonly number: number | null;
  readonly revisionId: RevisionId;
  readonly parents: readonly RevisionId[];
  /** A name, or the start of an account id; empty while nobody is known to be its author. */
  readonly author: string;
  readonly savedAt: number;
  readonly message: string;
  readonly kind: VersionKind;
}

/** What an export reads from; a prompt that was purged meanwhile answers null. */
export interface ExportSource {
  versions(id: PromptId): readonly ExportedVersion[] | null;
  versionText(id: PromptId, revisionId: RevisionId): string;
  draftText(id: PromptId): string | null;
}

export interface ExportedPrompt {
  readonly id: PromptId;
  readonly name: string;
  /** Names of the folders above it. */
  readonly folders: readonly string[];
}

export interface Export {
  readonly fileCount: number;
  /** The next files; none = all were given. */
  next(): readonly ExportFile[];
}

interface PlannedPrompt {
  readonly id: PromptId;
  readonly path: string;
}

/** Of one step; a prompt's history is not divided, so a step may be larger. */
const bytesAtOnce = 2_000_000;
const extension = '.cue.md';

/** Paths are fixed at once; texts are read when their step comes. */
export function planExport(prompts: readonly ExportedPrompt[], source: ExportSource, now: number): Export {
  const planned = plan(prompts);
  const waiting = [...planned];
  let manifestGiven = false;
  return {
    fileCount: planned.reduce((count, { id }) => count + filesOf(source, id), 1),
    next() {
      const files: ExportFile[] = [];
      let bytes = 0;
      while (bytes < bytesAtOnce) {
        const prompt = waiting.shift();
        if (prompt === undefined) break;
        const added = exportPrompt(prompt, source);
        files.push(...added);
        bytes += added.reduce((sum, file) => sum + file.bytes.length, 0);
      }
      if (waiting.length > 0 || manifestGiven) return files;
      manifestGiven = true;
      return [...files, manifest(planned, now)];
    },
  };
}

function plan(prompts: readonly ExportedPrompt[]): readonly PlannedPrompt[] {
  const files = createNamesInUse();
  const folders = createFolderNames();
  return prompts.map(({ id, name, folders: above }) => {
    const folder = folders(above);
    return { id, path: files.take(joined(folder, exportName(name))) };
  });
}

/** One safe folder for each folder of the library, also where two names become the same. */
function createFolderNames(): (folders: readonly string[]) => string {
  const used = createNamesInUse();
  const known = new Map<string, string>();
  const safe = (folders: readonly string[]): string => {
    const key = folders.join('/');
    const found = known.get(key);
    if (found !== undefined) return found;
    const own = folders.at(-1);
    if (own === undefined) return '';
    const path = used.take(joined(safe(folders.slice(0, -1)), exportName(own)));
    known.set(key, path);
    return path;
  };
  return safe;
}

const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** A name that ends like one of our own beside files would let two files meet. */
function exportName(name: string): string {
  const safe = safeFileName(name);
  return /\.(?:history|draft)$/i.test(safe) ? `${safe}_` : safe;
}

function filesOf(source: ExportSource, id: PromptId): number {
  const versions = source.versions(id);
  if (versions === null) return 0;
  return 2 + versions.length + (source.draftText(id) === null ? 0 : 1);
}

function exportPrompt({ id, path }: PlannedPrompt, source: ExportSource): readonly ExportFile[] {
  const versions = source.versions(id);
  if (versions === null) return [];
  const entries = versions.map((version) => ({ version, file: versionFile(version) }));
  const history = entries.map(({ version, file }) =>
    textFile(`${path}.history/${file}`, source.versionText(id, version.revisionId)),
  );
  const head = versions.find((version) => version.number !== null);
  const draft = source.draftText(id);
  return [
    ...(head === undefined ? [] : [textFile(path + extension, source.versionText(id, head.revisionId))]),
    ...(draft === null ? [] : [textFile(`${path}.draft${extension}`, draft)]),
    ...history,
    textFile(`${path}.history/history.json`, json({ format: 1, versions: entries.map(describe) })),
  ];
}

function versionFile({ number, revisionId }: ExportedVersion): string {
  return number === null ? `m${revisionId}${extension}` : `v${String(number).padStart(4, '0')}${extension}`;
}

function describe({ version, file }: { readonly version: ExportedVersion; readonly file: string }): unknown {
  const { revisionId, number, parents, author, savedAt, message, kind } = version;
  return {
    file,
    number,
    revisionId,
    parents,
    author,
    savedAt: new Date(savedAt).toISOString(),
    message,
    kind,
  };
}

function manifest(planned: readonly PlannedPrompt[], now: number): ExportFile {
  const prompts = planned.map(({ id, path }) => ({ id, file: path + extension, history: `${path}.history` }));
  return textFile(
    'cuebook-export.json',
    json({ format: 1, exportedAt: new Date(now).toISOString(), prompts }),
  );
}

function textFile(path: string, text: string): ExportFile {
  return { path, bytes: new TextEncoder().encode(text) };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
