// Lines above a prompt and above its changed regions. Titles may hold what teammates wrote, so icons in them are text;
// arguments are ids and addresses only.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import type { VersionSummary } from '../../library/history.ts';
import { createDelayed } from '../language/delayed.ts';
import { labelOf } from '../library/plainText.ts';
import { languageId, parsePromptUri, scheme } from '../promptUri.ts';
import { isOn, onDidChangeLayers } from './layers.ts';
import type { Block, LineHistory, LineOrigins } from './lineHistory.ts';
import type { Syncing } from './syncing.ts';
import { byLine, messageOf, numberOf } from './words.ts';

export interface LensDeps {
  readonly library: Library;
  readonly lines: LineHistory;
  readonly syncing: Syncing;
}

/** Regions that get a line of their own; more would hide the text. */
const mostRegions = 30;
/** Runs that are counted; more are "many". */
const mostRuns = 100;
/** Lenses move the text, so they follow a change slowly. */
const calm = 400;

export function registerLenses({ library, lines, syncing }: LensDeps): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const delayed = createDelayed(calm, () => undefined);
  const changeSoon = (): void => delayed.request('', async () => changed.fire());
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    async provideCodeLenses(document, token) {
      const place = parsePromptUri(document.uri);
      if (place === null) return [];
      const summary = isOn('summaryLens') ? await summaryLenses(library, place.id) : [];
      if (!isOn('changeLens') || token.isCancellationRequested) return [...summary];
      const syncs = await syncing.of(place.workspaceId);
      return [...summary, ...regionLenses(document.uri, lines.of(document), syncs)];
    },
  };
  return vscode.Disposable.from(
    changed,
    delayed,
    new vscode.Disposable(library.onDidChange(changeSoon)),
    lines.onDidChange(changeSoon),
    onDidChangeLayers(() => changed.fire()),
    vscode.languages.registerCodeLensProvider({ scheme, language: languageId }, provider),
  );
}

async function summaryLenses(library: Library, id: PromptId): Promise<readonly vscode.CodeLens[]> {
  const [versions, runs, labels] = await Promise.all([
    library.versions(id, { limit: 1 }),
    library.runs({ promptId: id, limit: mostRuns }),
    library.labels(id),
  ]);
  const newest = versions.ok ? versions.value[0] : undefined;
  if (!newest) return [];
  const top = new vscode.Range(0, 0, 0, 0);
  const lens = (title: string, command: string, argument: unknown): vscode.CodeLens =>
    new vscode.CodeLens(top, { title: labelOf(title), command, arguments: [argument] });
  const named = labels.ok
    ? labels.value.map((label) => `${label.name} → ${numberOf(label.version)}`).join(', ')
    : '';
  return [
    lens(`${numberOf(newest)} · ${byLine(newest)}`, 'cuebook.showVersions', id),
    ...(named === '' ? [] : [lens(named, 'cuebook.showLabelMoves', id)]),
    ...(runs.ok && runs.value.length > 0
      ? [lens(runsWord(runs.value.length), 'cuebook.showRunPanel', id)]
      : []),
  ];
}

function runsWord(count: number): string {
  if (count === 1) return vscode.l10n.t('1 run');
  return count < mostRuns ? vscode.l10n.t('{0} runs', count) : vscode.l10n.t('{0} runs or more', mostRuns);
}

function regionLenses(
  uri: vscode.Uri,
  origins: LineOrigins | null,
  syncs: boolean,
): readonly vscode.CodeLens[] {
  if (origins === null) return [];
  const lenses = origins.blocks.flatMap((block) => regionLens({ uri, origins, syncs }, block) ?? []);
  return lenses.slice(0, mostRegions);
}

interface Region {
  readonly uri: vscode.Uri;
  readonly origins: LineOrigins;
  /** Whether the prompt is on a server, so that something can wait to be synced. */
  readonly syncs: boolean;
}

/** Null: nothing to say of these lines. Of a prompt with one version, every line would be its newest version's. */
function regionLens(
  { uri, origins, syncs }: Region,
  { kind, version, first }: Block,
): vscode.CodeLens | null {
  const range = new vscode.Range(first, 0, first, 0);
  if (kind === 'unsaved') {
    const title = vscode.l10n.t('Not saved yet: compare');
    return new vscode.CodeLens(range, { title, command: 'cuebook.compareWithEditor', arguments: [uri] });
  }
  if (version === null) return null;
  const waits = syncs && !version.synced;
  const isNewest = version.revisionId === origins.newest && version.parents.length > 0;
  if (!waits && !isNewest) return null;
  return new vscode.CodeLens(range, {
    title: waits
      ? labelOf(vscode.l10n.t('Not synced yet: {0}', wordsOf(version)))
      : labelOf(wordsOf(version)),
    command: 'cuebook.showVersionChange',
    arguments: [{ promptId: origins.promptId, revisionId: version.revisionId }],
  });
}

function wordsOf(version: VersionSummary): string {
  return `${numberOf(version)} · ${byLine(version)} · ${messageOf(version)}`;
}
