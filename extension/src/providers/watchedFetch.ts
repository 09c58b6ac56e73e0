// The `fetch` that a provider's client is given for one try. It sees everything that matters before the client can
// wrap it: network errors, answers that are not a stream, silence, and the number of bytes. What it sees is the
// evidence from which failures are explained; what the client throws afterwards is ignored.
//
// It also holds the two rules of the key: it goes to the endpoint's origin only (redirects are not followed), and a
// client's placeholder is not sent where there is no key.

import type { ModelRequest } from '../models/api.ts';
import type { Clock } from '../models/clock.ts';
import { errorLinks, type Evidence } from '../models/evidence.ts';

/** The part of the platform's `fetch` that is used here: `Response.body` streams, `signal` closes the connection. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly signal: AbortSignal;
  /** Never `follow`: a key must not travel to another origin. */
  readonly redirect: 'manual';
}

/** What one try has shown so far. */
export interface Try {
  evidence: Evidence | null;
  bytes: number;
  /** The last bytes of the stream, as text: `[DONE]` there says that it was complete. */
  tail: string;
}

export interface WatchOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeouts: ModelRequest['timeouts'];
  readonly baseUrl: string;
  readonly hasKey: boolean;
  readonly controller: AbortController;
}

const errorBodyLimit = 65_536;
export const answerLimit = 32 * 1_048_576;
const keyHeaders = ['authorization', 'x-api-key', 'x-goog-api-key'];

/** The client's promise is rejected with this once the evidence is noted. */
class TryFailed extends Error {
  override readonly name = 'TryFailed';
}

export function watchFetch(seen: Try, options: WatchOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    if (new URL(url).origin !== new URL(options.baseUrl).origin) {
      throw new Error("the client asked for another origin than the endpoint's");
    }
    const response = await opened(url, init ?? {}, seen, options);
    const contentType = response.headers.get('content-type') ?? '';
    if (!response.ok || /^(text\/html|application\/json)/i.test(contentType)) {
      const body = await readStart(response);
      seen.evidence ??= {
        kind: 'response',
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body,
      };
      throw new TryFailed();
    }
    return new Response(watchedBody(response, seen, options), {
      status: response.status,
      headers: response.headers,
    });
  };
}

async function opened(url: string, init: RequestInit, seen: Try, options: WatchOptions): Promise<Response> {
  const silence = watchSilence('firstByte', seen, options);
  try {
    return await options.fetch(url, {
      method: init.method ?? 'GET',
      headers: requestHeaders(init.headers, options.hasKey),
      body: typeof init.body === 'string' ? init.body : null,
      signal: options.controller.signal,
      redirect: 'manual',
    });
  } catch (error) {
    seen.evidence ??= { kind: 'connection', links: errorLinks(error) };
    throw new TryFailed();
  } finally {
    silence.end();
  }
}

function requestHeaders(given: RequestInit['headers'], hasKey: boolean): Record<string, string> {
  const headers = Object.fromEntries(new Headers(given));
  if (!hasKey) for (const name of keyHeaders) delete headers[name];
  return headers;
}

function watchedBody(
  response: Response,
  seen: Try,
  options: WatchOptions,
): ReadableStream<Uint8Array> | null {
  if (response.body === null) return null;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const silence = watchSilence(seen.bytes === 0 ? 'firstByte' : 'idle', seen, options);
      try {
        const { done, value } = await reader.read();
        if (done) return controller.close();
        seen.bytes += value.byteLength;
        seen.tail = (seen.tail + decoder.decode(value.subarray(-64), { stream: true })).slice(-64);
        if (seen.bytes > answerLimit) throw overflow(seen, options);
        controller.enqueue(value);
      } catch (error) {
        seen.evidence ??= { kind: 'connection', links: errorLinks(error) };
        // Closed, not failed: an error would throw away what the client has not parsed yet. The evidence tells.
        controller.close();
      } finally {
        silence.end();
      }
    },
    async cancel(reason) {
      await reader.cancel(reason);
    },
  });
}

function overflow(seen: Try, options: WatchOptions): Error {
  seen.evidence ??= { kind: 'tooLarge', limitBytes: answerLimit };
  options.controller.abort();
  return new TryFailed();
}

/** Closes the connection if nothing comes for too long. Runs only while something is being waited for. */
function watchSilence(phase: 'firstByte' | 'idle', seen: Try, options: WatchOptions): { end(): void } {
  const afterMs = phase === 'firstByte' ? options.timeouts.firstByteMs : options.timeouts.idleMs;
  const forget = options.clock.after(afterMs, () => {
    seen.evidence ??= { kind: 'timeout', phase, afterMs };
    options.controller.abort();
  });
  return { end: forget };
}

/** At most 64 KB: enough for any error, and a page that never ends cannot fill memory. */
export async function readStart(response: Response, limit: number = errorBodyLimit): Promise<string> {
  if (response.body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length < limit) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // What arrived has to do: the status is known anyway.
  }
  await reader.cancel().catch(() => undefined);
  return text.slice(0, limit);
}
