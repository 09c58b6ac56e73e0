// The provider keys of a team: which there are, and for admins sharing, replacing and withdrawing one. A key is typed into
// a password box and never shown again.

import * as vscode from 'vscode';
import type { SharedKey, TeamSummary, Teams } from '../../library/teams.ts';
import { builtInEndpoints, checkAddress } from '../../providers/endpoints.ts';
import { askForAddress, askForKey } from '../keys/dialogs.ts';
import { labelOf, oneLine } from '../library/plainText.ts';
import { valueOrTold, wentWell } from '../sync/settled.ts';
import { askText, choose, confirm, type Choice } from './questions.ts';
import { isAdmin } from './teamChoice.ts';

type Kind = Pick<SharedKey, 'provider' | 'api' | 'label' | 'address'>;

export async function showSharedKeys(teams: Teams, team: TeamSummary): Promise<void> {
  const shared = await valueOrTold(teams, async () => teams.sharedKeys(team.id));
  if (shared === null) return;
  const mayShare = isAdmin(team);
  if (shared.value.length === 0 && !mayShare) {
    void vscode.window.showInformationMessage(vscode.l10n.t('This team shares no provider key.'));
    return;
  }
  const chosen = await choose<SharedKey | null>(
    vscode.l10n.t('Provider Keys of the Team'),
    [
      ...shared.value.map(keyRow),
      ...(mayShare ? [{ label: `$(add) ${vscode.l10n.t('Share a Key…')}`, value: null }] : []),
    ],
    vscode.l10n.t('Used for prompts of this team by members who have no key of their own.'),
  );
  if (chosen === undefined || !mayShare) return;
  return chosen === null ? share(teams, team) : changeKey(teams, team, chosen);
}

function keyRow(key: SharedKey): Choice<SharedKey> {
  return {
    label: `$(key) ${labelOf(key.label)}`,
    description: key.mask,
    detail: vscode.l10n.t('{0}, since {1}', labelOf(key.address), new Date(key.savedAt).toLocaleString()),
    value: key,
  };
}

async function share(teams: Teams, team: TeamSummary): Promise<void> {
  const kind = await askKind();
  if (kind !== null) await store(teams, team, kind);
}

async function askKind(): Promise<Kind | null> {
  const title = vscode.l10n.t('Share a Key');
  const chosen = await choose<Kind | null>(title, [
    ...builtInEndpoints.flatMap(({ id, kind, label, baseUrl, needsKey }) =>
      kind === 'vscode' || !needsKey
        ? []
        : [{ label, description: baseUrl, value: { provider: id, api: kind, label, address: baseUrl } }],
    ),
    { label: vscode.l10n.t('Another OpenAI-compatible address…'), value: null },
  ]);
  if (chosen === undefined) return null;
  if (chosen !== null) return chosen;
  const provider = await askText({
    title,
    prompt: vscode.l10n.t('A short name for it: prompts say "model: name/model".'),
    problem: (text) =>
      /^[a-z][a-z0-9_-]{0,31}$/.test(text)
        ? null
        : vscode.l10n.t('1 to 32 lower-case letters, digits, "-" or "_", beginning with a letter.'),
  });
  if (provider === undefined) return null;
  const question = { label: provider, value: 'https://', mayBeEmpty: false };
  const address = await askForAddress(vscode, question);
  if (address === undefined) return null;
  const checked = checkAddress(address, []);
  if (!checked.ok) {
    void vscode.window.showErrorMessage(checked.message);
    return null;
  }
  return { provider, api: 'openai-compatible', label: provider, address: checked.baseUrl };
}

async function changeKey(teams: Teams, team: TeamSummary, key: SharedKey): Promise<void> {
  const action = await choose<'replace' | 'withdraw'>(`${oneLine(key.label, 60)} · ${key.mask}`, [
    { label: `$(sync) ${vscode.l10n.t('Replace the Key…')}`, value: 'replace' },
    { label: `$(trash) ${vscode.l10n.t('Withdraw the Key…')}`, value: 'withdraw' },
  ]);
  if (action === 'replace') {
    const isStored = await store(teams, team, key);
    if (isStored) void vscode.window.showWarningMessage(revokeWords(key));
  }
  if (action === 'withdraw') await withdraw(teams, team, key);
}

async function store(teams: Teams, team: TeamSummary, kind: Kind): Promise<boolean> {
  const { provider, api, label, address } = kind;
  const sure = await confirm({
    message: vscode.l10n.t('Share a key for {0} with “{1}”?', oneLine(label, 60), oneLine(team.name, 60)),
    detail: [
      vscode.l10n.t(
        'Every member can run prompts with it, viewers too. It travels sealed and is shown to nobody, but every member could take it out of their own computer.',
      ),
      '',
      vscode.l10n.t('It is sent to {0}, with the prompts.', address),
      '',
      vscode.l10n.t('Make one for this team alone, with a limit at the provider.'),
    ].join('\n'),
    yes: vscode.l10n.t('Enter the Key…'),
  });
  const endpoint = { id: provider, kind: api, label: oneLine(label, 60), baseUrl: address, needsKey: true };
  const whereTo = vscode.l10n.t(
    'It is sealed for the members of “{0}” and sent only to {1}.',
    team.name,
    address,
  );
  const key = sure ? await askForKey(vscode, endpoint, whereTo) : null;
  if (key === null) return false;
  const given = { workspace: team.id, provider, api, label, address, key };
  const isStored = await wentWell(teams, async () => teams.shareKey(given));
  if (isStored)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The team has the key for {0}.', oneLine(label, 60)),
    );
  return isStored;
}

async function withdraw(teams: Teams, team: TeamSummary, key: SharedKey): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Withdraw the key for {0}?', oneLine(key.label, 60)),
    detail: [vscode.l10n.t('No run of the team’s prompts uses it from then on.'), '', revokeWords(key)].join(
      '\n',
    ),
    yes: vscode.l10n.t('Withdraw'),
  });
  if (sure) await wentWell(teams, async () => teams.withdrawKey(team.id, key.provider));
}

function revokeWords({ label, mask }: SharedKey): string {
  return vscode.l10n.t(
    'Every member has had the key {0}: revoke it at {1} too. That alone ends it.',
    mask,
    oneLine(label, 60),
  );
}
