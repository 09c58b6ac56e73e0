// A version chosen from a list, for commands that were given none.

import * as vscode from 'vscode';
import type { Library, PromptSummary } from '../../library/api.ts';
import type { VersionSummary } from '../../library/history.ts';
import { labelOf } from '../library/plainText.ts';
import { valueOrShown } from '../library/problems.ts';
import { byLine, messageOf, numberOf } from './words.ts';

const mostOffered = 500;

export async function pickVersion(
  library: Library,
  prompt: Pick<PromptSummary, 'id'>,
  title: string,
): Promise<VersionSummary | null> {
  const versions = valueOrShown(await library.versions(prompt.id, { limit: mostOffered }));
  const picked =
    versions &&
    (await vscode.window.showQuickPick(versions.map(versionItem), { title, matchOnDescription: true }));
  return picked?.version ?? null;
}

export interface VersionItem extends vscode.QuickPickItem {
  readonly version: VersionSummary;
}

export function versionItem(version: VersionSummary): VersionItem {
  const labels = version.labels.length === 0 ? [] : [version.labels.join(', ')];
  return {
    version,
    label: labelOf(`${numberOf(version)} · ${messageOf(version)}`),
    description: labelOf([...labels, byLine(version)].join(' · ')),
  };
}
