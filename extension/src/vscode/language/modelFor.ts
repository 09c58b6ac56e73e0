// For which model tokens are counted.

import * as vscode from 'vscode';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';

/** The first that the prompt names, else the user's default, else any: then the count is an estimate. */
export function modelFor(prompt: PromptDocument): string {
  const named = prompt.settings.models.map(({ value }) => value).find((value) => !value.endsWith('/*'));
  if (named !== undefined) return named;
  const usual = vscode.workspace.getConfiguration('cuebook').get<string>('defaultModel', '');
  return usual === '' ? 'openai/gpt-4.1' : usual;
}
