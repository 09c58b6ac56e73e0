// Payloads to bytes and back. Owns the numbers of the payload kinds and the order of their fields (docs/protocol.md).

import { defineFormat, type DecodeProblem, type Format } from '../encoding/format.ts';
import { Malformed, type Reader } from '../encoding/reader.ts';
import type { Writer } from '../encoding/writer.ts';
import { textToUtf8 } from '../encoding/utf8.ts';
import { fail, succeed, type Problem, type Result } from '../util/result.ts';
import { redact, reveal } from '../util/redacted.ts';
import {
  isProviderName,
  MAX_ADDRESS_BYTES,
  MAX_COMMENT_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_PROFILE_DEVICES,
  MAX_PROVIDER_BYTES,
  MAX_PROVIDER_KEY_BYTES,
  MAX_REFERENCE_BYTES,
  MAX_REFERENCES,
} from './limits.ts';
import type {
  CommentPayload,
  ContentPayload,
  LabelPayload,
  MessagePayload,
  Payload,
  PayloadKind,
  PlacePayload,
  ProfilePayload,
  ProviderApi,
  ProviderKeyPayload,
  RevisionKind,
  SharedProviderKey,
  WorkspaceNamePayload,
} from './payload.ts';

// The index is the number on the wire: append only.
const PAYLOAD_KINDS: readonly PayloadKind[] = [
  'content',
  'place',
  'label',
  'message',
  'workspaceName',
  'profile',
  'comment',
  'providerKey',
];
const REVISION_KINDS: readonly RevisionKind[] = ['save', 'merge', 'restore', 'import'];
const GROUP_KINDS: readonly PlacePayload['groupKind'][] = ['prompt', 'folder'];
const PROVIDER_APIS: readonly ProviderApi[] = [
  'openai',
  'anthropic',
  'google',
  'openrouter',
  'openai-compatible',
];

const FORMAT: Format<Payload> = defineFormat<Payload>({
  kind: 'payload',
  limit: MAX_PAYLOAD_BYTES,
  write(writer, payload) {
    writer.oneOf(PAYLOAD_KINDS, payload.kind);
    writePayload(writer, payload);
  },
  read(reader) {
    return readPayload(reader, reader.oneOf(PAYLOAD_KINDS));
  },
});

export type EncodePayloadProblem = Problem<'loneSurrogate' | 'tooLarge'>;

/** What a user may type that the format cannot hold is a problem, not an exception. */
export function encodePayload(payload: Payload): Result<Uint8Array, EncodePayloadProblem> {
  for (const field of textFields(payload)) {
    const problem = textProblem(field);
    if (problem !== null) return { ok: false, problem };
  }
  for (const [count, limit, what] of listFields(payload)) {
    if (count > limit) return fail('tooLarge', `There are ${count} ${what}; at most ${limit} can be saved.`);
  }
  const bytes = FORMAT.encode(payload);
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    return fail('tooLarge', `The text has ${bytes.length} bytes; at most ${MAX_PAYLOAD_BYTES} can be saved.`);
  }
  return succeed(bytes);
}

export const decodePayload = (bytes: Uint8Array): Result<Payload, DecodeProblem> => FORMAT.decode(bytes);

interface TextField {
  readonly what: string;
  readonly text: string;
  readonly limit: number;
}

function textProblem({ what, text, limit }: TextField): EncodePayloadProblem | null {
  const bytes = textToUtf8(text);
  if (bytes === null) {
    const message = `The ${what} contains half of a surrogate pair at position ${loneSurrogateAt(text)}, which no file can hold. Remove that character.`;
    return { code: 'loneSurrogate', message };
  }
  if (bytes.length <= limit) return null;
  return {
    code: 'tooLarge',
    message: `The ${what} has ${bytes.length} bytes; at most ${limit} can be saved.`,
  };
}

function loneSurrogateAt(text: string): number {
  let position = 0;
  for (const character of text) {
    if (!character.isWellFormed()) return position;
    position += character.length;
  }
  return position;
}

const name = (text: string): TextField => ({ what: 'name', text, limit: MAX_NAME_BYTES });
const message = (text: string): TextField => ({ what: 'message', text, limit: MAX_MESSAGE_BYTES });

function textFields(payload: Payload): readonly TextField[] {
  switch (payload.kind) {
    case 'content':
      return [
        { what: 'text', text: payload.text, limit: MAX_PAYLOAD_BYTES },
        message(payload.message),
        ...payload.references.map(({ written }) => ({
          what: 'reference to a partial',
          text: written,
          limit: MAX_REFERENCE_BYTES,
        })),
      ];
    case 'place':
      return [name(payload.name)];
    case 'label':
      return [name(payload.name), message(payload.message)];
    case 'message':
      return [message(payload.message)];
    case 'workspaceName':
      return [name(payload.name)];
    case 'profile':
      return [name(payload.displayName), ...payload.devices.map((device) => name(device.name))];
    case 'comment':
      return [{ what: 'comment', text: payload.text, limit: MAX_COMMENT_BYTES }];
    case 'providerKey':
      return [
        { what: 'name of the provider', text: payload.provider, limit: MAX_PROVIDER_BYTES },
        ...(payload.shared === null ? [] : sharedFields(payload.shared)),
      ];
  }
}

const sharedFields = ({ label, address, key }: SharedProviderKey): readonly TextField[] => [
  name(label),
  { what: 'address', text: address, limit: MAX_ADDRESS_BYTES },
  { what: 'key', text: reveal(key), limit: MAX_PROVIDER_KEY_BYTES },
];

function listFields(payload: Payload): readonly (readonly [count: number, limit: number, what: string])[] {
  if (payload.kind === 'content')
    return [[payload.references.length, MAX_REFERENCES, 'references to partials']];
  if (payload.kind === 'profile') return [[payload.devices.length, MAX_PROFILE_DEVICES, 'devices']];
  return [];
}

function writePayload(writer: Writer, payload: Payload): void {
  switch (payload.kind) {
    case 'content':
      return writeContent(writer, payload);
    case 'place':
      return writePlace(writer, payload);
    case 'label':
      return writeLabel(writer, payload);
    case 'message':
      return writeMessage(writer, payload);
    case 'workspaceName':
      return writeWorkspaceName(writer, payload);
    case 'profile':
      return writeProfile(writer, payload);
    case 'comment':
      return writeComment(writer, payload);
    case 'providerKey':
      return writeProviderKey(writer, payload);
  }
}

function readPayload(reader: Reader, kind: PayloadKind): Payload {
  switch (kind) {
    case 'content':
      return readContent(reader);
    case 'place':
      return readPlace(reader);
    case 'label':
      return readLabel(reader);
    case 'message':
      return readMessage(reader);
    case 'workspaceName':
      return readWorkspaceName(reader);
    case 'profile':
      return readProfile(reader);
    case 'comment':
      return readComment(reader);
    case 'providerKey':
      return readProviderKey(reader);
  }
}

function writeContent(writer: Writer, payload: ContentPayload): void {
  writer.id(payload.revisionId);
  writer.oneOf(REVISION_KINDS, payload.revisionKind);
  writer.u53(payload.savedAt);
  writer.optional(payload.restoredFrom, (id) => writer.id(id));
  writer.text(payload.message, MAX_MESSAGE_BYTES);
  writer.list(payload.references, MAX_REFERENCES, (reference) => {
    writer.text(reference.written, MAX_REFERENCE_BYTES);
    writer.id(reference.prompt);
    writer.optional(reference.revisionId, (id) => writer.id(id));
  });
  writer.text(payload.text, MAX_PAYLOAD_BYTES);
}

function readContent(reader: Reader): ContentPayload {
  const payload: ContentPayload = {
    kind: 'content',
    revisionId: reader.shortId(),
    revisionKind: reader.oneOf(REVISION_KINDS),
    savedAt: reader.u53(),
    restoredFrom: reader.optional(() => reader.shortId()),
    message: reader.text(MAX_MESSAGE_BYTES),
    references: reader.list(MAX_REFERENCES, () => ({
      written: reader.text(MAX_REFERENCE_BYTES),
      prompt: reader.shortId(),
      revisionId: reader.optional(() => reader.shortId()),
    })),
    text: reader.text(MAX_PAYLOAD_BYTES),
  };
  if ((payload.revisionKind === 'restore') !== (payload.restoredFrom !== null)) {
    throw new Malformed('a restored revision names what it was restored from, and no other does');
  }
  return payload;
}

function writePlace(writer: Writer, payload: PlacePayload): void {
  writer.oneOf(GROUP_KINDS, payload.groupKind);
  writer.u53(payload.savedAt);
  writer.optional(payload.folderId, (id) => writer.id(id));
  writer.optional(payload.trashedWith, (id) => writer.id(id));
  writer.text(payload.name, MAX_NAME_BYTES);
}

function readPlace(reader: Reader): PlacePayload {
  return {
    kind: 'place',
    groupKind: reader.oneOf(GROUP_KINDS),
    savedAt: reader.u53(),
    folderId: reader.optional(() => reader.shortId()),
    trashedWith: reader.optional(() => reader.shortId()),
    name: reader.text(MAX_NAME_BYTES),
  };
}

function writeLabel(writer: Writer, payload: LabelPayload): void {
  writer.u53(payload.savedAt);
  writer.optional(payload.revisionId, (id) => writer.id(id));
  writer.text(payload.name, MAX_NAME_BYTES);
  writer.text(payload.message, MAX_MESSAGE_BYTES);
}

function readLabel(reader: Reader): LabelPayload {
  return {
    kind: 'label',
    savedAt: reader.u53(),
    revisionId: reader.optional(() => reader.shortId()),
    name: reader.text(MAX_NAME_BYTES),
    message: reader.text(MAX_MESSAGE_BYTES),
  };
}

function writeMessage(writer: Writer, payload: MessagePayload): void {
  writer.u53(payload.savedAt);
  writer.id(payload.revisionId);
  writer.text(payload.message, MAX_MESSAGE_BYTES);
}

function readMessage(reader: Reader): MessagePayload {
  return {
    kind: 'message',
    savedAt: reader.u53(),
    revisionId: reader.shortId(),
    message: reader.text(MAX_MESSAGE_BYTES),
  };
}

function writeWorkspaceName(writer: Writer, payload: WorkspaceNamePayload): void {
  writer.u53(payload.savedAt);
  writer.text(payload.name, MAX_NAME_BYTES);
}

function readWorkspaceName(reader: Reader): WorkspaceNamePayload {
  return { kind: 'workspaceName', savedAt: reader.u53(), name: reader.text(MAX_NAME_BYTES) };
}

function writeProfile(writer: Writer, payload: ProfilePayload): void {
  writer.u53(payload.savedAt);
  writer.id(payload.account);
  writer.text(payload.displayName, MAX_NAME_BYTES);
  writer.list(payload.devices, MAX_PROFILE_DEVICES, ({ device, name }) => {
    writer.id(device);
    writer.text(name, MAX_NAME_BYTES);
  });
}

function readProfile(reader: Reader): ProfilePayload {
  return {
    kind: 'profile',
    savedAt: reader.u53(),
    account: reader.longId(),
    displayName: reader.text(MAX_NAME_BYTES),
    devices: reader.list(MAX_PROFILE_DEVICES, () => ({
      device: reader.longId(),
      name: reader.text(MAX_NAME_BYTES),
    })),
  };
}

function writeComment(writer: Writer, payload: CommentPayload): void {
  writer.u53(payload.savedAt);
  writer.id(payload.commentId);
  writer.id(payload.threadId);
  writer.id(payload.revisionId);
  writer.optional(payload.lines, ({ first, last }) => {
    writer.u32(first);
    writer.u32(last);
  });
  writer.bool(payload.resolved);
  writer.text(payload.text, MAX_COMMENT_BYTES);
}

function readComment(reader: Reader): CommentPayload {
  return {
    kind: 'comment',
    savedAt: reader.u53(),
    commentId: reader.shortId(),
    threadId: reader.shortId(),
    revisionId: reader.shortId(),
    lines: reader.optional(() => readLines(reader)),
    resolved: reader.bool(),
    text: reader.text(MAX_COMMENT_BYTES),
  };
}

function readLines(reader: Reader): { readonly first: number; readonly last: number } {
  const lines = { first: reader.u32(), last: reader.u32() };
  if (lines.first > lines.last) throw new Malformed('a range of lines ends before it begins');
  return lines;
}

function writeProviderKey(writer: Writer, payload: ProviderKeyPayload): void {
  writer.u53(payload.savedAt);
  writer.text(payload.provider, MAX_PROVIDER_BYTES);
  writer.optional(payload.shared, ({ api, label, address, key }) => {
    writer.oneOf(PROVIDER_APIS, api);
    writer.text(label, MAX_NAME_BYTES);
    writer.text(address, MAX_ADDRESS_BYTES);
    writer.text(reveal(key), MAX_PROVIDER_KEY_BYTES);
  });
}

function readProviderKey(reader: Reader): ProviderKeyPayload {
  const payload: ProviderKeyPayload = {
    kind: 'providerKey',
    savedAt: reader.u53(),
    provider: reader.text(MAX_PROVIDER_BYTES),
    shared: reader.optional(() => ({
      api: reader.oneOf(PROVIDER_APIS),
      label: reader.text(MAX_NAME_BYTES),
      address: reader.text(MAX_ADDRESS_BYTES),
      key: redact(reader.text(MAX_PROVIDER_KEY_BYTES)),
    })),
  };
  if (!isProviderName(payload.provider))
    throw new Malformed('a provider has a name that no prompt can write');
  return payload;
}
