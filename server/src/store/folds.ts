// Who is who, as the logs in the database say: kept folded in memory, up to the head that a transaction sees under its lock.
// What is kept is only ever a prefix of what is stored, so every process can keep its own.
//
// Entries were verified before they were stored, so folding them again checks the chain of hashes and the rules, but not
// the signatures once more: whoever could change the database would only deceive this server, never a client.

import type { VerifyPrimitives } from '@cuebook/shared/crypto/primitives';
import type { Verifiers } from '@cuebook/shared/crypto/verifiers';
import type { AccountId, EntryHash, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { LogHead } from '@cuebook/shared/record/header';
import { EMPTY_HISTORY, extendAccount, stateAt, type AccountHistory } from '@cuebook/shared/team/history';
import { teamLog, type TeamEntry } from '@cuebook/shared/team/teamEntry';
import { foldTeamEntry } from '@cuebook/shared/team/teamFold';
import type { TeamState, TeamTools } from '@cuebook/shared/team/teamState';
import { invariant } from '@cuebook/shared/util/invariant';
import type { Transaction } from './database.ts';
import { toColumn } from './ids.ts';

export interface TeamFold {
  readonly state: TeamState;
  /** Of every entry, by index. */
  readonly hashes: readonly EntryHash[];
}

/** Histories of the accounts that one transaction is concerned with. */
export type AccountHistories = Map<AccountId, AccountHistory>;

export interface Folds {
  /** As far as it is known without asking; null if it is not. For work that is done again under the lock. */
  peek(workspace: WorkspaceId): TeamFold | null;
  peekAccount(account: AccountId): AccountHistory | null;
  /** The fold at `head`, which is what the workspace's row says under its lock. */
  team(sql: Transaction, workspace: WorkspaceId, head: LogHead): Promise<TeamFold>;
  /** Reads what is missing of the accounts' logs, at least up to the heads named; whole logs where none is. */
  accounts(sql: Transaction, wanted: readonly WantedAccount[]): Promise<AccountHistories>;
  /** The transaction has added to the account's log: what it reads of it is kept by nobody until it has committed. */
  wrote(sql: Transaction, account: AccountId): void;
  /** After the commit. */
  keepTeam(workspace: WorkspaceId, fold: TeamFold): void;
  keepAccount(account: AccountId, history: AccountHistory): void;
}

export interface WantedAccount {
  readonly account: AccountId;
  /** Null: all there is. */
  readonly upTo: LogHead | null;
}

const KEPT_TEAMS = 2000;
const KEPT_ACCOUNTS = 20_000;

const trusting: Verifiers = { of: () => () => true };

export function createFolds(primitives: VerifyPrimitives): Folds {
  const teams = new Map<WorkspaceId, TeamFold>();
  const histories = new Map<AccountId, AccountHistory>();
  const uncommitted = new WeakMap<Transaction, Set<AccountId>>();
  const folds: Folds = {
    peek: (workspace) => teams.get(workspace) ?? null,
    peekAccount: (account) => histories.get(account) ?? null,
    async team(sql, workspace, head) {
      const known = teams.get(workspace) ?? null;
      if (known !== null && isAt(known, head)) return touch(teams, workspace, known, KEPT_TEAMS);
      const usable = known !== null && known.state.head.index < head.index ? known : null;
      const fold = await readTeam(sql, { primitives, folds }, workspace, usable);
      invariant(isAt(fold, head), 'the log in the database ends at the head of its workspace');
      return touch(teams, workspace, fold, KEPT_TEAMS);
    },
    async accounts(sql, wanted) {
      const found: AccountHistories = new Map();
      for (const { account, upTo } of wanted) {
        const known = histories.get(account) ?? EMPTY_HISTORY;
        const enough = upTo !== null && known.entries.length > upTo.index;
        const history = enough ? known : await readAccount(sql, primitives, account, known);
        if (history.entries.length === 0) continue;
        found.set(account, history);
        const isCommitted = uncommitted.get(sql)?.has(account) !== true;
        if (isCommitted) touch(histories, account, history, KEPT_ACCOUNTS);
      }
      return found;
    },
    wrote(sql, account) {
      uncommitted.set(sql, (uncommitted.get(sql) ?? new Set()).add(account));
    },
    keepTeam: (workspace, fold) => void touch(teams, workspace, fold, KEPT_TEAMS),
    keepAccount: (account, history) => void touch(histories, account, history, KEPT_ACCOUNTS),
  };
  return folds;
}

const isAt = ({ state }: TeamFold, head: LogHead): boolean =>
  state.head.index === head.index && state.head.hash === head.hash;

export const toolsOf = (
  primitives: VerifyPrimitives,
  verifiers: Verifiers,
  accounts: AccountHistories,
): TeamTools => ({
  primitives,
  verifiers,
  accountAt(account, head) {
    const history = accounts.get(account);
    return history === undefined ? null : stateAt(history, head);
  },
});

/** Of the accounts whose logs an entry is judged by. */
export function accountsOf(entry: TeamEntry, state: TeamState | null): readonly WantedAccount[] {
  const { author, action } = entry.body;
  const before = state?.members.get(author)?.accountHead;
  const named = 'accountHead' in action ? action.accountHead : undefined;
  const heads = [before, named].filter((head) => head !== undefined);
  const [first] = heads.toSorted((left, right) => right.index - left.index);
  return [{ account: author, upTo: first ?? null }];
}

async function readTeam(
  sql: Transaction,
  { primitives, folds }: { readonly primitives: VerifyPrimitives; readonly folds: Folds },
  workspace: WorkspaceId,
  known: TeamFold | null,
): Promise<TeamFold> {
  const from = known?.hashes.length ?? 0;
  const rows = await sql<{ entry: Uint8Array }[]>`
    select entry from team_log where workspace = ${toColumn(workspace)} and index >= ${from} order by index`;
  let state = known?.state ?? null;
  const hashes = [...(known?.hashes ?? [])];
  for (const row of rows) {
    const entry = teamLog.parse(primitives, row.entry);
    invariant(entry.ok, 'what is stored as a team entry is one');
    const accounts = await folds.accounts(sql, accountsOf(entry.value, state));
    const folded = foldTeamEntry(toolsOf(primitives, trusting, accounts), state, entry.value);
    invariant(folded.ok, 'what is stored in a team log follows its rules');
    state = folded.value;
    hashes.push(entry.value.hash);
  }
  invariant(state !== null, 'a workspace has a log');
  return { state, hashes };
}

async function readAccount(
  sql: Transaction,
  primitives: VerifyPrimitives,
  account: AccountId,
  known: AccountHistory,
): Promise<AccountHistory> {
  const rows = await sql<{ entry: Uint8Array }[]>`
    select entry from account_log
    where account = ${toColumn(account)} and index >= ${known.entries.length} order by index`;
  if (rows.length === 0) return known;
  const extended = extendAccount(
    { primitives, verifiers: trusting },
    known,
    rows.map((row) => row.entry),
  );
  invariant(extended.ok, 'what is stored in an account log follows its rules');
  return extended.value;
}

/** Kept in the order of use; the one not used for longest goes. */
function touch<Key, Value>(kept: Map<Key, Value>, key: Key, value: Value, capacity: number): Value {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size > capacity) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  return value;
}
