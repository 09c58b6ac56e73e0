// How the server's own code says no: one error class that carries a code of the protocol's table. The router's formatter
// turns it into the answer (router/procedures.ts); anything else that is thrown is `internal`, and logged.

import { ERRORS, type ErrorCode } from '@cuebook/shared/protocol/errors';

export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  readonly field: string | undefined;

  /** `message` is for logs and developers: it never holds a payload, a token or an address. */
  constructor(
    code: ErrorCode,
    message: string,
    more: { readonly retryAfterSeconds?: number; readonly field?: string } = {},
  ) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.field = more.field;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}
