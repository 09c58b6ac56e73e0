// The prompt that is to be run, as it is now: in the editor if it is being changed there, else in the library, with all
// that it includes.

import * as vscode from 'vscode';
import type { GivenPrompt } from '../../language/api.ts';
import type { Library, LibraryProblem, PromptId, PromptSummary, RevisionId } from '../../library/api.ts';
import { sentenceOf } from '../library/problems.ts';
import { knownPartial } from '../language/surroundings.ts';
import { parsePromptUri } from '../promptUri.ts';

export interface LoadedPrompt {
  readonly summary: PromptSummary;
  readonly text: string;
  readonly revisionId: RevisionId | null;
  /** `v3`, `draft`, `unsaved text`. */
  readonly version: string;
  /** True if the text is only in an editor yet. */
  readonly unsaved: boolean;
  readonly workspaceKind: 'personal' | 'team';
  /** Text and partials, as the language reads them. */
  readonly given: GivenPrompt;
  /** The text and those of all that it includes. */
  readonly texts: readonly string[];
}

export type LoadOutcome =
  | { readonly ok: true; readonly prompt: LoadedPrompt }
  | { readonly ok: false; readonly problem: string };

export async function loadPrompt(library: Library, id: PromptId): Promise<LoadOutcome> {
  const found = await library.prompt(id);
  if (!found.ok) return refused(found.problem);
  const reason = whyNot(found.value);
  if (reason !== null) return { ok: false, problem: reason };
  const stored = await library.read(id);
  if (!stored.ok) return refused(stored.problem);
  const edited = editedText(id);
  const text = edited ?? stored.value.text;
  const partials = await library.partialsOf(text, id);
  if (!partials.ok) return refused(partials.problem);
  return {
    ok: true,
    prompt: {
      summary: found.value,
      text,
      revisionId: stored.value.revisionId,
      version: versionOf(found.value, { unsaved: edited !== null, isDraft: stored.value.isDraft }),
      unsaved: edited !== null || stored.value.isDraft,
      workspaceKind: await kindOf(library, found.value),
      given: { text, key: id, partials: partials.value.map(knownPartial) },
      texts: [text, ...partials.value.map((partial) => partial.text ?? '')],
    },
  };
}

function refused(problem: LibraryProblem): LoadOutcome {
  return { ok: false, problem: sentenceOf(problem) };
}

function whyNot(prompt: PromptSummary): string | null {
  if (!prompt.verified) {
    return vscode.l10n.t('The signatures of this prompt are still being checked. Run it when that is done.');
  }
  if (prompt.trashedAt !== null) return vscode.l10n.t('This prompt is in the trash. Restore it to run it.');
  if (prompt.hasConflict) {
    return vscode.l10n.t(
      'This prompt has two versions that could not be merged. Open it and settle that first.',
    );
  }
  return null;
}

/** What an editor shows and the library does not have yet; null if there is nothing such. */
function editedText(id: PromptId): string | null {
  const document = vscode.workspace.textDocuments.find(
    (each) => each.isDirty && parsePromptUri(each.uri)?.id === id,
  );
  return document?.getText() ?? null;
}

function versionOf(
  prompt: PromptSummary,
  text: { readonly unsaved: boolean; readonly isDraft: boolean },
): string {
  if (text.unsaved) return vscode.l10n.t('unsaved text');
  if (text.isDraft) return vscode.l10n.t('draft');
  return prompt.versions === 0 ? '' : `v${prompt.versions}`;
}

async function kindOf(library: Library, prompt: PromptSummary): Promise<'personal' | 'team'> {
  const status = await library.status();
  const workspaces = status.kind === 'ready' ? status.workspaces : [];
  return workspaces.find(({ id }) => id === prompt.workspaceId)?.kind ?? 'team';
}
