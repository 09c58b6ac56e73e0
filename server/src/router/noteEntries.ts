// A device that comes or goes is told in the security log of every workspace that its account is in, with where that came
// from, which the signed log does not say. (What changes a workspace itself, the store writes down with the entry.)

import { createHash } from 'node:crypto';
import type { AccountId } from '@cuebook/shared/encoding/ids';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import type { RequestContext } from './procedures.ts';

type Needs = Pick<RequestContext, 'origin' | 'services'>;

const primitives = {
  sha256: (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest(),
};

/** Changes nobody's rights. */
const ROUTINE: ReadonlySet<string> = new Set(['rules', 'generation']);

/** After they were stored. */
export async function noteAccountEntries(
  { origin, services }: Needs,
  account: AccountId,
  entries: readonly Uint8Array[],
): Promise<void> {
  const actions = entries.flatMap((bytes) => {
    const entry = accountLog.parse(primitives, bytes);
    return entry.ok && !ROUTINE.has(entry.value.body.type) ? [entry.value.body] : [];
  });
  if (actions.length === 0) return;
  const workspaces = await services.store.workspaces.list(account);
  for (const action of actions) {
    const what = `account.${action.type}`;
    const details = action.type === 'revoke' ? { device: action.device } : {};
    for (const workspace of [null, ...workspaces.map((each) => each.workspace)]) {
      const { address, requestId } = origin;
      await services.store.audit.write({ workspace, what, account, address, details, requestId });
    }
  }
}
