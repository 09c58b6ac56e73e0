import { expect, test } from 'vitest';
import { parseAnswer, planInputs, type AskedInput, type InputNeeds } from './inputPlan.ts';

function input(name: string, more: Partial<AskedInput> = {}): AskedInput {
  return {
    name,
    type: 'string',
    description: '',
    default: undefined,
    required: false,
    enum: null,
    multiline: false,
    ...more,
  };
}

function plan(needs: Partial<InputNeeds>): ReturnType<typeof planInputs> {
  return planInputs({
    declared: [],
    usedInputs: [],
    usedBuiltIns: [],
    remembered: {},
    given: {},
    ask: 'all',
    ...needs,
  });
}

test('only the built-ins that the prompt uses are read', () => {
  expect(plan({ usedBuiltIns: ['date', 'selection'] }).read).toEqual(['selection', 'date']);
  expect(plan({}).read).toEqual([]);
});

test('a declared input with the name of a built-in is read from the editor and not asked for', () => {
  const needs = { declared: [input('selection', { required: true })], usedInputs: ['selection'] };
  expect(plan(needs)).toMatchObject({ read: ['selection'], ask: [] });
});

test('inputs that the prompt declares but does not use are not asked for', () => {
  expect(plan({ declared: [input('unused')] }).ask).toEqual([]);
});

test('questions come in the order of the declarations, undeclared names last and required', () => {
  const needs = { declared: [input('b'), input('a')], usedInputs: ['new', 'a', 'b'] };
  const { ask } = plan(needs);
  expect(ask.map((question) => question.input.name)).toEqual(['b', 'a', 'new']);
  expect(ask.at(-1)?.input.required).toBe(true);
});

test('each type has its control', () => {
  const declared = [
    input('line'),
    input('text', { multiline: true }),
    input('choice', { enum: ['x'] }),
    input('number', { type: 'number' }),
    input('flag', { type: 'boolean' }),
    input('list', { type: 'array' }),
    input('thing', { type: 'object' }),
  ];
  const { ask } = plan({ declared, usedInputs: declared.map(({ name }) => name) });
  expect(ask.map(({ control }) => control)).toEqual([
    'line',
    'text',
    'choice',
    'number',
    'yesNo',
    'text',
    'text',
  ]);
});

test('last time’s answer stands before the default, unless it no longer fits', () => {
  const declared = [input('focus', { enum: ['bugs', 'style'], default: 'bugs' })];
  const asked = (remembered: Record<string, unknown>): unknown =>
    plan({ declared, usedInputs: ['focus'], remembered }).ask[0]?.initial;
  expect(asked({ focus: 'style' })).toBe('style');
  expect(asked({ focus: 'gone' })).toBe('bugs');
  expect(asked({})).toBe('bugs');
});

test('“missing” asks only for what is required and has no default', () => {
  const declared = [
    input('must', { required: true }),
    input('may'),
    input('set', { required: true, default: 'x' }),
  ];
  const needs = { declared, usedInputs: ['must', 'may', 'set'], ask: 'missing' } as const;
  expect(plan(needs).ask.map((question) => question.input.name)).toEqual(['must']);
});

test('a rerun asks nothing that it knows, and reads nothing again', () => {
  const needs = {
    declared: [input('a'), input('b')],
    usedInputs: ['a', 'b'],
    usedBuiltIns: ['selection'],
    given: { a: '1', selection: 'text', old: 'no longer used' },
  } as const;
  expect(plan(needs)).toMatchObject({ read: [], values: { a: '1', selection: 'text' } });
  expect(plan(needs).values).not.toHaveProperty('old');
  expect(plan(needs).ask.map((question) => question.input.name)).toEqual(['b']);
});

test('names of an object’s prototype are inputs like any other', () => {
  const { ask, values } = plan({ usedInputs: ['constructor', '__proto__', 'toString'] });
  expect(ask.map(({ initial }) => initial)).toEqual([undefined, undefined, undefined]);
  expect(Object.keys(values)).toEqual([]);
});

test('images are named as what cannot be given', () => {
  const declared = [input('picture', { type: 'image' })];
  expect(plan({ declared, usedInputs: ['picture'] })).toMatchObject({ unsupported: ['picture'], ask: [] });
});

test('an answer is checked against the declared type', () => {
  expect(parseAnswer(input('n', { type: 'number' }), '1.5')).toEqual({ ok: true, value: 1.5 });
  expect(parseAnswer(input('n', { type: 'number' }), 'two').ok).toBe(false);
  expect(parseAnswer(input('l', { type: 'array' }), 'a\nb')).toEqual({ ok: true, value: ['a', 'b'] });
  expect(parseAnswer(input('o', { type: 'object' }), '{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(parseAnswer(input('o', { type: 'object' }), '[1]').ok).toBe(false);
  expect(parseAnswer(input('s', { required: true }), ' ').ok).toBe(false);
  expect(parseAnswer(input('s'), '')).toEqual({ ok: true, value: undefined });
});
