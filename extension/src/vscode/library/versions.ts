// Versions of a prompt, for now as a list: compare with another version, or restore one as a new version.

import * as vscode from 'vscode';
import type { Library, PromptSummary, RevisionId } from '../../library/api.ts';
import type { VersionSummary } from '../../library/history.ts';
import { labelOf } from './plainText.ts';
import { promptFor } from './promptActions.ts';
import { valueOrShown, wentWell } from './problems.ts';
import { promptUri } from '../promptUri.ts';
import { versionUri } from './virtualTexts.ts';

interface VersionItem extends vscode.QuickPickItem {
  readonly version: VersionSummary;
  /** The one before it along the main line, if it is on this page. */
  readonly before: VersionSummary | null;
}

const pageSize = 200;

export async function showVersions(library: Library, argument: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Show Versions'));
  const versions = prompt && valueOrShown(await library.versions(prompt.id, { limit: pageSize }));
  if (!prompt || !versions) return;
  const restore = { iconPath: new vscode.ThemeIcon('discard'), tooltip: vscode.l10n.t('Restore') };
  const pick = vscode.window.createQuickPick<VersionItem>();
  pick.title = vscode.l10n.t('Versions');
  pick.placeholder = vscode.l10n.t('Pick a version to see what it changed');
  pick.items = versions.map((version, index) => ({
    ...rowOf(version),
    version,
    before: versions[index + 1] ?? null,
    buttons: index === 0 ? [] : [restore],
  }));
  try {
    const chosen = await choice(pick);
    if (!chosen) return;
    if (chosen.restore) await restoreVersion(library, prompt, chosen.item.version.revisionId);
    else await showChange(prompt, chosen.item);
  } finally {
    pick.dispose();
  }
}

async function choice(
  pick: vscode.QuickPick<VersionItem>,
): Promise<{ readonly item: VersionItem; readonly restore: boolean } | null> {
  return new Promise((resolve) => {
    pick.onDidTriggerItemButton(({ item }) => resolve({ item, restore: true }));
    pick.onDidAccept(() => {
      const item = pick.selectedItems[0];
      resolve(item ? { item, restore: false } : null);
    });
    pick.onDidHide(() => resolve(null));
    pick.show();
  });
}

async function showChange(prompt: PromptSummary, { version, before }: VersionItem): Promise<void> {
  const right = versionUri(prompt, version.revisionId);
  if (!before) {
    await vscode.window.showTextDocument(right, { preview: true });
    return;
  }
  const title = `${labelOf(prompt.name)} (${numberOf(before)} ↔ ${numberOf(version)})`;
  await vscode.commands.executeCommand('vscode.diff', versionUri(prompt, before.revisionId), right, title);
}

/** A version's text becomes a new version on top; nothing of the history goes away. */
async function restoreVersion(library: Library, prompt: PromptSummary, id: RevisionId): Promise<void> {
  const text = valueOrShown(await library.versionText(prompt.id, id));
  const now = text === null ? null : valueOrShown(await library.read(prompt.id));
  if (text === null || !now) return;
  const message = vscode.l10n.t('Restored an earlier version');
  if (!wentWell(await library.save(prompt.id, { text, base: now.revisionId, message }))) return;
  await vscode.window.showTextDocument(promptUri(prompt));
}

function rowOf(version: VersionSummary): { readonly label: string; readonly description: string } {
  const when = new Date(version.savedAt).toLocaleString();
  const text = version.message === '' ? kindOf(version) : version.message;
  return {
    label: `${numberOf(version)}  ${labelOf(text)}`,
    description: labelOf(`${authorOf(version)}  ${when}`),
  };
}

function authorOf({ author }: VersionSummary): string {
  if (author === null) return '';
  if (author.isMe) return vscode.l10n.t('You');
  return author.name === '' ? author.account.slice(0, 8) : author.name;
}

function numberOf(version: VersionSummary): string {
  return version.number === null ? vscode.l10n.t('merged in') : `v${version.number}`;
}

function kindOf(version: VersionSummary): string {
  switch (version.kind) {
    case 'save':
      return vscode.l10n.t('Saved');
    case 'merge':
      return vscode.l10n.t('Merged');
    case 'restore':
      return vscode.l10n.t('Restored');
    case 'import':
      return vscode.l10n.t('Imported');
  }
}
