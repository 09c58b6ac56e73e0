// What is said before a prompt is run. A teammate's prompt is text that somebody else may have changed since it was last
// looked at, and text may hold characters that nobody sees.

import { findHiddenCharacters } from '@cuebook/shared/format/hiddenUnicode';
import type { PromptMemory } from './promptMemory.ts';

export interface HiddenFinding {
  readonly count: number;
  /** Such as `right-to-left override (U+202E)`; each once. */
  readonly kinds: readonly string[];
  /** The text that hidden tag characters spell; empty if there is none. */
  readonly spelled: string;
  /** True if they came in with an input and not with the prompt. */
  readonly inInputs: boolean;
}

/** Null if there is nothing hidden in any of the texts. */
export function findHidden(texts: readonly string[], inInputs: boolean): HiddenFinding | null {
  const found = texts.flatMap((text) => findHiddenCharacters(text));
  if (found.length === 0) return null;
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    kinds: [...new Set(found.flatMap(({ kinds }) => kinds))].slice(0, 5),
    spelled: found
      .map(({ spelled }) => spelled)
      .join('')
      .slice(0, 200),
    inInputs,
  };
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
  /** Hidden characters that the user has not allowed in this very text; null for none. */
  readonly hidden: HiddenFinding | null;
  /** The text is another than at the last run. */
  readonly changed: 'no' | 'say' | 'ask';
}

export function careFor(needs: CareNeeds): Care {
  const allowed = needs.memory.allowedHidden === needs.fingerprint;
  return {
    hidden: allowed ? null : findHidden(needs.texts, false),
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
