// "Copy to Workspace…" and "Move to Workspace…": which workspace, what it means, and how it went.

import * as vscode from 'vscode';
import type { Library, WorkspaceId, WorkspaceSummary } from '../../library/api.ts';
import { promptUri } from '../promptUri.ts';
import { copyAcross, originalsOf, type Destination } from './copyAcross.ts';
import type { ItemId } from './nodes.ts';
import { oneLine } from './plainText.ts';
import { sentenceOf, valueOrShown, wentWell } from './problems.ts';
import { whereabouts, workspaceChoice, workspaceName } from './workspaceWords.ts';

export type Across = 'copy' | 'move';

/** `from`: the workspaces that the items are in. `to`: where they were dropped; asked for where it is not said. */
export async function takeAcross(
  library: Library,
  how: Across,
  items: {
    readonly ids: readonly ItemId[];
    readonly from: readonly WorkspaceId[];
    readonly to?: Destination;
  },
): Promise<void> {
  const { ids, from } = items;
  const status = await library.status();
  const all = status.kind === 'ready' ? status.workspaces : [];
  const chosen = items.to?.workspaceId ?? (await chooseOther(all, from, how));
  const target = all.find(({ id }) => id === chosen);
  if (target === undefined) return;
  const originals = valueOrShown(await originalsOf(library, ids));
  if (originals === null) return;
  if (originals.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no prompt in it.'));
    return;
  }
  if (how === 'move' && !(await confirmMove(originals.length, fullName(target, all)))) return;
  const copies = await copyAcross(library, originals, items.to ?? { workspaceId: target.id, folderId: null });
  if (!copies.ok) {
    // Nothing was taken away yet: the originals are where they were.
    void vscode.window.showErrorMessage(sentenceOf(copies.problem));
    return;
  }
  if (how === 'move' && !wentWell(await library.trash(ids))) return;
  void sayDone(how, copies.value.length, fullName(target, all));
  const [only] = copies.value;
  if (only !== undefined && copies.value.length === 1) await vscode.window.showTextDocument(promptUri(only));
}

async function chooseOther(
  all: readonly WorkspaceSummary[],
  from: readonly WorkspaceId[],
  how: Across,
): Promise<WorkspaceId | undefined> {
  const others = all.filter(({ id }) => !from.includes(id));
  if (others.length === 0) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('There is no other workspace here. Create or join a team first.'),
    );
    return undefined;
  }
  const rows = others.map((workspace) => workspaceChoice(workspace, all, vscode.l10n.t));
  const title = how === 'copy' ? vscode.l10n.t('Copy to Workspace') : vscode.l10n.t('Move to Workspace');
  const hasTeam = others.some(({ kind }) => kind === 'team');
  const placeHolder = hasTeam ? vscode.l10n.t('Members of a team can read what is put there.') : '';
  return (await vscode.window.showQuickPick(rows, { title, placeHolder }))?.id;
}

function fullName(workspace: WorkspaceSummary, all: readonly WorkspaceSummary[]): string {
  const where = whereabouts(workspace, all, vscode.l10n.t);
  const name = oneLine(workspaceName(workspace, vscode.l10n.t), 60);
  return where === '' ? name : `${name} (${where})`;
}

async function confirmMove(count: number, target: string): Promise<boolean> {
  const yes = vscode.l10n.t('Move');
  const answer = await vscode.window.showWarningMessage(
    count === 1
      ? vscode.l10n.t('Move this prompt to “{0}”?', target)
      : vscode.l10n.t('Move {0} prompts to “{1}”?', String(count), target),
    {
      modal: true,
      detail: vscode.l10n.t(
        'They begin there as new prompts with the texts of now. Earlier versions and labels stay with the originals, which go to the trash.',
      ),
    },
    yes,
  );
  return answer === yes;
}

async function sayDone(how: Across, count: number, target: string): Promise<void> {
  const text =
    how === 'copy'
      ? vscode.l10n.t('Prompts copied to “{0}”: {1}.', target, String(count))
      : vscode.l10n.t('Prompts moved to “{0}”: {1}. The originals are in the trash.', target, String(count));
  await vscode.window.showInformationMessage(text);
}
