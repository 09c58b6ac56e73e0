// Account logs: verified and folded before anything is stored, one writer at a time under the row of the log's head.

import { boxHash } from '@cuebook/shared/crypto/box';
import type { AccountId, DeviceId, EntryHash } from '@cuebook/shared/encoding/ids';
import type { UserBox } from '@cuebook/shared/protocol/account';
import type { TeamAppend, TeamAppendAnswer } from '@cuebook/shared/protocol/workspace';
import type { LogHead } from '@cuebook/shared/record/header';
import { accountLog, withId, type AccountEntry } from '@cuebook/shared/team/accountEntry';
import {
  activeDevice,
  CLOCK_TOLERANCE_MS,
  keyHolders,
  type AccountState,
} from '@cuebook/shared/team/accountFold';
import { EMPTY_HISTORY, extendAccount, latest, type AccountHistory } from '@cuebook/shared/team/history';
import type { TeamEntry } from '@cuebook/shared/team/teamEntry';
import { bytesToHex } from '@cuebook/shared/util/bytes';
import { Refusal } from '../problems.ts';
import type { AccountLogStore, NewAccount } from './api.ts';
import type { StoreContext } from './dependencies.ts';
import type { About, Transaction } from './database.ts';
import { bytesList, fromColumn, idList, toColumn } from './ids.ts';
import { readLogPage } from './logPages.ts';
import { appendInTransaction, keep, parseEntries, type AppendedLog } from './teamLogs.ts';

export function createAccountLogStore(context: StoreContext): AccountLogStore {
  const { database, folds } = context;
  return {
    create: (account, also) => createAccount(context, account, also),
    readLog: (account, from) =>
      database.transact({ account, snapshot: true }, async (sql) => {
        const page = await readLogPage(sql, { kind: 'account', account }, from);
        if (page === null) throw new Refusal('notFound', 'There is no such account log.');
        return page;
      }),
    async appendLog({ account }, append) {
      const appended = await database.transact({ account }, (sql) =>
        appendAccountLog(context, sql, account, append),
      );
      if (appended.history !== null) folds.keepAccount(account, appended.history);
      if (appended.revoked) context.hints.publish({ kind: 'revoked', account, workspace: null });
      return appended.answer;
    },
    async activeDevice(account, device) {
      const history = await database.transact({ account }, async (sql) => {
        const histories = await folds.accounts(sql, [{ account, upTo: null }]);
        return histories.get(account) ?? null;
      });
      const found = history === null ? null : activeDevice(latest(history), device);
      return found === null ? null : { signPublic: found.signPublic };
    },
    readBoxes: (account, device) => database.transact({ account }, (sql) => readBoxes(sql, account, device)),
    putBoxes: (account, boxes) =>
      database.transact({ account }, (sql) => putBoxes(context, sql, account, boxes)),
    readKitBackup: (account) =>
      database.transact({ account }, async (sql) => {
        const [row] = await sql<{ box: Uint8Array }[]>`
          select box from kit_backups where account = ${toColumn(account)}`;
        return row?.box ?? null;
      }),
    putKitBackup: (account, box) => database.transact({ account }, (sql) => putKitBackup(sql, account, box)),
  };
}

// ——— a new account

async function createAccount(
  context: StoreContext,
  given: NewAccount,
  also: (sql: Transaction) => Promise<void>,
): Promise<TeamAppendAnswer | { readonly kind: 'created' }> {
  const { account, join } = given;
  const history = verify(context, EMPTY_HISTORY, given.entries);
  if (latest(history).id !== account) throw new Refusal('refused', 'The log is of another account.');
  const boxes = sortBoxes(context, history.entries, given.boxes);
  const joining = join === null ? null : { append: join, entries: parseEntries(context, join) };
  if (joining !== null) checkJoin(latest(history), joining.append, joining.entries);
  const joined = await context.database.transact(aboutBoth(account, join), async (sql) => {
    await insertAccount(context, sql, history);
    await Promise.all([insertSorted(sql, account, boxes), insertKit(sql, account, given.kitBackup)]);
    await also(sql);
    return joining === null ? null : joinOrThrow(context, sql, joining.append, joining.entries);
  });
  context.folds.keepAccount(account, history);
  if (joined === null || join === null) return { kind: 'created' };
  keep(context, join.workspace, joined);
  return joined.answer;
}

const aboutBoth = (account: AccountId, join: TeamAppend | null): About => ({
  account,
  ...(join === null ? {} : { workspace: join.workspace }),
});

/** By a device of the new account; the fold checks the rest. */
function checkJoin(account: AccountState, append: TeamAppend, entries: readonly TeamEntry[]): void {
  const [entry] = entries;
  const isJoin = entries.length === 1 && entry?.body.action.type === 'join' && append.expectedHead !== null;
  if (!isJoin || entry.body.author !== account.id) {
    throw new Refusal('refused', 'With a new account comes one entry, by which it joins.');
  }
}

/** Everything or nothing: somebody who could not join has no account either, and may try again. */
async function joinOrThrow(
  context: StoreContext,
  sql: Transaction,
  append: TeamAppend,
  entries: readonly TeamEntry[],
): Promise<AppendedLog> {
  const joined = await appendInTransaction(context, sql, append, entries);
  if (joined.answer.kind === 'behind') throw new Refusal('behind', 'The team log has moved on.');
  return joined;
}

/**
 * A log that is there already, healed by others after a restore that lost the account itself, is gone on with if it is
 * the same one; whether there is such an account is for `also` to say.
 */
async function insertAccount(
  context: StoreContext,
  sql: Transaction,
  history: AccountHistory,
): Promise<void> {
  const { id, head } = latest(history);
  const inserted = await sql`
    insert into account_heads (account, index, hash)
    values (${toColumn(id)}, ${head.index}, ${toColumn(head.hash)}) on conflict do nothing returning index`;
  if (inserted.length > 0) return insertEntries(context, sql, id, history.entries);
  const stored = await lockHead(sql, id);
  if (history.entries[stored.index]?.hash !== stored.hash) {
    throw new Refusal('conflict', 'There is an account with another end of this log.');
  }
  await moveHead(sql, id, head);
  await insertEntries(context, sql, id, history.entries.slice(stored.index + 1));
}

async function moveHead(sql: Transaction, account: AccountId, head: LogHead): Promise<void> {
  await sql`
    update account_heads set index = ${head.index}, hash = ${toColumn(head.hash)}
    where account = ${toColumn(account)}`;
}

async function insertKit(sql: Transaction, account: AccountId, box: Uint8Array | null): Promise<void> {
  if (box !== null) await putKitBackup(sql, account, box);
}

async function putKitBackup(sql: Transaction, account: AccountId, box: Uint8Array): Promise<void> {
  await sql`
    insert into kit_backups (account, box) values (${toColumn(account)}, ${box})
    on conflict (account) do update set box = excluded.box`;
}

// ——— more entries

interface AppendedAccountLog {
  readonly answer: { readonly kind: 'stored' | 'behind'; readonly head: LogHead };
  readonly history: AccountHistory | null;
  readonly revoked: boolean;
}

async function appendAccountLog(
  context: StoreContext,
  sql: Transaction,
  account: AccountId,
  append: Parameters<AccountLogStore['appendLog']>[1],
): Promise<AppendedAccountLog> {
  const head = await lockHead(sql, account);
  const history =
    (await context.folds.accounts(sql, [{ account, upTo: head }])).get(account) ?? EMPTY_HISTORY;
  const before = latest(history);
  if (append.expectedHead.hash !== head.hash) {
    const isThere = areStored(context, history, append.expectedHead, append.entries);
    return { answer: { kind: isThere ? 'stored' : 'behind', head }, history: null, revoked: false };
  }
  const extended = verify(context, history, append.entries);
  const added = extended.entries.slice(history.entries.length);
  checkClock(context, added);
  const boxes = sortBoxes(context, added, append.boxes);
  const after = latest(extended);
  await moveHead(sql, account, after.head);
  await Promise.all([insertEntries(context, sql, account, added), insertSorted(sql, account, boxes)]);
  const ended = endedDevices(before, after);
  if (ended.length > 0) {
    await context.sessions.endOfDevices(sql, account, ended);
    await deleteBoxesOf(sql, account, ended);
  }
  return { answer: { kind: 'stored', head: after.head }, history: extended, revoked: ended.length > 0 };
}

async function lockHead(sql: Transaction, account: AccountId): Promise<LogHead> {
  const [row] = await sql<{ index: number; hash: Uint8Array }[]>`
    select index, hash from account_heads where account = ${toColumn(account)} for update`;
  if (row === undefined) throw new Refusal('notFound', 'There is no such account.');
  return { index: row.index, hash: fromColumn<EntryHash>(row.hash) };
}

/** Sent again after a lost answer: the same bytes, at the places after `expected`. */
function areStored(
  { primitives }: StoreContext,
  history: AccountHistory,
  expected: LogHead,
  entries: readonly Uint8Array[],
): boolean {
  const stored = history.entries.slice(expected.index + 1, expected.index + 1 + entries.length);
  const digest = (bytes: Uint8Array): string => bytesToHex(primitives.sha256(bytes));
  return (
    entries.length > 0 &&
    stored.length === entries.length &&
    entries.every((bytes, index) => digest(bytes) === digest(stored[index]?.bytes ?? new Uint8Array(0)))
  );
}

function verify(
  context: StoreContext,
  history: AccountHistory,
  entries: readonly Uint8Array[],
): AccountHistory {
  if (entries.length === 0) throw new Refusal('refused', 'There is no entry to append.');
  const { primitives, verifiers } = context;
  const extended = extendAccount({ primitives, verifiers }, history, entries);
  if (!extended.ok) throw new Refusal('refused', `${extended.problem.code}: ${extended.problem.message}`);
  return extended.value;
}

/** The log counts seven days by its authors' clocks, so an honest server takes no entry whose clock is wrong. */
function checkClock(context: StoreContext, entries: readonly AccountEntry[]): void {
  const now = context.now();
  if (entries.some(({ at }) => Math.abs(at - now) > CLOCK_TOLERANCE_MS)) {
    throw new Refusal('refused', 'The clock of the device is more than five minutes off.');
  }
}

const endedDevices = (before: AccountState, after: AccountState): readonly DeviceId[] => {
  const active = new Set(keyHolders(after).map(({ id }) => id));
  return keyHolders(before)
    .map(({ id }) => id)
    .filter((id) => !active.has(id));
};

async function insertEntries(
  context: StoreContext,
  sql: Transaction,
  account: AccountId,
  entries: readonly AccountEntry[],
): Promise<void> {
  context.folds.wrote(sql, account);
  await sql`
    insert into account_log (account, index, hash, entry, received_at)
    select ${toColumn(account)}, *, ${context.now()}::bigint from unnest(
      ${entries.map(({ index }) => index)}::bigint[],
      ${idList(
        sql,
        entries.map(({ hash }) => hash),
      )}::bytea[],
      ${bytesList(
        sql,
        entries.map(({ bytes }) => bytes),
      )}::bytea[])`;
}

// ——— sealed user keys

interface SortedBoxes {
  readonly named: readonly UserBox[];
  /** For devices that were just added: they get the key there is by the one who added them; no entry names that box. */
  readonly introduced: readonly UserBox[];
}

/** Exactly the boxes that the entries name come with them, and some for devices that the entries add. */
function sortBoxes(
  { primitives }: StoreContext,
  entries: readonly AccountEntry[],
  boxes: readonly UserBox[],
): SortedBoxes {
  const missing = new Set(entries.flatMap(namesOfBoxes));
  const added = new Set(
    entries.flatMap(({ body }) => (body.type === 'add' ? [withId(primitives, body.device).id] : [])),
  );
  const named: UserBox[] = [];
  const introduced: UserBox[] = [];
  for (const each of boxes) {
    const isNamed = missing.delete(nameOfBox(each.device, each.generation, boxHash(primitives, each.box)));
    if (!isNamed && !added.has(each.device)) {
      throw new Refusal('refused', 'A sealed box is not one that the entry names.');
    }
    (isNamed ? named : introduced).push(each);
  }
  if (missing.size > 0) throw new Refusal('refused', 'A sealed box that the entry names is missing.');
  return { named, introduced };
}

const nameOfBox = (device: DeviceId, generation: number, hash: Uint8Array): string =>
  `${device} ${generation} ${bytesToHex(hash)}`;

const namesOfBoxes = ({ body }: AccountEntry): readonly string[] =>
  body.type === 'generation'
    ? body.boxes.map(({ recipient, hash }) => nameOfBox(recipient, body.generation, hash))
    : [];

async function insertSorted(sql: Transaction, account: AccountId, boxes: SortedBoxes): Promise<void> {
  await Promise.all([
    insertBoxes(sql, account, boxes.named, true),
    insertBoxes(sql, account, boxes.introduced, false),
  ]);
}

async function insertBoxes(
  sql: Transaction,
  account: AccountId,
  boxes: readonly UserBox[],
  fromLog: boolean,
): Promise<void> {
  if (boxes.length === 0) return;
  await sql`
    insert into account_boxes (account, from_log, device, generation, box)
    select ${toColumn(account)}, ${fromLog}, * from unnest(
      ${idList(
        sql,
        boxes.map(({ device }) => device),
      )}::bytea[],
      ${boxes.map(({ generation }) => generation)}::bigint[],
      ${bytesList(
        sql,
        boxes.map(({ box }) => box),
      )}::bytea[])
    on conflict (account, device, generation, from_log) do update set box = excluded.box`;
}

async function deleteBoxesOf(
  sql: Transaction,
  account: AccountId,
  devices: readonly DeviceId[],
): Promise<void> {
  await sql`
    delete from account_boxes
    where account = ${toColumn(account)} and device = any (${idList(sql, devices)}::bytea[])`;
}

/** By a member of the account for a key that was committed to; stands beside the box that the log names. */
async function putBoxes(
  context: StoreContext,
  sql: Transaction,
  account: AccountId,
  boxes: readonly UserBox[],
): Promise<void> {
  const history = (await context.folds.accounts(sql, [{ account, upTo: null }])).get(account);
  if (history === undefined) throw new Refusal('notFound', 'There is no such account.');
  const state = latest(history);
  const holders = new Set(keyHolders(state).map(({ id }) => id));
  if (boxes.some(({ device, generation }) => !holders.has(device) || generation > state.generation)) {
    throw new Refusal('refused', 'A box is for a device or a generation that is not there.');
  }
  await insertBoxes(sql, account, boxes, false);
}

async function readBoxes(
  sql: Transaction,
  account: AccountId,
  device: DeviceId,
): Promise<readonly UserBox[]> {
  const rows = await sql<{ generation: number; box: Uint8Array }[]>`
    select generation, box from account_boxes
    where account = ${toColumn(account)} and device = ${toColumn(device)}
    order by generation desc, from_log desc`;
  return rows.map(({ generation, box }) => ({ device, generation, box }));
}

/** After a restore: the end of somebody's log that the backup did not have, pushed by whoever has it. */
export async function healAccountLog(
  context: StoreContext,
  sql: Transaction,
  account: AccountId,
  entries: readonly Uint8Array[],
): Promise<void> {
  await sql`select set_config('cuebook.account', ${bytesToHex(toColumn(account))}, true)`;
  const known = (await context.folds.accounts(sql, [{ account, upTo: null }])).get(account) ?? EMPTY_HISTORY;
  const missing = entries.filter((bytes) => indexOf(context, bytes) >= known.entries.length);
  if (missing.length === 0) return;
  const healed = verify(context, known, missing);
  if (latest(healed).id !== account) throw new Refusal('refused', 'The log is of another account.');
  const { head } = latest(healed);
  await sql`
    insert into account_heads (account, index, hash)
    values (${toColumn(account)}, ${head.index}, ${toColumn(head.hash)})
    on conflict (account) do update set index = excluded.index, hash = excluded.hash`;
  await insertEntries(context, sql, account, healed.entries.slice(known.entries.length));
}

function indexOf({ primitives }: StoreContext, bytes: Uint8Array): number {
  const entry = accountLog.parse(primitives, bytes);
  if (!entry.ok) throw new Refusal('refused', entry.problem.message);
  return entry.value.index;
}
