// Search as you type over names, tags and bodies: a scan over lower-cased texts without diacritics, held in the worker's
// memory only. Ten thousand prompts of 1 KB are scanned within a frame; an index on disk would have to be sealed
// anyway. When a query extends the last one, only what that one matched is looked at again.

import type { PromptId } from '../library/api.ts';

/** What is searched of one prompt, as written. */
export interface SearchSource {
  readonly id: PromptId;
  readonly name: string;
  readonly tags: readonly string[];
  readonly text: string;
}

export interface SearchMatch {
  readonly id: PromptId;
  readonly matched: 'name' | 'tag' | 'body';
  /** Zero-based line of the first match in the body; 0 for other matches. */
  readonly line: number;
  /** That line, at most 120 characters of it; empty for other matches. */
  readonly excerpt: string;
}

export interface SearchIndex {
  set(source: SearchSource): void;
  delete(id: PromptId): void;
  /** Best first: start of the name, name, tag, body; among equals the shorter name. Every word must match somewhere. */
  search(query: string, limit: number): readonly SearchMatch[];
}

interface Entry {
  readonly id: PromptId;
  /** As written, for the excerpt. */
  readonly text: string;
  readonly name: string;
  /** Name, tags and body, one after the other: where a word is first found says how well it matches. */
  readonly all: string;
  readonly tagsStart: number;
  readonly bodyStart: number;
}

/** How well the worst of the words matched: a prompt named by all words comes before one named by some. */
type Rank = 0 | 1 | 2 | 3;
const ranks = { namePrefix: 0, name: 1, tag: 2, body: 3 } as const;

interface Found {
  /** By rank, each in the order of the index. */
  readonly byRank: readonly [Entry[], Entry[], Entry[], Entry[]];
  /** All of them in the order of the index. */
  readonly all: readonly Entry[];
}

const mostQueryCharacters = 200;
const excerptCharacters = 120;

export function createSearchIndex(): SearchIndex {
  const entries = new Map<PromptId, Entry>();
  // In the order in which equals are listed, so that a search sorts nothing.
  let ordered: readonly Entry[] | null = null;
  let last: { readonly query: string; readonly found: readonly Entry[] } | null = null;
  const changed = (): void => {
    ordered = null;
    last = null;
  };
  return {
    set({ id, name, tags, text }) {
      entries.set(id, toEntry({ id, name, tags, text }));
      changed();
    },
    delete(id) {
      entries.delete(id);
      changed();
    },
    search(query, limit) {
      const folded = fold(query.slice(0, mostQueryCharacters));
      const words = wordsOf(folded);
      if (words.length === 0) return [];
      ordered ??= [...entries.values()].sort(compare);
      const candidates = last !== null && folded.startsWith(last.query) ? last.found : ordered;
      const found = findIn(candidates, words);
      last = { query: folded, found: found.all };
      return bestOf(found, words, limit);
    },
  };
}

function toEntry({ id, name, tags, text }: SearchSource): Entry {
  const parts = [fold(name), fold(tags.join('\n')), fold(text)] as const;
  const tagsStart = parts[0].length + 1;
  const bodyStart = tagsStart + parts[1].length + 1;
  // No word has a line break in it, so none is found across two parts.
  return { id, text, name: parts[0], all: parts.join('\n'), tagsStart, bodyStart };
}

/** Lower case, without diacritics; keeps line breaks, so that lines count the same as in the original. */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const folded = text
    .normalize('NFD')
    .replaceAll(/\p{Diacritic}/gu, '')
    .toLowerCase();
  // Texts of one byte a character are searched twice as fast; after `normalize` they may have two.
  return isAscii(folded) ? Buffer.from(folded, 'latin1').toString('latin1') : folded;
}

const isAscii = (text: string): boolean => /^\p{ASCII}*$/u.test(text);

const wordsOf = (folded: string): readonly string[] => folded.split(/\s+/).filter((word) => word !== '');

function compare(left: Entry, right: Entry): number {
  if (left.name.length !== right.name.length) return left.name.length - right.name.length;
  if (left.name === right.name) return left.id < right.id ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}

function findIn(candidates: readonly Entry[], words: readonly string[]): Found {
  const byRank: Found['byRank'] = [[], [], [], []];
  const all: Entry[] = [];
  for (const entry of candidates) {
    const rank = rankOf(entry, words);
    if (rank === null) continue;
    byRank[rank].push(entry);
    all.push(entry);
  }
  return { byRank, all };
}

/** Null if a word matches nowhere. */
function rankOf(entry: Entry, words: readonly string[]): Rank | null {
  let worst: Rank = ranks.namePrefix;
  for (const word of words) {
    const rank = rankOfWord(entry, word);
    if (rank === null) return null;
    if (rank > worst) worst = rank;
  }
  return worst;
}

function rankOfWord({ all, tagsStart, bodyStart }: Entry, word: string): Rank | null {
  const at = all.indexOf(word);
  if (at < 0) return null;
  if (at === 0) return ranks.namePrefix;
  if (at < tagsStart) return ranks.name;
  return at < bodyStart ? ranks.tag : ranks.body;
}

function bestOf({ byRank }: Found, words: readonly string[], limit: number): readonly SearchMatch[] {
  const matches: SearchMatch[] = [];
  for (const [rank, entries] of byRank.entries()) {
    for (const entry of entries.slice(0, limit - matches.length)) matches.push(toMatch(entry, rank, words));
  }
  return matches;
}

function toMatch(entry: Entry, rank: number, words: readonly string[]): SearchMatch {
  const { id } = entry;
  if (rank < ranks.tag) return { id, matched: 'name', line: 0, excerpt: '' };
  if (rank === ranks.tag) return { id, matched: 'tag', line: 0, excerpt: '' };
  const body = entry.all.slice(entry.bodyStart);
  const positions = words.map((word) => body.indexOf(word)).filter((at) => at >= 0);
  const line = lineAt(body, Math.min(...positions));
  return { id, matched: 'body', line, excerpt: excerptOf(entry.text, line, words) };
}

function lineAt(text: string, position: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** The part of that line around the first of the words in it. */
function excerptOf(text: string, line: number, words: readonly string[]): string {
  const source = (text.split('\n', line + 1)[line] ?? '').trim();
  if (source.length <= excerptCharacters) return source;
  const folded = fold(source);
  const positions = words.map((word) => folded.indexOf(word)).filter((at) => at >= 0);
  const before = Math.max(0, Math.min(...positions, source.length) - Math.floor(excerptCharacters / 3));
  const start = Math.min(before, source.length - excerptCharacters);
  return source.slice(start, start + excerptCharacters).trim();
}
