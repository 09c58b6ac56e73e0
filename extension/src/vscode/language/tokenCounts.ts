// How long a prompt's messages are: one count for the status bar, the warning and the preview, so that they say the same.

import * as vscode from 'vscode';
import type { PreviewAnswer } from '../../language/api.ts';
import type { RunMessage } from '../../library/api.ts';
import type { TokenCount } from '../../models/api.ts';
import type { Services } from '../services.ts';

export interface Counted extends TokenCount {
  readonly model: string;
}

export interface TokenCounts {
  /** Counts the same messages once, whoever asks first. */
  of(preview: PreviewAnswer): Promise<Counted | null>;
}

/** Keeps the last set of messages only: that of the prompt that is being written. */
export function createTokenCounts(models: Services['models']): TokenCounts {
  let last: { readonly model: string; readonly messages: readonly RunMessage[] } | null = null;
  let counted: Promise<Counted> | null = null;
  return {
    of: async (preview) => {
      if (!preview.outcome.ok) return null;
      const model = modelFor(preview);
      const messages = preview.outcome.messages.map(({ role, content }) => ({ role, content }));
      if (counted === null || last?.model !== model || !areSame(last.messages, messages)) {
        last = { model, messages };
        counted = models.countTokens(model, messages).then((count) => ({ ...count, model }));
        counted.catch(() => {
          last = null;
        });
      }
      return counted;
    },
  };
}

function areSame(some: readonly RunMessage[], others: readonly RunMessage[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ role, content }, at) => role === others[at]?.role && content === others[at]?.content)
  );
}

/** The first that the prompt names, else the user's default, else any: then the count is an estimate. */
function modelFor({ models }: PreviewAnswer): string {
  const named = models.find(({ value }) => !value.endsWith('/*'))?.value;
  if (named !== undefined) return named;
  const usual = vscode.workspace.getConfiguration('cuebook').get<string>('defaultModel', '');
  return usual === '' ? 'openai/gpt-4.1' : usual;
}
