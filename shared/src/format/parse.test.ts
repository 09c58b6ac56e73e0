import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { parseDocument } from './parse.ts';
import type { Diagnostic, PromptDocument, TemplateNode } from './promptDocument.ts';

const house = readFileSync(new URL('./fixtures/house.cue.md', import.meta.url), 'utf8');

function codes(text: string): readonly string[] {
  return parseDocument(text).problems.map((problem) => problem.code);
}

function only(text: string): Diagnostic {
  const { problems } = parseDocument(text);
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  if (problem === undefined) throw new Error('No problem was reported');
  return problem;
}

function roles(document: PromptDocument): readonly string[] {
  return document.messages.map(({ role, span }) => `${role}: ${document.text.slice(span.start, span.end)}`);
}

function kinds(nodes: readonly TemplateNode[]): readonly string[] {
  return nodes.map((node) => node.kind);
}

test('the front matter of a prompt is read with places', () => {
  const { settings, lines, problems } = parseDocument(house);
  expect(problems).toEqual([]);
  expect(settings.description?.value).toBe('Review the selected code for one concern.');
  expect(settings.argumentHint?.value).toBe('[focus]');
  expect(settings.models.map((model) => model.value)).toEqual(['anthropic/claude-sonnet-4-5', 'vscode/*']);
  expect(settings.config).toEqual({ temperature: 0.2, maxOutputTokens: 1200 });
  expect(settings.outputSchema?.value).toEqual({ type: 'object' });
  expect(settings.tags.map((tag) => tag.value)).toEqual(['review']);
  expect(settings.inputs).toMatchObject([
    { name: 'focus', type: 'string', enum: ['bugs', 'security', 'style'], default: 'bugs', required: false },
    { name: 'selection', type: 'string', required: true, default: undefined },
  ]);
  expect(lines.range(settings.inputs[0]?.keySpan ?? { start: 0, end: 0 }).start).toMatchObject({
    line: 6,
    character: 2,
  });
});

test('a byte-order mark and CRLF change neither settings nor messages', () => {
  const plain = parseDocument(house);
  const marked = parseDocument(`\uFEFF${house.replaceAll('\n', '\r\n')}`);
  expect(marked.settings.models.map((model) => model.value)).toEqual(
    plain.settings.models.map((model) => model.value),
  );
  expect(roles(marked).map((message) => message.replaceAll('\r\n', '\n'))).toEqual(roles(plain));
});

test('inputs may be written short', () => {
  const { settings } = parseDocument(
    '---\ninputs: { a: number, b: , c: {default: 3}, d: {enum: [1, 2]} }\n---\n',
  );
  expect(settings.inputs.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'a number',
    'b string',
    'c number',
    'd number',
  ]);
});

test('role lines start messages, and blank lines around a message are not part of it', () => {
  const document = parseDocument('system:\n\n  a\n\nuser:  \nb\n\n\nassistant:\n\tc \n');
  expect(roles(document)).toEqual(['system:   a', 'user: b', 'assistant: \tc']);
});

test('a body without role lines is one user message', () => {
  expect(roles(parseDocument('---\nname: x\n---\n\nHi\nuser: not alone\n system:\n'))).toEqual([
    'user: Hi\nuser: not alone\n system:',
  ]);
});

test('a role line inside a closed code block is text, and the author is told', () => {
  const text = 'user:\n```yaml\nsystem:\n```\nassistant:\nok\n';
  expect(roles(parseDocument(text))).toEqual(['user: ```yaml\nsystem:\n```', 'assistant: ok']);
  expect(only(text)).toMatchObject({
    code: 'roleInCodeBlock',
    severity: 'info',
    range: { start: { line: 2 } },
  });
});

test('a code block that is never closed hides no role line', () => {
  expect(roles(parseDocument('user:\n```ts\ncode\nassistant:\nok\n'))).toEqual([
    'user: ```ts\ncode',
    'assistant: ok',
  ]);
});

test('text before the first role line is a user message with a warning', () => {
  expect(roles(parseDocument('Hello\nsystem:\nx'))).toEqual(['user: Hello', 'system: x']);
  expect(codes('Hello\nsystem:\nx')).toEqual(['textBeforeRole']);
});

test('tags become a tree', () => {
  const [message] = parseDocument('{{a.b}} {{> x/y@v3 k=1}}{{#if a}}1{{else}}2{{/if}}{{! c }}').messages;
  expect(kinds(message?.nodes ?? [])).toEqual(['value', 'text', 'partial', 'block', 'comment']);
  expect(message?.nodes[2]).toMatchObject({
    reference: 'x/y@v3',
    arguments: [{ name: 'k', value: { value: 1 } }],
  });
  expect(message?.nodes[3]).toMatchObject({ body: [{ text: '1' }], otherwise: [{ text: '2' }] });
});

test('a partial with spaces in its path is written in quotes', () => {
  const [message] = parseDocument('{{> "my prompts/house style@production" tone="very dry"}}').messages;
  expect(message?.nodes[0]).toMatchObject({
    reference: 'my prompts/house style@production',
    arguments: [{ name: 'tone', value: { value: 'very dry' } }],
  });
});

test.each([
  ['{{foo bar}}', 'tagInvalid'],
  ['{{}}', 'tagInvalid'],
  ['{{ never closed', 'tagInvalid'],
  ['{{#with a}}', 'tagInvalid'],
  ['{{> }}', 'tagInvalid'],
  ['{{~a~}}', 'tagInvalid'],
  ['{{#if a}}x', 'blockUnclosed'],
  ['x{{/if}}', 'blockMismatched'],
  ['{{else}}', 'blockMismatched'],
  ['---\na: [1\n---\n', 'frontMatterInvalid'],
  ['---\n- a\n---\n', 'frontMatterInvalid'],
  ['---\n%\n---\n', 'frontMatterInvalid'],
  ['---\na: b: c\n---\n', 'frontMatterInvalid'],
  ['---\na: 1\n', 'frontMatterUnclosed'],
  ['---\ntags: 1\ntags: 2\n---\n', 'duplicateKey'],
  ['---\na: &x 1\nb: *x\n---\n', 'aliasNotAllowed'],
  ['---\ntag: x\n---\n', 'unknownKey'],
  ['---\nargumentHint: x\n---\n', 'unknownKey'],
  ['---\nbaseUrl: http://x\n---\n', 'forbiddenKey'],
  ['---\nAPI_KEY: x\n---\n', 'forbiddenKey'],
  ['---\nconfig: { headers: {} }\n---\n', 'forbiddenKey'],
  ['---\nmodel: gpt-4.1\n---\n', 'modelMalformed'],
  ['---\nconfig: { temperature: hot }\n---\n', 'wrongType'],
  ['---\nconfig: { seed: 1.5 }\n---\n', 'wrongType'],
  ['---\ninputs: [a]\n---\n', 'wrongType'],
  ['---\ninputs: { a: text }\n---\n', 'wrongType'],
  ['---\ninputs: { a: { enum: [x], default: y } }\n---\n', 'wrongType'],
  ['---\ninputs: { a: { type: number, default: x } }\n---\n', 'wrongType'],
  ['---\ninputs: { __proto__: string }\n---\n', 'inputNameInvalid'],
  ['---\ninputs: { a b: string }\n---\n', 'inputNameInvalid'],
  ['---\noutput: { schema: yes }\n---\n', 'wrongType'],
])('%j is reported as %s, with a place and with what to do', (text, code) => {
  const problem = only(text);
  expect(problem.code).toBe(code);
  expect(problem.message).not.toBe('');
  expect(problem.action).not.toBe('');
  expect(problem.range.end.offset).toBeLessThanOrEqual(text.length);
});

test('keys of other tools are kept without a word', () => {
  expect(codes("---\nmode: agent\ntools: ['a']\nagent: x\nowner: y\nx-y: {a: [1]}\n---\n")).toEqual([]);
});

test('blocks close across an inner block that was left open', () => {
  const text = '{{#if a}}{{#each b}}x{{/if}}y';
  expect(codes(text)).toEqual(['blockUnclosed']);
  expect(kinds(parseDocument(text).messages[0]?.nodes ?? [])).toEqual(['block', 'text']);
});

test('what is too large or too deep is refused with a reason', () => {
  expect(codes('x'.repeat(limits.documentLength + 1))).toEqual(['tooLarge']);
  expect(codes(`---\na: ${'x'.repeat(limits.frontMatterLength)}\n---\n`)).toEqual(['tooLarge']);
  expect(codes(`---\na: ${'['.repeat(1000)}\n---\n`)).toEqual(['frontMatterInvalid']);
  expect(codes('{{a}}'.repeat(limits.tags + 1))).toEqual(['tooLarge']);
  const deep = `${'{{#if a}}'.repeat(limits.blockDepth + 1)}${'{{/if}}'.repeat(limits.blockDepth + 1)}`;
  expect(codes(deep)).toContain('blockTooDeep');
});
