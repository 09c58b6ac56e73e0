// What a server says about itself to anybody, before a session exists.

import * as z from 'zod/mini';
import { rowId, time } from './fields.ts';

export const serverInfo = z.object({
  name: z.literal('cuebook-server'),
  version: z.string(),
  protocol: z.object({ newest: z.int(), oldest: z.int() }),
  /** The public address that device challenges name (crypto/challenge.ts). */
  origin: z.string(),
  /** Changes when the database is restored from a backup: cursors of another incarnation are worth nothing. */
  incarnation: rowId,
  time,
  registration: z.enum(['invitation', 'open']),
  passwords: z.boolean(),
  providers: z.readonly(z.array(z.object({ id: z.string(), name: z.string() }))),
});
export type ServerInfo = z.infer<typeof serverInfo>;
