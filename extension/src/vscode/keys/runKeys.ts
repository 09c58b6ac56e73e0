// The keys of one run: the user's own, and where there is none for a provider, the one that the prompt's team shares.
// Before the first run with a team's key the user is asked; at another address again. What is spent with it is the team's
// affair: the user's own limits do not count it.

import type { WorkspaceId } from '../../library/api.ts';
import type { SharedKey, TeamsCalls } from '../../library/teams.ts';
import type { ProviderEndpoint } from '../../models/api.ts';
import { checkAddress } from '../../providers/endpoints.ts';
import { oneLine } from '../library/plainText.ts';
import type { ProviderKeys } from './providerKeys.ts';

export interface RunKeys extends ProviderKeys {
  /** `provider/model`. Asks if a team's key would be used that the user has not agreed to. False: do not run. */
  mayUse(model: string): Promise<boolean>;
}

export interface RunKeysDeps {
  readonly keys: ProviderKeys;
  readonly teams: Pick<TeamsCalls, 'sharedKeys' | 'agreeToSharedKey' | 'openSharedKey'>;
  /** Shows whose key it is and where it goes. */
  readonly ask: (workspace: WorkspaceId, key: SharedKey) => Promise<boolean>;
}

export async function createRunKeys(deps: RunKeysDeps, workspace: WorkspaceId | null): Promise<RunKeys> {
  const { keys, teams } = deps;
  const shared = workspace === null ? null : await teams.sharedKeys(workspace);
  const lacking = shared?.ok === true ? await withoutOwn(keys, shared.value) : [];
  return workspace === null || lacking.length === 0
    ? { ...keys, mayUse: async () => true }
    : withTeam(deps, workspace, lacking);
}

function withTeam(
  { keys, teams, ask }: RunKeysDeps,
  workspace: WorkspaceId,
  lacking: readonly SharedKey[],
): RunKeys {
  const team = new Map<string, SharedKey>(lacking.map((key) => [key.provider, key]));
  const endpoints = lacking.map(endpointOf);
  return {
    ...keys,
    endpoints: () => [...keys.endpoints().filter(({ id }) => !team.has(id)), ...endpoints],
    endpoint: (id) => endpoints.find((known) => known.id === id) ?? keys.endpoint(id),
    has: async (id) => team.has(id) || keys.has(id),
    async key(id) {
      const known = team.get(id);
      if (known === undefined) return keys.key(id);
      const { provider, address } = known;
      const opened = await teams.openSharedKey({ workspace, provider, address });
      return opened.ok ? opened.value : null;
    },
    mask: async (id) => team.get(id)?.mask ?? keys.mask(id),
    spending: (id) => (team.has(id) ? { spent: 0, limit: null } : keys.spending(id)),
    maySpend: async (id, cost) => team.has(id) || keys.maySpend(id, cost),
    spent: async (id, cost) => (team.has(id) ? undefined : keys.spent(id, cost)),
    async mayUse(model) {
      const known = team.get(model.split('/')[0] ?? '');
      if (known === undefined || known.agreed) return true;
      const { provider, address } = known;
      return (
        (await ask(workspace, known)) && (await teams.agreeToSharedKey({ workspace, provider, address })).ok
      );
    },
  };
}

/** Those for which the user has no key, and whose address a key may be sent to at all. */
async function withoutOwn(keys: ProviderKeys, shared: readonly SharedKey[]): Promise<readonly SharedKey[]> {
  const isOwn = await Promise.all(
    shared.map(async ({ provider: id }) => keys.endpoint(id)?.needsKey === false || (await keys.has(id))),
  );
  return shared.filter(({ address }, at) => isOwn[at] !== true && checkAddress(address, []).ok);
}

function endpointOf({ provider, api, label, address }: SharedKey): ProviderEndpoint {
  const checked = checkAddress(address, []);
  const baseUrl = checked.ok ? checked.baseUrl : '';
  return { id: provider, kind: api, label: oneLine(label, 60), baseUrl, needsKey: true };
}
