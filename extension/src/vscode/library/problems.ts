// How an expected failure of the library is said: as a message, or as the error that VS Code's file service knows.

import * as vscode from 'vscode';
import type { LibraryProblem, LibraryResult } from '../../library/api.ts';

/** What went wrong and what to do, in one line. The library's texts never hold content. */
export function sentenceOf(problem: LibraryProblem): string {
  return `${problem.message} ${problem.action}`.trim();
}

/** The value, or null after the failure was shown. */
export function valueOrShown<T>(result: LibraryResult<T>): T | null {
  if (result.ok) return result.value;
  void vscode.window.showErrorMessage(sentenceOf(result.problem));
  return null;
}

/** True if it went well; false after the failure was shown. */
export function wentWell(result: LibraryResult<unknown>): boolean {
  return valueOrShown(result) !== null || result.ok;
}

export function fileError(problem: LibraryProblem, uri: vscode.Uri): vscode.FileSystemError {
  switch (problem.code) {
    case 'notFound':
      return vscode.FileSystemError.FileNotFound(uri);
    case 'nameTaken':
      return vscode.FileSystemError.FileExists(sentenceOf(problem));
    case 'readOnly':
    case 'notAllowed':
    case 'nameInvalid':
    case 'folderCycle':
      return vscode.FileSystemError.NoPermissions(sentenceOf(problem));
    case 'keyMissing':
    case 'busy':
    case 'stopped':
    case 'corrupt':
    case 'newerFormat':
      return vscode.FileSystemError.Unavailable(sentenceOf(problem));
    case 'tooLarge':
    case 'tooMany':
    case 'diskFull':
    case 'kitInvalid':
    case 'kitWrong':
    case 'notVerified':
    case 'internal':
      return new vscode.FileSystemError(sentenceOf(problem));
  }
}

export function valueOrThrow<T>(result: LibraryResult<T>, uri: vscode.Uri): T {
  if (result.ok) return result.value;
  throw fileError(result.problem, uri);
}
