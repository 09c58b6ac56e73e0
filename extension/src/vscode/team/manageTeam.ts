// What there is to set and to look at in a team besides its members: open invites, what the team asks of people, its
// provider keys, its name, and whether two members see the same.

import * as vscode from 'vscode';
import type { InviteSummary, TeamPolicy, TeamSummary, Teams } from '../../library/teams.ts';
import { labelOf, oneLine } from '../library/plainText.ts';
import { valueOrTold, wentWell } from '../sync/settled.ts';
import { askText, choose, confirm, type Choice } from './questions.ts';
import { roleWords } from './roles.ts';
import { showSharedKeys } from './sharedKeys.ts';
import { chooseTeam, isAdmin } from './teamChoice.ts';

type Action = 'members' | 'invites' | 'policy' | 'labels' | 'keys' | 'name' | 'stateCode' | 'closeHealing';

export async function manageTeam(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Team Settings'),
    given,
    fits: ({ kind, sync }) => kind === 'team' && sync.kind !== 'local',
    none: vscode.l10n.t('You are in no team.'),
  });
  const action = team && (await choose(oneLine(team.name, 60), actionsFor(team)));
  if (team === undefined || action === undefined) return;
  switch (action) {
    case 'members':
      await vscode.commands.executeCommand('cuebook.showMembers', team.id);
      return;
    case 'invites':
      return showInvites(teams, team);
    case 'policy':
      return changePolicy(teams, team);
    case 'labels':
      return protectLabels(teams, team);
    case 'keys':
      return showSharedKeys(teams, team);
    case 'name':
      return rename(teams, team);
    case 'stateCode':
      return compareState(teams, team);
    case 'closeHealing':
      return closeHealing(teams, team);
  }
}

function actionsFor(team: TeamSummary): readonly Choice<Action>[] {
  const { t } = vscode.l10n;
  const isHealing = team.sync.kind === 'waiting' && team.sync.for === 'healing';
  return [
    { label: `$(organization) ${t('Members…')}`, description: String(team.memberCount), value: 'members' },
    ...(isAdmin(team)
      ? ([
          { label: `$(mail) ${t('Open Invites…')}`, value: 'invites' },
          { label: `$(shield) ${t('What the Team Asks of People…')}`, value: 'policy' },
          { label: `$(tag) ${t('Protected Labels…')}`, value: 'labels' },
        ] as const)
      : []),
    { label: `$(key) ${t('Provider Keys of the Team…')}`, value: 'keys' },
    ...(team.mayEdit ? [{ label: `$(edit) ${t('Rename the Team…')}`, value: 'name' } as const] : []),
    { label: `$(verified) ${t('Compare What Two Members See…')}`, value: 'stateCode' },
    ...(team.role === 'owner' && isHealing
      ? [{ label: `$(sync) ${t('Go On Without What Is Missing…')}`, value: 'closeHealing' } as const]
      : []),
  ];
}

// ---- invites

async function showInvites(teams: Teams, team: TeamSummary): Promise<void> {
  const title = vscode.l10n.t('Open Invites');
  const open = await valueOrTold(teams, async () => teams.invites(team.id));
  if (open === null) return;
  if (open.value.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No invite is open.'));
    return;
  }
  const chosen = await choose(
    title,
    open.value.map(inviteRow),
    vscode.l10n.t('Choose one to close it: nobody joins with it any more.'),
  );
  if (chosen === undefined) return;
  const sure = await confirm({
    message: vscode.l10n.t('Close this invite?'),
    detail: vscode.l10n.t('Whoever has its link or code cannot join with it from then on. Members stay.'),
    yes: vscode.l10n.t('Close It'),
  });
  if (sure) await wentWell(teams, async () => teams.closeInvite(team.id, chosen.id));
}

function inviteRow(invite: InviteSummary): Choice<InviteSummary> {
  const until = new Date(invite.expiresAt).toLocaleString();
  return {
    label: `$(mail) ${vscode.l10n.t('As {0}', roleWords(invite.role))}`,
    description: vscode.l10n.t('for {0} more, until {1}', String(invite.usesLeft), until),
    value: invite,
  };
}

// ---- policies

async function changePolicy(teams: Teams, team: TeamSummary): Promise<void> {
  const now = await valueOrTold(teams, async () => teams.policy(team.id));
  if (now === null) return;
  const picked = await vscode.window.showQuickPick(
    [
      {
        label: vscode.l10n.t('An admin confirms newcomers'),
        detail: vscode.l10n.t(
          'Whoever joins reads nothing before. Open invites that carry the key are closed.',
        ),
        picked: now.value.confirmJoins,
        name: 'confirmJoins' as const,
      },
      {
        label: vscode.l10n.t('Everybody signs in with a second factor'),
        detail: vscode.l10n.t(
          'The server lets in nobody without one: set up your own first (Manage Account…).',
        ),
        picked: now.value.requireSecondFactor,
        name: 'requireSecondFactor' as const,
      },
    ],
    { title: vscode.l10n.t('What the Team Asks of People'), canPickMany: true, ignoreFocusOut: true },
  );
  if (picked === undefined) return;
  const chosen = new Set(picked.map(({ name }) => name));
  const policy: TeamPolicy = {
    ...now.value,
    confirmJoins: chosen.has('confirmJoins'),
    requireSecondFactor: chosen.has('requireSecondFactor'),
  };
  if (await wentWell(teams, async () => teams.setPolicy(team.id, policy)))
    void vscode.window.showInformationMessage(vscode.l10n.t('The team asks for this from now on.'));
}

async function protectLabels(teams: Teams, team: TeamSummary): Promise<void> {
  const now = await valueOrTold(teams, async () => teams.policy(team.id));
  if (now === null) return;
  const { protectedLabels } = now.value;
  const title = vscode.l10n.t('Protected Labels');
  const chosen = await choose<string | null>(
    title,
    [
      ...protectedLabels.flatMap(({ name, least }) =>
        name === null
          ? []
          : [
              {
                label: `$(tag) ${labelOf(name)}`,
                description: vscode.l10n.t('moved by {0} and above', roleWords(least)),
                value: name,
              },
            ],
      ),
      { label: `$(add) ${vscode.l10n.t('Protect a Label…')}`, value: null },
    ],
    vscode.l10n.t('Choose one to change it.'),
  );
  if (chosen === undefined) return;
  const name =
    chosen ??
    (await askText({
      title,
      prompt: vscode.l10n.t('The label that only some may move, such as production.'),
      value: 'production',
    }));
  const least = name && (await choose(title, leastChoices(chosen !== null), vscode.l10n.t('Moved by whom?')));
  if (!name || !least) return;
  const others = protectedLabels.filter((label) => label.name !== name);
  const changed = least === 'nobody' ? others : [...others, { name, least }];
  await wentWell(teams, async () => teams.setPolicy(team.id, { ...now.value, protectedLabels: changed }));
}

function leastChoices(isProtected: boolean): readonly Choice<'admin' | 'owner' | 'nobody'>[] {
  return [
    { label: vscode.l10n.t('Admins and Owners'), value: 'admin' },
    { label: vscode.l10n.t('Owners Only'), value: 'owner' },
    ...(isProtected
      ? [{ label: vscode.l10n.t('Every Editor: Protect It No More'), value: 'nobody' } as const]
      : []),
  ];
}

// ---- the rest

async function rename(teams: Teams, team: TeamSummary): Promise<void> {
  const name = await askText({
    title: vscode.l10n.t('Rename the Team'),
    prompt: vscode.l10n.t('As all members see it. The server cannot read it.'),
    value: team.name,
  });
  if (name !== undefined) await wentWell(teams, async () => teams.renameTeam(team.id, name));
}

async function compareState(teams: Teams, team: TeamSummary): Promise<void> {
  const code = await valueOrTold(teams, async () => teams.teamStateCode(team.id));
  if (code === null) return;
  await vscode.window.showInformationMessage(vscode.l10n.t('What you see of “{0}”', oneLine(team.name, 60)), {
    modal: true,
    detail: [
      code.value,
      '',
      vscode.l10n.t(
        'Another member looks here at the same time. Equal numbers: the server shows both of you the same members, roles and keys. Others, although both are up to date: it shows you different teams.',
      ),
    ].join('\n'),
  });
}

async function closeHealing(teams: Teams, team: TeamSummary): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Go on with what the server has?'),
    detail: vscode.l10n.t(
      'It was restored from a backup and waits for members who have more. Whoever comes later with more is told that the server shows another past, and stays read-only.',
    ),
    yes: vscode.l10n.t('Go On'),
  });
  if (sure) await wentWell(teams, async () => teams.closeHealing(team.id));
}
