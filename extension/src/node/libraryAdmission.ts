// A library that has prompts of its own before its device comes into an account: it stays as it is, a second personal
// workspace, and its log admits the account as an owner (shared/src/team/admitOwner.ts). Nothing of it goes to a server.

import {
  type ClientState,
  newWorkspace,
  teamOf,
  withWorkspace,
  workspaceOf,
} from '@cuebook/shared/client/state';
import type { AccountId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { LogHead } from '@cuebook/shared/record/header';
import { activeDevice } from '@cuebook/shared/team/accountFold';
import { admitOwner, type Admitted } from '@cuebook/shared/team/admitOwner';
import { type AccountHistory, latest, stateAt } from '@cuebook/shared/team/history';
import { type LocalAccount, writeAccount } from './accounts.ts';
import type { TeamsContext } from './teamsContext.ts';

/** Does nothing where it is done already, or where there is nothing to do. */
export async function admitToLibrary(context: TeamsContext, id: AccountId): Promise<void> {
  const [own] = context.accounts.all();
  if (own === undefined || own.settings.id === id || own.settings.server !== null) return;
  for (const workspace of own.client.workspaces.keys()) {
    const sides = sidesOf(context, { own, id, workspace });
    const admitted = sides === null ? null : await admit(context, sides);
    if (sides !== null && admitted !== null) keep(context, sides, admitted);
  }
}

interface Sides {
  readonly workspace: WorkspaceId;
  /** The account that the library began with, on no server. */
  readonly own: LocalAccount;
  readonly ownLog: AccountHistory;
  readonly joining: LocalAccount;
  readonly joiningLog: AccountHistory;
}

/** Null if this workspace admits the account already, or this device could not say so. */
function sidesOf(
  { accounts }: TeamsContext,
  { own, id, workspace }: Pick<Sides, 'own' | 'workspace'> & { readonly id: AccountId },
): Sides | null {
  const joining = accounts.get(id);
  const ownLog = logOf(own);
  const joiningLog = joining === null ? undefined : logOf(joining);
  if (joining === null || ownLog === undefined || joiningLog === undefined) return null;
  const team = teamOf(workspaceOf(own.client, workspace));
  if (team?.kind !== 'personal' || team.members.has(id)) return null;
  const isActive = activeDevice(latest(joiningLog), joining.device.id) !== null;
  return isActive ? { workspace, own, ownLog, joining, joiningLog } : null;
}

const logOf = ({ client, settings }: LocalAccount): AccountHistory | undefined =>
  client.accounts.get(settings.id);

async function admit(
  { suite, now }: TeamsContext,
  { workspace, own, ownLog, joining, joiningLog }: Sides,
): Promise<Admitted | null> {
  const { team } = workspaceOf(own.client, workspace);
  const key = own.workspaceKeys.get(workspace)?.epochs.get(latest(team).epoch);
  if (key === undefined) return null;
  const accountAt = (id: AccountId, head: LogHead) =>
    stateAt(id === own.settings.id ? ownLog : joiningLog, head);
  const admitted = await admitOwner(suite, {
    owner: { account: latest(ownLog), device: own.device },
    joining: { account: latest(joiningLog), device: joining.device },
    team,
    key,
    accountAt,
    now: now(),
  });
  return admitted.ok ? admitted.value : null;
}

/** For both accounts at once, unless another window was first: then its entries count. */
function keep({ accounts, sessions }: TeamsContext, sides: Sides, { team, box }: Admitted): void {
  const { workspace, own, ownLog, joiningLog } = sides;
  const changed: LocalAccount[] = [];
  sessions.write((touch) => {
    const begun = accounts.get(own.settings.id);
    const joined = accounts.get(sides.joining.settings.id);
    if (begun === null || joined === null) return;
    const before = workspaceOf(begun.client, workspace);
    if (before.team.entries.length !== workspaceOf(own.client, workspace).team.entries.length) return;
    changed.push(withClient(begun, { ...before, team }, [joined.settings.id, joiningLog]), {
      ...withClient(joined, { ...newWorkspace(workspace), team, boxes: [box] }, [own.settings.id, ownLog]),
      workspaceKeys: new Map([...joined.workspaceKeys, ...ownKeys(begun, workspace)]),
    });
    for (const account of changed) {
      writeAccount(accounts.tools, sessions.store, account);
      touch('client', account.settings.id);
    }
  });
  for (const account of changed) accounts.adopt(account);
  sessions.refresh();
}

function withClient(
  account: LocalAccount,
  workspace: Parameters<typeof withWorkspace>[1],
  log: readonly [AccountId, AccountHistory],
): LocalAccount {
  const client: ClientState = {
    ...withWorkspace(account.client, workspace),
    accounts: new Map([...account.client.accounts, log]),
  };
  return { ...account, client };
}

const ownKeys = ({ workspaceKeys }: LocalAccount, workspace: WorkspaceId) =>
  [...workspaceKeys].filter(([id]) => id === workspace);
