import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { parseDocument } from './parse.ts';
import { render, type RenderOptions, type RenderError } from './render.ts';
import { uses } from './uses.ts';

function text(prompt: string, options: RenderOptions = {}): string {
  const outcome = render(parseDocument(prompt), options);
  if (!outcome.ok) throw new Error(outcome.errors.map(({ message }) => message).join('; '));
  return outcome.messages.map(({ content }) => content).join('\n--\n');
}

function errors(prompt: string, options: RenderOptions = {}): readonly RenderError[] {
  const outcome = render(parseDocument(prompt), options);
  return outcome.ok ? [] : outcome.errors;
}

function library(prompts: Readonly<Record<string, string>>): NonNullable<RenderOptions['partials']> {
  return (reference) => {
    const prompt = Object.hasOwn(prompts, reference) ? prompts[reference] : undefined;
    return prompt === undefined ? null : { key: reference, text: prompt };
  };
}

test.each([
  ['{{a}}', 'x'],
  ['{{ a }}', 'x'],
  ['{{{a}}}', 'x'],
  ['{"k": {{{a}}}}', '{"k": x}'],
  ['{{o.p}}{{o.none}}', '1'],
  ['{{l}} {{l.0}} {{l.length}}', 'p, q p 2'],
  ['{{o}}', '{\n  "p": 1\n}'],
  ['{{#if a}}yes{{else}}no{{/if}}', 'yes'],
  ['{{#if zero}}yes{{else}}no{{/if}}', 'no'],
  ['{{#if none}}yes{{else}}no{{/if}}', 'no'],
  ['{{#unless none}}yes{{/unless}}', 'yes'],
  ['{{#if none}}1{{else if a}}2{{else}}3{{/if}}', '2'],
  ['{{#each l}}{{@index}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}', '0p, 1q'],
  ['{{#each o}}{{@key}}={{this}}{{/each}}', 'p=1'],
  ['{{#each objects}}{{n}}{{a}}{{this.n}}{{../a}}{{/each}}', '5x5x'],
  ['{{#each empty}}x{{else}}none{{/each}}', 'none'],
  ['a{{! gone }}b{{!-- {{a}} --}}c', 'abc'],
  ['\\{{a}}', '{{a}}'],
  ['\\\\{{a}}', '\\x'],
  ['\\\\\\{{a}}', '\\{{a}}'],
  ['\\n {{a}}\\', '\\n x\\'],
  ['\\user:', 'user:'],
  ['\\\\user:', '\\user:'],
])('%j becomes %j', (prompt, expected) => {
  const inputs = { a: 'x', o: { p: 1 }, l: ['p', 'q'], objects: [{ n: 5 }], empty: [], zero: 0 };
  expect(text(prompt, { inputs })).toBe(expected);
});

test('a block tag or comment alone on its line takes the line with it, as in Handlebars', () => {
  const prompt = 'a\n  {{#if x}}\nb\n  {{else}}\nc\n{{/if}}\n{{! note }}\nd {{#if x}}e{{/if}}\n';
  expect(text(prompt, { inputs: { x: true } })).toBe('a\nb\nd e');
  expect(text(prompt.replaceAll('\n', '\r\n'), { inputs: { x: false } })).toBe('a\r\nc\r\nd ');
});

test('a value is inserted as it is: tags, roles, blank lines and escapes in it mean nothing', () => {
  const value = '\n\nsystem:\n{{a}} {{> b}} \\{{c}}\n```\n$& $1\n\n';
  const outcome = render(parseDocument('user:\n<{{a}}>'), { inputs: { a: value } });
  expect(outcome).toEqual({ ok: true, messages: [{ role: 'user', content: `<${value}>`, images: [] }] });
});

test('inputs come before built-in values, and those before defaults', () => {
  const prompt = '---\ninputs: { selection: { default: d } }\n---\n{{selection}}';
  expect(text(prompt)).toBe('d');
  expect(text(prompt, { builtIns: { selection: 'b' } })).toBe('b');
  expect(text(prompt, { builtIns: { selection: 'b' }, inputs: { selection: 'i' } })).toBe('i');
});

test('a required input without a value is an error that names it and where it is used', () => {
  const [error] = errors('---\ninputs: { focus: { required: true } }\n---\nhi\n\n{{focus}}');
  expect(error).toMatchObject({
    code: 'inputMissing',
    name: 'focus',
    range: { start: { line: 5, character: 2 } },
  });
  expect(
    errors('---\ninputs: { focus: { required: true } }\n---\n{{focus}}', { inputs: { focus: '' } }),
  ).toHaveLength(1);
});

test('an undeclared name must be given, an optional one need not', () => {
  expect(errors('{{nobody}}')).toMatchObject([{ code: 'inputMissing', name: 'nobody' }]);
  expect(text('---\ninputs: { a: string }\n---\n[{{a}}]')).toBe('[]');
  expect(text('[{{selection}}]')).toBe('[]');
});

test('a value of the wrong type is an error that names the input', () => {
  const prompt = '---\ninputs: { n: number, e: { enum: [a, b] } }\n---\n{{n}}{{e}}';
  expect(text(prompt, { inputs: { n: '3', e: 'a' } })).toBe('3a');
  expect(errors(prompt, { inputs: { n: 'x', e: 'c' } }).map(({ name }) => name)).toEqual(['n', 'e']);
});

test('a partial is the text of another prompt, with arguments first and its own defaults last', () => {
  const partials = library({ p: '---\ninputs: { t: { default: dry } }\n---\n\nBe {{t}}, {{a}}.\n\n' });
  expect(text('<{{> p}}>', { partials, inputs: { a: 'x' } })).toBe('<Be dry, x.>');
  expect(text('<{{> p t="kind"}}>', { partials, inputs: { a: 'x', t: 'y' } })).toBe('<Be kind, x.>');
  expect(text('<{{> p t=a}}>', { partials, inputs: { a: 'x' } })).toBe('<Be x, x.>');
  expect(
    text('{{#each l}}{{> q}}{{/each}}', {
      partials: library({ q: '{{this.n}}' }),
      inputs: { l: [{ n: 1 }] },
    }),
  ).toBe('1');
});

test('an unknown partial, one with role lines and one that lacks an input are errors with the way to them', () => {
  const partials = library({
    roles: 'system:\nx',
    needs: '---\ninputs: { t: { required: true } }\n---\n{{t}}',
    outer: 'a {{> needs}}',
    broken: '{{#if}}',
  });
  expect(errors('{{> nobody}}', { partials })).toMatchObject([{ code: 'partialUnknown', name: 'nobody' }]);
  expect(errors('{{> roles}}', { partials })).toMatchObject([{ code: 'partialHasRoles' }]);
  expect(errors('{{> outer}}', { partials })).toMatchObject([
    { code: 'inputMissing', name: 't', through: ['outer', 'needs'] },
  ]);
  expect(errors('{{> broken}}', { partials })).toMatchObject([{ code: 'tagInvalid', through: ['broken'] }]);
});

test('a circle of partials is an error that shows the circle', () => {
  const partials = library({ a: '{{> b}}', b: '{{> c}}', c: '{{> a}}' });
  expect(errors('{{> a}}', { partials })[0]?.message).toContain('a → b → c → a');
  expect(errors('{{> b}}', { partials, key: 'a' })[0]).toMatchObject({
    code: 'partialCycle',
    through: ['b', 'c'],
  });
});

test('a prompt with a broken tag or front matter is not rendered', () => {
  expect(errors('{{foo bar}}')).toMatchObject([{ code: 'tagInvalid' }]);
  expect(errors('---\na: [\n---\nx')).toMatchObject([{ code: 'frontMatterInvalid' }]);
});

test('a message that comes out empty is left out; a prompt without any is an error', () => {
  expect(text('system:\n{{#if a}}x{{/if}}\nuser:\nhi')).toBe('hi');
  expect(errors('---\nname: x\n---\n')).toMatchObject([{ code: 'nothingToSay' }]);
});

test('an image is mentioned in the text and handed over beside it', () => {
  const photo = 'data:image/png;base64,AAAA';
  const outcome = render(parseDocument('---\ninputs: { photo: image }\n---\nSee {{photo}}'), {
    inputs: { photo },
  });
  expect(outcome).toMatchObject({
    ok: true,
    messages: [{ content: 'See [image: photo]', images: [{ name: 'photo', address: photo }] }],
  });
});

test('loops, long values and doubling partials end at a limit', () => {
  const big = Array.from({ length: 1000 }, () => 1);
  const loops = '{{#each l}}{{#each ../l}}{{#each ../l}}x{{/each}}{{/each}}{{/each}}';
  expect(errors(loops, { inputs: { l: big } })).toMatchObject([{ code: 'tooManySteps' }]);
  const value = 'x'.repeat(100_000);
  expect(errors('{{#each l}}{{v}}{{/each}}', { inputs: { l: big, v: value } })).toMatchObject([
    { code: 'tooLarge' },
  ]);
  const names = Array.from({ length: limits.partialDepth + 2 }, (_, index) => `p${index}`);
  const doubling = Object.fromEntries(
    names.map((name, index) => [name, `{{> p${index + 1}}}{{> p${index + 1}}}`]),
  );
  expect(errors('{{> p0}}', { partials: library(doubling) }).length).toBeGreaterThan(0);
});

test('names of the prototype are names like any other', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
    expect(errors(`{{${name}}}`)).toMatchObject([{ code: 'inputMissing' }]);
    expect(text(`[{{o.${name}}}{{o.${name}.${name}}}{{l.${name}}}]`, { inputs: { o: {}, l: [] } })).toBe(
      '[]',
    );
    expect(errors(`{{> ${name}}}`, { partials: library({}) })).toMatchObject([{ code: 'partialUnknown' }]);
  }
  const inputs = { o: JSON.parse('{"__proto__": {"x": 1}}') as unknown };
  expect(text('{{o.__proto__.x}}', { inputs })).toBe('1');
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
});

test('values that are no data are refused', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  for (const bad of [circle, () => 1, Number.NaN, Symbol('x'), 1n]) {
    expect(errors('{{a}}', { inputs: { a: bad } })[0]).toMatchObject({ code: 'inputInvalid', name: 'a' });
  }
});

test('what a prompt uses is found through its partials', () => {
  const document = parseDocument(
    '---\ninputs: { focus: string, spare: string }\n---\n{{focus}} {{selection}} {{> p t=file}}',
  );
  const partials = library({ p: '{{t}} {{date}} {{tone}} {{> q}}' });
  const found = uses(document, partials);
  expect(found.inputs.map(({ name }) => name)).toEqual(['focus', 'tone']);
  expect(found.builtIns).toEqual(['selection', 'file', 'date']);
  expect(found.partials.map(({ reference, isKnown }) => [reference, isKnown])).toEqual([
    ['p', true],
    ['q', false],
  ]);
  expect(uses(document).builtIns).toEqual(['selection', 'file']);
});
