// Counts tokens on this machine, without asking anybody. The tables are heavy (a megabyte each) and loaded with the
// first count: import this module from the worker only.

import type { RunMessage } from '../library/api.ts';
import type { TokenCount } from './api.ts';
import { parseModelReference } from './modelReference.ts';

/** What the chat format adds around each message, and before the answer (OpenAI's guide on counting tokens). */
const perMessage = 4;
const perAnswer = 3;

/** For OpenAI's chat models the count is their own; for all others an estimate by the same tokenizer. */
export async function countMessages(model: string, messages: readonly RunMessage[]): Promise<TokenCount> {
  const encoding = encodingOf(model);
  let tokens = perAnswer;
  for (const message of messages) tokens += perMessage + (await countText(encoding.name, message.content));
  return { tokens, estimated: !encoding.own };
}

export async function countAnswer(model: string, text: string): Promise<number> {
  return text === '' ? 0 : countText(encodingOf(model).name, text);
}

type EncodingName = 'o200k' | 'cl100k';

function encodingOf(model: string): { readonly name: EncodingName; readonly own: boolean } {
  const reference = parseModelReference(model);
  const name = reference?.model.replace(/^openai\//, '') ?? model;
  const isOpenAi = reference?.provider === 'openai' || name !== reference?.model;
  if (/^gpt-(4(?![o.])|3\.5)/.test(name)) return { name: 'cl100k', own: isOpenAi };
  return { name: 'o200k', own: isOpenAi && /^(gpt-|o\d|chatgpt-)/.test(name) };
}

async function countText(encoding: EncodingName, text: string): Promise<number> {
  // What looks like a special token in a prompt is text: it must not throw, nor count as one token.
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
  switch (encoding) {
    case 'o200k': {
      const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
      return countTokens(text, options);
    }
    case 'cl100k': {
      const { countTokens } = await import('gpt-tokenizer/encoding/cl100k_base');
      return countTokens(text, options);
    }
  }
}
