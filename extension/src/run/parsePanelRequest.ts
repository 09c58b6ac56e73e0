// The edge where words of the run panel come in. The panel shows what a model wrote, so its messages are parsed as
// strictly as anything from outside; what does not fit is dropped.

import * as z from 'zod/mini';
import type { RunId } from '../library/api.ts';
import { panelTextLimit, type PanelRequest } from './panelProtocol.ts';

const parameters = z.object({
  temperature: z.nullable(z.number().check(z.minimum(0), z.maximum(2))),
  maxOutputTokens: z.nullable(z.int().check(z.minimum(1), z.maximum(10_000_000))),
});

const text = z.string().check(z.maxLength(panelTextLimit));

const runId = z.pipe(
  z.string().check(z.regex(/^[a-z2-7]{26}$/)),
  z.transform((id) => id as RunId),
);

const request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('stop') }),
  z.object({ type: z.literal('rerun'), parameters }),
  z.object({ type: z.literal('chooseModel'), parameters }),
  z.object({ type: z.literal('editInputs'), parameters }),
  z.object({ type: z.literal('copy') }),
  z.object({ type: z.literal('insertBelow') }),
  z.object({ type: z.literal('replaceSelection') }),
  z.object({ type: z.literal('openAsDocument') }),
  z.object({ type: z.literal('copyText'), text }),
  z.object({ type: z.literal('openLink'), href: z.string().check(z.maxLength(4096)) }),
  z.object({
    type: z.literal('failureAction'),
    id: z.enum([
      'addKey',
      'replaceKey',
      'chooseModel',
      'retry',
      'openProxySettings',
      'openPrompt',
      'showOutput',
    ]),
  }),
  z.object({ type: z.literal('pickPrompt') }),
  z.object({ type: z.literal('searchRuns'), query: z.string().check(z.maxLength(500)) }),
  z.object({ type: z.literal('moreRuns') }),
  z.object({ type: z.literal('openRun'), id: runId }),
  z.object({ type: z.literal('clearRuns') }),
  z.object({
    type: z.literal('answerQuestion'),
    questionId: z.int(),
    outcome: z.enum(['continue', 'back', 'cancel']),
    text,
  }),
]);

/** Null for anything that the panel would not say. */
export function parsePanelRequest(message: unknown): PanelRequest | null {
  const parsed = request.safeParse(message);
  return parsed.success ? parsed.data : null;
}

/** The address to open, or null: only http and https leave the editor, and only as written. */
export function parseAnswerLink(href: string): string | null {
  try {
    const url = new URL(href);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}
