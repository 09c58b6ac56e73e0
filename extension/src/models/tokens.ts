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
  const counts: number[] = [];
  for (const { content } of messages) counts.push(perMessage + (await countText(encoding.name, content)));
  const tokens = counts.reduce((sum, count) => sum + count, perAnswer);
  const exact =
    encoding.own && messages.every(({ content }) => content.length <= mostCounted && !longRun.test(content));
  return { tokens, messages: counts, estimated: !exact };
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

/** The tokenizer's time grows with the square of a word's length: longer ones (base64, rows of dashes) are cut. */
const longRun = /\S{257}|\s{257}/;
const cutRuns = /[^]*?(?:\S{256}|\s{256})|[^]+$/g;
/** Beyond this, counting all of it would take seconds: the count of the beginning stands for the rest. */
const mostCounted = 2_000_000;

async function countText(encoding: EncodingName, text: string): Promise<number> {
  if (text.length > mostCounted) {
    const counted = await countText(encoding, text.slice(0, mostCounted));
    return Math.ceil((counted * text.length) / mostCounted);
  }
  const count = await counter(encoding);
  const pieces = longRun.test(text) ? (text.match(cutRuns) ?? []) : [text];
  return pieces.reduce((sum, piece) => sum + count(piece), 0);
}

async function counter(encoding: EncodingName): Promise<(text: string) => number> {
  // What looks like a special token in a prompt is text: it must not throw, nor count as one token.
  const options = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };
  switch (encoding) {
    case 'o200k': {
      const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
      return (text) => countTokens(text, options);
    }
    case 'cl100k': {
      const { countTokens } = await import('gpt-tokenizer/encoding/cl100k_base');
      return (text) => countTokens(text, options);
    }
  }
}
