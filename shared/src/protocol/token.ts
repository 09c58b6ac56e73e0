// Machine tokens of a workspace. The token itself is made by the client: only what `auth` derives to is ever sent
// (team/tokenKeys.ts), and what it may read is decided by the team log.

import * as z from 'zod/mini';
import { label, rowId, secret, time, tokenId, workspaceId } from './fields.ts';

export const tokenScope = z.enum(['records:read', 'records:write', 'log:read', 'audit:read']);
export type TokenScope = z.infer<typeof tokenScope>;

const limits = {
  name: label,
  scopes: z.readonly(z.array(tokenScope).check(z.minLength(1), z.maxLength(4))),
  expiresAt: time,
  /** IP addresses or CIDR blocks; empty: any. */
  addresses: z.readonly(z.array(z.string().check(z.maxLength(64))).check(z.maxLength(64))),
  /** Origins of browsers; empty: none that sends an Origin. */
  origins: z.readonly(z.array(z.string().check(z.maxLength(256))).check(z.maxLength(64))),
};

/** `auth`: prefix, derive(seed, token/auth), checksum, as text. The server keeps a hash of it under its pepper. */
export const createTokenInput = z.object({
  workspace: workspaceId,
  /** Of the team log's `token` entry, if it reads contents. */
  token: z.nullable(tokenId),
  auth: secret,
  ...limits,
});
/** Side by side: the old one goes on until it is revoked or expires. */
export const rotateTokenInput = z.object({
  workspace: workspaceId,
  id: rowId,
  auth: secret,
  expiresAt: time,
});
export const revokeTokenInput = z.object({ workspace: workspaceId, id: rowId });
export const listTokensInput = z.object({ workspace: workspaceId });

export const tokenRow = z.object({
  id: rowId,
  token: z.nullable(tokenId),
  /** The first characters, for recognising it. */
  prefix: z.string(),
  ...limits,
  createdAt: time,
  lastUsedAt: z.nullable(time),
});
export type TokenRow = z.infer<typeof tokenRow>;
export const tokensAnswer = z.readonly(z.array(tokenRow));
