// Calls about a prompt's history: its versions, who wrote which line, labels. What the replica and `shared/history` know
// of it, put into words about people. Works for prompts in the trash too.

import type { AccountId, GroupId, RecordId } from '@cuebook/shared/encoding/ids';
import { type OriginRun, originRuns, originsInText, originsOf } from '@cuebook/shared/history/blame';
import { changesBetween, changeSize } from '@cuebook/shared/history/changes';
import { appearances } from '@cuebook/shared/history/introduced';
import { labelNow, type LabelRow, labelRows } from '@cuebook/shared/history/labelHistory';
import { broughtByMerge } from '@cuebook/shared/history/mergeSides';
import type { VersionEntry, VersionGraph } from '@cuebook/shared/history/versionGraph';
import {
  historyEntries,
  rowContext,
  rowOf,
  type UntrustedRow,
  type VersionRow,
  versionRow,
} from '@cuebook/shared/history/versionRows';
import { amendMessage, moveLabel } from '@cuebook/shared/replica/labelling';
import type { Stream } from '@cuebook/shared/replica/state';
import { contributing } from '@cuebook/shared/replica/streamGraph';
import { t } from '@vscode/l10n';
import type { LibraryCalls, PromptId, RevisionId } from '../library/api.ts';
import type {
  Blame,
  BlameRun,
  HistoryCalls,
  HistoryPage,
  HistoryRow,
  LabelMove,
  MergeSummary,
  PromptLabel,
  TextAppearance,
  UntrustedReason,
  UntrustedVersion,
  VersionChange,
  VersionSummary,
} from '../library/history.ts';
import { createHistoryReader, type HistoryReader } from './historyReader.ts';
import { restoreVersion } from './libraryDocuments.ts';
import { fail, success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import { groupOf, placedGroup } from './librarySummaries.ts';
import type { People, PeopleOf } from './people.ts';

export type PromptHistoryCalls = Omit<HistoryCalls, 'unread' | 'markSeen'> & Pick<LibraryCalls, 'versions'>;

const mostRows = 500;
const mostSizes = 200;
const mostAppearances = 200;
const mostBrought = 50;
const mostSearchCharacters = 10_000;

export function createHistoryCalls(session: LibrarySession, peopleOf: PeopleOf): PromptHistoryCalls {
  const reader = createHistoryReader(session);
  const look = (id: PromptId): Look => lookAt(session, reader, { id, people: peopleOf(session) });
  return {
    ...listingCalls(look),
    ...textCalls(reader, look),
    ...labelCalls(session, look),

    restoreVersion: async (id, restored) => {
      placedGroup(session, id, 'prompt');
      return success(session.change((change) => restoreVersion(session, change, id, restored)));
    },

    amendMessage: async (id, { revisionId, message }) => {
      const { entry } = look(id).find(revisionId);
      if (entry.author !== session.ports.records.author) fail('notAllowed', onlyOwn());
      const amendment = { id: groupOf(id), revisionId, message };
      session.change((change) => {
        change.apply(amendMessage(change.state(), session.ports, amendment));
        change.touch('tree');
      });
      return success(null);
    },
  };
}

const onlyOwn = () => ({
  message: t('Only the author of a version can change its message.'),
  action: t('Say what you have to say in the message of a version of your own.'),
});

/** One prompt's history as it is now. */
interface Look {
  readonly graph: VersionGraph | null;
  readonly people: People;
  readonly streams: readonly Stream[];
  readonly summary: (entry: VersionEntry) => VersionSummary;
  readonly row: (
    entry: Stream['entries'] extends ReadonlyMap<RecordId, infer Entry> ? Entry : never,
  ) => HistoryRow;
  /** By its id; null for one that is not here or is somebody else's claim to it. */
  readonly versionOf: (revisionId: RevisionId) => VersionSummary | null;
  readonly find: (revisionId: RevisionId) => { readonly graph: VersionGraph; readonly entry: VersionEntry };
}

function lookAt(
  session: LibrarySession,
  reader: HistoryReader,
  { id, people }: { readonly id: PromptId; readonly people: People },
): Look {
  placedGroup(session, id, 'prompt');
  const group = groupOf(id);
  const graph = reader.graph(group);
  const streams = [...reader.streams(group).values()];
  const messages = streams.find(({ kind }) => kind === 'message');
  const { quarantine } = session.state();
  const context = graph === null ? null : rowContext(graph, { messages, quarantine });
  const shown = shownBy(session, people, labelsByVersion(streams));
  const summary = (entry: VersionEntry): VersionSummary =>
    context === null ? fail('notFound') : shown.version(versionRow(context, entry));
  return {
    graph,
    people,
    streams,
    summary,
    row: (entry) => (context === null ? fail('notFound') : shown.row(rowOf(context, entry))),
    versionOf(revisionId) {
      const entry = graph?.byRevision.get(revisionId);
      return entry === undefined ? null : summary(entry);
    },
    find(revisionId) {
      const entry = graph?.byRevision.get(revisionId);
      return graph === null || entry === undefined ? fail('notFound') : { graph, entry };
    },
  };
}

/** Names of labels by the version they point at. */
function labelsByVersion(streams: readonly Stream[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const stream of streams) {
    const now = stream.kind === 'label' ? labelNow(stream) : null;
    if (now === null || now.revisionId === null) continue;
    found.set(now.revisionId, [...(found.get(now.revisionId) ?? []), now.name].sort());
  }
  return found;
}

function shownBy(session: LibrarySession, people: People, labels: ReadonlyMap<string, readonly string[]>) {
  const known = new Map<AccountId, ReturnType<People['author']>>();
  const author = (account: AccountId): ReturnType<People['author']> => {
    const one = known.get(account) ?? people.author(account);
    known.set(account, one);
    return one;
  };
  const version = (row: VersionRow): VersionSummary => {
    const { record: _record, device: _device, author: account, ...shown } = row;
    const isOwn = account === session.ports.records.author;
    return {
      ...shown,
      author: account === null ? null : author(account),
      labels: labels.get(row.revisionId) ?? [],
      mayAmend: isOwn && session.mayEdit(),
    };
  };
  return {
    version,
    row: (row: VersionRow | UntrustedRow): HistoryRow =>
      row.trust === 'untrusted' ? untrusted(row) : version(row),
  };
}

const untrusted = ({ record, number, why }: UntrustedRow): UntrustedVersion => ({
  trust: 'untrusted',
  record,
  number,
  why: reasonOf(why),
});

function reasonOf(why: UntrustedRow['why']): UntrustedReason {
  switch (why) {
    case 'badSignature':
    case 'doesNotOpen':
    case 'impostor':
      return 'forged';
    case 'notAllowed':
    case 'otherView':
    case 'newerFormat':
    case 'keyMissing':
      return why;
    case 'malformed':
    case 'badPayload':
    case 'parentMissing':
      return 'unreadable';
  }
}

type ListingCalls = Pick<PromptHistoryCalls, 'history' | 'versions' | 'version' | 'merge'>;

function listingCalls(look: (id: PromptId) => Look): ListingCalls {
  return {
    history: async (id, page) => success(pageOf(look(id), page)),

    versions: async (id, page) => success(versionsOf(look(id), page)),

    version: async (id, revisionId) => {
      const looked = look(id);
      return success(looked.summary(looked.find(revisionId).entry));
    },

    merge: async (id, revisionId) => {
      const looked = look(id);
      const { graph, entry } = looked.find(revisionId);
      const sides = broughtByMerge(graph, entry.id) ?? fail('notFound', noMerge());
      const merge: MergeSummary = {
        merge: looked.summary(entry),
        sides: sides.map(({ parent, versions }) => {
          const tip = graph.entries.get(parent);
          const own = versions.filter(({ id: record }) => !graph.impostors.has(record));
          return {
            tip: tip === undefined || graph.impostors.has(parent) ? null : looked.summary(tip),
            brought: own.slice(0, mostBrought).map(looked.summary),
            total: versions.length,
          };
        }),
      };
      return success(merge);
    },
  };
}

const noMerge = () => ({
  message: t('This version is no merge.'),
  action: t('Compare it with the version before.'),
});

function pageOf(looked: Look, { limit, after }: Parameters<HistoryCalls['history']>[1]): HistoryPage {
  if (looked.graph === null) return { rows: [], total: 0, next: null };
  const entries = historyEntries(looked.graph.stream);
  const start = after === undefined ? 0 : entries.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) fail('notFound');
  const end = start + Math.max(0, Math.min(limit, mostRows));
  return {
    rows: entries.slice(start, end).map(looked.row),
    total: entries.length,
    next: end < entries.length ? (entries[end - 1]?.id ?? null) : null,
  };
}

function versionsOf(
  looked: Look,
  { limit, before }: Parameters<LibraryCalls['versions']>[1],
): readonly VersionSummary[] {
  const { graph } = looked;
  if (graph === null) return [];
  const versions = historyEntries(graph.stream).flatMap(({ id }) =>
    graph.impostors.has(id) ? [] : (graph.entries.get(id) ?? []),
  );
  const start = before === undefined ? -1 : versions.findIndex(({ facts }) => facts.revisionId === before);
  if (before !== undefined && start === -1) return [];
  return versions.slice(start + 1, start + 1 + Math.min(limit, mostRows)).map(looked.summary);
}

type TextCalls = Pick<HistoryCalls, 'changeSizes' | 'blame' | 'change' | 'introduced'>;

function textCalls(reader: HistoryReader, look: (id: PromptId) => Look): TextCalls {
  const textBefore = (graph: VersionGraph, record: RecordId): string => {
    const [parent] = graph.parentsOf(record);
    return parent === undefined ? '' : (reader.readText(parent) ?? '');
  };
  return {
    changeSizes: async (id, revisionIds) => {
      const { graph } = look(id);
      if (revisionIds.length > mostSizes) fail('tooMany');
      const sizes = revisionIds.flatMap((revisionId) => {
        const entry = graph?.byRevision.get(revisionId);
        const text = entry === undefined ? null : reader.readText(entry.id);
        if (graph === null || entry === undefined || text === null) return [];
        return [{ revisionId, ...changeSize(textBefore(graph, entry.id), text) }];
      });
      return success(sizes);
    },

    blame: async (id, of = {}) => success(await blameOf(reader, groupOf(id), { looked: look(id), of })),

    change: async (id, revisionId) => {
      const looked = look(id);
      const { graph, entry } = looked.find(revisionId);
      const text = reader.readText(entry.id) ?? fail('corrupt', lostText());
      const [parent] = graph.parentsOf(entry.id);
      const before = parent === undefined ? undefined : graph.entries.get(parent);
      const change: VersionChange = {
        version: looked.summary(entry),
        before: before === undefined || graph.impostors.has(before.id) ? null : looked.summary(before),
        hunks: changesBetween(textBefore(graph, entry.id), text),
      };
      return success(change);
    },

    introduced: async (id, { text, ignoreCase = false }) => {
      if (text.length > mostSearchCharacters) fail('tooLarge', longSearch());
      const looked = look(id);
      return success(await introducedIn(reader, groupOf(id), { looked, text, ignoreCase }));
    },
  };
}

const lostText = () => ({
  message: t('The text of this version is damaged and cannot be shown.'),
  action: t('Look at the versions around it, or bring the library back from a backup.'),
});
const longSearch = () => ({
  message: t('This text is too long to be looked for.'),
  action: t('Look for a part of it: at most 10,000 characters.'),
});

async function blameOf(
  reader: HistoryReader,
  group: GroupId,
  { looked, of }: { readonly looked: Look; readonly of: NonNullable<Parameters<HistoryCalls['blame']>[1]> },
): Promise<Blame> {
  const { graph } = looked;
  const shown = of.revisionId === undefined ? newest(graph) : looked.find(of.revisionId).entry;
  if (graph === null || shown === null) return unsavedText(of.text ?? '');
  return reader.run(group, function* blame(index) {
    const origins = yield* originsOf(index, graph, { record: shown.id, read: reader.readText });
    const runs = originRuns(of.text === undefined ? origins : originsInText(index, origins, of.text));
    return { ...blamed(looked, graph, runs), revisionId: shown.facts.revisionId };
  });
}

function newest(graph: VersionGraph | null): VersionEntry | null {
  const head = graph === null ? null : contributing(graph.stream);
  return head === null ? null : (graph?.entries.get(head.id) ?? null);
}

function unsavedText(text: string): Blame {
  const count = text === '' ? 0 : text.replace(/\r?\n$/u, '').split('\n').length;
  const run: BlameRun = { kind: 'unsaved', first: 0, count, revisionId: null, firstInVersion: 0 };
  return { runs: count === 0 ? [] : [run], versions: [], revisionId: null };
}

function blamed(
  looked: Look,
  graph: VersionGraph,
  runs: readonly OriginRun[],
): Pick<Blame, 'runs' | 'versions'> {
  const named = new Map<RecordId, VersionEntry>();
  const shown = runs.map(({ first, count, record, firstInVersion }): BlameRun => {
    if (record === null) return { kind: 'unsaved', first, count, revisionId: null, firstInVersion: 0 };
    const entry = graph.entries.get(record);
    if (entry === undefined || graph.impostors.has(record)) {
      return { kind: 'untrusted', first, count, revisionId: null, firstInVersion: 0 };
    }
    named.set(record, entry);
    const revisionId = entry.facts.revisionId;
    return { kind: 'version', first, count, revisionId, firstInVersion };
  });
  return { runs: shown, versions: [...named.values()].map(looked.summary) };
}

async function introducedIn(
  reader: HistoryReader,
  group: GroupId,
  {
    looked,
    text,
    ignoreCase,
  }: { readonly looked: Look; readonly text: string; readonly ignoreCase: boolean },
): Promise<readonly TextAppearance[]> {
  const { graph } = looked;
  if (graph === null || graph.stream.head === null) return [];
  const { head, sides } = graph.stream;
  // Heads and sides that cannot be used stand for what is before them.
  const starts = [head, ...sides].flatMap((id) => (graph.entries.has(id) ? [id] : graph.parentsOf(id)));
  const found = await reader.run(group, (index) =>
    appearances(index, graph, { text, ignoreCase, starts, read: reader.readText }),
  );
  return found
    .toReversed()
    .flatMap(({ record, what, line }): readonly TextAppearance[] => {
      const entry = graph.impostors.has(record) ? undefined : graph.entries.get(record);
      return entry === undefined ? [] : [{ version: looked.summary(entry), what, line }];
    })
    .slice(0, mostAppearances);
}

type LabelCalls = Pick<HistoryCalls, 'labels' | 'labelRule' | 'moveLabel' | 'labelMoves'>;

function labelCalls(session: LibrarySession, look: (id: PromptId) => Look): LabelCalls {
  const ruleOf = (people: People, name: string) => ({
    protectedFor: people.protectedFor(name),
    mayMove: session.mayEdit() && session.ports.records.mayMoveLabel(name),
  });
  return {
    labels: async (id) => {
      const looked = look(id);
      const labels = looked.streams.flatMap((stream): readonly PromptLabel[] => {
        const now = stream.kind === 'label' ? labelNow(stream) : null;
        const version = now?.revisionId == null ? null : looked.versionOf(now.revisionId);
        if (now === null || now.author === null || version === null) return [];
        const { name, message, movedAt, synced } = now;
        const author = looked.people.author(now.author);
        return [{ name, version, message, author, movedAt, synced, ...ruleOf(looked.people, name) }];
      });
      return success(labels.sort((left, right) => (left.name < right.name ? -1 : 1)));
    },

    labelRule: async (id, name) => success(ruleOf(look(id).people, name)),

    moveLabel: async (id, { name, revisionId, message = '' }) => {
      const { people } = look(id);
      if (!session.ports.records.mayMoveLabel(name)) {
        fail('notAllowed', protectedLabel(people.protectedFor(name)));
      }
      const move = { id: groupOf(id), label: name, revisionId, message };
      session.change((change) => {
        change.apply(moveLabel(change.state(), session.ports, move));
        change.touch('tree');
      });
      return success(null);
    },

    labelMoves: async (id, name) => {
      const looked = look(id);
      const stream = session.ports.records.streamOf(groupOf(id), { role: 'label', name });
      const found = looked.streams.find((one) => one.id === stream);
      const rows = found === undefined ? [] : labelRows(found, session.state().quarantine);
      return success(rows.map((row) => moveOf(looked, row)));
    },
  };
}

const protectedLabel = (least: string | null) => ({
  message: t('This label is protected: your role in the team may not move it.'),
  action:
    least === 'owner' ? t('Ask an owner of the team to move it.') : t('Ask an admin of the team to move it.'),
});

function moveOf(looked: Look, row: LabelRow): LabelMove {
  if (row.trust === 'untrusted') return { trust: 'untrusted', why: reasonOf(row.why) };
  const { trust, revisionId, message, author, movedAt, synced } = row;
  return {
    trust,
    to: revisionId === null ? null : looked.versionOf(revisionId),
    isRemoval: revisionId === null,
    message,
    author: author === null ? null : looked.people.author(author),
    movedAt,
    synced,
  };
}
