import { expect, test } from 'vitest';
import { closestName } from './closestName.ts';
import { diagnose, type DiagnoseOptions } from './diagnose.ts';
import { findHiddenCharacters } from './hiddenUnicode.ts';
import { parseDocument } from './parse.ts';

function found(text: string, options: DiagnoseOptions = {}): readonly string[] {
  return diagnose(parseDocument(text), options).map(({ code, name }) =>
    name === undefined ? code : `${code} ${name}`,
  );
}

function library(prompts: Readonly<Record<string, string>>): NonNullable<DiagnoseOptions['partials']> {
  return (reference) =>
    Object.hasOwn(prompts, reference) ? { key: reference, text: prompts[reference] ?? '' } : null;
}

test('an undeclared name is reported at each use, with what was probably meant', () => {
  const text = '---\ninputs: { focus: string }\n---\n{{focsu}} {{focus}} {{focsu}} {{selecton}}';
  const problems = diagnose(parseDocument(text));
  expect(problems.map(({ name, suggestion }) => [name, suggestion])).toEqual([
    ['focsu', 'focus'],
    ['focsu', 'focus'],
    ['selecton', 'selection'],
  ]);
});

test('built-ins, arguments of a partial and properties of a list item need no declaration', () => {
  expect(found('{{selection}}{{date}}')).toEqual([]);
  expect(found('{{> p tone="x"}}', { partials: library({ p: '{{tone}}' }) })).toEqual([]);
  expect(found('---\ninputs: { l: array }\n---\n{{#each l}}{{title}}{{@index}}{{/each}}')).toEqual([]);
});

test('an unused input is reported, unless a partial uses it or may do so', () => {
  const text = '---\ninputs: { a: string }\n---\nx {{> p}}';
  expect(found('---\ninputs: { a: string }\n---\nx')).toEqual(['inputUnused a']);
  expect(found(text, { partials: library({ p: '{{a}}' }) })).toEqual([]);
  expect(found(text, { partials: library({ p: 'none' }) })).toEqual(['inputUnused a']);
  expect(found(text)).toEqual([]);
});

test('unknown partials, partials with roles and circles are reported at their references', () => {
  const partials = library({ roles: 'user:\nx', a: '{{> b}}', b: '{{> a}}' });
  expect(found('{{> hose-style}}', { partials, promptNames: ['house-style'] })).toEqual([
    'partialUnknown hose-style',
  ]);
  expect(found('{{> roles}}', { partials })).toEqual(['partialHasRoles roles']);
  expect(found('{{> a}}', { partials })).toEqual(['partialCycle a']);
  expect(found('{{> b}}', { partials: library({ b: '{{> me}}', me: '{{> b}}' }), key: 'me' })).toEqual([
    'partialCycle b',
  ]);
});

test('hidden characters are reported with their kind, and what tags spell is shown', () => {
  const tags = Array.from('hi')
    .map((letter) => String.fromCodePoint(0xe0000 + (letter.codePointAt(0) ?? 0)))
    .join('');
  const [problem] = diagnose(parseDocument(`a${tags}b`));
  expect(problem).toMatchObject({
    code: 'hiddenCharacter',
    range: { start: { offset: 1 }, end: { offset: 5 } },
  });
  expect(problem?.message).toContain('"hi"');
});

test.each([
  ['\u202Eabc', 1],
  ['a\u200Bb\u200Bc', 2],
  ['a\u2066b', 1],
  ['a\u0000b', 1],
  ['a\u00ADb', 1],
  ['a\uFEFFb', 1],
  ['a\u200Db', 1],
  ['a\uFE0F\uFE0F', 1],
  ['a\u{E0100}', 1],
  ['\u3164', 1],
  ['\uFEFFa', 0],
  ['\u{1F469}\u200D\u{1F4BB} \u2764\uFE0F', 0],
  ['\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}', 0],
  ['می\u200Cخواهم', 0],
  ['क्\u200Dष', 0],
  ['tab\tline\r\nbreak, naïve café, 日本語', 0],
])('%j has %i places with hidden characters', (text, count) => {
  expect(findHiddenCharacters(text)).toHaveLength(count);
});

test('a close name is found, a distant one is not', () => {
  expect(closestName('tempreature', ['temperature', 'topP'])).toBe('temperature');
  expect(closestName('argumentHint', ['argument-hint'])).toBe('argument-hint');
  expect(closestName('agent', ['tags', 'model'])).toBe(null);
  expect(closestName('x'.repeat(100_000), ['y'])).toBe(null);
});
