// Import of prompt files, skills and Markdown: finds the files, converts each, creates the prompts, and shows a report
// of what was mapped and what was not. Nothing is created before everything was read, so giving up leaves nothing.

import * as vscode from 'vscode';
import type { ImportedPrompt, ImportNote } from '@cuebook/shared/format/importPrompt';
import type { Language } from '../../language/api.ts';
import type { FolderId, Library, NewPrompt } from '../../library/api.ts';
import {
  importLimits,
  isSearchedFolder,
  kindOf,
  planImport,
  skipText,
  type FoundFile,
  type PlannedFile,
} from './importPlan.ts';
import { importReport, type ImportOutcome, type ReportNote } from './importReport.ts';
import { folderIdOf, isLibraryNode } from './nodes.ts';
import { placeOf } from './promptActions.ts';
import { sentenceOf } from './problems.ts';
import type { Reports } from './virtualTexts.ts';

export interface ImportDeps {
  readonly library: Library;
  readonly language: Language;
  readonly reports: Reports;
}

/**
 * Asks for files or a folder unless `given` (from a menu or a link) says which, or into which folder.
 * `options` may be `{ declareInputs: boolean }`: the answer to the question about names in braces.
 */
export async function askAndImport(deps: ImportDeps, given: unknown, options?: unknown): Promise<void> {
  // The explorer gives the clicked file and all that are selected.
  const uris = urisOf(options) ?? urisOf(given) ?? (await pickFiles());
  const folderId = isLibraryNode(given) ? (folderIdOf(given) ?? null) : null;
  if (uris.length > 0) await importPrompts(deps, { uris, folderId, declareInputs: inputsIn(options) });
}

function inputsIn(options: unknown): boolean | null {
  if (typeof options !== 'object' || options === null || !('declareInputs' in options)) return null;
  return typeof options.declareInputs === 'boolean' ? options.declareInputs : null;
}

export async function importPrompts(
  deps: ImportDeps,
  request: {
    readonly uris: readonly vscode.Uri[];
    readonly folderId: FolderId | null;
    /** Null: the user is asked, if it makes a difference. */
    readonly declareInputs: boolean | null;
  },
): Promise<void> {
  const place = await placeOf(deps.library, { folderId: request.folderId });
  if (!place) return;
  const read = await withProgress(async (step) => readAll(deps.language, request.uris, step));
  if (!read) return;
  if (read.converted.length === 0 && read.failed.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no prompt file, skill or Markdown file in there.'),
    );
    return;
  }
  const chosen = await chooseInputs(deps.language, read.converted, request.declareInputs);
  if (!chosen) return;
  const prompts = chosen.map(({ file, imported }): NewPrompt => {
    const { name, text } = imported;
    return { ...place, name, text, path: file.folders, kind: 'import' };
  });
  const created = await withProgress(async (step) => createAll(deps.library, prompts, step));
  if (!created) return;
  const outcomes = [...read.failed, ...chosen.map((each, at) => outcomeOf(each, created[at] ?? null))];
  await deps.reports.show(importReport(outcomes));
}

// ---- finding

interface FileToImport extends FoundFile {
  readonly uri: vscode.Uri;
  readonly picked: boolean;
}

type Step = (message: string, portion: number) => boolean;

/** Runs with a notification that can be cancelled; null if it was. `step` answers false once it was. */
async function withProgress<T>(work: (step: Step) => Promise<T | null>): Promise<T | null> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      cancellable: true,
      title: vscode.l10n.t('Importing prompts'),
    },
    async (progress, token) =>
      work((message, portion) => {
        progress.report({ message, increment: portion * 100 });
        return !token.isCancellationRequested;
      }),
  );
}

function urisOf(given: unknown): readonly vscode.Uri[] | null {
  if (given instanceof vscode.Uri) return [given];
  if (!Array.isArray(given)) return null;
  const uris = given.filter((each): each is vscode.Uri => each instanceof vscode.Uri);
  return uris.length > 0 ? uris : null;
}

async function pickFiles(): Promise<readonly vscode.Uri[]> {
  const files = { label: `$(files) ${vscode.l10n.t('Files…')}`, folder: false };
  const folder = { label: `$(folder) ${vscode.l10n.t('A Folder…')}`, folder: true };
  const choice = await vscode.window.showQuickPick([files, folder], {
    title: vscode.l10n.t('Import Prompts'),
    placeHolder: vscode.l10n.t('Prompt files (.prompt.md), skills (SKILL.md) and Markdown'),
  });
  if (!choice) return [];
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: !choice.folder,
    canSelectFolders: choice.folder,
    canSelectMany: true,
    title: vscode.l10n.t('Import Prompts'),
    openLabel: vscode.l10n.t('Import'),
    ...(choice.folder ? {} : { filters: { [vscode.l10n.t('Prompts and Markdown')]: ['md'] } }),
  });
  return picked ?? [];
}

async function findFiles(uris: readonly vscode.Uri[]): Promise<readonly FileToImport[]> {
  const found: FileToImport[] = [];
  for (const uri of uris) {
    const { type, size } = await vscode.workspace.fs.stat(uri);
    const name = uri.path.split('/').findLast((segment) => segment !== '') ?? '';
    if ((type & vscode.FileType.Directory) !== 0) await walk(uri, [], found);
    else found.push({ uri, segments: [name], size, picked: true });
  }
  return found;
}

async function walk(folder: vscode.Uri, above: readonly string[], found: FileToImport[]): Promise<void> {
  if (above.length > importLimits.depth) return;
  const entries = await vscode.workspace.fs.readDirectory(folder);
  for (const [name, type] of entries.sort(([a], [b]) => a.localeCompare(b))) {
    const uri = vscode.Uri.joinPath(folder, name);
    const segments = [...above, name];
    // A link may lead in a circle, or out of what was picked.
    if ((type & vscode.FileType.SymbolicLink) !== 0 || found.length >= importLimits.files) continue;
    if (type === vscode.FileType.Directory && isSearchedFolder(name)) await walk(uri, segments, found);
    if (type !== vscode.FileType.File || kindOf(name) === null) continue;
    found.push({ uri, segments, size: (await vscode.workspace.fs.stat(uri)).size, picked: false });
  }
}

// ---- reading

interface Converted {
  readonly file: PlannedFile<FileToImport>;
  readonly source: string;
  readonly imported: ImportedPrompt;
}

interface Read {
  readonly converted: readonly Converted[];
  readonly failed: readonly ImportOutcome[];
}

async function readAll(language: Language, uris: readonly vscode.Uri[], step: Step): Promise<Read | null> {
  const plan = planImport(await findFiles(uris));
  const failed = plan.skipped.map(({ file, reason }) => failure(file, skipText(reason)));
  const converted: Converted[] = [];
  for (const file of plan.files) {
    if (!step(vscode.l10n.t('reading'), 0.5 / plan.files.length)) return null;
    const source = await readText(file.file.uri);
    const imported = source === null ? null : await convert(language, { file, source, declareInputs: false });
    if (source === null) failed.push(failure(file.file, vscode.l10n.t('It cannot be read as UTF-8 text.')));
    else if (imported === null) failed.push(failure(file.file, vscode.l10n.t('It could not be converted.')));
    else converted.push({ file, source, imported });
  }
  return { converted, failed };
}

interface Converting {
  readonly file: PlannedFile<FileToImport>;
  readonly source: string;
  readonly declareInputs: boolean;
}

async function convert(
  language: Language,
  { file, source, declareInputs }: Converting,
): Promise<ImportedPrompt | null> {
  return language.convert({ kind: file.kind, name: pathNameOf(file.file), text: source, declareInputs });
}

/** A skill is named by its folder, also when its file was picked alone. */
function pathNameOf({ uri }: FileToImport): string {
  return uri.path.split('/').slice(-2).join('/');
}

async function readText(uri: vscode.Uri): Promise<string | null> {
  try {
    const bytes = await vscode.workspace.fs.readFile(uri);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

// ---- asking once

/** `{{name}}` in a foreign file may be an input or just text: the user decides, once for all. Null = gave up. */
async function chooseInputs(
  language: Language,
  converted: readonly Converted[],
  decided: boolean | null,
): Promise<readonly Converted[] | null> {
  const withInputs = await Promise.all(
    converted.map(async (each) => {
      if (each.imported.notMapped.length === 0) return each;
      return {
        ...each,
        imported: (await convert(language, { ...each, declareInputs: true })) ?? each.imported,
      };
    }),
  );
  const differing = withInputs.filter(({ imported }, at) => imported.text !== converted[at]?.imported.text);
  if (differing.length === 0) return converted;
  if (decided !== null) return decided ? withInputs : converted;
  const inputs = vscode.l10n.t('Make Them Inputs');
  const text = vscode.l10n.t('Keep as Text');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} of these files hold names in double braces, such as {{name}}.', differing.length),
    {
      modal: true,
      detail: vscode.l10n.t(
        'As inputs they are asked for at each run and may be left empty. As text they stay as they are written.',
      ),
    },
    inputs,
    text,
  );
  if (answer === undefined) return null;
  return answer === inputs ? withInputs : converted;
}

// ---- creating

interface Created {
  readonly path: string | null;
  readonly problem: string | null;
}

const batchSize = 50;

/** One outcome for each prompt, in order. A batch that fails is told in the report; the next ones go on. */
async function createAll(
  library: Library,
  prompts: readonly NewPrompt[],
  step: Step,
): Promise<readonly Created[]> {
  const created: Created[] = [];
  for (let at = 0; at < prompts.length; at += batchSize) {
    const batch = prompts.slice(at, at + batchSize);
    if (!step(vscode.l10n.t('saving'), (0.5 * batch.length) / prompts.length)) {
      created.push(...batch.map(() => ({ path: null, problem: vscode.l10n.t('Cancelled.') })));
      continue;
    }
    const result = await library.createPrompts(batch);
    if (result.ok) created.push(...result.value.map(({ path }) => ({ path, problem: null })));
    else created.push(...batch.map(() => ({ path: null, problem: sentenceOf(result.problem) })));
  }
  return created;
}

// ---- report

function outcomeOf({ file, imported }: Converted, created: Created | null): ImportOutcome {
  return {
    path: file.file.segments.join('/'),
    importedAs: created?.path ?? null,
    mapped: imported.mapped.map(reported),
    kept: imported.kept.map(reported),
    notMapped: imported.notMapped.map(reported),
    problem: created?.problem ?? null,
  };
}

function reported({ what, reason, range }: ImportNote): ReportNote {
  return { what, reason, line: range === null ? null : range.start.line + 1 };
}

function failure(file: FileToImport, problem: string): ImportOutcome {
  return { path: file.segments.join('/'), importedAs: null, mapped: [], kept: [], notMapped: [], problem };
}
