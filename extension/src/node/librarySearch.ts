// Search and partials: the calls that read many texts.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentText, versionText } from '@cuebook/shared/replica/history';
import type { LibraryView } from '@cuebook/shared/replica/libraryView';
import type { PlacedGroup } from '@cuebook/shared/replica/tree';
import type { LibraryCalls, PromptId, ResolvedPartial, SearchHit, SearchProgress } from '../library/api.ts';
import { readDraft } from './drafts.ts';
import { shownText } from './libraryDocuments.ts';
import { success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import { groupOf, placedGroup, promptIdOf, promptSummary } from './librarySummaries.ts';
import { createSearchIndex, type SearchIndex, type SearchMatch } from './searchIndex.ts';

const mostHits = 200;
const mostPartials = 200;

type SearchCalls = Pick<LibraryCalls, 'search' | 'searchProgress' | 'partialsOf' | 'includes' | 'usedBy'>;

export function createSearchCalls(session: LibrarySession): SearchCalls {
  const fresh = createFreshIndex(session);
  return {
    search: async (query, limit) => {
      const index = await fresh.index();
      const matches = index.search(query, Math.min(limit, mostHits));
      return success(matches.map((match) => hitOf(session, match)));
    },

    searchProgress: async () => success(fresh.progress()),

    partialsOf: async (text, referrer) =>
      success(collectPartials(session, { includes: session.ports.factsOf(text).includes, referrer })),

    includes: async (id) => {
      const prompt = placedGroup(session, id, 'prompt');
      const includes = prompt.content?.facts.includes ?? [];
      return success(includes.map((reference) => resolved(session, reference, id)));
    },

    usedBy: async (id) =>
      success(
        session
          .view()
          .usedBy(groupOf(id))
          .map((prompt) => promptSummary(session, prompt)),
      ),
  };
}

/**
 * An index that holds what the library holds now. Fills itself when first asked, in slices, so that other calls are
 * answered in between; afterwards only what changed is read.
 */
function createFreshIndex(session: LibrarySession): FreshIndex {
  const indexing: Indexing = { session, index: createSearchIndex(), marks: new Map(), progress: null };
  let upTo: { readonly view: LibraryView; readonly tick: number } | null = null;
  let filling: Promise<void> | null = null;

  const fill = async (): Promise<void> => {
    for (;;) {
      const now = { view: session.view(), tick: session.tick() };
      if (upTo?.view === now.view && upTo.tick === now.tick) return;
      await fillFrom(indexing, now.view);
      upTo = now;
    }
  };

  return {
    index: async () => {
      filling ??= fill().finally(() => {
        filling = null;
        indexing.progress = null;
      });
      await filling;
      return indexing.index;
    },
    progress: () => indexing.progress,
  };
}

interface FreshIndex {
  readonly index: () => Promise<SearchIndex>;
  readonly progress: () => SearchProgress | null;
}

const sliceMs = 20;

interface Indexing {
  readonly session: LibrarySession;
  readonly index: SearchIndex;
  /** What of each prompt is in the index. */
  readonly marks: Map<PromptId, string>;
  /** Null unless it is being filled. */
  progress: SearchProgress | null;
}

async function fillFrom(indexing: Indexing, view: LibraryView): Promise<void> {
  const { index, marks } = indexing;
  const gone = new Set(marks.keys());
  let sliceEnds = performance.now() + sliceMs;
  const prompts = view.prompts();
  for (const [read, prompt] of prompts.entries()) {
    if (performance.now() > sliceEnds) {
      indexing.progress = { read, total: prompts.length };
      await nextTurn();
      sliceEnds = performance.now() + sliceMs;
    }
    gone.delete(promptIdOf(prompt.id));
    refresh(indexing, view, prompt);
  }
  for (const id of gone) {
    marks.delete(id);
    index.delete(id);
  }
}

function refresh({ session, index, marks }: Indexing, { tree }: LibraryView, prompt: PlacedGroup): void {
  const id = promptIdOf(prompt.id);
  const draft = session.drafts().has(id) ? session.store.touchedAt('text', id) : null;
  const mark = `${prompt.content?.record ?? ''} ${prompt.place.record} ${draft ?? ''}`;
  if (marks.get(id) === mark) return;
  marks.set(id, mark);
  const drafted = draft === null ? null : readDraft(session.store, session.seals, id);
  // A prompt whose text is damaged is still found by its name.
  const text = drafted?.text ?? currentText(session.state(), session.ports, prompt.id) ?? '';
  index.set({ id, name: tree.shownName(prompt), tags: prompt.content?.facts.tags ?? [], text });
}

function hitOf(session: LibrarySession, { id, matched, line, excerpt }: SearchMatch): SearchHit {
  return { prompt: promptSummary(session, placedGroup(session, id)), matched, excerpt, line };
}

interface Referring {
  readonly includes: readonly string[];
  readonly referrer: PromptId | null;
}

/** What a text includes, and what that includes, each reference once, nearest first. */
function collectPartials(session: LibrarySession, start: Referring): readonly ResolvedPartial[] {
  const found = new Map<string, ResolvedPartial>();
  const waiting: Referring[] = [start];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const reference of next.includes) {
      if (found.has(reference) || found.size >= mostPartials) continue;
      const partial = resolved(session, reference, next.referrer);
      found.set(reference, partial);
      if (partial.target === null || partial.text === null) continue;
      waiting.push({ includes: session.ports.factsOf(partial.text).includes, referrer: partial.target.id });
    }
  }
  return [...found.values()];
}

function resolved(session: LibrarySession, reference: string, referrer: PromptId | null): ResolvedPartial {
  const target = session.view().resolve(reference, referrer === null ? null : groupOf(referrer));
  if (target === null) return { reference, target: null, text: null };
  const id = promptIdOf(target.prompt.id);
  const text =
    target.revisionId === null
      ? shownText(session, id).text
      : versionText(session.state(), session.ports, { id: target.prompt.id, revisionId: target.revisionId });
  return { reference, target: promptSummary(session, target.prompt), text };
}
