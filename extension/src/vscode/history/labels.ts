// Labels: names such as `production` that point at a version and move. Each move is kept and signed; a protected label
// refuses whoever may not move it, and says who may.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import type { LabelMove, PromptLabel } from '../../library/history.ts';
import { labelOf, oneLine } from '../library/plainText.ts';
import { promptFor } from '../library/promptActions.ts';
import { valueOrShown, wentWell } from '../library/problems.ts';
import { showVersionChange, versionAt } from './compare.ts';
import { said, versionFor } from './versionActions.ts';
import type { VersionPlace } from './versionLink.ts';
import { agoOf, authorOf, numberOf, roleWord, whyUntrusted } from './words.ts';

/** Offered where a prompt has no labels yet. */
const usualNames = ['production', 'staging'];

interface LabelItem extends vscode.QuickPickItem {
  readonly name: string;
}

/** Points a label at a version. `given`: its name, from a program. */
export async function setLabel(library: Library, argument: unknown, given: unknown): Promise<void> {
  const place = await versionFor(library, argument, vscode.l10n.t('Set Label'));
  const found = await versionAt(library, place);
  const labels = found && valueOrShown(await library.labels(found.prompt.id));
  if (!found || !labels) return;
  const { prompt, version } = found;
  const name = typeof given === 'string' ? given : await askForName(labels, numberOf(version));
  if (name === null || !(await mayMove(library, prompt.id, name))) return;
  const message = typeof given === 'string' ? '' : await askWhy(name);
  if (message === undefined) return;
  const { revisionId } = version;
  if (wentWell(await library.moveLabel(prompt.id, { name, revisionId, message })))
    said(vscode.l10n.t('“{0}” points at {1} now.', oneLine(name, 60), numberOf(version)));
}

export async function removeLabel(library: Library, argument: unknown, given: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Remove Label'));
  const name = prompt && (await nameFor(library, prompt.id, given));
  if (!prompt || !name || !(await mayMove(library, prompt.id, name))) return;
  wentWell(await library.moveLabel(prompt.id, { name, revisionId: null }));
}

/** Where a label pointed, when, and who moved it; a row opens what its version changed. */
export async function showLabelMoves(library: Library, argument: unknown, given: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Show Label History'));
  const name = prompt && (await nameFor(library, prompt.id, given));
  const moves = name && valueOrShown(await library.labelMoves(prompt.id, name));
  if (!moves) return;
  const picked = await vscode.window.showQuickPick(
    moves.map((move) => moveItem(prompt.id, move)),
    { title: vscode.l10n.t('History of the label “{0}”', labelOf(name)) },
  );
  if (picked?.place) await showVersionChange(library, picked.place);
}

interface MoveItem extends vscode.QuickPickItem {
  readonly place: VersionPlace | null;
}

function moveItem(promptId: PromptId, move: LabelMove): MoveItem {
  if (move.trust === 'untrusted') {
    const label = `$(warning) ${vscode.l10n.t('could not be verified')}`;
    return { place: null, label, detail: whyUntrusted(move.why) };
  }
  const message = oneLine(move.message, 120);
  return {
    place: move.to && { promptId, revisionId: move.to.revisionId },
    label: whereTo(move),
    description: labelOf(`${authorOf(move.author)}, ${agoOf(move.movedAt)}`),
    ...(message === '' ? {} : { detail: labelOf(message) }),
  };
}

function whereTo({ to, isRemoval }: Exclude<LabelMove, { trust: 'untrusted' }>): string {
  if (isRemoval) return vscode.l10n.t('removed');
  return to === null ? vscode.l10n.t('to a version that is not here') : vscode.l10n.t('to {0}', numberOf(to));
}

/** The label that a command means: the given one, the only one, or the one that the user picks. */
async function nameFor(library: Library, id: PromptId, given: unknown): Promise<string | null> {
  if (typeof given === 'string') return given;
  const labels = valueOrShown(await library.labels(id));
  if (!labels) return null;
  if (labels.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This prompt has no labels. Set one on a version in the Versions view.'),
    );
    return null;
  }
  const [only] = labels;
  if (only && labels.length === 1) return only.name;
  const picked = await vscode.window.showQuickPick(labels.map(labelItem), {
    title: vscode.l10n.t('Which label?'),
  });
  return picked?.name ?? null;
}

function labelItem({ name, version, author, movedAt, protectedFor, mayMove }: PromptLabel): LabelItem {
  const icon = mayMove ? 'tag' : 'lock';
  const guard =
    protectedFor === null ? [] : [vscode.l10n.t('protected: {0} move it', roleWord(protectedFor))];
  return {
    name,
    label: `$(${icon}) ${labelOf(name)}`,
    description: labelOf([numberOf(version), `${authorOf(author)}, ${agoOf(movedAt)}`, ...guard].join(' · ')),
  };
}

/** Picked from those that are there, or typed. Null: given up. */
async function askForName(labels: readonly PromptLabel[], version: string): Promise<string | null> {
  const known = labels.map(labelItem);
  const usual = usualNames
    .filter((name) => !labels.some((label) => label.name === name))
    .map((name) => ({ name, label: `$(tag) ${name}`, description: vscode.l10n.t('new') }));
  const pick = vscode.window.createQuickPick<LabelItem>();
  pick.title = vscode.l10n.t('Which label points at {0}?', version);
  pick.placeholder = vscode.l10n.t('Pick a label to move it here, or type a new name');
  const offer = (typed: string): void => {
    const all = [...known, ...usual];
    const isNew = typed !== '' && !all.some(({ name }) => name === typed);
    const made = { name: typed, label: `$(add) ${labelOf(typed)}`, description: vscode.l10n.t('new label') };
    pick.items = isNew ? [...all, { ...made, alwaysShow: true }] : all;
  };
  offer('');
  pick.onDidChangeValue((value) => offer(value.trim()));
  try {
    return await new Promise<string | null>((resolve) => {
      pick.onDidAccept(() => resolve(pick.activeItems[0]?.name ?? null));
      pick.onDidHide(() => resolve(null));
      pick.show();
    });
  } finally {
    pick.dispose();
  }
}

async function askWhy(name: string): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: vscode.l10n.t('Why does “{0}” move?', oneLine(name, 60)),
    prompt: vscode.l10n.t('Optional: it is kept in the history of the label. Enter goes on without.'),
  });
}

/** False after it was said who may. */
async function mayMove(library: Library, id: PromptId, name: string): Promise<boolean> {
  const rule = valueOrShown(await library.labelRule(id, name));
  if (!rule || rule.mayMove) return rule !== null;
  const shown = oneLine(name, 60);
  void vscode.window.showWarningMessage(
    rule.protectedFor === null
      ? vscode.l10n.t('You cannot move labels here: you may only read this team’s prompts.')
      : vscode.l10n.t(
          'The label “{0}” is protected: only {1} of this team may move it. Ask one of them.',
          shown,
          roleWord(rule.protectedFor),
        ),
  );
  return false;
}
