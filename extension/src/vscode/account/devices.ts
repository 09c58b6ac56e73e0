// The devices of an account: which there are, and taking one out.

import * as vscode from 'vscode';
import type { AccountId, Announcement, DeviceSummary, Teams } from '../../library/teams.ts';
import { labelOf } from '../library/plainText.ts';
import { valueOrTold, wentWell } from '../sync/settled.ts';
import { askText, choose, confirm, type Choice } from '../team/questions.ts';

export async function showDevices(teams: Teams, account: AccountId): Promise<void> {
  const devices = await valueOrTold(teams, async () => teams.devices(account));
  if (devices === null) return;
  const names = new Map(devices.value.map((device) => [device.id, nameOf(device)]));
  const chosen = await choose<DeviceSummary | Announcement>(
    vscode.l10n.t('Devices'),
    [
      ...(await announcementsOf(teams, account)).map((announcement) =>
        announcementRow(announcement, names.get(announcement.device) ?? ''),
      ),
      ...devices.value
        .filter(({ ended }) => !ended)
        .map((device) => ({
          label: `$(${device.kind === 'kit' ? 'key' : 'device-desktop'}) ${labelOf(nameOf(device))}`,
          description: [
            device.isThis ? vscode.l10n.t('this device') : '',
            vscode.l10n.t('since {0}', new Date(device.addedAt).toLocaleDateString()),
          ]
            .filter((text) => text !== '')
            .join(', '),
          value: device,
        })),
    ],
    vscode.l10n.t('Choose one to take it out.'),
  );
  if (chosen === undefined) return;
  if ('index' in chosen) await cancel(teams, account, chosen);
  else if (chosen.kind === 'device') await revoke(teams, account, chosen);
}

async function announcementsOf(teams: Teams, account: AccountId): Promise<readonly Announcement[]> {
  const overview = await teams.overview();
  const found = overview.ok ? overview.value.accounts.find(({ id }) => id === account) : undefined;
  return found?.announcements ?? [];
}

function announcementRow(announcement: Announcement, device: string): Choice<Announcement> {
  const { what, dueAt } = announcement;
  return {
    label: `$(warning) ${
      what === 'revoke'
        ? vscode.l10n.t('“{0}” is to be taken out', labelOf(device))
        : vscode.l10n.t('The recovery kit is to be replaced')
    }`,
    description: vscode.l10n.t('on {0}', new Date(dueAt).toLocaleString()),
    detail: vscode.l10n.t('If that was not you, choose this to stop it.'),
    value: announcement,
  };
}

async function cancel(teams: Teams, account: AccountId, { index }: Announcement): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Stop this?'),
    detail: vscode.l10n.t(
      'Whoever announced it has one of your devices. If it was not you, take that device out with the recovery kit.',
    ),
    yes: vscode.l10n.t('Stop It'),
  });
  if (sure) await wentWell(teams, async () => teams.cancelAnnouncement(account, index));
}

function nameOf({ kind, name }: DeviceSummary): string {
  if (kind === 'kit') return vscode.l10n.t('Recovery kit');
  return name === '' ? vscode.l10n.t('A device without a name') : name;
}

async function revoke(teams: Teams, account: AccountId, device: DeviceSummary): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Take "{0}" out of your account?', nameOf(device)),
    detail: vscode.l10n.t(
      'It gets nothing new from then on, and your teams make new keys. What it has already cannot be taken back.',
    ),
    yes: vscode.l10n.t('Take It Out'),
  });
  if (!sure) return;
  const kit = device.isThis ? undefined : await askKit();
  if (kit === undefined && !device.isThis) return;
  const revoked = await valueOrTold(teams, async () =>
    kit === undefined || kit === ''
      ? teams.revokeDevice(account, device.id)
      : teams.revokeDevice(account, device.id, kit),
  );
  if (revoked === null) return;
  void vscode.window.showInformationMessage(
    revoked.value.kind === 'revoked'
      ? vscode.l10n.t('The device was taken out.')
      : vscode.l10n.t(
          'All your devices are told. It is taken out on {0}, unless one of them says no.',
          new Date(revoked.value.dueAt).toLocaleString(),
        ),
  );
}

/** Empty: without the kit, after seven days. */
async function askKit(): Promise<string | undefined> {
  const way = await choose<'kit' | 'wait'>(vscode.l10n.t('Take a Device Out'), [
    { label: vscode.l10n.t('Now, with My Recovery Kit'), value: 'kit' },
    {
      label: vscode.l10n.t('In Seven Days'),
      detail: vscode.l10n.t('One device alone cannot do it at once: it might be the stolen one.'),
      value: 'wait',
    },
  ]);
  if (way !== 'kit') return way === undefined ? undefined : '';
  return askText({
    title: vscode.l10n.t('Take a Device Out'),
    prompt: vscode.l10n.t('The code on your sheet.'),
    password: true,
  });
}
