// What is said before a prompt is run. A teammate's prompt is text that somebody else may have changed since it was last
// looked at, and text may hold characters that nobody sees.

import type { PromptMemory } from './promptMemory.ts';

export interface HiddenCharacter {
  /** `U+200B`. */
  readonly code: string;
  /** One-based line in the text it was found in. */
  readonly line: number;
}

/**
 * Characters that show nothing and can carry instructions: tags, zero-width characters, direction overrides, variation
 * selectors beyond emoji, soft hyphens, other format characters. A joiner between emoji or in scripts that need it, and
 * a byte order mark at the very start, are left alone.
 */
const hiddenPattern =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e01ef}]/gu;

const joiners = new Set(['\u200c', '\u200d']);
const needsJoiner = /[\p{Extended_Pictographic}\u{1f3fb}-\u{1f3ff}\ufe0f\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Malayalam}\p{Script=Kannada}\p{Script=Telugu}\p{Script=Tamil}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Mongolian}]$/u;

/** At most `limit` findings, in order. */
export function findHiddenCharacters(text: string, limit = 50): readonly HiddenCharacter[] {
  const found: HiddenCharacter[] = [];
  let line = 1;
  let counted = 0;
  for (const match of text.matchAll(hiddenPattern)) {
    if (isHarmless(match[0], match.index, text)) continue;
    line += countBreaks(text, counted, match.index);
    counted = match.index;
    found.push({ code: codeOf(match[0]), line });
    if (found.length >= limit) break;
  }
  return found;
}

function isHarmless(character: string, at: number, text: string): boolean {
  if (character === '\ufeff') return at === 0;
  return joiners.has(character) && needsJoiner.test(text.slice(Math.max(0, at - 2), at));
}

function countBreaks(text: string, from: number, to: number): number {
  let breaks = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) breaks += 1;
  return breaks;
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

export interface CareNeeds {
  readonly memory: PromptMemory;
  /** Of the prompt's text and all that it includes, as it would be run now. */
  readonly fingerprint: string;
  readonly texts: readonly string[];
  readonly workspaceKind: 'personal' | 'team';
  /** `team`: ask for prompts of a team; say so, without asking, for one's own. */
  readonly confirmChanged: 'team' | 'always' | 'never';
  /** The text comes from an editor and was never saved: the user is looking at it. */
  readonly unsaved: boolean;
}

export interface Care {
  /** Hidden characters that the user has not allowed in this very text. */
  readonly hidden: readonly HiddenCharacter[];
  /** The text is another than at the last run. */
  readonly changed: 'no' | 'say' | 'ask';
}

export function careFor(needs: CareNeeds): Care {
  const allowed = needs.memory.allowedHidden === needs.fingerprint;
  return {
    hidden: allowed ? [] : needs.texts.flatMap((text) => findHiddenCharacters(text)),
    changed: changedSince(needs),
  };
}

function changedSince(needs: CareNeeds): Care['changed'] {
  const last = needs.memory.fingerprint;
  if (last === null || last === needs.fingerprint || needs.confirmChanged === 'never') return 'no';
  if (needs.confirmChanged === 'always') return 'ask';
  if (needs.workspaceKind === 'team' && !needs.unsaved) return 'ask';
  return 'say';
}
