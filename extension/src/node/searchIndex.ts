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
}

export interface SearchIndex {
  set(source: SearchSource): void;
  delete(id: PromptId): void;
  /** Best first: start of the name, name, tag, body; among equals the shorter name. Every word must match somewhere. */
  search(query: string, limit: number): readonly SearchMatch[];
}

interface Entry {
  readonly id: PromptId;
  readonly name: string;
  readonly tags: string;
  readonly body: string;
}

interface Narrowing {
  readonly query: string;
  readonly entries: readonly Entry[];
}

export const mostQueryCharacters = 200;

export function createSearchIndex(): SearchIndex {
  const entries = new Map<PromptId, Entry>();
  let last: Narrowing | null = null;
  return {
    set({ id, name, tags, text }) {
      entries.set(id, { id, name: fold(name), tags: fold(tags.join('\n')), body: fold(text) });
      last = null;
    },
    delete(id) {
      entries.delete(id);
      last = null;
    },
    search(query, limit) {
      const folded = fold(query.slice(0, mostQueryCharacters));
      const words = folded.split(/\s+/).filter((word) => word !== '');
      if (words.length === 0) return [];
      const candidates =
        last !== null && folded.startsWith(last.query) ? last.entries : [...entries.values()];
      const found = candidates.filter((entry) => words.every((word) => contains(entry, word)));
      last = { query: folded, entries: found };
      return best(found, words, limit);
    },
  };
}

/** Lower case, without diacritics; keeps line breaks, so that lines count the same as in the original. */
export function fold(text: string): string {
  // eslint-disable-next-line no-control-regex -- the whole of ASCII
  if (/^[\u0000-\u007f]*$/.test(text)) return text.toLowerCase();
  return text
    .normalize('NFD')
    .replaceAll(/\p{Diacritic}/gu, '')
    .toLowerCase();
}

function contains(entry: Entry, word: string): boolean {
  return entry.name.includes(word) || entry.body.includes(word) || entry.tags.includes(word);
}

interface Ranked {
  readonly entry: Entry;
  readonly rank: number;
}

function best(found: readonly Entry[], words: readonly string[], limit: number): readonly SearchMatch[] {
  return found
    .map((entry): Ranked => ({ entry, rank: rankOf(entry, words) }))
    .sort(compare)
    .slice(0, limit)
    .map(({ entry, rank }) => toMatch(entry, rank, words));
}

const ranks = { namePrefix: 0, name: 1, tag: 2, body: 3 } as const;

/** The rank of the word that matched worst: a prompt named by all words comes before one named by some. */
function rankOf(entry: Entry, words: readonly string[]): number {
  return Math.max(...words.map((word) => rankOfWord(entry, word)));
}

function rankOfWord(entry: Entry, word: string): number {
  const at = entry.name.indexOf(word);
  if (at === 0) return ranks.namePrefix;
  if (at > 0) return ranks.name;
  return entry.tags.includes(word) ? ranks.tag : ranks.body;
}

function compare(left: Ranked, right: Ranked): number {
  if (left.rank !== right.rank) return left.rank - right.rank;
  if (left.entry.name.length !== right.entry.name.length)
    return left.entry.name.length - right.entry.name.length;
  if (left.entry.name === right.entry.name) return left.entry.id < right.entry.id ? -1 : 1;
  return left.entry.name < right.entry.name ? -1 : 1;
}

function toMatch(entry: Entry, rank: number, words: readonly string[]): SearchMatch {
  if (rank < ranks.tag) return { id: entry.id, matched: 'name', line: 0 };
  if (rank === ranks.tag) return { id: entry.id, matched: 'tag', line: 0 };
  const positions = words.map((word) => entry.body.indexOf(word)).filter((at) => at >= 0);
  return { id: entry.id, matched: 'body', line: lineAt(entry.body, Math.min(...positions)) };
}

function lineAt(text: string, position: number): number {
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < position; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** One line around the first of the words in it, at most `most` characters. */
export function excerptOf(text: string, line: number, query: string, most = 120): string {
  const source = (text.split('\n', line + 1)[line] ?? '').trim();
  const folded = fold(source);
  const at = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => folded.indexOf(word))
    .filter((position) => position >= 0);
  const start = Math.max(0, Math.min(...at, source.length) - Math.floor(most / 3));
  const from = source.length <= most ? 0 : Math.min(start, source.length - most);
  return source.slice(from, from + most).trim();
}
