// Versions side by side, always in VS Code's own diff editor.

import * as vscode from 'vscode';
import type { Library, PromptId, PromptSummary } from '../../library/api.ts';
import type { VersionSummary } from '../../library/history.ts';
import { labelOf } from '../library/plainText.ts';
import { promptFor } from '../library/promptActions.ts';
import { valueOrShown } from '../library/problems.ts';
import { pickPrompt } from '../library/search.ts';
import { versionUri } from '../library/virtualTexts.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import { pickVersion } from './pickVersion.ts';
import { placeIn, type VersionPlace } from './versionLink.ts';
import { placesIn } from './versionNodes.ts';
import { numberOf } from './words.ts';

/** What a version changed: beside the version before it. A first version is shown alone. */
export async function showVersionChange(library: Library, argument: unknown, line?: unknown): Promise<void> {
  const found = await versionAt(library, placeIn(argument));
  if (!found) return;
  const { prompt, version } = found;
  const selection = typeof line === 'number' && line >= 0 ? { selection: lineRange(line) } : {};
  const before = version.parents[0];
  if (before === undefined) {
    await vscode.window.showTextDocument(versionUri(prompt, version.revisionId), {
      preview: true,
      ...selection,
    });
    return;
  }
  const earlier = await library.version(prompt.id, before);
  const left = earlier.ok ? numberOf(earlier.value) : vscode.l10n.t('before');
  await showDiff(versionUri(prompt, before), versionUri(prompt, version.revisionId), {
    title: `${labelOf(prompt.name)} (${left} ↔ ${numberOf(version)})`,
    options: selection,
  });
}

export async function openVersion(library: Library, argument: unknown): Promise<void> {
  const found = await versionAt(library, placeIn(argument));
  if (found) await vscode.window.showTextDocument(versionUri(found.prompt, found.version.revisionId));
}

/** Two versions: the selected rows, else the ones that the user picks. The older one stands left. */
export async function compareVersions(library: Library, given: readonly unknown[]): Promise<void> {
  const places = placesIn(given);
  const prompt = await promptFor(library, places[0]?.promptId, vscode.l10n.t('Compare Versions'));
  if (!prompt) return;
  const versions = places.length === 2 ? await allOf(library, places) : await pickTwo(library, prompt);
  const [one, other] = versions ?? [];
  if (!one || !other) return;
  const [older, newer] = isOlder(one, other) ? [one, other] : [other, one];
  await showDiff(versionUri(prompt, older.revisionId), versionUri(prompt, newer.revisionId), {
    title: `${labelOf(prompt.name)} (${numberOf(older)} ↔ ${numberOf(newer)})`,
  });
}

function isOlder(one: VersionSummary, other: VersionSummary): boolean {
  // Along the main line numbers say the order; clocks only where one has none.
  if (one.number !== null && other.number !== null) return one.number < other.number;
  return one.savedAt <= other.savedAt;
}

async function allOf(
  library: Library,
  places: readonly VersionPlace[],
): Promise<readonly VersionSummary[] | null> {
  const found = await Promise.all(places.map(async (place) => versionAt(library, place)));
  return found.every((each) => each !== null) ? found.map(({ version }) => version) : null;
}

async function pickTwo(library: Library, prompt: PromptSummary): Promise<readonly VersionSummary[] | null> {
  const one = await pickVersion(library, prompt, vscode.l10n.t('Compare which version?'));
  const other = one && (await pickVersion(library, prompt, vscode.l10n.t('With which one?')));
  return one && other ? [one, other] : null;
}

/** A version beside the document as it stands in the editor, unsaved edits included. Without a version: the newest. */
export async function compareWithEditor(library: Library, argument: unknown): Promise<void> {
  const place = placeIn(argument) ?? (await newestOf(library, argument));
  const found = await versionAt(library, place);
  if (!found) return;
  const { prompt, version } = found;
  const title = vscode.l10n.t('{0} ({1} ↔ editor)', labelOf(prompt.name), numberOf(version));
  await showDiff(versionUri(prompt, version.revisionId), promptUri(prompt), { title });
}

async function newestOf(library: Library, argument: unknown): Promise<VersionPlace | null> {
  const id: PromptId | undefined = argument instanceof vscode.Uri ? parsePromptUri(argument)?.id : undefined;
  const versions = id && valueOrShown(await library.versions(id, { limit: 1 }));
  const newest = versions ? versions[0] : undefined;
  return id && newest ? { promptId: id, revisionId: newest.revisionId } : null;
}

export async function comparePrompts(library: Library, argument: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Compare Which Prompt?'));
  const other = prompt && (await pickPrompt(library, vscode.l10n.t('Compare With Which Prompt?')));
  if (!prompt || !other) return;
  const title = `${labelOf(prompt.name)} ↔ ${labelOf(other.name)}`;
  await showDiff(promptUri(prompt), promptUri(other), { title });
}

/** What teammates changed since it was last looked at here. */
export async function showUnseenChanges(library: Library, argument: unknown): Promise<void> {
  const prompt = await promptFor(library, argument, vscode.l10n.t('Show Unseen Changes'));
  const unread = prompt && valueOrShown(await library.unread());
  if (!prompt || !unread) return;
  const since = unread.find(({ id }) => id === prompt.id)?.since ?? null;
  if (since === null) {
    await vscode.window.showTextDocument(promptUri(prompt));
    return;
  }
  const title = vscode.l10n.t('{0} (since you last looked ↔ now)', labelOf(prompt.name));
  await showDiff(versionUri(prompt, since), promptUri(prompt), { title });
}

/** A version that an argument means, or null after it was said why not. */
export async function versionAt(
  library: Library,
  place: VersionPlace | null,
): Promise<{ readonly prompt: PromptSummary; readonly version: VersionSummary } | null> {
  if (place === null) return null;
  const prompt = valueOrShown(await library.prompt(place.promptId));
  const version = prompt && valueOrShown(await library.version(place.promptId, place.revisionId));
  return version && { prompt, version };
}

async function showDiff(
  left: vscode.Uri,
  right: vscode.Uri,
  how: { readonly title: string; readonly options?: vscode.TextDocumentShowOptions },
): Promise<void> {
  await vscode.commands.executeCommand('vscode.diff', left, right, how.title, {
    preview: true,
    ...how.options,
  });
}

function lineRange(line: number): vscode.Range {
  return new vscode.Range(Math.floor(line), 0, Math.floor(line), 0);
}
