// Expected failures of the library, in words for the user. Owns the texts; none of them ever holds content, a name or a
// key. Inside the worker a problem travels as a `ProblemError`, so that a transaction rolls back; the edge of the
// worker turns it into a value (`toProblem`).

import { t } from '@vscode/l10n';
import type { LibraryProblem, LibraryProblemCode, LibraryResult } from '../library/api.ts';

/** Carries a problem out of a transaction. Never crosses the worker's edge. */
export class ProblemError extends Error {
  readonly problem: LibraryProblem;

  constructor(problem: LibraryProblem) {
    super(problem.message);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

interface Wording {
  readonly message: string;
  readonly action: string;
}

/** What is said where the place that fails has nothing better to say. */
const wordings = (): Readonly<Record<LibraryProblemCode, Wording>> => ({
  notFound: {
    message: t('This prompt, folder, version or run is not in the library.'),
    action: t('Refresh the view: it may have been deleted in another window.'),
  },
  nameInvalid: {
    message: t('This name cannot be used.'),
    action: t('Use 1 to 120 characters without slashes and control characters, and not "." or "..".'),
  },
  nameTaken: {
    message: t('There is already something of this name in that folder.'),
    action: t('Choose another name.'),
  },
  folderCycle: {
    message: t('A folder cannot be moved into itself or into a folder below it.'),
    action: t('Choose another place.'),
  },
  tooLarge: {
    message: t('This text is larger than 1 MB.'),
    action: t('Shorten it, or split it into partials.'),
  },
  tooMany: {
    message: t('The library is at its limit for one call, or holds 100,000 prompts.'),
    action: t('Do it in smaller parts, or delete what is no longer needed.'),
  },
  readOnly: {
    message: t("The library's folder cannot be written to."),
    action: t('Give your user the right to write there, then reload the window.'),
  },
  diskFull: {
    message: t("The disk that holds the library is full. Your text is still in the editor; it isn't saved."),
    action: t('Free some space, then save again.'),
  },
  corrupt: {
    message: t("The library's file is damaged and was left as it is."),
    action: t(
      'Restore the folder from a backup, or set the library aside and start an empty one; nothing is deleted.',
    ),
  },
  busy: {
    message: t('Another window is writing to the library and did not finish in time.'),
    action: t('Try again in a moment.'),
  },
  keyMissing: {
    message: t("The library is there, but this computer's secret storage does not hold its key."),
    action: t('Enter the recovery kit, try again, or set the library aside and start an empty one.'),
  },
  kitInvalid: {
    message: t('This is not a recovery kit code: letters are missing or mistyped.'),
    action: t('Compare it with your sheet and enter it again.'),
  },
  kitWrong: {
    message: t('This recovery kit belongs to another library.'),
    action: t('Look for the sheet with the account id that is shown for this library.'),
  },
  notVerified: {
    message: t('The signature of this prompt could not be checked.'),
    action: t('Wait until checking has ended. If it stays like this, restore an earlier version.'),
  },
  notAllowed: {
    message: t('You may read the prompts of this team, but not change them now.'),
    action: t('Ask an admin of the team for the role "editor", or copy the prompt into another team.'),
  },
  newerFormat: {
    message: t('The library was written by a newer Cuebook.'),
    action: t('Update Cuebook, then reload the window.'),
  },
  stopped: {
    message: t('The library was stopped while it worked on this.'),
    action: t('Try again. What had been confirmed as saved is saved.'),
  },
  internal: {
    message: t('Something unexpected went wrong in the library.'),
    action: t('Try again. If it stays, report it with the Cuebook log, which holds no content.'),
  },
});

export function problem(code: LibraryProblemCode, wording: Partial<Wording> = {}): LibraryProblem {
  return { code, ...wordings()[code], ...wording };
}

/** Ends the current transaction with an expected failure. */
export function fail(code: LibraryProblemCode, wording: Partial<Wording> = {}): never {
  throw new ProblemError(problem(code, wording));
}

export function success<T>(value: T): LibraryResult<T> {
  return { ok: true, value };
}

/** What went wrong, for any thrown value: known errors of disk and database by their code, all others as `internal`. */
export function toProblem(error: unknown): LibraryProblem {
  if (error instanceof ProblemError) return error.problem;
  if (sqliteCode(error) === diskError) return problem('internal', diskErrorWording());
  const code = sqliteProblems.get(sqliteCode(error)) ?? systemProblems.get(systemCode(error));
  return problem(code ?? 'internal');
}

/** Place of an unexpected error for the log: its name and stack frames, never its message, which may hold content. */
export function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return [error.name, ...frames.slice(0, 6).map((frame) => frame.trim())].join(' ');
}

const diskError = 10;
const diskErrorWording = (): Wording => ({
  message: t("The disk reported an error while the library's file was read or written."),
  action: t(
    'Check the disk or the network drive, then try again. What had been confirmed as saved is saved.',
  ),
});

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const sqliteProblems: ReadonlyMap<number, LibraryProblemCode> = new Map([
  [5, 'busy'],
  [6, 'busy'],
  [8, 'readOnly'],
  [11, 'corrupt'],
  [13, 'diskFull'],
  [14, 'readOnly'],
  [15, 'busy'],
  [26, 'corrupt'],
] as const);

const systemProblems: ReadonlyMap<string, LibraryProblemCode> = new Map([
  ['EACCES', 'readOnly'],
  ['EPERM', 'readOnly'],
  ['EROFS', 'readOnly'],
  ['ENOSPC', 'diskFull'],
  ['EDQUOT', 'diskFull'],
  ['EBUSY', 'busy'],
  ['ENOTDIR', 'readOnly'],
  ['EEXIST', 'readOnly'],
] as const);

/** The primary result code, 0 for anything that is not an error of SQLite. */
export function sqliteCode(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0;
  return typeof error.errcode === 'number' ? error.errcode % 256 : 0;
}

function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
