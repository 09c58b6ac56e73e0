// What keeps a text from being shown in every language: both ways, and with the same placeholders.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../root.ts';
import { keysOf, plainTextsOf, readManifest, readManifestTexts, type Texts } from './manifest.ts';
import { readSourceTexts } from './source.ts';

/** The languages that must be whole. English is in the code. */
const languages = ['de'] as const;

/** One line a problem; none when every text has its translation and nothing else is translated. */
export async function missing(): Promise<readonly string[]> {
  const [manifest, english, { said, unsaid }] = await Promise.all([
    readManifest(),
    readManifestTexts(null),
    readSourceTexts(),
  ]);
  const problems = [
    ...plainTextsOf(manifest).map((text) => `extension/package.json: ${text} (run node tools/l10n.ts)`),
    ...compareKeys('package.nls.json', keysOf(manifest), english),
    ...unsaid.map(({ place, text }) => `${place}: not in t(): ${text}`),
  ];
  const inCode = asTexts(said.map(({ text }) => text));
  for (const language of languages) {
    problems.push(...compare(`package.nls.${language}.json`, english, await readManifestTexts(language)));
    problems.push(...compare(`bundle.l10n.${language}.json`, inCode, await readBundle(language)));
  }
  return problems;
}

async function readBundle(language: string): Promise<Texts> {
  const file = path.join(repositoryRoot, 'extension', 'l10n', `bundle.l10n.${language}.json`);
  return JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Texts;
}

/** `wanted`: by key, the text whose placeholders the translation must have. */
function compare(file: string, wanted: Texts, found: Texts): readonly string[] {
  return [
    ...Object.keys(found).flatMap((key) => (key in wanted ? [] : [`${file} has what nobody says: ${key}`])),
    ...Object.entries(wanted).flatMap(([key, text]) => {
      const translated = found[key];
      if (translated === undefined) return [`${file} lacks: ${key}`];
      return hasSamePlaces(text, translated) ? [] : [`${file}: other placeholders than in English: ${key}`];
    }),
  ];
}

function compareKeys(file: string, wanted: readonly string[], found: Texts): readonly string[] {
  return compare(file, Object.fromEntries(wanted.map((key) => [key, found[key] ?? ''])), found);
}

/** Placeholders, commands behind links, and code: what a translation must not change. */
function hasSamePlaces(english: string, translated: string): boolean {
  return places(english) === places(translated);
}

function places(text: string): string {
  return (text.match(/\{\d+\}|command:[\w.?%#]+|\$\([\w-]+\)/g) ?? []).sort().join(' ');
}

function asTexts(texts: readonly string[]): Texts {
  return Object.fromEntries(texts.map((text) => [text, text]));
}
