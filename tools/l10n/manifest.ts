// The strings of the extension's manifest that users read. VS Code takes them from `package.nls.json` (English) and
// `package.nls.<language>.json`, where the manifest says `%key%`.

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../root.ts';

export type Texts = Readonly<Record<string, string>>;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const folder = path.join(repositoryRoot, 'extension');

/** Names of manifest fields whose value is shown. */
const shownFields: ReadonlySet<string> = new Set([
  'altText',
  'contents',
  'contextualTitle',
  'deprecationMessage',
  'description',
  'enumDescriptions',
  'enumItemLabels',
  'errorMessage',
  'label',
  'markdownDeprecationMessage',
  'markdownDescription',
  'markdownEnumDescriptions',
  'name',
  'patternErrorMessage',
  'shortTitle',
  'title',
]);

/** What has these fields and is not shown, or is itself the place where the field's name is somebody's choice. */
const notShown: ReadonlySet<string> = new Set(['resourceLabelFormatters', 'languages', 'grammars']);
/** A name stays as it is in every language. */
const isName = (text: string): boolean => text === 'Cuebook';
const isKey = (text: string): boolean => /^%[^%]+%$/.test(text);

export async function readManifest(): Promise<Json> {
  return JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as Json;
}

/** `language` null: the English texts. */
export async function readManifestTexts(language: string | null): Promise<Texts> {
  return JSON.parse(await readFile(textsFile(language), 'utf8').catch(() => '{}')) as Texts;
}

/** Keys that the manifest asks for. */
export function keysOf(manifest: Json): readonly string[] {
  return shownTexts(manifest).flatMap(({ text }) => (isKey(text) ? [text.slice(1, -1)] : []));
}

/** Texts that stand in the manifest itself, so that nobody can translate them. */
export function plainTextsOf(manifest: Json): readonly string[] {
  return shownTexts(manifest).flatMap(({ text }) => (isKey(text) || isName(text) ? [] : [text]));
}

/** Moves plain texts out of the manifest into the English texts. True if there were any. */
export async function movePlainTexts(): Promise<boolean> {
  const manifest = await readManifest();
  if (plainTextsOf(manifest).length === 0) return false;
  const texts: Record<string, string> = { ...(await readManifestTexts(null)) };
  const moved = mapShown(manifest, ({ at, text }) => {
    if (isKey(text) || isName(text)) return text;
    const key = freeKey(at, texts);
    texts[key] = text;
    return `%${key}%`;
  });
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(moved, null, 2)}\n`);
  await writeFile(textsFile(null), `${JSON.stringify(texts, null, 2)}\n`);
  return true;
}

function textsFile(language: string | null): string {
  return path.join(folder, language === null ? 'package.nls.json' : `package.nls.${language}.json`);
}

interface ShownText {
  /** Where it stands, in the words of the manifest: `commands`, `cuebook.newPrompt`, `title`. */
  readonly at: readonly string[];
  readonly text: string;
}

function shownTexts(manifest: Json): readonly ShownText[] {
  const found: ShownText[] = [];
  mapShown(manifest, (shown) => {
    found.push(shown);
    return shown.text;
  });
  return found;
}

function mapShown(manifest: Json, change: (shown: ShownText) => string): Json {
  if (!isObject(manifest)) return manifest;
  const { contributes = null, capabilities = null, description = null } = manifest;
  return {
    ...manifest,
    ...(typeof description === 'string'
      ? { description: change({ at: ['description'], text: description }) }
      : {}),
    contributes: mapValue(contributes, [], change),
    capabilities: mapValue(capabilities, ['capabilities'], change),
  };
}

function mapValue(value: Json, at: readonly string[], change: (shown: ShownText) => string): Json {
  if (typeof value === 'string') {
    const field = at.findLast((name) => !/^\d+$/.test(name)) ?? '';
    return shownFields.has(field) ? change({ at, text: value }) : value;
  }
  if (Array.isArray(value))
    return value.map((each: Json, index) => mapValue(each, [...at, nameOf(each) ?? String(index)], change));
  if (!isObject(value)) return value;
  const isTopLevel = at.length === 0;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      isTopLevel && notShown.has(key) ? each : mapValue(each, [...at, key], change),
    ]),
  );
}

/** What names an element of a list. */
function nameOf(value: Json): string | null {
  if (!isObject(value)) return null;
  const name = value['command'] ?? value['id'] ?? value['view'];
  return typeof name === 'string' ? name : null;
}

function freeKey(at: readonly string[], texts: Texts): string {
  const key = at
    .filter((name, index) => name !== 'properties' && (index === at.length - 1 || !/^\d+$/.test(name)))
    .map((name) => name.replace(/^cuebook\./, ''))
    .join('.');
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? key : `${key}.${number}`;
    if (!(candidate in texts)) return candidate;
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
