// The only reader of the environment.

import { z } from 'zod';

const schema = z.object({
  CUEBOOK_HOST: z.enum(['127.0.0.1', '::1', 'localhost']).default('127.0.0.1'),
  CUEBOOK_PORT: z.coerce.number().int().min(0).max(65_535).default(4810),
});

export interface Config {
  /** Loopback only, until the server speaks TLS. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
}

export type ConfigResult =
  | { readonly ok: true; readonly value: Config }
  | { readonly ok: false; readonly problem: string };

/** Parses the environment; the problem names the variable and what it may be. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): ConfigResult {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      ok: false,
      problem: `${issue?.path.join('.') ?? 'configuration'}: ${issue?.message ?? 'invalid'}`,
    };
  }
  return { ok: true, value: { host: parsed.data.CUEBOOK_HOST, port: parsed.data.CUEBOOK_PORT } };
}
