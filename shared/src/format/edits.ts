// Changes to a prompt as text edits: everything that an edit does not name stays byte for byte.

import { parseDocument } from './parse.ts';
import { partialNodes } from './templateNodes.ts';
import type { InputDeclaration, PromptDocument, TemplateNode, YamlEntry, YamlMap } from './promptDocument.ts';
import { applyEdits, lineBreakOf, type Span, type TextEdit } from './text.ts';

/** A text as a YAML scalar on one line: plain where that is safe, quoted otherwise. */
export function toYamlScalar(text: string): string {
  const isPlain = /^[\p{L}\p{N}][\p{L}\p{N} ._/-]*$/u.test(text) && !/\s$/.test(text);
  const means = /^(?:true|false|null|yes|no|on|off|~|[\d.+-][\d.eE+_-]*|0[xo].*)$/i;
  return isPlain && !means.test(text) ? text : JSON.stringify(text);
}

export interface NewInput {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
}

/** Edits that declare inputs, with front matter if there is none; null if `inputs` is there and not a map. */
export function declareInputs(
  document: PromptDocument,
  added: readonly NewInput[],
): readonly TextEdit[] | null {
  return readable(document, declarations(document, added));
}

/** Front matter can be written in ways that no insertion here fits (`? key`, tabs, …): then there is no edit. */
function readable(document: PromptDocument, edits: readonly TextEdit[] | null): readonly TextEdit[] | null {
  if (edits === null || edits.length === 0) return edits;
  const { frontMatter } = parseDocument(applyEdits(document.text, edits));
  return frontMatter?.root ? edits : null;
}

/** What stands before the keys of the front matter: nothing, as a rule. */
function indentOf({ lines, frontMatter }: PromptDocument): string {
  const first = frontMatter?.root?.entries[0];
  return first === undefined ? '' : ' '.repeat(lines.place(first.keySpan.start).character);
}

function declarations(document: PromptDocument, added: readonly NewInput[]): readonly TextEdit[] | null {
  if (added.length === 0) return [];
  const { frontMatter, text } = document;
  const lineBreak = lineBreakOf(text);
  const block = (indent: string): string =>
    added.map((input) => `${indent}${declarationOf(input)}${lineBreak}`).join('');
  if (frontMatter === null) {
    const start = document.body.start;
    return [insert(start, `---${lineBreak}inputs:${lineBreak}${block('  ')}---${lineBreak}`)];
  }
  if (frontMatter.root === null || frontMatter.root.flow) return null;
  const entry = frontMatter.root.entries.find(({ key }) => key === 'inputs');
  const outer = indentOf(document);
  if (entry === undefined) {
    return [insert(frontMatter.content.end, `${outer}inputs:${lineBreak}${block(`${outer}  `)}`)];
  }
  return addToInputs(document, entry, { added, block, lineBreak });
}

function addToInputs(
  document: PromptDocument,
  entry: YamlEntry,
  {
    added,
    block,
    lineBreak,
  }: { added: readonly NewInput[]; block: (indent: string) => string; lineBreak: string },
): readonly TextEdit[] | null {
  const { value, keySpan } = entry;
  if (value === null) {
    const at = nextLineStart(document, keySpan.end);
    return [insert(at, block(`${indentOf(document)}  `))];
  }
  if (value.kind !== 'map') return null;
  const last = value.entries.at(-1);
  if (value.flow) {
    const inner = added.map(declarationOf).join(', ');
    const at = last === undefined ? value.span.start + 1 : entrySpan(last).end;
    return [insert(at, last === undefined ? ` ${inner} ` : `, ${inner}`)];
  }
  if (last === undefined) return null;
  const at = nextLineStart(document, entrySpan(last).end);
  const indent = ' '.repeat(document.lines.place(last.keySpan.start).character);
  // A block scalar at the very end of the front matter still ends with a line break, so `at` is a line's start.
  return [insert(at, at === last.keySpan.start ? `${lineBreak}${block(indent)}` : block(indent))];
}

function declarationOf({ name, description, required }: NewInput): string {
  const parts = [
    ...(required === true ? ['required: true'] : []),
    ...(description === undefined || description === '' ? [] : [`description: ${quoteInFlow(description)}`]),
  ];
  return parts.length === 0 ? `${name}: string` : `${name}: { ${parts.join(', ')} }`;
}

/** Inside `{ }` a comma or a brace would end a plain text. */
function quoteInFlow(text: string): string {
  return toYamlScalar(text);
}

/** Takes a declaration out, and `inputs` with it if it was the only one. */
export function removeInput(document: PromptDocument, name: string): readonly TextEdit[] | null {
  const root = document.frontMatter?.root ?? null;
  const inputs = root?.entries.find(({ key }) => key === 'inputs');
  if (root === null || inputs?.value?.kind !== 'map') return null;
  const map = inputs.value;
  const index = map.entries.findIndex(({ key }) => key === name);
  const entry = map.entries[index];
  if (entry === undefined) return null;
  if (map.entries.length === 1 && !root.flow)
    return [{ ...wholeLines(document, entrySpan(inputs)), text: '' }];
  if (!map.flow) return [{ ...wholeLines(document, entrySpan(entry)), text: '' }];
  return [{ ...flowSpan(map, index), text: '' }];
}

/** The entry together with the comma that goes with it. */
function flowSpan(map: YamlMap, index: number): Span {
  const [before, entry, after] = [map.entries[index - 1], map.entries[index], map.entries[index + 1]];
  if (entry === undefined) return { start: map.span.end, end: map.span.end };
  const span = entrySpan(entry);
  if (after !== undefined) return { start: span.start, end: after.keySpan.start };
  return { start: before === undefined ? span.start : entrySpan(before).end, end: span.end };
}

/** Replaces the value of a top-level key, or adds the key. `yaml` is one line. */
export function setField(document: PromptDocument, key: string, yaml: string): readonly TextEdit[] | null {
  return readable(document, settingOf(document, key, yaml));
}

function settingOf(document: PromptDocument, key: string, yaml: string): readonly TextEdit[] | null {
  const { frontMatter, text, body } = document;
  const lineBreak = lineBreakOf(text);
  if (frontMatter === null)
    return [insert(body.start, `---${lineBreak}${key}: ${yaml}${lineBreak}---${lineBreak}`)];
  if (frontMatter.root === null || frontMatter.root.flow) return null;
  const entry = frontMatter.root.entries.find((each) => each.key === key);
  if (entry === undefined)
    return [insert(frontMatter.content.end, `${indentOf(document)}${key}: ${yaml}${lineBreak}`)];
  if (entry.value !== null) return [{ ...entry.value.span, text: yaml }];
  return [insert(afterColon(document, entry), ` ${yaml}`)];
}

export function removeField(document: PromptDocument, key: string): readonly TextEdit[] | null {
  const root = document.frontMatter?.root ?? null;
  const entry = root?.entries.find((each) => each.key === key);
  if (root === null || entry === undefined || root.flow) return null;
  return [{ ...wholeLines(document, entrySpan(entry)), text: '' }];
}

/** Every place where the document names the input: its declaration and its uses. */
export function inputSpans(document: PromptDocument, name: string): readonly Span[] {
  const declared = document.settings.inputs
    .filter((input) => input.name === name)
    .map((input) => input.keySpan);
  const used = document.messages.flatMap(({ nodes }) => pathSpans(nodes, name, document.text));
  return [...declared, ...used];
}

export function renameInput(
  document: PromptDocument,
  { from, to }: { readonly from: string; readonly to: string },
): readonly TextEdit[] {
  return inputSpans(document, from).map((span) => ({ ...span, text: to }));
}

/** Where the name stands as the head of a path; `this.name` and names of arguments are something else. */
function pathSpans(nodes: readonly TemplateNode[], name: string, text: string): readonly Span[] {
  return nodes.flatMap((node): readonly Span[] => {
    switch (node.kind) {
      case 'value':
        return headSpan(node.path, name, text);
      case 'block':
        return [
          ...headSpan(node.path, name, text),
          ...pathSpans(node.body, name, text),
          ...pathSpans(node.otherwise, name, text),
        ];
      case 'partial':
        return node.arguments.flatMap(({ value }) =>
          value.kind === 'path' ? headSpan(value, name, text) : [],
        );
      case 'text':
      case 'comment':
      case 'invalid':
        return [];
    }
  });
}

function headSpan(
  path: Extract<TemplateNode, { kind: 'value' }>['path'],
  name: string,
  text: string,
): readonly Span[] {
  if (path.local || path.data !== null || path.segments[0] !== name) return [];
  const start = path.span.start + path.up * '../'.length;
  const end = start + name.length;
  return text.slice(start, end) === name ? [{ start, end }] : [];
}

/** Points `{{> from}}` and `{{> from@…}}` to `to`, keeping label and version; quotes where `to` needs them. */
export function renamePartial(
  document: PromptDocument,
  { from, to }: { readonly from: string; readonly to: string },
): readonly TextEdit[] {
  return partialReferences(document, from).map(({ span, version, isQuoted }) => {
    const reference = version === null ? to : `${to}@${version}`;
    return { ...span, text: isQuoted ? `"${reference}"` : toReference(reference) };
  });
}

/** A reference as it stands in a tag. */
export function toReference(reference: string): string {
  return /[\s"'=#{}()|[\]]/.test(reference) ? `"${reference}"` : reference;
}

export interface PartialReference {
  /** Quotes included. */
  readonly span: Span;
  readonly version: string | null;
  readonly isQuoted: boolean;
}

/** Where the document includes the prompt at `path`, in whatever version. */
export function partialReferences(document: PromptDocument, path: string): readonly PartialReference[] {
  return document.messages.flatMap(({ nodes }) =>
    partialNodes(nodes).flatMap(({ reference, referenceSpan: span }): readonly PartialReference[] => {
      const split = splitReference(reference);
      if (split.path !== path) return [];
      return [{ span, version: split.version, isQuoted: span.end - span.start !== reference.length }];
    }),
  );
}

/** `path@label` → path and label; without `@` the label is null. */
export function splitReference(reference: string): {
  readonly path: string;
  readonly version: string | null;
} {
  const at = reference.lastIndexOf('@');
  if (at < 1) return { path: reference, version: null };
  return { path: reference.slice(0, at), version: reference.slice(at + 1) };
}

export function escapeTag(span: Span): TextEdit {
  return insert(span.start, '\\');
}

export function findInput(document: PromptDocument, name: string): InputDeclaration | null {
  return document.settings.inputs.find((input) => input.name === name) ?? null;
}

function insert(at: number, text: string): TextEdit {
  return { start: at, end: at, text };
}

function entrySpan({ keySpan, value }: YamlEntry): Span {
  return { start: keySpan.start, end: value?.span.end ?? keySpan.end };
}

function afterColon(document: PromptDocument, { keySpan }: YamlEntry): number {
  return document.text.indexOf(':', keySpan.end) + 1;
}

function nextLineStart(document: PromptDocument, offset: number): number {
  const { line } = document.lines.place(offset);
  return line + 1 < document.lines.lineCount ? document.lines.line(line + 1).start : document.text.length;
}

function wholeLines(document: PromptDocument, { start, end }: Span): Span {
  const { line } = document.lines.place(start);
  return { start: document.lines.line(line).start, end: nextLineStart(document, end) };
}
