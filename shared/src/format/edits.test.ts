import { expect, test } from 'vitest';
import {
  declareInputs,
  escapeTag,
  removeField,
  removeInput,
  renameInput,
  renamePartial,
  setField,
  toYamlScalar,
} from './edits.ts';
import { parseDocument } from './parse.ts';
import type { PromptDocument } from './promptDocument.ts';
import { applyEdits, type TextEdit } from './text.ts';

function edit(text: string, change: (document: PromptDocument) => readonly TextEdit[] | null): string | null {
  const edits = change(parseDocument(text));
  return edits && applyEdits(text, edits);
}

test.each([
  ['x {{a}}', '---\ninputs:\n  a: string\n---\nx {{a}}'],
  ['---\r\nname: n\r\n---\r\nx', '---\r\nname: n\r\ninputs:\r\n  a: string\r\n---\r\nx'],
  ['---\ninputs:\n---\n', '---\ninputs:\n  a: string\n---\n'],
  ['---\ninputs: {}\n---\n', '---\ninputs: { a: string }\n---\n'],
  ['---\ninputs: { b: string }\n---\n', '---\ninputs: { b: string, a: string }\n---\n'],
  [
    '---\ninputs:\n    b:   # why\n      type: number\n# end\ntags: [x]\n---\n',
    '---\ninputs:\n    b:   # why\n      type: number\n    a: string\n# end\ntags: [x]\n---\n',
  ],
  ['---\n  name: n\n---\n', '---\n  name: n\n  inputs:\n    a: string\n---\n'],
  ['---\n? name\n: n\n---\n', null],
  ['---\ninputs: [x]\n---\n', null],
  ['---\na: [\n---\n', null],
])('declaring an input in %j gives %j', (text, expected) => {
  expect(edit(text, (document) => declareInputs(document, [{ name: 'a' }]))).toBe(expected);
});

test('a declared input reads back with its description', () => {
  const text = edit('x', (document) =>
    declareInputs(document, [{ name: 'a', description: 'x: {y}, "z" # n', required: true }]),
  );
  expect(parseDocument(text ?? '').settings.inputs).toMatchObject([
    { name: 'a', description: 'x: {y}, "z" # n', required: true },
  ]);
});

test.each([
  ['---\ninputs:\n  a: string\n  b: number # n\n---\n', '---\ninputs:\n  b: number # n\n---\n'],
  ['---\ninputs:\n  a: string\n---\nx', '---\n---\nx'],
  ['---\ninputs: { a: string, b: number }\n---\n', '---\ninputs: { b: number }\n---\n'],
  ['---\ninputs: { b: number, a: string }\n---\n', '---\ninputs: { b: number }\n---\n'],
  ['---\ninputs: { b: number }\n---\n', null],
])('removing the input a from %j gives %j', (text, expected) => {
  expect(edit(text, (document) => removeInput(document, 'a'))).toBe(expected);
});

test('a key is set, added and removed without touching the others', () => {
  const text = '---\n# c\nmodel: [a/b,  c/d]  # why\nowner:\n---\nx';
  expect(edit(text, (document) => setField(document, 'model', 'x/y'))).toBe(
    '---\n# c\nmodel: x/y  # why\nowner:\n---\nx',
  );
  expect(edit(text, (document) => setField(document, 'owner', 'me'))).toBe(
    '---\n# c\nmodel: [a/b,  c/d]  # why\nowner: me\n---\nx',
  );
  expect(edit(text, (document) => setField(document, 'tags', '[t]'))).toBe(
    '---\n# c\nmodel: [a/b,  c/d]  # why\nowner:\ntags: [t]\n---\nx',
  );
  expect(edit(text, (document) => removeField(document, 'model'))).toBe('---\n# c\nowner:\n---\nx');
  expect(edit('x', (document) => setField(document, 'name', 'n'))).toBe('---\nname: n\n---\nx');
});

test('renaming an input changes its declaration and its uses, and nothing that only looks like them', () => {
  const text =
    '---\ninputs: { a: string }\n---\na {{a}} {{a.b}} {{#if a}}{{this.a}}{{/if}} {{> a a=a}} {{ab}} \\{{a}} {{../a}}';
  expect(edit(text, (document) => renameInput(document, { from: 'a', to: 'new' }))).toBe(
    '---\ninputs: { new: string }\n---\na {{new}} {{new.b}} {{#if new}}{{this.a}}{{/if}} {{> a a=new}} {{ab}} \\{{a}} {{../new}}',
  );
});

test('renaming a partial keeps label, version, quotes and arguments', () => {
  const text = '{{> x/a}} {{> x/a@v3 k=1}} {{> "x/a@live"}} {{#if b}}{{>x/a}}{{/if}} {{> x/ab}}';
  expect(edit(text, (document) => renamePartial(document, { from: 'x/a', to: 'y/b' }))).toBe(
    '{{> y/b}} {{> y/b@v3 k=1}} {{> "y/b@live"}} {{#if b}}{{>y/b}}{{/if}} {{> x/ab}}',
  );
});

test('a partial that is renamed to a name with spaces is quoted as a whole', () => {
  const text = edit('{{> a}} {{> a@v3 k=1}}', (document) =>
    renamePartial(document, { from: 'a', to: 'b c' }),
  );
  expect(text).toBe('{{> "b c"}} {{> "b c@v3" k=1}}');
});

test('an escaped tag is text', () => {
  const text = '{{foo bar}}';
  const [message] = parseDocument(applyEdits(text, [escapeTag({ start: 0, end: text.length })])).messages;
  expect(message?.nodes).toMatchObject([{ kind: 'text', text }]);
});

test.each([
  'plain text',
  'true',
  '3',
  'a: b',
  '[x]',
  '- x',
  '"q"',
  "it's",
  '#c',
  ' lead',
  'vscode/*',
  'ünï',
  '0x1F',
  '1_000',
  '2026-01-31',
])('%j survives as a YAML scalar', (text) => {
  expect(
    parseDocument(`---\nname: ${toYamlScalar(text)}\n---\n`).frontMatter?.root?.entries[0]?.value,
  ).toMatchObject({
    value: text,
  });
});
