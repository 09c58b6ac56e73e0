// Characters that a model reads and a person does not see, over several texts. Pure.

import { findHiddenCharacters } from '@cuebook/shared/format/hiddenUnicode';

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
