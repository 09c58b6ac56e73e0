// The rows of the versions view: asked of the library page by page, and how each looks. Everything that teammates wrote
// is plain text here.

import * as vscode from 'vscode';
import type { Library, PromptId, PromptSummary } from '../../library/api.ts';
import type { HistoryRow, MergeSide, VersionSummary } from '../../library/history.ts';
import { labelOf, oneLine } from '../library/plainText.ts';
import { sentenceOf } from '../library/problems.ts';
import type { MoreRow, SideRow, UntrustedRow, VersionNode, VersionRow } from './versionNodes.ts';
import {
  aboutAuthor,
  agoOf,
  authorOf,
  byLine,
  dateOf,
  messageOf,
  numberOf,
  stateOf,
  whyUntrusted,
} from './words.ts';

export interface RowsOf {
  readonly prompt: PromptSummary;
  /** Whether the prompt is on a server. */
  readonly syncs: boolean;
  /** How many rows at most. */
  readonly shown: number;
}

/** The most that the library gives at once. */
const pageSize = 200;

/** Throws with a sentence for the user, which VS Code shows in the view. */
export async function topRows(library: Library, of: RowsOf): Promise<readonly VersionNode[]> {
  const rows: HistoryRow[] = [];
  let next: string | null = null;
  let total = 0;
  do {
    const limit = Math.min(pageSize, of.shown - rows.length);
    const page = await library.history(of.prompt.id, next === null ? { limit } : { limit, after: next });
    if (!page.ok) throw new Error(sentenceOf(page.problem));
    rows.push(...page.value.rows);
    ({ next, total } = page.value);
  } while (next !== null && rows.length < of.shown);
  const sizes = await sizesOf(library, of.prompt.id, rows);
  const newest = rows.findIndex(({ number }) => number !== null);
  const nodes = rows.map((row, index) =>
    row.trust === 'untrusted'
      ? untrustedNode(row)
      : versionNode(row, {
          ...of,
          parent: null,
          isNewest: index === newest,
          size: sizes.get(row.revisionId) ?? null,
        }),
  );
  return next === null ? nodes : [...nodes, moreNode(total - rows.length)];
}

async function sizesOf(
  library: Library,
  id: PromptId,
  rows: readonly HistoryRow[],
): Promise<ReadonlyMap<string, VersionRow['size']>> {
  const ids = rows.flatMap((row) => (row.trust === 'untrusted' ? [] : [row.revisionId]));
  const found = new Map<string, VersionRow['size']>();
  for (let at = 0; at < ids.length; at += pageSize) {
    const sizes = await library.changeSizes(id, ids.slice(at, at + pageSize));
    // What only adds to a row is left out if it cannot be read.
    if (sizes.ok) for (const { revisionId, ...size } of sizes.value) found.set(revisionId, size);
  }
  return found;
}

/** Below a merge stand its two sides, below a side what it brought. */
export async function rowsBelow(library: Library, node: VersionNode): Promise<readonly VersionNode[]> {
  switch (node.kind) {
    case 'version': {
      const merge = await library.merge(node.promptId, node.revisionId);
      if (!merge.ok) throw new Error(sentenceOf(merge.problem));
      return merge.value.sides.map((side, index) => sideNode(node, side, index));
    }
    case 'side': {
      const { prompt, syncs } = { prompt: { id: node.promptId }, syncs: node.syncs };
      return versionsOf(node.side).map((version) =>
        versionNode(version, { prompt, syncs, parent: node, isNewest: false, size: null }),
      );
    }
    case 'untrusted':
    case 'more':
      return [];
  }
}

/** Where a side brought nothing of its own, the version that it stood at. */
function versionsOf({ brought, tip }: MergeSide): readonly VersionSummary[] {
  if (brought.length > 0) return brought;
  return tip === null ? [] : [tip];
}

function versionNode(
  version: VersionSummary,
  of: {
    readonly prompt: Pick<PromptSummary, 'id'>;
    readonly syncs: boolean;
    readonly parent: VersionNode | null;
    readonly isNewest: boolean;
    readonly size: VersionRow['size'];
  },
): VersionRow {
  const { parent, isNewest, size, syncs } = of;
  const { revisionId } = version;
  const key = parent === null ? revisionId : `${parent.key}/${revisionId}`;
  return { kind: 'version', key, parent, promptId: of.prompt.id, revisionId, version, size, isNewest, syncs };
}

function untrustedNode(row: UntrustedRow['row']): UntrustedRow {
  return { kind: 'untrusted', key: row.record, parent: null, row };
}

function sideNode(parent: VersionRow, side: MergeSide, index: number): SideRow {
  const { promptId, syncs } = parent;
  return {
    kind: 'side',
    key: `${parent.key}/${index}`,
    parent,
    promptId,
    side,
    isMainLine: index === 0,
    syncs,
  };
}

function moreNode(left: number): MoreRow {
  return { kind: 'more', key: 'more', parent: null, left };
}

export function itemOf(node: VersionNode): vscode.TreeItem {
  const item = itemFor(node);
  item.id = node.key;
  return item;
}

function itemFor(node: VersionNode): vscode.TreeItem {
  switch (node.kind) {
    case 'version':
      return versionItem(node);
    case 'untrusted':
      return untrustedItem(node);
    case 'side':
      return sideItem(node);
    case 'more':
      return moreItem(node);
  }
}

const { Collapsed, None } = vscode.TreeItemCollapsibleState;

function versionItem(node: VersionRow): vscode.TreeItem {
  const { version, promptId, revisionId } = node;
  const item = new vscode.TreeItem(
    titleOf(version),
    version.parents.length > 1 && node.parent === null ? Collapsed : None,
  );
  item.description = labelOf(descriptionOf(node));
  // A string, not a MarkdownString: it is shown as it is.
  item.tooltip = tooltipOf(node);
  item.iconPath = iconOf(node);
  item.contextValue = contextOf(node);
  item.command = {
    command: 'cuebook.showVersionChange',
    title: vscode.l10n.t('Show Change'),
    arguments: [{ promptId, revisionId }],
  };
  return item;
}

/** `version`, whether it can be built on, whether it is an earlier one, whether its message may be changed. */
function contextOf({ version, isNewest }: VersionRow): string {
  return [
    'version',
    version.trust === 'verified' ? 'sound' : 'checking',
    isNewest ? 'newest' : 'earlier',
    version.mayAmend ? 'amendable' : '',
  ]
    .filter((part) => part !== '')
    .join('.');
}

/** Number, labels, message. Labels stand before the message, which may be long, and are set off from it. */
function titleOf(version: VersionSummary): vscode.TreeItemLabel {
  const number = `${numberOf(version)} · `;
  const labels = version.labels.map((label) => labelOf(oneLine(label, 40))).join(', ');
  const message = labelOf(messageOf(version));
  if (labels === '') return { label: `${number}${message}` };
  return {
    label: `${number}${labels} · ${message}`,
    highlights: [[number.length, number.length + labels.length]],
  };
}

function descriptionOf({ version, size }: VersionRow): string {
  const lines = size === null ? '' : sizeWord(size);
  return [byLine(version), lines].filter((part) => part !== '').join(' · ');
}

function sizeWord({ added, removed }: { readonly added: number; readonly removed: number }): string {
  if (added === 0 && removed === 0) return vscode.l10n.t('no line changed');
  return [added === 0 ? '' : `+${added}`, removed === 0 ? '' : `−${removed}`].join(' ').trim();
}

function tooltipOf({ version, size, syncs }: VersionRow): string {
  const { author, savedAt, labels } = version;
  const about = aboutAuthor(author);
  return [
    `${numberOf(version)} · ${messageOf(version)}`,
    version.isAmended ? vscode.l10n.t('The message was changed afterwards.') : '',
    `${authorOf(author)}${about === '' ? '' : ` (${about})`}, ${agoOf(savedAt)}, ${dateOf(savedAt)}`,
    size === null ? '' : vscode.l10n.t('{0} lines added, {1} lines removed', size.added, size.removed),
    labels.length === 0
      ? ''
      : vscode.l10n.t('Labels: {0}', labels.map((label) => oneLine(label, 60)).join(', ')),
    stateOf(version, syncs),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function iconOf({ version, syncs }: VersionRow): vscode.ThemeIcon {
  if (version.trust === 'checking') return new vscode.ThemeIcon('sync');
  if (syncs && !version.synced) return new vscode.ThemeIcon('cloud-upload');
  return new vscode.ThemeIcon(version.parents.length > 1 ? 'git-merge' : 'verified');
}

function untrustedItem({ row }: UntrustedRow): vscode.TreeItem {
  const item = new vscode.TreeItem(`${numberOf(row)} · ${vscode.l10n.t('could not be verified')}`);
  item.description = vscode.l10n.t('nobody’s');
  item.tooltip = `${whyUntrusted(row.why)}\n${vscode.l10n.t('It is left out of every text and belongs to nobody.')}`;
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.contextValue = 'untrusted';
  return item;
}

function sideItem({ side, isMainLine }: SideRow): vscode.TreeItem {
  const label = isMainLine ? vscode.l10n.t('What was here') : vscode.l10n.t('What was brought in');
  const item = new vscode.TreeItem(label, Collapsed);
  item.description = labelOf(sideWord(side));
  item.tooltip = `${label}: ${sideWord(side)}`;
  item.iconPath = new vscode.ThemeIcon(isMainLine ? 'arrow-up' : 'arrow-right');
  item.contextValue = 'side';
  return item;
}

function sideWord({ brought, tip, total }: MergeSide): string {
  if (tip === null) return vscode.l10n.t('could not be verified');
  if (brought.length === 0) return vscode.l10n.t('nothing new beyond {0}', numberOf(tip));
  const authors = [...new Set(brought.map(({ author }) => authorOf(author)))].join(', ');
  const count = total === 1 ? vscode.l10n.t('1 version') : vscode.l10n.t('{0} versions', total);
  return `${authors} · ${count}`;
}

function moreItem({ left }: MoreRow): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Show more… ({0} left)', left));
  item.iconPath = new vscode.ThemeIcon('ellipsis');
  item.command = { command: 'cuebook.moreVersions', title: vscode.l10n.t('Show More') };
  item.contextValue = 'more';
  return item;
}
