// Teams as wholes: making one, putting the personal prompts on a server, inviting, joining, leaving, deleting.

import * as vscode from 'vscode';
import type { WorkspaceId } from '../../library/api.ts';
import type { AccountId, InvitePreview, MadeInvite, Role, TeamSummary, Teams } from '../../library/teams.ts';
import { askServer, signInTo, type SignInDeps } from '../account/signIn.ts';
import { tell, settle, valueOrTold, wentWell } from '../sync/settled.ts';
import { askText, choose, chooseUnlessOne, confirm } from './questions.ts';
import { roleChoices, roleWords } from './roles.ts';
import { chooseAccount, chooseTeam, isAdmin } from './teamChoice.ts';

export async function createTeam(teams: Teams): Promise<void> {
  const account = await chooseAccount(teams, vscode.l10n.t('Create a Team'));
  const name =
    account &&
    (await askText({
      title: vscode.l10n.t('Create a Team'),
      prompt: vscode.l10n.t('Its name, as members see it. The server cannot read it.'),
    }));
  if (!account || !name) return;
  const made = await valueOrTold(teams, async () => teams.createTeam({ account: account.id, name }));
  if (made === null) return;
  const invite = vscode.l10n.t('Invite…');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('The team "{0}" is there.', name),
    invite,
  );
  if (answer === invite) await inviteTo(teams, made.value);
}

export async function attachPersonal(teams: Teams, given: unknown): Promise<void> {
  const title = vscode.l10n.t('Put Personal Prompts on a Server');
  const account = await chooseAccount(teams, title);
  if (account === undefined) return;
  const workspace = await chooseTeam(teams, {
    title,
    given,
    fits: ({ kind, sync }) => kind === 'personal' && sync.kind === 'local',
    none: vscode.l10n.t('Your personal prompts are on a server already.'),
  });
  if (workspace === undefined) return;
  const sure = await confirm({
    message: vscode.l10n.t('Put your personal prompts on {0}?', account.server ?? ''),
    detail: vscode.l10n.t(
      'They come to all your devices then. The server keeps them sealed: it sees how many there are, how large, and when they change, but no name and no text.',
    ),
    yes: vscode.l10n.t('Put Them There'),
  });
  if (sure) await wentWell(teams, async () => teams.attachPersonal(workspace.id, account.id));
}

// ---- inviting

interface Offer {
  readonly uses: number;
  readonly days: number;
}

export async function inviteTo(teams: Teams, given: unknown): Promise<void> {
  const title = vscode.l10n.t('Invite to a Team');
  const team = await chooseTeam(teams, {
    title,
    given,
    fits: (one) => one.kind === 'team' && isAdmin(one),
    none: vscode.l10n.t('Only admins and owners of a team can invite.'),
  });
  const role = team && (await choose(title, roleChoices(team.role), vscode.l10n.t('As what?')));
  const offer = role && (await chooseOffer(title, role));
  if (!team || !role || !offer) return;
  const expiresAt = Date.now() + offer.days * 86_400_000;
  const invite = { workspace: team.id, role, uses: offer.uses, expiresAt };
  const made = await valueOrTold(teams, async () => teams.invite(invite));
  if (made !== null) await showInvite(team, made.value, { role, ...offer });
}

async function chooseOffer(title: string, role: Role): Promise<Offer | undefined> {
  return chooseUnlessOne(title, [
    { label: vscode.l10n.t('For one person, seven days'), value: { uses: 1, days: 7 } },
    ...(role === 'admin' || role === 'owner'
      ? []
      : [
          { label: vscode.l10n.t('For ten people, seven days'), value: { uses: 10, days: 7 } },
          { label: vscode.l10n.t('For a hundred people, thirty days'), value: { uses: 100, days: 30 } },
        ]),
  ]);
}

/** In a modal only: whoever has it can join. */
async function showInvite(
  team: TeamSummary,
  invite: MadeInvite,
  { role, uses, days }: Offer & { readonly role: Role },
): Promise<void> {
  const link = vscode.l10n.t('Copy Link');
  const code = vscode.l10n.t('Copy Code');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('An invite to "{0}"', team.name),
    {
      modal: true,
      detail: [
        invite.code,
        '',
        uses === 1
          ? vscode.l10n.t('For one {0}, within {1} days.', roleWords(role), String(days))
          : vscode.l10n.t(
              'For up to {0} people as {1}, within {2} days.',
              String(uses),
              roleWords(role),
              String(days),
            ),
        vscode.l10n.t('Whoever has it can join: send it by a way that you trust. It is shown once.'),
        vscode.l10n.t(
          'Where links do not open VS Code, the page is {0}, and the code is pasted.',
          invite.page,
        ),
      ].join('\n'),
    },
    link,
    code,
  );
  if (answer === undefined) return;
  await vscode.env.clipboard.writeText(answer === link ? invite.link : invite.code);
  void vscode.window.showInformationMessage(vscode.l10n.t('Copied. Send it to the people you invite.'));
}

// ---- joining

/** `text`: the link or code, if it is there already. */
export async function joinTeam(deps: SignInDeps, text: string | null): Promise<void> {
  const { teams } = deps.services;
  const invite =
    text ??
    (await askText({
      title: vscode.l10n.t('Join a Team'),
      prompt: vscode.l10n.t('Paste the link or code of the invite.'),
      password: true,
    }));
  if (invite === undefined) return;
  const preview = await readInvite(deps, invite);
  if (preview === null) return;
  if (preview.isMemberAlready) {
    void vscode.window.showInformationMessage(vscode.l10n.t('You are in this team already.'));
    return;
  }
  if (!(await confirmJoin(preview))) return;
  const before = await knownTeams(teams);
  const account = await accountFor(deps, preview, invite);
  // An account that is made by an invite joins along with it.
  if (account === null || (await joined(teams, preview.workspace, before))) return;
  const settled = await settle(teams, async () =>
    teams.join({ text: invite, server: preview.server, account }),
  );
  if ('problem' in settled) tell(settled.problem);
  else sayJoined(preview);
}

/** A link says which server it is for; a code alone does not. */
async function readInvite({ services: { teams } }: SignInDeps, text: string): Promise<InvitePreview | null> {
  const settled = await settle(teams, async () => teams.readInvite(text));
  if ('value' in settled) return settled.value;
  if (settled.problem.code !== 'addressInvalid') {
    tell(settled.problem);
    return null;
  }
  const server = await askServer(teams, vscode.l10n.t('Which server is the invite for?'));
  if (server === null) return null;
  return (await valueOrTold(teams, async () => teams.readInvite(text, server.address)))?.value ?? null;
}

async function confirmJoin(preview: InvitePreview): Promise<boolean> {
  return confirm({
    message: vscode.l10n.t('Join a team on {0} as {1}?', preview.server, roleWords(preview.role)),
    detail: [
      vscode.l10n.t('It has {0} members. Its name comes with joining.', String(preview.memberCount)),
      preview.needsConfirmation ? vscode.l10n.t('An admin confirms you first.') : '',
      '',
      vscode.l10n.t('Who invited you has this fingerprint. Compare it if you want to be sure:'),
      preview.invitedBy.fingerprint,
    ].join('\n'),
    yes: vscode.l10n.t('Join'),
  });
}

async function accountFor(
  deps: SignInDeps,
  preview: InvitePreview,
  invite: string,
): Promise<AccountId | null> {
  const { teams } = deps.services;
  const overview = await teams.overview();
  const own = overview.ok ? overview.value.accounts.filter(({ id }) => preview.accounts.includes(id)) : [];
  const ready = own.find(({ session }) => session === 'signedIn');
  if (ready !== undefined) return ready.id;
  const server = await valueOrTold(teams, async () => teams.inspectServer(preview.server));
  return server && signInTo(deps, server.value, { kind: 'invite', text: invite });
}

async function knownTeams(teams: Teams): Promise<ReadonlySet<WorkspaceId>> {
  const overview = await teams.overview();
  return new Set(overview.ok ? overview.value.teams.map(({ id }) => id) : []);
}

async function joined(
  teams: Teams,
  workspace: WorkspaceId,
  before: ReadonlySet<WorkspaceId>,
): Promise<boolean> {
  return !before.has(workspace) && (await knownTeams(teams)).has(workspace);
}

function sayJoined({ needsConfirmation }: InvitePreview): void {
  void vscode.window.showInformationMessage(
    needsConfirmation
      ? vscode.l10n.t('You have joined. An admin confirms you, then the prompts come.')
      : vscode.l10n.t('You have joined. The prompts are coming.'),
  );
}

// ---- leaving and deleting

export async function leaveTeam(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Leave a Team'),
    given,
    fits: ({ kind, role, sync }) => kind === 'team' && role !== null && sync.kind !== 'ended',
    none: vscode.l10n.t('You are in no team.'),
  });
  if (team === undefined) return;
  const sure = await confirm({
    message: vscode.l10n.t('Leave "{0}"?', team.name),
    detail: vscode.l10n.t('What is here stays on this computer and can be exported. Nothing new comes.'),
    yes: vscode.l10n.t('Leave'),
  });
  if (sure) await wentWell(teams, async () => teams.leave(team.id));
}

export async function deleteTeam(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Delete a Team'),
    given,
    fits: ({ kind, role, deletedAt }) => kind === 'team' && role === 'owner' && deletedAt === null,
    none: vscode.l10n.t('Only an owner can delete a team.'),
  });
  if (team === undefined) return;
  const name = await askText({
    title: vscode.l10n.t('Delete "{0}" for Everybody', team.name),
    prompt: vscode.l10n.t(
      'For thirty days an owner can bring it back. Type the name of the team to delete it.',
    ),
    problem: (text) => (text === team.name ? null : vscode.l10n.t('That is not its name.')),
  });
  if (name === team.name) await wentWell(teams, async () => teams.deleteTeam(team.id));
}

export async function bringTeamBack(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Bring a Team Back'),
    given,
    fits: ({ role, deletedAt }) => role === 'owner' && deletedAt !== null,
    none: vscode.l10n.t('No team of yours is in the trash.'),
  });
  if (team !== undefined) await wentWell(teams, async () => teams.undeleteTeam(team.id));
}

export async function forgetTeam(teams: Teams, given: unknown): Promise<void> {
  const team = await chooseTeam(teams, {
    title: vscode.l10n.t('Take a Team off This Computer'),
    given,
    fits: ({ sync }) => sync.kind === 'ended',
    none: vscode.l10n.t('There is no team that has ended for you.'),
  });
  if (team === undefined) return;
  const sure = await confirm({
    message: vscode.l10n.t('Take "{0}" off this computer?', team.name),
    detail: vscode.l10n.t('Export it first if you want to keep something. It cannot be brought back here.'),
    yes: vscode.l10n.t('Take It Off'),
  });
  if (sure) await wentWell(teams, async () => teams.forgetTeam(team.id));
}
