// The local history of runs: sealed, newest first, searchable, bounded. Runs never leave this computer.

import { t } from '@vscode/l10n';
import type { LibraryResult, PromptId, RunId, RunRecord, RunSummary } from '../library/api.ts';
import { fail, problem, success } from './libraryProblem.ts';
import type { LocalSeals, Place } from './localValues.ts';
import { fold } from './searchIndex.ts';
import type { SqliteStore, StoredRun } from './sqliteStore.ts';

export interface RunLimits {
  readonly runs: number;
  readonly bytes: number;
  /** Of one run, sealed. */
  readonly runBytes: number;
}

export const runLimits: RunLimits = { runs: 5000, bytes: 200_000_000, runBytes: 8_000_000 };

export interface RunQuery {
  readonly query?: string;
  readonly promptId?: PromptId;
  readonly before?: RunId;
  readonly limit: number;
}

/** Adds a run within a transaction and drops the oldest beyond the limits. A run that is already there stays. */
export function addRun(store: SqliteStore, seals: LocalSeals, run: RunRecord, limits: RunLimits): void {
  const bytes = seals.sealJson(placeOfRun(run.id), run);
  if (bytes.length > limits.runBytes) {
    fail('tooLarge', {
      message: t('This run is larger than 8 MB and was not kept in the history.'),
      action: t('Open the answer as a document and save it if you need it.'),
    });
  }
  store.addRun({ id: run.id, promptId: run.promptId, bytes });
  dropOldest(store, limits);
}

function dropOldest(store: SqliteStore, limits: RunLimits): void {
  const totals = store.runTotals();
  if (totals.count > limits.runs) store.deleteOldestRuns(totals.count - limits.runs);
  // A sixteenth at a time: few statements, and there is room for a while afterwards.
  while (store.runTotals().bytes > limits.bytes) {
    store.deleteOldestRuns(Math.ceil(store.runTotals().count / 16));
  }
}

export function readRun(store: SqliteStore, seals: LocalSeals, id: RunId): LibraryResult<RunRecord> {
  const stored = store.run(id);
  if (stored === null) return { ok: false, problem: problem('notFound') };
  const run = openRun(seals, stored);
  return run === null ? { ok: false, problem: problem('corrupt', damaged()) } : success(run);
}

const damaged = () => ({
  message: t('This run is damaged and cannot be shown.'),
  action: t('Clear the run history to be rid of it; prompts are not affected.'),
});

const pageSize = 100;

/** Newest first. A damaged run is left out here; asking for it by its id says so. */
export function listRuns(store: SqliteStore, seals: LocalSeals, options: RunQuery): readonly RunSummary[] {
  const words = fold(options.query ?? '')
    .split(/\s+/)
    .filter((word) => word !== '');
  const found: RunSummary[] = [];
  let before = options.before === undefined ? Number.MAX_SAFE_INTEGER : (store.run(options.before)?.row ?? 0);
  while (found.length < options.limit) {
    const page = store.runsBefore(before, pageSize, options.promptId ?? null);
    for (const stored of page) {
      const run = openRun(seals, stored);
      if (run !== null && matches(run, words)) found.push(summaryOf(run));
    }
    const last = page.at(-1);
    if (last === undefined) break;
    before = last.row;
  }
  return found.slice(0, options.limit);
}

const placeOfRun = (id: RunId): Place => ({ purpose: 'run', row: id });

function openRun(seals: LocalSeals, stored: StoredRun): RunRecord | null {
  return seals.openJson<RunRecord>(placeOfRun(stored.id), stored.bytes);
}

function matches(run: RunRecord, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const parts = [run.promptName, run.model, run.output, JSON.stringify(run.inputs)];
  const text = fold(parts.concat(run.messages.map((message) => message.content)).join('\n'));
  return words.every((word) => text.includes(word));
}

function summaryOf(run: RunRecord): RunSummary {
  const { id, promptId, promptName, model, status, startedAt, usage } = run;
  const excerpt = run.output.slice(0, 400).replaceAll(/\s+/gu, ' ').trim().slice(0, 120);
  return { id, promptId, promptName, model, status, startedAt, usage, excerpt };
}
