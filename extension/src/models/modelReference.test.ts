import { expect, test } from 'vitest';
import { parseModelReference } from './modelReference.ts';

test.each([
  ['openai/gpt-4.1', 'openai', 'gpt-4.1'],
  [' OpenAI/gpt-4.1 ', 'openai', 'gpt-4.1'],
  ['openrouter/anthropic/claude-sonnet-4.5', 'openrouter', 'anthropic/claude-sonnet-4.5'],
  ['ollama/llama3.2:3b', 'ollama', 'llama3.2:3b'],
])('%s is a model of a provider', (text, provider, model) => {
  expect(parseModelReference(text)).toEqual({ provider, model });
});

test.each(['', 'gpt-4.1', '/gpt-4.1', 'openai/', '   '])('"%s" names no provider and model', (text) => {
  expect(parseModelReference(text)).toBeNull();
});
