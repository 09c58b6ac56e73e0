// "Cuebook: Manage Provider Keys" and "Add Provider Key": two quick picks over what `ProviderKeys` can do.

import type * as vscode from 'vscode';
import type { ProviderEndpoint, ProviderId } from '../../models/api.ts';
import { builtInEndpoints, checkAddress } from '../../providers/endpoints.ts';
import { askForAddress, askForLimit, confirmPlainHttp, money } from './dialogs.ts';
import type { KeysEditor } from './editor.ts';
import { endpointsNow } from './keyStore.ts';
import type { ProviderKeys } from './providerKeys.ts';

export interface ManageDeps {
  readonly editor: KeysEditor;
  readonly keys: ProviderKeys;
}

/** True if a key was stored. `id` is asked for if it is not given or not known. */
export async function addKey(deps: ManageDeps, id: ProviderId | null): Promise<boolean> {
  const { editor, keys } = deps;
  const known = id === null ? null : keys.endpoint(id);
  const chosen = known ?? (await pickProvider(deps, editor.l10n.t('Add a key for which provider?')));
  if (chosen === null || !(await keys.add(chosen.id))) return false;
  await offerTest(deps, chosen);
  return true;
}

export async function manageKeys(deps: ManageDeps): Promise<void> {
  const chosen = await pickProvider(deps, deps.editor.l10n.t('Provider keys'));
  if (chosen !== null) await manageOne(deps, chosen);
}

// ---- which provider ----

type ProviderItem = vscode.QuickPickItem & { readonly pick: () => Promise<ProviderEndpoint | null> };

async function pickProvider(deps: ManageDeps, title: string): Promise<ProviderEndpoint | null> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const usable = keys.endpoints().filter((endpoint) => endpoint.kind !== 'vscode');
  const items: ProviderItem[] = [
    ...(await Promise.all(usable.map((endpoint) => providerItem(deps, endpoint)))),
    ...problemItems(deps),
    { label: '', kind: editor.QuickPickItemKind.Separator, pick: async () => null },
    {
      label: t('Another OpenAI-compatible address…'),
      pick: () => addProvider(deps),
    },
  ];
  const picked = await editor.window.showQuickPick(items, {
    title,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return (await picked?.pick()) ?? null;
}

async function providerItem(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<ProviderItem> {
  const { t } = deps.editor.l10n;
  const mask = await deps.keys.mask(endpoint.id);
  const { spent, limit } = deps.keys.spending(endpoint.id);
  const none = endpoint.needsKey ? t('no key') : t('needs no key');
  const spending = limit === null ? money(spent) : t('{0} of {1}', money(spent), money(limit));
  return {
    label: endpoint.label,
    description: mask ?? none,
    detail: spent > 0 || limit !== null ? t('{0} · spent {1}', endpoint.baseUrl, spending) : endpoint.baseUrl,
    pick: async () => endpoint,
  };
}

/** Providers that the settings name but that cannot be used, each with what is wrong. */
function problemItems(deps: ManageDeps): readonly ProviderItem[] {
  const { editor, keys } = deps;
  return endpointsNow(editor).problems.map((problem) => ({
    label: `$(warning) ${plain(problem.id)}`,
    detail: problem.message,
    pick: async () => {
      if (problem.plainHost !== null && (await confirmPlainHttp(editor, problem.plainHost))) {
        await allowPlainHttp(editor, problem.plainHost);
        return keys.endpoint(problem.id);
      }
      await openSetting(editor, problem.setting);
      return null;
    },
  }));
}

/** `$(…)` in a name from the settings file would be drawn as an icon. */
function plain(text: string): string {
  return text.replaceAll('$(', '$ (').slice(0, 60);
}

async function addProvider(deps: ManageDeps): Promise<ProviderEndpoint | null> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const taken = new Set(keys.endpoints().map((endpoint) => endpoint.id));
  const id = await editor.window.showInputBox({
    title: t('Another provider'),
    prompt: t('A short name for it: prompts say "model: name/model".'),
    validateInput: (text) =>
      /^[a-z][a-z0-9_-]{0,31}$/.test(text) && !taken.has(text)
        ? null
        : t('1 to 32 lower-case letters, digits, "-" or "_", beginning with a letter, and not taken yet.'),
  });
  if (id === undefined) return null;
  const baseUrl = await askForAddress(editor, { label: id, value: 'https://', mayBeEmpty: false });
  if (baseUrl === undefined || !(await confirmAddress(editor, baseUrl))) return null;
  const yes = t('Yes, it needs a key');
  const needsKey = await editor.window.showQuickPick([yes, t('No, it works without a key')], {
    title: t('Does {0} need a key?', id),
  });
  if (needsKey === undefined) return null;
  await writeSetting(editor, 'providers', id, { label: id, baseUrl, needsKey: needsKey === yes });
  return keys.endpoint(id);
}

// ---- one provider ----

async function manageOne(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const mask = await keys.mask(endpoint.id);
  const { limit } = keys.spending(endpoint.id);
  const items: (vscode.QuickPickItem & { readonly run: () => Promise<unknown> })[] = [
    {
      label: mask === null ? t('Add key…') : t('Replace key…'),
      run: () => addKey(deps, endpoint.id),
    },
    {
      label: t('Test'),
      detail: t('Asks for the list of models; sends nothing else.'),
      run: () => testKey(deps, endpoint),
    },
    ...(mask === null ? [] : [{ label: t('Delete key'), run: () => deleteKey(deps, endpoint) }]),
    {
      label: t('Set spending limit…'),
      description: limit === null ? t('none') : money(limit),
      run: () => changeLimit(deps, endpoint),
    },
    { label: t('Change address…'), description: endpoint.baseUrl, run: () => changeAddress(deps, endpoint) },
    { label: t('Open address setting'), run: () => openSetting(editor, settingOf(endpoint)) },
  ];
  const picked = await editor.window.showQuickPick(items, {
    title: mask === null ? endpoint.label : `${endpoint.label} · ${mask}`,
  });
  await picked?.run();
}

async function offerTest(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const test = t('Test It');
  const answer = await editor.window.showInformationMessage(
    t('The key for {0} is stored ({1}).', endpoint.label, (await keys.mask(endpoint.id)) ?? ''),
    test,
  );
  if (answer === test) await testKey(deps, endpoint);
}

async function testKey(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const result = await editor.window.withProgress(
    {
      location: editor.ProgressLocation.Notification,
      title: t('Asking {0} for its models…', endpoint.label),
    },
    () => keys.test(endpoint.id),
  );
  if (result.ok) {
    await editor.window.showInformationMessage(t('{0} answers: {1} models.', endpoint.label, result.models));
    return;
  }
  const replace = t('Replace Key…');
  const { message, action, kind } = result.failure;
  const offers = kind === 'wrongKey' || kind === 'noKey' ? [replace] : [];
  const answer = await editor.window.showErrorMessage(`${message} ${action}`, ...offers);
  if (answer === replace) await addKey(deps, endpoint.id);
}

async function deleteKey(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { editor, keys } = deps;
  const { t } = editor.l10n;
  const yes = t('Delete');
  const answer = await editor.window.showWarningMessage(
    t('Delete the key for {0} from this machine?', endpoint.label),
    { modal: true, detail: t('It stays valid at {0} until you revoke it there.', endpoint.label) },
    yes,
  );
  if (answer === yes) await keys.remove(endpoint.id);
}

async function changeLimit(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { limit } = deps.keys.spending(endpoint.id);
  const wanted = await askForLimit(deps.editor, endpoint.label, limit);
  if (wanted !== undefined) await deps.keys.setLimit(endpoint.id, wanted);
}

async function changeAddress(deps: ManageDeps, endpoint: ProviderEndpoint): Promise<void> {
  const { editor } = deps;
  const builtIn = builtInEndpoints.some((known) => known.id === endpoint.id);
  const typed = await askForAddress(editor, {
    label: endpoint.label,
    value: endpoint.baseUrl,
    mayBeEmpty: builtIn,
  });
  if (typed === undefined || (typed !== '' && !(await confirmAddress(editor, typed)))) return;
  if (builtIn) {
    await writeSetting(editor, 'providerAddresses', endpoint.id, typed === '' ? undefined : typed);
  } else {
    const { kind, label, needsKey } = endpoint;
    await writeSetting(editor, 'providers', endpoint.id, { kind, label, needsKey, baseUrl: typed });
  }
}

async function confirmAddress(editor: KeysEditor, address: string): Promise<boolean> {
  const checked = checkAddress(address, plainHttpHosts(editor));
  if (checked.ok) return true;
  if (checked.plainHost === null || !(await confirmPlainHttp(editor, checked.plainHost))) return false;
  await allowPlainHttp(editor, checked.plainHost);
  return true;
}

// ---- settings ----

function settingOf(endpoint: ProviderEndpoint): string {
  const builtIn = builtInEndpoints.some((known) => known.id === endpoint.id);
  return builtIn ? 'cuebook.providerAddresses' : 'cuebook.providers';
}

async function openSetting(editor: KeysEditor, setting: string): Promise<void> {
  await editor.commands.executeCommand('workbench.action.openSettings', setting);
}

/** Changes one entry of an object setting of the user; `undefined` takes it out. */
async function writeSetting(editor: KeysEditor, name: string, id: string, value: unknown): Promise<void> {
  const settings = editor.workspace.getConfiguration('cuebook');
  const own: unknown = settings.inspect(name)?.globalValue;
  const entries = Object.entries(typeof own === 'object' && own !== null ? own : {}).filter(
    ([key]) => key !== id,
  );
  const changed = Object.fromEntries(value === undefined ? entries : [...entries, [id, value]]);
  await settings.update(name, changed, editor.ConfigurationTarget.Global);
}

function plainHttpHosts(editor: KeysEditor): readonly string[] {
  const own: unknown = editor.workspace.getConfiguration('cuebook').inspect('plainHttpHosts')?.globalValue;
  return Array.isArray(own) ? own.filter((host) => typeof host === 'string') : [];
}

async function allowPlainHttp(editor: KeysEditor, host: string): Promise<void> {
  await editor.workspace
    .getConfiguration('cuebook')
    .update(
      'plainHttpHosts',
      [...new Set([...plainHttpHosts(editor), host])],
      editor.ConfigurationTarget.Global,
    );
}
