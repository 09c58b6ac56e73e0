// What is said before a prompt is run. A teammate's prompt is text that somebody else may have changed since it was last
// looked at, and text may hold characters that nobody sees.

import type { HiddenFinding } from '../language/hiddenFinding.ts';
import type { PromptMemory } from './promptMemory.ts';

export interface CareNeeds {
  readonly memory: PromptMemory;
  /** Of the prompt's text and all that it includes, as it would be run now. */
  readonly fingerprint: string;
  /** Hidden characters in that text; null for none. */
  readonly hidden: HiddenFinding | null;
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
    hidden: allowed ? null : needs.hidden,
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
