// Names of prompts and folders: which are allowed, when two are the same, and what is shown if they are.

import type { GroupId } from '../encoding/ids.ts';

/** UTF-16 units. */
export const MAX_NAME_LENGTH = 120;

/** Says what is wrong with a name, or null. What only some operating systems refuse is handled by export. */
export function nameProblem(name: string): string | null {
  if (name.trim() === '') return 'A name needs at least one visible character.';
  if (name !== name.trim()) return 'A name cannot begin or end with a space.';
  if (name.length > MAX_NAME_LENGTH) return `A name can have at most ${MAX_NAME_LENGTH} characters.`;
  if (name === '.' || name === '..') return 'A name cannot be “.” or “..”.';
  if (/[/\\]/u.test(name)) return 'A name cannot contain “/” or “\\”.';
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) return 'A name cannot contain control characters.';
  return null;
}

/** Two names with one key look the same to somebody: siblings cannot both have it. */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase().normalize('NFC');

interface Named {
  readonly id: GroupId;
  readonly name: string;
  readonly nameKey: string;
}

/** Names as shown, of siblings given in order: the first keeps a name, the others get ` (2)`, ` (3)`. */
export function shownNames(siblings: readonly Named[]): ReadonlyMap<GroupId, string> {
  const real = new Set(siblings.map((sibling) => sibling.nameKey));
  const used = new Set<string>();
  const shown = new Map<GroupId, string>();
  for (const { id, name, nameKey: key } of siblings) {
    const isFree = !used.has(key);
    const unique = isFree
      ? name
      : withSuffix(name, (candidate) => !real.has(candidate) && !used.has(candidate));
    used.add(isFree ? key : nameKey(unique));
    shown.set(id, unique);
  }
  return shown;
}

/** `name` itself if it is free, or with the first suffix that is. Never longer than a name may be. */
export function freeName(name: string, isFree: (key: string) => boolean): string {
  return isFree(nameKey(name)) ? name : withSuffix(name, isFree);
}

function withSuffix(name: string, isFree: (key: string) => boolean): string {
  for (let count = 2; ; count++) {
    const suffix = ` (${count})`;
    const candidate = `${name.slice(0, MAX_NAME_LENGTH - suffix.length).toWellFormed()}${suffix}`;
    if (isFree(nameKey(candidate))) return candidate;
  }
}
