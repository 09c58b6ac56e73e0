// By which names a prompt may mean one of VS Code's own models.

import type { LanguageModelChat } from 'vscode';

/**
 * `vendor/id` as listed comes first. The vendor may be left out, the family stands for any of its versions, and VS Code's
 * own prompt files name a model as its picker shows it: `GPT-5 mini` or `GPT-5 mini (copilot)`.
 */
export function namesOf(
  model: Pick<LanguageModelChat, 'vendor' | 'id' | 'family' | 'name'>,
): readonly string[] {
  const { vendor, id, family, name } = model;
  return [`${vendor}/${id}`, `${vendor}/${family}`, id, family, name, `${name} (${vendor})`];
}
