// Other tools' prompt files → prompt documents. Never fails: what means nothing here stays as text or as an unknown
// key, and the report says so. "Same text" is the promise: rendered, the body reads as it did in the file.

import { t } from '@vscode/l10n';
import { findAliases, inputsOf, type Alias } from './aliases.ts';
import { isBuiltIn } from './builtIns.ts';
import { declareInputs, toYamlScalar, type NewInput } from './edits.ts';
import { findFrontMatter } from './frontMatter.ts';
import { parseDocument } from './parse.ts';
import { preventsRendering } from './partials.ts';
import type { PromptDocument, Range } from './promptDocument.ts';
import { scanRoleLines } from './roles.ts';
import { isInputName, isModelReference, settingKeys } from './settings.ts';
import { readTag } from './tag.ts';
import { applyEdits, createLineIndex, type LineIndex, type TextEdit } from './text.ts';

/** `cue` is our own export: taken as it is. */
export type PromptFileKind = 'prompt.md' | 'skill' | 'markdown' | 'cue';

export interface PromptFile {
  readonly kind: PromptFileKind;
  /** File name or relative path, with `/`. */
  readonly name: string;
  readonly text: string;
  /** The user agreed that `{{name}}` becomes an optional input. */
  readonly declareInputs?: boolean;
}

export interface ImportNote {
  /** What it is about: a key or a piece of the text. Content: never for a log. */
  readonly what: string;
  readonly reason: string;
  /** In the file as it was; null if it is about the whole. */
  readonly range: Range | null;
}

export interface ImportedPrompt {
  readonly text: string;
  /** A name for the prompt: no path separators, not empty. Unique only by chance. */
  readonly name: string;
  readonly mapped: readonly ImportNote[];
  /** Not used here, but still in the document. */
  readonly kept: readonly ImportNote[];
  readonly notMapped: readonly ImportNote[];
}

export function importPromptFile(file: PromptFile): ImportedPrompt {
  const notes: Notes = { mapped: [], kept: [], notMapped: [] };
  if (file.kind === 'cue') return { text: file.text, name: nameOf(file, null), ...notes };
  const readable = makeFrontMatterReadable(file.text, notes);
  const document = parseDocument(readable);
  const lines = createLineIndex(file.text);
  const converting: Converting = { document, notes, lines, shift: file.text.length - readable.length };
  const keys = convertKeys(converting);
  const { edits, inputs } = convertBody(file, converting);
  const converted = parseDocument(applyEdits(readable, [...keys, ...edits]));
  const text = applyEdits(converted.text, declareNew(converted, inputs));
  return { text, name: nameOf(file, document), ...notes };
}

interface Notes {
  readonly mapped: ImportNote[];
  readonly kept: ImportNote[];
  readonly notMapped: ImportNote[];
}

/** A report that nobody reads to its end helps nobody; the text is converted all the same. */
const maximumNotes = 500;

function add(list: ImportNote[], note: ImportNote): void {
  if (list.length < maximumNotes) list.push(note);
}

interface Converting {
  readonly document: PromptDocument;
  readonly notes: Notes;
  /** Of the file as it was. */
  readonly lines: LineIndex;
  /** Offset in the file minus offset in the document, in the body. */
  readonly shift: number;
}

function rangeOf(
  { lines, shift }: Converting,
  span: { readonly start: number; readonly end: number },
): Range {
  return lines.range({ start: span.start + shift, end: span.end + shift });
}

function declareNew(document: PromptDocument, inputs: readonly NewInput[]): readonly TextEdit[] {
  const missing = inputs.filter(({ name }) => !document.settings.inputs.some((input) => input.name === name));
  return declareInputs(document, missing) ?? [];
}

// ---- front matter

/**
 * Front matter that is no YAML is repaired by quoting the values of its plain lines, which is what such files mostly
 * lack. If that does not help, an empty one goes in front and the whole file is body.
 */
function makeFrontMatterReadable(text: string, notes: Notes): string {
  const found = findFrontMatter(text);
  if (found.kind !== 'found' || parseDocument(text).frontMatter?.root) return text;
  const { start, end } = found.content;
  const repaired = text.slice(0, start) + quoteValues(text.slice(start, end)) + text.slice(end);
  const what = 'front matter';
  if (parseDocument(repaired).frontMatter?.root) {
    add(notes.mapped, {
      what,
      reason: t('It was not valid YAML; its texts are in quotes now.'),
      range: null,
    });
    return repaired;
  }
  add(notes.notMapped, {
    what,
    reason: t('It is not valid YAML, so it became part of the body.'),
    range: null,
  });
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  return `${mark}---\n---\n${text.slice(mark.length)}`;
}

function quoteValues(yaml: string): string {
  return yaml.replaceAll(
    /^([\w-]+:[ \t]+)([^\s"'[{|>#][^\r\n]*?)[ \t]*$/gm,
    (_, key: string, value: string) => key + JSON.stringify(value),
  );
}

const meanings = (): Readonly<Record<string, string>> => ({
  mode: t('Cuebook has no modes; a run is one answer.'),
  agent: t('Cuebook has no agents; a run is one answer.'),
  tools: t('Cuebook runs give the model no tools.'),
  license: t('Kept for readers.'),
});

function convertKeys(converting: Converting): readonly TextEdit[] {
  const { document, notes } = converting;
  const edits: TextEdit[] = [];
  for (const { key, keySpan } of document.frontMatter?.root?.entries ?? []) {
    const range = document.lines.range(keySpan);
    const problem = document.problems.find((each) => each.name === key && each.code !== 'unknownKey');
    if (key === 'model') edits.push(...convertModels(converting));
    else if (problem !== undefined) add(notes.notMapped, { what: key, reason: problem.message, range });
    else if (settingKeys.some((known) => known === key)) {
      add(notes.mapped, { what: key, reason: t('It is `{0}` here too.', key), range });
    } else {
      const reason =
        (Object.hasOwn(meanings(), key) && meanings()[key]) || t('Cuebook does not know this key.');
      add(notes.kept, { what: key, reason: t('{0} It stays in the document.', reason), range });
    }
  }
  return edits;
}

/** A bare model name in a prompt file is one of VS Code's own models. */
function convertModels({ document, notes }: Converting): readonly TextEdit[] {
  const entry = document.frontMatter?.root?.entries.find(({ key }) => key === 'model');
  const value = entry?.value ?? null;
  if (value === null || value.kind === 'map') return [];
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item): readonly TextEdit[] => {
    if (item.kind !== 'scalar' || item.value === null) return [];
    const name = String(item.value);
    const range = document.lines.range(item.span);
    if (isModelReference(name)) {
      add(notes.mapped, { what: `model: ${name}`, reason: t('It is a model reference already.'), range });
      return [];
    }
    const reference = `vscode/${name.trim()}`;
    if (!isModelReference(reference)) {
      add(notes.notMapped, { what: `model: ${name}`, reason: t('It is no name of a model.'), range });
      return [];
    }
    add(notes.mapped, {
      what: `model: ${name}`,
      reason: `VS Code's own model, \`${reference}\` here.`,
      range,
    });
    return [{ ...item.span, text: toYamlScalar(reference) }];
  });
}

// ---- body

interface ConvertedBody {
  readonly edits: readonly TextEdit[];
  readonly inputs: readonly NewInput[];
}

function convertBody(file: PromptFile, converting: Converting): ConvertedBody {
  const { document } = converting;
  const body = document.text.slice(document.body.start);
  const positional = document.settings.argumentHint !== null;
  const aliases = findAliases(body, { positional }).filter((alias) => takeAlias(alias, converting));
  const braces = convertBraces(file, converting);
  const edits = [
    ...aliases.map((alias) => aliasEdit(alias, document.body.start)),
    ...braces.edits,
    ...escapeRoleLines(converting),
  ];
  if (isSound(document.text, edits)) return { edits, inputs: [...inputsOf(aliases), ...braces.inputs] };
  // Cannot happen by design; if it does, the text matters more than its variables.
  return {
    edits: [
      ...convertBraces({ ...file, declareInputs: false }, converting).edits,
      ...escapeRoleLines(converting),
    ],
    inputs: [],
  };
}

function isSound(text: string, edits: readonly TextEdit[]): boolean {
  return !parseDocument(applyEdits(text, edits)).problems.some(({ code }) => preventsRendering(code));
}

function takeAlias(alias: Alias, converting: Converting): boolean {
  const start = converting.document.body.start;
  const range = rangeOf(converting, { start: start + alias.start, end: start + alias.end });
  const what = alias.written;
  if (alias.isInCode && !what.startsWith('${input:')) {
    add(converting.notes.notMapped, {
      what,
      reason: t('It stands in a code block, so it stays text.'),
      range,
    });
    return false;
  }
  const name = `\`{{${alias.name}}}\``;
  const reason = alias.isInput ? t('The input {0}.', name) : t('The value from the editor {0}.', name);
  add(converting.notes.mapped, { what, reason, range });
  return true;
}

function aliasEdit(alias: Alias, offset: number): TextEdit {
  return { start: alias.start + offset, end: alias.end + offset, text: `{{${alias.name}}}` };
}

/** Braces in a foreign file are text, unless they hold a name that is or becomes an input. */
function convertBraces(file: PromptFile, converting: Converting): ConvertedBody {
  const { document } = converting;
  const { text, body } = document;
  const edits: TextEdit[] = [];
  const inputs = new Set<string>();
  for (let at = text.indexOf('{{', body.start); at !== -1;) {
    const slashes = countBackslashes(text, at, body.start);
    const tag = readNameTag(text, at);
    const isTag = tag !== null && isTaken(tag.name, file, document);
    if (isTag && !isBuiltIn(tag.name)) inputs.add(tag.name);
    const added = '\\'.repeat(isTag ? slashes : slashes + 1);
    if (added !== '') edits.push({ start: at, end: at, text: added });
    noteBraces({ at, tag, isTag }, converting);
    at = text.indexOf('{{', isTag ? tag.end : at + 2);
  }
  return { edits, inputs: [...inputs].map((name) => ({ name })) };
}

interface NameTag {
  readonly name: string;
  readonly end: number;
}

/** `{{name}}`, and nothing around it that would change what the braces mean. */
function readNameTag(text: string, at: number): NameTag | null {
  const end = text.indexOf('}}', at + 2) + 2;
  if (end < at + 4 || end - at > 200 || text[at + 2] === '{' || text[end] === '}') return null;
  const tag = readTag(text, { start: at + 2, end: end - 2 });
  if (tag.kind !== 'value' || tag.path.local || tag.path.up > 0 || tag.path.data !== null) return null;
  const [name = '', ...rest] = tag.path.segments;
  return rest.length === 0 && isInputName(name) ? { name, end } : null;
}

function isTaken(name: string, { declareInputs: agreed }: PromptFile, { settings }: PromptDocument): boolean {
  return agreed === true || settings.inputs.some((input) => input.name === name);
}

function noteBraces(
  { at, tag, isTag }: { readonly at: number; readonly tag: NameTag | null; readonly isTag: boolean },
  converting: Converting,
): void {
  const { text } = converting.document;
  const end = tag?.end ?? Math.min(at + 2, text.length);
  const what = tag === null ? excerpt(text, at) : text.slice(at, end);
  const range = rangeOf(converting, { start: at, end });
  if (isTag) add(converting.notes.mapped, { what, reason: t('An input of this name.'), range });
  else {
    const reason =
      tag === null
        ? t('It is no tag of Cuebook, so it stays text, written {0}.', '`\\{{`')
        : t('It could be an input, which was not asked for, so it stays text, written {0}.', '`\\{{`');
    add(converting.notes.notMapped, { what, reason, range });
  }
}

function excerpt(text: string, at: number): string {
  const line = /^[^\r\n]{0,60}/.exec(text.slice(at, at + 60))?.[0] ?? '';
  const close = line.indexOf('}}');
  return close === -1 ? line : line.slice(0, close + 2);
}

function countBackslashes(text: string, at: number, from: number): number {
  let count = 0;
  while (at - count - 1 >= from && text[at - count - 1] === '\\') count += 1;
  return count;
}

/** A foreign file is one message: a line such as `user:` in it is text. */
function escapeRoleLines(converting: Converting): readonly TextEdit[] {
  const { document, notes } = converting;
  const { roleLines, escapes } = scanRoleLines(document.text, document.body, document.lines);
  for (const { role, span } of roleLines) {
    const reason = t('The file is one message, so the line stays text, written `\\{0}:`.', role);
    add(notes.notMapped, { what: `${role}:`, reason, range: rangeOf(converting, span) });
  }
  return [...roleLines.map(({ span }) => span.start), ...escapes].map((start) => ({
    start,
    end: start,
    text: '\\',
  }));
}

// ---- name

const endings = /(?:\.cue|\.prompt|\.instructions|\.chatmode|\.agent)?\.(?:md|markdown|mdx|txt|prompt)$/i;

function nameOf({ kind, name }: PromptFile, document: PromptDocument | null): string {
  const parts = name.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const file = (parts.at(-1) ?? '').replace(endings, '');
  const folder = parts.at(-2) ?? '';
  // A skill's file is always called SKILL.md: its own name, or its folder's, says which one it is.
  const isUnnamed = kind === 'skill' && /^skill$/i.test(file);
  const declared = document?.settings.name?.value ?? '';
  return cleanName(isUnnamed ? declared || folder || file : file) || t('Imported prompt');
}

function cleanName(name: string): string {
  const visible = name.replaceAll(/[\p{C}/\\:*?"<>|@]+/gu, ' ').replaceAll(/\s+/g, ' ');
  return Array.from(visible.trim())
    .slice(0, 100)
    .join('')
    .replace(/^\.+|[. ]+$/g, '')
    .trim();
}
