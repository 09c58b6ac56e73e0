// The part of the engine's state that outlives the program, as bytes for the store, which seals them as local data.
// They are the pins: what was verified once cannot be taken back by a server, so they are written before anything that
// was taken on their ground. Signatures were checked before that and are not checked again, which would take seconds for
// a large team: the seal says that these are the bytes. Chains, hashes and rules are.

import type { Verifiers } from '../crypto/verifiers.ts';
import { defineFormat, type DecodeProblem, type Format } from '../encoding/format.ts';
import type { AccountId, DeviceId, EntryHash, GroupId, RecordId, WorkspaceId } from '../encoding/ids.ts';
import type { Reader } from '../encoding/reader.ts';
import type { Writer } from '../encoding/writer.ts';
import type { LogHead } from '../record/header.ts';
import { MAX_ACCOUNT_ENTRY_BYTES } from '../team/accountEntry.ts';
import type { EpochBox } from '../team/epochKeys.ts';
import { EMPTY_HISTORY, extendAccount, extendTeam, type AccountHistory } from '../team/history.ts';
import type { LogProblem } from '../team/log.ts';
import { MAX_TEAM_ENTRY_BYTES } from '../team/teamEntry.ts';
import type { StoredBox } from '../team/userKeys.ts';
import { succeed, type Result } from '../util/result.ts';
import { effectOf, type Alarm, type AlarmCode } from './alarms.ts';
import { accountAt, newClient, type ClientState, type ClientTools, type WorkspaceState } from './state.ts';

const MAX_BYTES = 1024 * 1024 * 1024;
const MANY = 0xffff;
const MAX_BOX = 1024;
const MAX_INCARNATION = 64;

// The index is the number in the bytes: append only.
const LASTING: readonly AlarmCode[] = [
  'logFork',
  'feedFork',
  'entryWithheld',
  'swappedKey',
  'acknowledgementBroken',
];

interface StoredClient {
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly accounts: readonly (readonly [AccountId, readonly Uint8Array[]])[];
  readonly userBoxes: readonly StoredBox<DeviceId>[];
  readonly workspaces: readonly StoredWorkspace[];
  readonly alarms: readonly Alarm[];
}

type StoredWorkspace = Pick<
  WorkspaceState,
  'id' | 'pin' | 'incarnation' | 'isRestored' | 'boxes' | 'erased'
> & { readonly entries: readonly Uint8Array[] };

export const encodeClient = (state: ClientState): Uint8Array =>
  CLIENT.encode({
    account: state.account,
    device: state.device,
    accounts: [...state.accounts].map(([id, { entries }]) => [id, entries.map(({ bytes }) => bytes)]),
    userBoxes: state.userBoxes,
    workspaces: [...state.workspaces.values()].map((workspace) => ({
      ...workspace,
      entries: workspace.team.entries.map(({ bytes }) => bytes),
    })),
    alarms: state.alarms.filter((alarm) => effectOf(alarm) === 'forever'),
  });

/** `bytes`: as this device sealed them, under its own key. Give nothing else: signatures are taken as checked. */
export function decodeClient(
  primitives: ClientTools['primitives'],
  bytes: Uint8Array,
): Result<ClientState, DecodeProblem | LogProblem> {
  const decoded = CLIENT.decode(bytes);
  if (!decoded.ok) return decoded;
  const { account, device, userBoxes, alarms } = decoded.value;
  const tools = { primitives, verifiers: CHECKED_BEFORE };
  const accounts = new Map<AccountId, AccountHistory>();
  for (const [id, entries] of decoded.value.accounts) {
    const history = extendAccount(tools, EMPTY_HISTORY, entries);
    if (!history.ok) return history;
    accounts.set(id, history.value);
  }
  const workspaces = new Map<WorkspaceId, WorkspaceState>();
  for (const { entries, ...workspace } of decoded.value.workspaces) {
    const team = extendTeam({ ...tools, accountAt: accountAt(accounts) }, EMPTY_HISTORY, entries);
    if (!team.ok) return team;
    workspaces.set(workspace.id, {
      ...workspace,
      team: team.value,
      waiting: [],
      ends: null,
      healedFrom: null,
      refusedAt: 0,
    });
  }
  return succeed({ ...newClient(account, device), accounts, userBoxes, workspaces, alarms });
}

const CHECKED_BEFORE: Verifiers = { of: () => () => true };

const CLIENT: Format<StoredClient> = defineFormat<StoredClient>({
  kind: 'client',
  limit: MAX_BYTES,
  write(writer, client) {
    writer.id(client.account);
    writer.id(client.device);
    writer.list(client.accounts, MANY, ([id, entries]) => {
      writer.id(id);
      writer.list(entries, MANY, (entry) => writer.block(entry, MAX_ACCOUNT_ENTRY_BYTES));
    });
    writer.list(client.userBoxes, MANY, ({ recipient, bytes }) => {
      writer.id(recipient);
      writer.block(bytes, MAX_BOX);
    });
    writer.list(client.workspaces, MANY, (workspace) => writeWorkspace(writer, workspace));
    writer.list(client.alarms, MANY, (alarm) => writeAlarm(writer, alarm));
  },
  read: (reader) => ({
    account: reader.longId(),
    device: reader.longId(),
    accounts: reader.list(MANY, () => [
      reader.longId<AccountId>(),
      reader.list(MANY, () => reader.block(MAX_ACCOUNT_ENTRY_BYTES)),
    ]),
    userBoxes: reader.list(MANY, () => ({ recipient: reader.longId(), bytes: reader.block(MAX_BOX) })),
    workspaces: reader.list(MANY, () => readWorkspace(reader)),
    alarms: reader.list(MANY, () => readAlarm(reader)),
  }),
});

function writeWorkspace(writer: Writer, workspace: StoredWorkspace): void {
  writer.id(workspace.id);
  writer.list(workspace.entries, MANY, (entry) => writer.block(entry, MAX_TEAM_ENTRY_BYTES));
  writer.optional(workspace.pin, ({ index, hash }) => {
    writer.u32(index);
    writer.id(hash);
  });
  writer.optional(workspace.incarnation, (text) => writer.text(text, MAX_INCARNATION));
  writer.bool(workspace.isRestored);
  writer.list(workspace.boxes, MANY, ({ recipient, epoch, generation, bytes }) => {
    writer.text(recipient, MAX_BOX);
    writer.u32(epoch);
    writer.u32(generation);
    writer.block(bytes, MAX_BOX);
  });
  writer.list([...workspace.erased], MANY, (group) => writer.id(group));
}

function readWorkspace(reader: Reader): StoredWorkspace {
  return {
    id: reader.longId(),
    entries: reader.list(MANY, () => reader.block(MAX_TEAM_ENTRY_BYTES)),
    pin: reader.optional((): LogHead => ({ index: reader.u32(), hash: reader.longId<EntryHash>() })),
    incarnation: reader.optional(() => reader.text(MAX_INCARNATION)),
    isRestored: reader.bool(),
    boxes: reader.list(MANY, (): EpochBox => ({
      recipient: reader.text(MAX_BOX),
      epoch: reader.u32(),
      generation: reader.u32(),
      bytes: reader.block(MAX_BOX),
    })),
    erased: new Set(reader.list(MANY, () => reader.shortId<GroupId>())),
  };
}

function writeAlarm(writer: Writer, { code, workspace, account, index, seq, record }: Alarm): void {
  writer.oneOf(LASTING, code);
  writer.optional(workspace ?? null, (id) => writer.id(id));
  writer.optional(account ?? null, (id) => writer.id(id));
  writer.optional(index ?? null, (value) => writer.u32(value));
  writer.optional(seq ?? null, (value) => writer.u53(value));
  writer.optional(record ?? null, (id) => writer.id(id));
}

function readAlarm(reader: Reader): Alarm {
  const code = reader.oneOf(LASTING);
  const workspace = reader.optional(() => reader.longId<WorkspaceId>());
  const account = reader.optional(() => reader.longId<AccountId>());
  const index = reader.optional(() => reader.u32());
  const seq = reader.optional(() => reader.u53());
  const record = reader.optional(() => reader.longId<RecordId>());
  return {
    code,
    ...(workspace !== null && { workspace }),
    ...(account !== null && { account }),
    ...(index !== null && { index }),
    ...(seq !== null && { seq }),
    ...(record !== null && { record }),
  };
}
