// What is remembered of a prompt between runs, sealed by the library: the answers given last, and what its text was, so
// that a change by somebody else is noticed before it is sent.

import * as z from 'zod/mini';
import type { PromptId } from '../library/api.ts';

export interface PromptMemory {
  /** Answers to the prompt's questions, by input. Never the selection, a file or the clipboard. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Fingerprint of the text that was run last, partials included; null before a first run. */
  readonly fingerprint: string | null;
  readonly revisionId: string | null;
  /** Fingerprint of a text whose hidden characters the user has seen and allowed. */
  readonly allowedHidden: string | null;
}

export const emptyMemory: PromptMemory = {
  inputs: {},
  fingerprint: null,
  revisionId: null,
  allowedHidden: null,
};

const schema = z.object({
  inputs: z.record(z.string(), z.unknown()),
  fingerprint: z.nullable(z.string()),
  revisionId: z.nullable(z.string()),
  allowedHidden: z.nullable(z.string()),
});

/** Characters of the sealed value; the library takes 64 KB. */
const memoryLimit = 60_000;

export function memoryKey(id: PromptId): string {
  return `run.prompt.${id}`;
}

/** Anything unreadable is as if nothing was remembered. */
export function parseMemory(text: string | null): PromptMemory {
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : emptyMemory;
}

/** Leaves out what is too long to be worth remembering. */
export function memoryToText(memory: PromptMemory): string {
  const inputs = Object.fromEntries(
    Object.entries(memory.inputs).filter(([, value]) => JSON.stringify(value)?.length <= 8_000),
  );
  const text = JSON.stringify({ ...memory, inputs });
  return text.length <= memoryLimit ? text : JSON.stringify({ ...memory, inputs: {} });
}

export const recentKey = 'run.recent';
const recentLimit = 30;
const recentSchema = z.array(z.string().check(z.regex(/^[a-z2-7]{26}$/)));

/** Prompts that were run, the last one first. */
export function parseRecent(text: string | null): readonly PromptId[] {
  const parsed = recentSchema.safeParse(parseJson(text));
  return parsed.success ? (parsed.data as readonly string[] as readonly PromptId[]) : [];
}

export function withRecent(recent: readonly PromptId[], id: PromptId): readonly PromptId[] {
  return [id, ...recent.filter((other) => other !== id)].slice(0, recentLimit);
}

function parseJson(text: string | null): unknown {
  try {
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

/** Fingerprint of a prompt's text and all that it includes. Says only whether two are the same. */
export async function fingerprintOf(texts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
