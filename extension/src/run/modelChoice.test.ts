import { expect, test } from 'vitest';
import { chooseModel, matchesModel, whyUnavailable, type ModelAvailability } from './modelChoice.ts';

const english = (message: string, ...values: string[]): string =>
  message.replaceAll(/\{(\d)\}/g, (_, at: string) => values[Number(at)] ?? '');

const availability: ModelAvailability = {
  provider: async (id) => {
    if (id === 'openai' || id === 'vscode') return 'ready';
    return id === 'anthropic' ? 'noKey' : 'unknown';
  },
  matching: async (provider, pattern) =>
    provider === 'vscode'
      ? ['copilot/gpt-4o'].filter((name) => matchesModel(pattern, name))
      : ['gpt-5', 'gpt-5-mini'],
};

const none = { chosen: null, prompt: [], fallback: '' };

test('the first model of the prompt that is available wins', async () => {
  const wishes = {
    ...none,
    prompt: ['anthropic/claude', 'openai/gpt-5', 'openai/gpt-4'],
    fallback: 'openai/other',
  };
  expect(await chooseModel(wishes, availability)).toEqual({
    kind: 'use',
    model: 'openai/gpt-5',
    from: 'prompt',
  });
});

test('a model that the prompt names is never replaced by the default', async () => {
  const wishes = { ...none, prompt: ['anthropic/claude', 'nobody/x', 'gpt-5'], fallback: 'openai/gpt-5' };
  const choice = await chooseModel(wishes, availability);
  expect(choice).toMatchObject({
    kind: 'unavailable',
    problems: [{ reason: 'noKey' }, { reason: 'unknownProvider' }, { reason: 'noProvider' }],
  });
  if (choice.kind !== 'unavailable') throw new Error('unavailable expected');
  expect(choice.problems.map((problem) => whyUnavailable(problem, english)).join(' ')).toMatch(
    /no key for anthropic.*no provider “nobody”.*which provider/,
  );
});

test('a prompt that names none takes the default, and asks where there is none', async () => {
  expect(await chooseModel({ ...none, fallback: 'openai/gpt-5' }, availability)).toMatchObject({
    from: 'setting',
  });
  expect(await chooseModel(none, availability)).toEqual({ kind: 'ask' });
});

test('what was chosen in the panel comes before the prompt', async () => {
  const wishes = { ...none, chosen: 'openai/mine', prompt: ['openai/gpt-5'] };
  expect(await chooseModel(wishes, availability)).toMatchObject({ model: 'openai/mine', from: 'panel' });
});

test('VS Code’s models are looked up, and a star takes any', async () => {
  expect(await chooseModel({ ...none, prompt: ['vscode/*'] }, availability)).toMatchObject({
    model: 'vscode/copilot/gpt-4o',
  });
  expect(await chooseModel({ ...none, prompt: ['vscode/gone'] }, availability)).toMatchObject({
    kind: 'unavailable',
    problems: [{ reason: 'noMatch' }],
  });
  const without = { ...availability, matching: async () => [] };
  expect(await chooseModel({ ...none, prompt: ['vscode/gone'] }, without)).toMatchObject({
    kind: 'unavailable',
    problems: [{ reason: 'noModels' }],
  });
  expect(await chooseModel({ ...none, prompt: ['openai/*'] }, availability)).toMatchObject({
    model: 'openai/gpt-5',
  });
});

test.each([
  ['*', 'anything', true],
  ['gpt-5', 'GPT-5', true],
  ['gpt-5', 'gpt-5-mini', false],
  ['gpt-*-mini', 'gpt-5-mini', true],
  ['gpt-*-mini', 'gpt-mini', false],
  ['*mini*', 'gpt-5-mini-2', true],
  ['a*a', 'a', false],
])('the pattern %s and the model %s: %s', (pattern, name, expected) => {
  expect(matchesModel(pattern, name)).toBe(expected);
});
