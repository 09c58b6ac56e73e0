// `provider/model`, as written in front matter. The provider is what stands before the first slash; the rest, slashes
// and all, is the provider's own name of the model (`openrouter/anthropic/claude-sonnet-4.5`).

import type { ModelReference } from './api.ts';

/** Null if there is no provider before a slash, or nothing after it. */
export function parseModelReference(text: string): ModelReference | null {
  const trimmed = text.trim();
  const slash = trimmed.indexOf('/');
  if (slash <= 0 || slash === trimmed.length - 1) return null;
  return { provider: trimmed.slice(0, slash).toLowerCase(), model: trimmed.slice(slash + 1) };
}
