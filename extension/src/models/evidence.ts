// What was seen of a try that did not end well, as data: it is gathered where the network is (the extension host, the
// provider's client) and read where failures are explained (`failure.ts`) and retries decided (`retry.ts`).

/** One link of an error's chain of causes. */
export interface ErrorLink {
  /** `ECONNREFUSED`, `CERT_HAS_EXPIRED`, `net::ERR_…`; null if there is none. */
  readonly code: string | null;
  readonly message: string;
}

export type Evidence =
  /** An answer that is not the stream that was asked for. `body` is cut at 64 KB; header names are lower case. */
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** No answer, or the connection ended in the middle of one. */
  | { readonly kind: 'connection'; readonly links: readonly ErrorLink[] }
  /** The stream itself said that something went wrong. `error` is what the provider sent, or the parser's error. */
  | { readonly kind: 'stream'; readonly error: unknown }
  | { readonly kind: 'timeout'; readonly phase: 'firstByte' | 'idle'; readonly afterMs: number }
  /** The stream ended without saying that it was complete. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'tooLarge'; readonly limitBytes: number }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'stopped' }
  /** The worker thread ended, or our own code threw. */
  | { readonly kind: 'internal'; readonly message: string };

/** A network error that crossed a thread: its chain of causes travels as data. */
export class ConnectionFailed extends Error {
  readonly links: readonly ErrorLink[];
  constructor(links: readonly ErrorLink[]) {
    super(links[0]?.message ?? 'connection failed');
    this.name = 'ConnectionFailed';
    this.links = links;
  }
}

const maxLinks = 8;

/** The error and its causes, outermost first; the members of an AggregateError (one per address tried) count as causes. */
export function errorLinks(error: unknown): readonly ErrorLink[] {
  if (error instanceof ConnectionFailed) return error.links;
  const links: ErrorLink[] = [];
  const open: unknown[] = [error];
  while (open.length > 0 && links.length < maxLinks) {
    const next = open.shift();
    if (next === null || next === undefined) continue;
    if (next instanceof ConnectionFailed) {
      links.push(...next.links);
      continue;
    }
    links.push(linkOf(next));
    if (typeof next !== 'object') continue;
    if ('cause' in next) open.push(next.cause);
    if ('errors' in next && Array.isArray(next.errors)) open.push(...next.errors);
  }
  return links.slice(0, maxLinks);
}

function linkOf(error: unknown): ErrorLink {
  if (typeof error !== 'object' || error === null) return { code: null, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  return { code, message: message.slice(0, 500) };
}
