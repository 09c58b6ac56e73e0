// Read-only documents that are not prompts: an earlier version, a side of a conflict, the report of an import. They
// live in memory only and are asked from the library each time.

import * as vscode from 'vscode';
import type { Library, PromptId, PromptSummary, RevisionId } from '../../library/api.ts';
import { extensionOfPrompts } from '../promptUri.ts';
import { promptIdOf } from './nodes.ts';
import { sentenceOf } from './problems.ts';

const versionScheme = 'cuebook-version';
const conflictScheme = 'cuebook-conflict';
const reportScheme = 'cuebook-report';

export type ConflictSide = 'base' | 'mine' | 'theirs';

type Named = Pick<PromptSummary, 'id' | 'name'>;

export function versionUri(prompt: Named, revisionId: RevisionId): vscode.Uri {
  return virtualUri(versionScheme, prompt, revisionId);
}

export function conflictUri(prompt: Named, side: ConflictSide): vscode.Uri {
  return virtualUri(conflictScheme, prompt, side);
}

/** The prompt that a side of a conflict belongs to; null for any other address. */
export function promptOfConflict(uri: vscode.Uri): PromptId | null {
  return uri.scheme === conflictScheme ? promptIdOf(partsOf(uri).id) : null;
}

/** The prompt that a version belongs to; null for any other address. */
export function promptOfVersion(uri: vscode.Uri): PromptId | null {
  return uri.scheme === versionScheme ? promptIdOf(partsOf(uri).id) : null;
}

function virtualUri(scheme: string, prompt: Named, part: string): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `/${prompt.id}/${part}/${prompt.name}${extensionOfPrompts}` });
}

export interface Reports {
  /** Shows a report as a Markdown document; the last few stay open-able. */
  show(markdown: string): Promise<void>;
}

export interface VirtualTexts extends vscode.Disposable {
  readonly reports: Reports;
}

const reportsKept = 5;

export function registerVirtualTexts(library: Library): VirtualTexts {
  const reports = new Map<string, string>();
  const register = (scheme: string, text: (uri: vscode.Uri) => Promise<string>): vscode.Disposable =>
    vscode.workspace.registerTextDocumentContentProvider(scheme, { provideTextDocumentContent: text });
  const registrations = vscode.Disposable.from(
    register(versionScheme, async (uri) => versionText(library, uri)),
    register(conflictScheme, async (uri) => sideText(library, uri)),
    register(reportScheme, async (uri) => reports.get(uri.path) ?? ''),
  );
  let count = 0;
  return {
    reports: {
      async show(markdown) {
        count += 1;
        const path = `/${vscode.l10n.t('Import report')} ${count}.md`;
        reports.set(path, markdown);
        for (const old of [...reports.keys()].slice(0, -reportsKept)) reports.delete(old);
        const uri = vscode.Uri.from({ scheme: reportScheme, path });
        await vscode.window.showTextDocument(uri, { preview: false });
      },
    },
    dispose: () => registrations.dispose(),
  };
}

function partsOf(uri: vscode.Uri): { readonly id: PromptId; readonly part: string } {
  const [, id = '', part = ''] = uri.path.split('/');
  return { id: id as PromptId, part };
}

async function versionText(library: Library, uri: vscode.Uri): Promise<string> {
  const { id, part } = partsOf(uri);
  const text = await library.versionText(id, part as RevisionId);
  if (!text.ok) throw new Error(sentenceOf(text.problem));
  return text.value;
}

async function sideText(library: Library, uri: vscode.Uri): Promise<string> {
  const { id, part } = partsOf(uri);
  const conflict = await library.conflict(id);
  if (!conflict.ok) throw new Error(sentenceOf(conflict.problem));
  // The merge editor may be restored after the conflict ended.
  if (conflict.value === null) return '';
  switch (part) {
    case 'base':
      return conflict.value.base;
    case 'mine':
      return conflict.value.mine;
    default:
      return conflict.value.theirs;
  }
}
