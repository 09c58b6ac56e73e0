// How HTTP says no before tRPC is asked: the same shape that its client reads.

import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import type { Refusal } from '../problems.ts';
import { errorData } from '../router/formatError.ts';

export function refusalBody(refusal: Refusal, requestId: string): string {
  return JSON.stringify({
    error: {
      code: TRPC_ERROR_CODES_BY_KEY.BAD_REQUEST,
      message: refusal.message,
      data: errorData(refusal, requestId),
    },
  });
}

export function refusalHeaders(refusal: Refusal): Readonly<Record<string, string>> {
  return {
    ...(refusal.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(refusal.retryAfterSeconds) }),
    ...(refusal.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  };
}

export const refusalResponse = (refusal: Refusal, requestId: string): Response =>
  new Response(refusalBody(refusal, requestId), {
    status: refusal.status,
    headers: { 'Content-Type': 'application/json', ...refusalHeaders(refusal) },
  });
