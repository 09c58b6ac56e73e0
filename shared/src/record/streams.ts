// How streams are named. A stream's id is a keyed hash of what it is for, so every member finds the same stream without
// asking, two members who label offline meet in one stream, and a server cannot tell a name from a text or a label.
//
//     StreamId = first 16 bytes of HMAC-SHA-512(stream key, context(stream) ‖ group ‖ role number ‖ UTF-8 of the name)

import { context } from '../crypto/labels.ts';
import type { StreamKey } from '../crypto/groupKeys.ts';
import { idFromBytes, idToBytes, SHORT_ID_BYTES, type GroupId, type StreamId } from '../encoding/ids.ts';
import { textToUtf8 } from '../encoding/utf8.ts';
import { concatBytes } from '../util/bytes.ts';
import { invariant } from '../util/invariant.ts';
import { reveal } from '../util/redacted.ts';
import type { Payload, StreamRole } from './payload.ts';

// The index is the number that is hashed: append only.
const ROLES: readonly StreamRole['role'][] = [
  'content',
  'place',
  'label',
  'messages',
  'workspaceName',
  'profile',
  'thread',
  'providerKey',
];

export function streamId(key: StreamKey, group: GroupId, role: StreamRole): StreamId {
  const number = Uint8Array.of(ROLES.indexOf(role.role));
  const info = concatBytes(context('stream'), idToBytes(group), number, roleName(role));
  return idFromBytes<StreamId>(reveal(key)(info).slice(0, SHORT_ID_BYTES));
}

/** The stream that a payload belongs to. A record in another stream than this one's is not sound. */
export function roleOfPayload(payload: Payload): StreamRole {
  switch (payload.kind) {
    case 'content':
    case 'place':
    case 'workspaceName':
      return { role: payload.kind };
    case 'label':
      return { role: 'label', name: payload.name };
    case 'message':
      return { role: 'messages' };
    case 'profile':
      return { role: 'profile', account: payload.account };
    case 'comment':
      return { role: 'thread', threadId: payload.threadId };
    case 'providerKey':
      return { role: 'providerKey', provider: payload.provider };
  }
}

function roleName(role: StreamRole): Uint8Array {
  switch (role.role) {
    case 'content':
    case 'place':
    case 'messages':
    case 'workspaceName':
      return new Uint8Array(0);
    case 'label':
      return wellFormed(role.name);
    case 'providerKey':
      return wellFormed(role.provider);
    case 'profile':
      return idToBytes(role.account);
    case 'thread':
      return idToBytes(role.threadId);
  }
}

function wellFormed(text: string): Uint8Array {
  const bytes = textToUtf8(text);
  invariant(bytes !== null, 'the name of a stream has no half of a surrogate pair');
  return bytes;
}
