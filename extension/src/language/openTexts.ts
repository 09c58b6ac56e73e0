// The texts that the editor shows, parsed when somebody first asks about one. Pure.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseDocument } from '@cuebook/shared/format/parse';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import type { OpenedText, TextId } from './api.ts';

export interface OpenTexts {
  readonly open: (at: TextId, opened: OpenedText) => void;
  readonly close: (key: string) => void;
  /** Null if there is a newer text, or none. */
  readonly parsed: (at: TextId) => Promise<ParsedText | null>;
}

export interface ParsedText {
  readonly document: PromptDocument;
  readonly promptKey: string | null;
}

interface OpenText extends OpenedText {
  readonly version: number;
  document: PromptDocument | null;
}

export function createOpenTexts(): OpenTexts {
  const texts = new Map<string, OpenText>();
  return {
    open: ({ key, version }, opened) => void texts.set(key, { ...opened, version, document: null }),
    close: (key) => void texts.delete(key),
    parsed: async ({ key, version }) => {
      // A newer text may be waiting in the port already: then this one is not worth parsing.
      await nextTurn();
      const held = texts.get(key);
      if (held?.version !== version) return null;
      held.document ??= parseDocument(held.text);
      return { document: held.document, promptKey: held.promptKey };
    },
  };
}
