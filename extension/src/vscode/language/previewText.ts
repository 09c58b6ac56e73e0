// The rendered messages as a text to read. No model is called. Pure.

import type { RenderOutcome } from '@cuebook/shared/format/render';

export interface PreviewWords {
  /** "No model was called. …" */
  readonly intro: string;
  readonly tokens: (index: number) => string;
  readonly total: string;
  readonly problems: string;
  readonly line: (line: number) => string;
}

export function previewText(outcome: RenderOutcome, words: PreviewWords): string {
  if (!outcome.ok) {
    const problems = outcome.errors.map(({ message, action, range, through }) => {
      const place = [...through, words.line(range.start.line + 1)].join(' → ');
      return `- ${place}: ${message} ${action}`;
    });
    return [words.intro, '', words.problems, '', ...problems, ''].join('\n');
  }
  const messages = outcome.messages.flatMap(({ role, content }, index) => [
    `━━━ ${role} ━━━ ${words.tokens(index)}`.trim(),
    '',
    content,
    '',
  ]);
  return [[words.intro, words.total].filter((text) => text !== '').join(' '), '', ...messages].join('\n');
}
