// Who is in a team: roles, confirming, comparing fingerprints, removing.

import * as vscode from 'vscode';
import type { MemberSummary, TeamSummary, Teams } from '../../library/teams.ts';
import { labelOf } from '../library/plainText.ts';
import { valueOrTold, wentWell } from '../sync/settled.ts';
import { choose, confirm, type Choice } from './questions.ts';
import { roleChoices, roleWords } from './roles.ts';
import { chooseTeam, isAdmin } from './teamChoice.ts';

export async function showMembers(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Members'),
    given,
    fits: ({ kind, sync }) => kind === 'team' && sync.kind !== 'local',
    none: vscode.l10n.t('You are in no team.'),
  });
  if (team === undefined) return;
  const members = await valueOrTold(teams, async () => teams.members(team.id));
  if (members === null) return;
  const chosen = await choose(
    vscode.l10n.t('Members of {0}', team.name),
    members.value.filter(({ state }) => state !== 'former').map(rowOf),
    vscode.l10n.t('Choose one for more.'),
  );
  if (chosen !== undefined) await actOn(teams, team, chosen);
}

function rowOf(member: MemberSummary): Choice<MemberSummary> {
  const marks = [
    roleWords(member.role),
    member.isSelf ? vscode.l10n.t('you') : '',
    member.state === 'waiting' ? vscode.l10n.t('waits to be confirmed') : '',
    member.verified ? vscode.l10n.t('verified') : '',
    member.isOnline ? vscode.l10n.t('online') : '',
  ].filter((text) => text !== '');
  const detail = detailOf(member);
  return {
    label: `$(${member.state === 'waiting' ? 'question' : 'person'}) ${labelOf(nameOf(member))}`,
    description: marks.join(', '),
    ...(detail !== '' && { detail }),
    value: member,
  };
}

function detailOf({ nameWarning, email }: MemberSummary): string {
  switch (nameWarning) {
    case 'lookAlike':
      return `$(warning) ${vscode.l10n.t('The name reads like that of another member. Compare fingerprints.')}`;
    case 'changed':
      return `$(warning) ${vscode.l10n.t('The name is another one than before.')}`;
    case null:
      return email === null ? '' : vscode.l10n.t('{0}, according to the server', labelOf(email));
  }
}

function nameOf({ displayName }: MemberSummary): string {
  return displayName === '' ? vscode.l10n.t('A member without a name') : displayName;
}

type Action = 'confirm' | 'role' | 'fingerprint' | 'transfer' | 'remove';

async function actOn(teams: Teams, team: TeamSummary, member: MemberSummary): Promise<void> {
  const actions = actionsFor(team, member);
  const title = nameOf(member);
  const action = await choose(title, actions);
  switch (action) {
    case undefined:
      return;
    case 'confirm':
      await wentWell(teams, async () => teams.confirmMember(team.id, member.account));
      return;
    case 'role': {
      const role = await choose(title, roleChoices(team.role));
      if (role !== undefined) await wentWell(teams, async () => teams.setRole(team.id, member.account, role));
      return;
    }
    case 'fingerprint':
      return compare(teams, member);
    case 'transfer':
      return transfer(teams, team, member);
    case 'remove':
      return remove(teams, team, member);
  }
}

function actionsFor(team: TeamSummary, member: MemberSummary): readonly Choice<Action>[] {
  const compareRow = {
    label: `$(verified) ${vscode.l10n.t('Compare Fingerprints…')}`,
    value: 'fingerprint',
  } as const;
  if (!isAdmin(team) || member.isSelf) return [compareRow];
  return [
    ...(member.state === 'waiting'
      ? [{ label: `$(check) ${vscode.l10n.t('Confirm')}`, value: 'confirm' } as const]
      : []),
    compareRow,
    { label: `$(shield) ${vscode.l10n.t('Change Role…')}`, value: 'role' },
    ...(team.role === 'owner'
      ? [{ label: `$(arrow-swap) ${vscode.l10n.t('Hand the Team Over…')}`, value: 'transfer' } as const]
      : []),
    { label: `$(trash) ${vscode.l10n.t('Remove…')}`, value: 'remove' },
  ];
}

async function compare(teams: Teams, member: MemberSummary): Promise<void> {
  const same = vscode.l10n.t('They Are Equal');
  const other = vscode.l10n.t('They Differ: Take the Mark Away');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('The fingerprint of {0}', nameOf(member)),
    {
      modal: true,
      detail: [
        member.fingerprint,
        '',
        vscode.l10n.t(
          'Compare it with what that person sees under "Cuebook: Show My Fingerprint", by a way other than this server: face to face, or on the phone.',
        ),
      ].join('\n'),
    },
    ...(member.isSelf ? [] : [same]),
    ...(member.verified ? [other] : []),
  );
  if (answer === other) await wentWell(teams, async () => teams.setVerified(member.account, false));
  if (answer === same) await wentWell(teams, async () => teams.setVerified(member.account, true));
}

async function transfer(teams: Teams, team: TeamSummary, member: MemberSummary): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Hand "{0}" over to {1}?', team.name, nameOf(member)),
    detail: vscode.l10n.t('That person becomes the owner, and you become an admin.'),
    yes: vscode.l10n.t('Hand It Over'),
  });
  if (sure) await wentWell(teams, async () => teams.transfer(team.id, member.account));
}

/** What removing cannot undo is said before. */
async function remove(teams: Teams, team: TeamSummary, member: MemberSummary): Promise<void> {
  const notice = await valueOrTold(teams, async () => teams.removalNotice(team.id, member.account));
  if (notice === null) return;
  const { prompts, invites } = notice.value;
  const sure = await confirm({
    message: vscode.l10n.t('Remove {0} from "{1}"?', nameOf(member), team.name),
    detail: [
      vscode.l10n.t('Nothing new reaches that person from then on: the team makes a new key.'),
      vscode.l10n.t(
        'What they could read until now they may have copied; that cannot be undone. Prompts: {0}.',
        String(prompts),
      ),
      invites === 0 ? '' : vscode.l10n.t('Open invites end as well: {0}.', String(invites)),
    ]
      .filter((text) => text !== '')
      .join('\n'),
    yes: vscode.l10n.t('Remove'),
  });
  if (sure) await wentWell(teams, async () => teams.removeMember(team.id, member.account));
}
