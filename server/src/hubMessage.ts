// What hubs say to each other between processes, as text. Parsed like everything from outside: a broker may be shared.

import * as z from 'zod/mini';
import { accountId, bytesOf, count, workspaceId } from '@cuebook/shared/protocol/fields';
import { PRESENCE_BYTES } from '@cuebook/shared/protocol/limits';
import type { HubMessage } from './hub.ts';

const base64 = z.pipe(
  z.pipe(
    z.string().check(z.maxLength(2 * PRESENCE_BYTES)),
    z.transform((text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))),
  ),
  bytesOf(PRESENCE_BYTES),
);

const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('workspace'), workspace: workspaceId, seq: count, logIndex: count }),
  z.object({ kind: z.literal('boxes'), workspace: workspaceId }),
  z.object({ kind: z.literal('boxesWanted'), workspace: workspaceId }),
  z.object({ kind: z.literal('healing'), workspace: workspaceId }),
  z.object({
    kind: z.literal('revoked'),
    account: z.nullable(accountId),
    workspace: z.nullable(workspaceId),
  }),
  z.object({
    kind: z.literal('presence'),
    workspace: workspaceId,
    from: z.string().check(z.maxLength(64)),
    message: base64,
  }),
]);

const parcel = z.object({
  from: z.string().check(z.maxLength(64)),
  messages: z.array(message).check(z.maxLength(1024)),
});

/** Messages of one process. */
export interface Parcel {
  readonly from: string;
  readonly messages: readonly HubMessage[];
}

/** One message as it stands in a parcel. */
export const messageText = (message: HubMessage): string =>
  JSON.stringify(
    message.kind === 'presence'
      ? { ...message, message: Buffer.from(message.message).toString('base64') }
      : message,
  );

export const parcelText = (from: string, messages: readonly string[]): string =>
  `{"from":${JSON.stringify(from)},"messages":[${messages.join(',')}]}`;

/** Null: not from a hub of this version. */
export function parseParcel(text: string): Parcel | null {
  try {
    const parsed = parcel.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Messages that wait to be sent: of what says the same about the same thing, the newest. */
export interface Outbox {
  put(message: HubMessage): void;
  /** Up to so many characters of text, oldest first; empty if nothing waits. */
  take(characters: number): readonly string[];
  readonly isEmpty: boolean;
}

export function createOutbox(most = 10_000): Outbox {
  const waiting = new Map<string, string>();
  return {
    put: (message) => {
      const key = keyOf(message);
      waiting.delete(key);
      // Full: what is lost here the sweep of the others finds.
      if (waiting.size < most) waiting.set(key, messageText(message));
    },
    take: (characters) => {
      const taken: string[] = [];
      let left = characters;
      for (const [key, text] of waiting) {
        left -= text.length + 1;
        if (left < 0 && taken.length > 0) break;
        taken.push(text);
        waiting.delete(key);
      }
      return taken;
    },
    get isEmpty() {
      return waiting.size === 0;
    },
  };
}

function keyOf(message: HubMessage): string {
  switch (message.kind) {
    case 'revoked':
      return `revoked ${message.account} ${message.workspace}`;
    case 'presence':
      return `presence ${message.workspace} ${message.from}`;
    case 'workspace':
    case 'boxes':
    case 'boxesWanted':
    case 'healing':
      return `${message.kind} ${message.workspace}`;
  }
}
