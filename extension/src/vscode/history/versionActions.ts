// What can be done with one version: restore it, say something else about it, link to it.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import { promptIdOf } from '../library/nodes.ts';
import { labelOf } from '../library/plainText.ts';
import { valueOrShown, wentWell } from '../library/problems.ts';
import { promptFor } from '../library/promptActions.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import { showVersionChange, versionAt } from './compare.ts';
import { pickVersion } from './pickVersion.ts';
import { linkTo, parseLink, placeIn, type VersionPlace } from './versionLink.ts';
import { numberOf } from './words.ts';

/** An earlier text becomes the newest version; nothing of the history goes away. */
export async function restoreVersion(library: Library, argument: unknown): Promise<void> {
  const found = await versionAt(library, placeIn(argument));
  if (!found || !(await savedBefore(found.prompt.id))) return;
  const { prompt, version } = found;
  const { revisionId } = version;
  const message = vscode.l10n.t('Restored {0}', numberOf(version));
  if (!wentWell(await library.restoreVersion(prompt.id, { revisionId, message }))) return;
  await vscode.window.showTextDocument(promptUri(prompt));
  said(
    vscode.l10n.t(
      '{0} is the newest version again. What was there is still in the versions.',
      numberOf(version),
    ),
  );
}

/** Unsaved edits would otherwise stand against the restored text. False: the user wants to keep them unsaved. */
async function savedBefore(id: PromptId): Promise<boolean> {
  const dirty = vscode.workspace.textDocuments.find(
    (document) => document.isDirty && parsePromptUri(document.uri)?.id === id,
  );
  if (!dirty) return true;
  const save = vscode.l10n.t('Save and Restore');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('This prompt has unsaved edits.'),
    { modal: true, detail: vscode.l10n.t('They become a version of their own, before the restored one.') },
    save,
  );
  return answer === save && (await dirty.save());
}

/** Of a version of one's own; without an argument the newest of the active prompt. */
export async function amendMessage(library: Library, argument: unknown, given: unknown): Promise<void> {
  const place = placeIn(argument) ?? (await newestOf(library, argument));
  const found = await versionAt(library, place);
  if (!found) return;
  const { prompt, version } = found;
  if (!version.mayAmend) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('Only who made a version can change its message. {0} is not yours.', numberOf(version)),
    );
    return;
  }
  const message =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Message of {0}', numberOf(version)),
          prompt: vscode.l10n.t('What this version changes, and why. The version itself stays as it is.'),
          value: version.message,
        });
  if (message === undefined || message.trim() === version.message) return;
  const { revisionId } = version;
  wentWell(await library.amendMessage(prompt.id, { revisionId, message: message.trim() }));
}

async function newestOf(library: Library, argument: unknown): Promise<VersionPlace | null> {
  const id = promptIdOf(argument ?? vscode.window.activeTextEditor?.document.uri);
  const versions = id && valueOrShown(await library.versions(id, { limit: 1 }));
  const newest = versions ? versions[0] : undefined;
  return id && newest ? { promptId: id, revisionId: newest.revisionId } : null;
}

export async function copyVersionLink(argument: unknown, extensionId: string): Promise<void> {
  const place = placeIn(argument);
  if (!place) return;
  await vscode.env.clipboard.writeText(linkTo(place, `${vscode.env.uriScheme}://${extensionId}`));
  said(
    vscode.l10n.t(
      'Copied. The link leads members of the team to this version, and tells nobody else anything.',
    ),
  );
}

/** Asks for the link if none is given. Opens what the version changed. */
export async function openVersionLink(library: Library, given: unknown): Promise<VersionPlace | null> {
  const text =
    typeof given === 'string'
      ? given
      : await vscode.window.showInputBox({
          title: vscode.l10n.t('Open Version Link'),
          prompt: vscode.l10n.t('Paste the link to a version.'),
          validateInput: (value) =>
            value.trim() === '' || parseLink(value) !== null
              ? ''
              : vscode.l10n.t('This is no link to a version.'),
        });
  const place = text === undefined ? null : parseLink(text);
  if (!place) return null;
  const version = await library.version(place.promptId, place.revisionId);
  if (!version.ok) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        'This version is not on this computer. It may not have arrived yet, or you are not in the team that it belongs to.',
      ),
    );
    return null;
  }
  await showVersionChange(library, place);
  return place;
}

/** The version that a command is for: that of its argument, else the one that the user picks. */
export async function versionFor(
  library: Library,
  argument: unknown,
  title: string,
): Promise<VersionPlace | null> {
  const place = placeIn(argument);
  if (place) return place;
  const prompt = await promptFor(library, argument, title);
  const version = prompt && (await pickVersion(library, prompt, `${title}: ${labelOf(prompt.name)}`));
  return version && { promptId: prompt.id, revisionId: version.revisionId };
}

/** For what went as it should: nothing to click away. */
export function said(text: string): void {
  vscode.window.setStatusBarMessage(text, 4000);
}
