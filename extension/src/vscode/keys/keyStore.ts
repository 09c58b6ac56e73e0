// Provider keys and what is known to be spent with them. Keys lie in SecretStorage and nowhere else; the global state
// holds numbers only: dollars spent and the limit, by provider.

import type * as vscode from 'vscode';
import type { Models, ProviderEndpoint, ProviderId } from '../../models/api.ts';
import { maskKey } from '../../models/redact.ts';
import { readEndpoints, type Endpoints } from '../../providers/endpoints.ts';
import { askForKey, askToPassLimit } from './dialogs.ts';
import type { KeysEditor, KeysStorage } from './editor.ts';
import type { ProviderKeys } from './providerKeys.ts';

export interface KeyStoreDeps {
  readonly editor: KeysEditor;
  readonly storage: KeysStorage;
  readonly models: Pick<Models, 'listModels'>;
}

const secretPrefix = 'cuebook.providerKey.';
const addressSettings = ['cuebook.providers', 'cuebook.providerAddresses', 'cuebook.plainHttpHosts'];

export function createKeyStore(deps: KeyStoreDeps): ProviderKeys & vscode.Disposable {
  const { editor, storage, models } = deps;
  const changed = new editor.EventEmitter<ProviderId>();
  const subscriptions = [
    changed,
    storage.secrets.onDidChange(({ key }) => {
      if (key.startsWith(secretPrefix)) changed.fire(key.slice(secretPrefix.length));
    }),
    editor.workspace.onDidChangeConfiguration((event) => {
      if (!addressSettings.some((setting) => event.affectsConfiguration(setting))) return;
      for (const { id } of current().endpoints) changed.fire(id);
    }),
  ];
  const current = (): Endpoints => endpointsNow(editor);
  const endpoint = (id: ProviderId): ProviderEndpoint | null =>
    current().endpoints.find((known) => known.id === id) ?? null;
  const key = async (id: ProviderId): Promise<string | null> =>
    (await storage.secrets.get(secretPrefix + id)) ?? null;

  return {
    onDidChange: changed.event,
    endpoints: () => current().endpoints,
    endpoint,
    problem: (id) => problemOf(editor, current(), id),
    key,
    has: async (id) => (await key(id)) !== null,
    mask: async (id) => {
      const stored = await key(id);
      return stored === null ? null : maskKey(stored);
    },
    add: async (id) => {
      const known = endpoint(id);
      if (known === null || known.kind === 'vscode') return false;
      const entered = await askForKey(editor, known);
      if (entered === null) return false;
      // What is known to be spent belongs to the key, not to the provider.
      if (entered !== (await key(id))) await storage.globalState.update(spentKey(id), undefined);
      await storage.secrets.store(secretPrefix + id, entered);
      return true;
    },
    test: async (id) => {
      const known = endpoint(id);
      if (known === null) return { ok: false, failure: notSetUp(editor, current(), id) };
      const listed = await models.listModels(known, {
        key: await key(id),
        signal: new AbortController().signal,
      });
      return listed.ok ? { ok: true, models: listed.models.length } : listed;
    },
    remove: async (id) => {
      await storage.secrets.delete(secretPrefix + id);
      await storage.globalState.update(spentKey(id), undefined);
    },
    spending: (id) => ({ spent: dollars(storage, spentKey(id)) ?? 0, limit: dollars(storage, limitKey(id)) }),
    setLimit: async (id, limit) => {
      await storage.globalState.update(limitKey(id), limit ?? undefined);
      changed.fire(id);
    },
    spent: async (id, cost) => {
      if (cost === null || !(cost > 0)) return;
      await storage.globalState.update(spentKey(id), (dollars(storage, spentKey(id)) ?? 0) + cost);
    },
    maySpend: async (id, cost) => {
      const limit = dollars(storage, limitKey(id));
      const spent = dollars(storage, spentKey(id)) ?? 0;
      if (limit === null || !passes(spent, cost, limit)) return true;
      return askToPassLimit(editor, { label: endpoint(id)?.label ?? id, spent, cost, limit });
    },
    dispose: () => {
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

/** A run whose cost is not known passes once the limit itself is used up. */
function passes(spent: number, cost: number | null, limit: number): boolean {
  return cost === null ? spent >= limit : spent + cost > limit;
}

function spentKey(id: ProviderId): string {
  return `cuebook.spent.${id}`;
}

function limitKey(id: ProviderId): string {
  return `cuebook.limit.${id}`;
}

function dollars(storage: KeysStorage, name: string): number | null {
  const value = storage.globalState.get<unknown>(name);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

// ---- addresses ----

/**
 * Only the user's own settings count: the settings are machine-scoped, so VS Code ignores them in a workspace, and what
 * a workspace may say is not even looked at here.
 */
export function endpointsNow(editor: KeysEditor): Endpoints {
  const settings = editor.workspace.getConfiguration('cuebook');
  const own = (name: string): unknown => settings.inspect(name)?.globalValue;
  return readEndpoints({
    providers: own('providers'),
    providerAddresses: own('providerAddresses'),
    plainHttpHosts: own('plainHttpHosts'),
  });
}

function problemOf(editor: KeysEditor, endpoints: Endpoints, id: ProviderId): string | null {
  if (endpoints.endpoints.some((known) => known.id === id)) return null;
  const problem = endpoints.problems.find((found) => found.id === id);
  return problem === undefined
    ? editor.l10n.t('There is no provider "{0}".', id)
    : editor.l10n.t(
        'The provider "{0}" in the setting {1} cannot be used. {2}',
        id,
        problem.setting,
        problem.message,
      );
}

function notSetUp(
  editor: KeysEditor,
  endpoints: Endpoints,
  id: ProviderId,
): Extract<Awaited<ReturnType<ProviderKeys['test']>>, { ok: false }>['failure'] {
  return {
    kind: 'badRequest',
    message: problemOf(editor, endpoints, id) ?? '',
    action: editor.l10n.t(
      'Choose one of the providers in "Cuebook: Manage Provider Keys", or mend the setting.',
    ),
    status: null,
  };
}
