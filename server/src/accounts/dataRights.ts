// What the law asks for: everything about me, and delete me.

import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { exportEvents, exportLog } from '../store/accountsExport.ts';
import { eraseAccount, listIdentities, listRecoveryCodes } from '../store/accountsRows.ts';
import { listMachineTokens } from '../store/accountsSecrets.ts';
import { endSessions, listSessions } from '../store/accountsSessions.ts';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { hasConfirmedFactor } from './factorCheck.ts';
import { announceEnd, record, recordEverywhere, type Ground } from './ground.ts';
import { requireAccount, requireProof } from './proofs.ts';

export async function exportAll(ground: Ground, caller: SessionCaller, origin: Origin): Promise<string> {
  const sql = ground.database.app;
  const { password, ...account } = await requireAccount(ground, caller);
  const known = await ground.store.workspaces.list(caller.account);
  const workspaces = await Promise.all(
    known.map(({ workspace }) => exportWorkspace(ground, caller, workspace)),
  );
  const everything = {
    account: { ...account, hasPassword: password !== null, isServerOwner: caller.isServerOwner },
    providers: await listIdentities(sql, caller.account),
    secondFactor: await hasConfirmedFactor(ground, caller.account),
    recoveryCodesLeft: (await listRecoveryCodes(sql, caller.account)).length,
    sessions: await listSessions(sql, caller.account),
    ...(await ground.database.transact({ account: caller.account }, (own) => exportLog(own, caller.account))),
    securityLog: await ground.database.transact({}, (own) => exportEvents(own, caller.account, null)),
    workspaces,
  };
  await recordEverywhere(ground, { what: 'account.exported', account: caller.account, origin });
  return JSON.stringify(everything, null, 2);
}

async function exportWorkspace(
  ground: Ground,
  caller: SessionCaller,
  workspace: WorkspaceId,
): Promise<Readonly<Record<string, unknown>>> {
  const membership = await ground.store.workspaces.membership(workspace, caller.account);
  return ground.database.transact({ workspace }, async (sql) => ({
    workspace,
    role: membership?.role ?? null,
    securityLog: await exportEvents(sql, caller.account, workspace),
    tokens: (await listMachineTokens(sql, workspace))
      .filter((token) => token.createdBy === caller.account)
      .map(({ hash: _hash, pepper: _pepper, ...token }) => token),
  }));
}

export async function deleteAccount(
  ground: Ground,
  caller: SessionCaller,
  proof: { readonly password?: string | undefined; readonly code?: string | undefined },
  origin: Origin,
): Promise<void> {
  await requireProof(ground, caller, proof, origin);
  await requireNoMembership(ground, caller);
  await ground.deletions.add([{ kind: 'account', account: caller.account, at: ground.now() }]);
  await ground.database.transact({ account: caller.account }, async (sql) => {
    await eraseAccount(sql, caller.account, ground.now());
    await endSessions(sql, caller.account, { except: null });
  });
  await record(ground, { what: 'account.deleted', account: caller.account, origin });
  // Last, so that the answer is on its way before the socket is closed.
  announceEnd(ground, caller.account);
}

/** The logs are signed by its devices: a server cannot write `leave` for anybody. */
async function requireNoMembership(ground: Ground, caller: SessionCaller): Promise<void> {
  for (const { workspace } of await ground.store.workspaces.list(caller.account)) {
    const membership = await ground.store.workspaces.membership(workspace, caller.account);
    if (membership !== null && !membership.deleted) {
      throw new Refusal('conflict', 'Leave, transfer or delete all workspaces first.', {
        field: 'workspaces',
      });
    }
  }
}
