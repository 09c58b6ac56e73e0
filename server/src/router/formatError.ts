// What an error looks like to a client: a code of the protocol's table and what to do next (protocol/errors.ts). Never a
// stack, never a driver's words, never a value of the input.

import type { TRPCDefaultErrorShape, TRPCError } from '@trpc/server';
import { ERRORS, type ErrorCode, type ErrorData } from '@cuebook/shared/protocol/errors';
import { $ZodError } from 'zod/v4/core';
import { Refusal } from '../problems.ts';
import type { RequestContext } from './procedures.ts';

/** As the client gets it, on either transport. */
export interface ErrorShape {
  /** JSON-RPC's number, which tRPC's client wants. */
  readonly code: TRPCDefaultErrorShape['code'];
  /** For logs and developers, in English. */
  readonly message: string;
  readonly data: ErrorData;
}

/** tRPC's own codes, where they are not `internal`: what its router refuses before any procedure runs. */
const OF_ROUTER: Partial<Record<TRPCError['code'], ErrorCode>> = {
  PARSE_ERROR: 'malformed',
  BAD_REQUEST: 'malformed',
  UNSUPPORTED_MEDIA_TYPE: 'malformed',
  METHOD_NOT_SUPPORTED: 'malformed',
  NOT_FOUND: 'notFound',
  PAYLOAD_TOO_LARGE: 'tooLarge',
};

/** The refusal that an error is; null: a fault of the server's own, to be logged. */
export function refusalOf(error: TRPCError): Refusal | null {
  const { cause } = error;
  if (cause instanceof Refusal) return cause;
  if (cause instanceof $ZodError) return malformed(cause);
  const code = OF_ROUTER[error.code];
  return code === undefined ? null : new Refusal(code, MESSAGES[code] ?? 'Refused.');
}

export function formatError({
  shape,
  error,
  ctx,
}: {
  readonly shape: TRPCDefaultErrorShape;
  readonly error: TRPCError;
  readonly ctx?: RequestContext | undefined;
}): ErrorShape {
  const refusal = refusalOf(error) ?? new Refusal('internal', 'The server failed; its log says how.');
  return {
    code: shape.code,
    message: refusal.message,
    data: errorData(refusal, ctx?.origin.requestId ?? ''),
  };
}

export function errorData(refusal: Refusal, requestId: string): ErrorData {
  const { retryAfterSeconds, field } = refusal;
  return {
    code: refusal.code,
    action: ERRORS[refusal.code].action,
    requestId,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(field === undefined ? {} : { field }),
  };
}

/** The schema's own words name what is allowed, never what was sent. */
function malformed(error: $ZodError): Refusal {
  const [issue] = error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return new Refusal('malformed', issue?.message ?? 'The input is malformed.', field === '' ? {} : { field });
}

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  malformed: 'The request is malformed.',
  notFound: 'There is no such procedure.',
  tooLarge: 'The request is too large.',
};
