// Whether, when and why a run is tried again. Only as long as nothing of an answer has arrived: a second try after
// that would pay twice and could contradict what the user has already read. Pure.

import { readErrorText, readErrorValue } from './errorBody.ts';
import type { Evidence } from './evidence.ts';
import { isReset } from './failure.ts';
import type { RunFailureKind } from './api.ts';

/** A provider that wants a longer wait than this gets no retry: the user is told instead. */
export const longestWaitMs = 60_000;
const mostRetries = 3;
const firstWaitMs = 1000;

export interface RetryQuestion {
  readonly evidence: Evidence;
  /** What `evidence` was explained as. */
  readonly kind: RunFailureKind;
  /** True if text or reasoning has arrived. */
  readonly answered: boolean;
  /** Bytes of a streamed answer, text or not. */
  readonly bytes: number;
  /** Tries made so far, and how many of them ended by a closed connection. */
  readonly tries: number;
  readonly resets: number;
  /** Epoch milliseconds, for a Retry-After that is a date. */
  readonly now: number;
  /** 0 ≤ random < 1: spreads the tries of many windows. */
  readonly random: number;
}

export type RetryDecision =
  | { readonly retry: false; readonly wantedMs: number | null }
  | { readonly retry: true; readonly afterMs: number };

const no: RetryDecision = { retry: false, wantedMs: null };

export function decideRetry(question: RetryQuestion): RetryDecision {
  const { evidence, answered, bytes } = question;
  if (answered) return no;
  switch (evidence.kind) {
    case 'connection':
      // Some servers close the socket after each answer while advertising keep-alive: the next request finds it closed.
      return bytes === 0 && question.resets <= 1 && isReset(evidence.links)
        ? { retry: true, afterMs: 0 }
        : no;
    case 'response':
      if (evidence.headers['x-should-retry'] === 'false') return no;
      return waitFor(question, retryAfter(evidence.headers, evidence.body, question.now));
    case 'stream':
      return waitFor(question, readErrorValue(evidence.error).retryAfterMs);
    case 'timeout':
    case 'incomplete':
    case 'tooLarge':
    case 'filtered':
    case 'stopped':
    case 'internal':
      return no;
  }
}

function waitFor(question: RetryQuestion, wantedMs: number | null): RetryDecision {
  if (question.kind !== 'rateLimited' && question.kind !== 'serverError') return no;
  if (question.tries > mostRetries) return { retry: false, wantedMs };
  if (wantedMs !== null) {
    return wantedMs > longestWaitMs ? { retry: false, wantedMs } : { retry: true, afterMs: wantedMs };
  }
  const wait = firstWaitMs * 2 ** (question.tries - 1);
  return { retry: true, afterMs: Math.round(wait * (1 + question.random / 4)) };
}

/** `retry-after-ms`, `retry-after` in seconds or as a date (RFC 9110, 10.2.3), or Google's RetryInfo; else null. */
function retryAfter(headers: Readonly<Record<string, string>>, body: string, now: number): number | null {
  const ms = Number(headers['retry-after-ms'] ?? NaN);
  if (Number.isFinite(ms) && ms >= 0) return Math.ceil(ms);
  const after = headers['retry-after']?.trim();
  if (after !== undefined && /^\d+(\.\d+)?$/.test(after)) return Math.ceil(Number(after) * 1000);
  const date = after === undefined ? NaN : Date.parse(after);
  if (Number.isFinite(date)) return Math.max(0, date - now);
  return readErrorText(body).retryAfterMs;
}
