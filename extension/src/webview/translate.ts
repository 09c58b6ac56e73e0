// The panel's words in the user's language: the page brings the translations along, by the English text.

import type { Translate } from '../run/translate.ts';

/** English where there is no translation. */
export function createTranslate(translations: string | undefined): Translate {
  const found = parseTranslations(translations);
  return (message, ...values) =>
    (found.get(message) ?? message).replaceAll(
      /\{(\d)\}/g,
      (whole, at: string) => values[Number(at)] ?? whole,
    );
}

function parseTranslations(json: string | undefined): ReadonlyMap<string, string> {
  const parsed: unknown = json === undefined || json === '' ? {} : JSON.parse(json);
  const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

export const t: Translate = createTranslate(document.documentElement.dataset['translations']);
