// Everything that a server may refuse with: the code that programs switch on, the status of HTTP, and what the client
// does next. The words for people are the client's own (they are translated there); a server's message is for logs.

export interface ErrorKind {
  readonly status: number;
  /**
   * What helps. `signIn`: the session is over. `bindDevice`: sign the challenge first. `later`: again after
   * `retryAfterSeconds`. `again`: read what is there now and compose anew. `update`: the older side needs another
   * version. `fix`: this request will never be taken as it is. `ask`: somebody with more rights.
   */
  readonly action: 'signIn' | 'bindDevice' | 'later' | 'again' | 'update' | 'fix' | 'ask';
}

export const ERRORS = {
  /** The request is not as the schema says; `field` names the place. */
  malformed: { status: 400, action: 'fix' },
  tooLarge: { status: 413, action: 'fix' },
  clientTooOld: { status: 426, action: 'update' },
  serverTooOld: { status: 426, action: 'update' },
  /** No session, an ended one, or an access token that has run out. */
  unauthenticated: { status: 401, action: 'signIn' },
  /** Unknown account or wrong password: one answer for both. */
  wrongCredentials: { status: 401, action: 'fix' },
  wrongCode: { status: 401, action: 'fix' },
  /** A device-bound session is needed (crypto/challenge.ts). */
  deviceNeeded: { status: 403, action: 'bindDevice' },
  /** A workspace's policy, or the account, asks for a second factor. */
  secondFactorNeeded: { status: 403, action: 'signIn' },
  /** A machine token without the scope for this. */
  scopeMissing: { status: 403, action: 'ask' },
  addressNotAllowed: { status: 403, action: 'ask' },
  originNotAllowed: { status: 403, action: 'ask' },
  /** A member whose role does not allow this. */
  notAllowed: { status: 403, action: 'ask' },
  /** Not there, or not for this caller: one answer for both. */
  notFound: { status: 404, action: 'fix' },
  /** This procedure's answers are binary: only on a socket. */
  socketNeeded: { status: 405, action: 'fix' },
  /** Taken already, such as an e-mail address that the caller may know of. */
  conflict: { status: 409, action: 'fix' },
  /** Something else was appended first. */
  behind: { status: 409, action: 'again' },
  /** A link or ticket that was used, withdrawn or has run out. */
  ended: { status: 410, action: 'ask' },
  passwordTooCommon: { status: 422, action: 'fix' },
  /** A log entry, record or box that is not sound or not allowed by the log's own rules; `message` says which. */
  refused: { status: 422, action: 'fix' },
  tooMany: { status: 429, action: 'later' },
  /** The workspace is being healed after a restore: new appends wait. */
  healing: { status: 503, action: 'later' },
  /** The server drains, or its database cannot be reached. */
  unavailable: { status: 503, action: 'later' },
  internal: { status: 500, action: 'later' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** What stands in an error's `data` beside what tRPC puts there. Never a stack, never a payload. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly action: ErrorKind['action'];
  /** Of the request, for the server's log. */
  readonly requestId: string;
  readonly retryAfterSeconds?: number;
  /** Of the input, as a dotted path. */
  readonly field?: string;
}

/** How a server closes a socket: 4000 and above are ours (RFC 6455 section 7.4.2). */
export const CLOSE_CODES = {
  /** The session was ended, revoked, or ran out. Sign in again. */
  sessionEnded: 4401,
  /** From an address or origin that is not allowed. */
  notAllowed: 4403,
  /** Update the older side. */
  otherVersion: 4426,
  /** This client did not read what it asked for, or sent too much. Connect again later. */
  tooSlow: 4429,
  /** The server stops, or cannot reach its database. Connect again, with back-off. */
  unavailable: 4503,
} as const;
