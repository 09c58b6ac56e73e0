// What is said and asked before anything is sent. Each answers whether to go on.

import * as vscode from 'vscode';
import type { PromptSummary, RevisionId } from '../../library/api.ts';
import type { HiddenFinding } from '../../language/hiddenFinding.ts';
import { oneLine } from '../library/plainText.ts';
import { promptUri } from '../promptUri.ts';
import { versionUri } from '../library/virtualTexts.ts';

/** True: run anyway. The prompt can be looked at instead. */
export async function confirmHidden(prompt: PromptSummary, hidden: HiddenFinding): Promise<boolean> {
  const run = vscode.l10n.t('Run Anyway');
  const open = vscode.l10n.t('Open Prompt');
  const spelled =
    hidden.spelled === '' ? '' : vscode.l10n.t('They spell: “{0}”', oneLine(hidden.spelled, 200));
  const answer = await vscode.window.showWarningMessage(
    hidden.inInputs
      ? vscode.l10n.t(
          'The text that goes with this prompt holds {0} characters that nobody sees.',
          hidden.count,
        )
      : vscode.l10n.t('This prompt holds {0} characters that nobody sees.', hidden.count),
    {
      modal: true,
      detail: [
        vscode.l10n.t('A model reads them: hidden instructions are hidden like this.'),
        hidden.kinds.join(', '),
        spelled,
      ]
        .filter(Boolean)
        .join('\n'),
    },
    run,
    ...(hidden.inInputs ? [] : [open]),
  );
  if (answer === open) await vscode.window.showTextDocument(promptUri(prompt));
  return answer === run;
}

export interface ChangedPrompt {
  readonly prompt: PromptSummary;
  readonly lastRun: string | null;
  readonly now: RevisionId | null;
}

/** True: run it as it is now. The change can be looked at first. */
export async function confirmChanged(changed: ChangedPrompt): Promise<boolean> {
  const run = vscode.l10n.t('Run the New Text');
  const show = vscode.l10n.t('Show Changes');
  const canShow = changed.lastRun !== null && changed.now !== null && changed.lastRun !== changed.now;
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('This prompt, or one that it includes, was changed since you last ran it.'),
    { modal: true, detail: vscode.l10n.t('Look at what changed before your text is sent with it.') },
    // The first is what Enter takes: looking comes before sending.
    ...(canShow ? [show] : []),
    run,
  );
  if (answer === show) await showChanges(changed);
  return answer === run;
}

async function showChanges({ prompt, lastRun, now }: ChangedPrompt): Promise<void> {
  if (lastRun === null || now === null) return;
  await vscode.commands.executeCommand(
    'vscode.diff',
    versionUri(prompt, lastRun as RevisionId),
    versionUri(prompt, now),
    vscode.l10n.t('Since the last run'),
  );
}

/** In an untrusted folder nothing is read from it, and nothing is sent, before the user has said so. */
export async function confirmUntrusted(reads: readonly string[], model: string): Promise<boolean> {
  const run = vscode.l10n.t('Read and Run');
  const what =
    reads.length === 0
      ? vscode.l10n.t('The prompt reads nothing from the editor.')
      : vscode.l10n.t('The prompt reads: {0}.', reads.join(', '));
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('This folder is not trusted. Run the prompt all the same?'),
    { modal: true, detail: `${what} ${vscode.l10n.t('It is sent to {0}.', model)}` },
    run,
  );
  return answer === run;
}

/** `otherModel`: the user wants to choose one that takes more. */
export async function confirmTooLong(size: {
  readonly tokens: number;
  readonly limit: number;
  readonly model: string;
}): Promise<'run' | 'otherModel' | 'stop'> {
  const run = vscode.l10n.t('Send Anyway');
  const other = vscode.l10n.t('Choose Another Model…');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t(
      'This is about {0} tokens, and {1} takes {2}.',
      size.tokens.toLocaleString(),
      size.model,
      size.limit.toLocaleString(),
    ),
    { modal: true, detail: vscode.l10n.t('The provider will most likely refuse it.') },
    other,
    run,
  );
  if (answer === run) return 'run';
  return answer === other ? 'otherModel' : 'stop';
}
