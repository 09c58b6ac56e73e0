// An account on a server: names, password, second factor, sessions, what the server holds, and its end.

import * as vscode from 'vscode';
import type { AccountDetails, AccountSummary, Teams } from '../../library/teams.ts';
import { valueOrTold, wentWell } from '../sync/settled.ts';
import { askText, choose, confirm, type Choice } from '../team/questions.ts';

type Action =
  | 'name'
  | 'email'
  | 'password'
  | 'secondFactor'
  | 'endSecondFactor'
  | 'sessions'
  | 'export'
  | 'delete';

export async function manageAccount(teams: Teams, account: AccountSummary): Promise<void> {
  const details = await valueOrTold(teams, async () => teams.accountDetails(account.id));
  if (details === null) return;
  const action = await choose(account.email ?? account.displayName, actionsFor(details.value));
  switch (action) {
    case undefined:
      return;
    case 'name':
      return changeName(teams, account);
    case 'email':
      return changeEmail(teams, account);
    case 'password':
      return changePassword(teams, account);
    case 'secondFactor':
      return startSecondFactor(teams, account);
    case 'endSecondFactor':
      return endSecondFactor(teams, account, details.value);
    case 'sessions':
      return endSessions(teams, account, details.value);
    case 'export':
      return exportAccount(teams, account);
    case 'delete':
      return deleteAccount(teams, account, details.value);
  }
}

function actionsFor({
  hasPassword,
  secondFactor,
  recoveryCodesLeft,
  sessions,
}: AccountDetails): readonly Choice<Action>[] {
  return [
    { label: `$(edit) ${vscode.l10n.t('Change My Name…')}`, value: 'name' },
    ...(hasPassword
      ? [
          { label: `$(mail) ${vscode.l10n.t('Change Email Address…')}`, value: 'email' as const },
          { label: `$(key) ${vscode.l10n.t('Change Password…')}`, value: 'password' as const },
        ]
      : []),
    secondFactor
      ? {
          label: `$(shield) ${vscode.l10n.t('End the Second Factor…')}`,
          description: vscode.l10n.t('{0} recovery codes left', String(recoveryCodesLeft)),
          value: 'endSecondFactor',
        }
      : { label: `$(shield) ${vscode.l10n.t('Set Up a Second Factor…')}`, value: 'secondFactor' },
    {
      label: `$(list-unordered) ${vscode.l10n.t('Sessions…')}`,
      description: String(sessions.length),
      value: 'sessions',
    },
    { label: `$(export) ${vscode.l10n.t('Save What the Server Holds…')}`, value: 'export' },
    { label: `$(trash) ${vscode.l10n.t('Delete Account…')}`, value: 'delete' },
  ];
}

async function changeName(teams: Teams, { id, displayName }: AccountSummary): Promise<void> {
  const name = await askText({
    title: vscode.l10n.t('Change My Name'),
    prompt: vscode.l10n.t('As members of your teams see it. The server cannot read it.'),
    value: displayName,
  });
  if (name !== undefined) await wentWell(teams, async () => teams.setNames(id, { displayName: name }));
}

async function changeEmail(teams: Teams, { id }: AccountSummary): Promise<void> {
  const title = vscode.l10n.t('Change Email Address');
  const email = await askText({
    title,
    prompt: vscode.l10n.t(
      'The new address. You sign in with it from then on; the server sends no mail to it.',
    ),
    problem: (text) => (/^\S+@\S+$/.test(text.trim()) ? null : vscode.l10n.t('That is no email address.')),
  });
  const password =
    email && (await askText({ title, prompt: vscode.l10n.t('Your password.'), password: true }));
  if (!email || !password) return;
  if (await wentWell(teams, async () => teams.changeEmail(id, { password, email: email.trim() })))
    void vscode.window.showInformationMessage(
      vscode.l10n.t('You sign in with {0} from now on.', email.trim()),
    );
}

async function changePassword(teams: Teams, { id }: AccountSummary): Promise<void> {
  const title = vscode.l10n.t('Change Password');
  const password = await askText({ title, prompt: vscode.l10n.t('The password of now.'), password: true });
  const newPassword =
    password &&
    (await askText({
      title,
      prompt: vscode.l10n.t('The new password, at least 12 characters.'),
      password: true,
    }));
  const again =
    newPassword &&
    (await askText({
      title,
      prompt: vscode.l10n.t('The new password once more.'),
      password: true,
      problem: (text) => (text === newPassword ? null : vscode.l10n.t('It is not the same.')),
    }));
  if (!password || !newPassword || !again) return;
  if (await wentWell(teams, async () => teams.changePassword(id, { password, newPassword })))
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The password is changed. Other sessions have ended.'),
    );
}

async function startSecondFactor(teams: Teams, { id }: AccountSummary): Promise<void> {
  const started = await valueOrTold(teams, async () => teams.startSecondFactor(id));
  if (started === null) return;
  const copy = vscode.l10n.t('Copy and Go On');
  const next = vscode.l10n.t('Go On');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('A second factor'),
    {
      modal: true,
      detail: [
        vscode.l10n.t('Enter this secret in your authenticator app:'),
        '',
        started.value.secret,
        '',
        vscode.l10n.t('Then type the code that it shows.'),
      ].join('\n'),
    },
    next,
    copy,
  );
  if (answer === undefined) return;
  if (answer === copy) await vscode.env.clipboard.writeText(started.value.secret);
  const code = await askText({
    title: vscode.l10n.t('A second factor'),
    prompt: vscode.l10n.t('The code of your authenticator app.'),
  });
  const codes = code && (await valueOrTold(teams, async () => teams.confirmSecondFactor(id, code)));
  if (codes) await showRecoveryCodes(codes.value);
}

async function showRecoveryCodes(codes: readonly string[]): Promise<void> {
  const copy = vscode.l10n.t('Copy');
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t('Your recovery codes'),
    {
      modal: true,
      detail: [
        vscode.l10n.t('Each signs you in once without the app. They are shown once: write them down.'),
        '',
        ...codes,
      ].join('\n'),
    },
    vscode.l10n.t('I Have Written Them Down'),
    copy,
  );
  if (answer === copy) await vscode.env.clipboard.writeText(codes.join('\n'));
}

async function endSecondFactor(teams: Teams, { id }: AccountSummary, details: AccountDetails): Promise<void> {
  const given = await askProof(vscode.l10n.t('End the Second Factor'), { ...details, secondFactor: true });
  if (given === null) return;
  const { code = '', ...rest } = given;
  await wentWell(teams, async () => teams.endSecondFactor(id, { ...rest, code }));
}

/** What proves that it is the owner of the account who asks. */
async function askProof(
  title: string,
  { hasPassword, secondFactor }: Pick<AccountDetails, 'hasPassword' | 'secondFactor'>,
): Promise<{ readonly password?: string; readonly code?: string } | null> {
  const password = hasPassword
    ? await askText({ title, prompt: vscode.l10n.t('Your password.'), password: true })
    : '';
  if (password === undefined) return null;
  const code = secondFactor
    ? await askText({
        title,
        prompt: vscode.l10n.t('The code of your authenticator app, or a recovery code.'),
      })
    : '';
  if (code === undefined) return null;
  return { ...(password !== '' && { password }), ...(code !== '' && { code }) };
}

async function endSessions(
  teams: Teams,
  { id }: AccountSummary,
  { sessions }: AccountDetails,
): Promise<void> {
  const session = await choose(
    vscode.l10n.t('Sessions'),
    sessions.map((each) => ({
      label: each.isThis ? vscode.l10n.t('This one') : vscode.l10n.t('Another one'),
      description: vscode.l10n.t(
        'since {0}, last used {1}',
        new Date(each.createdAt).toLocaleString(),
        new Date(each.lastUsedAt).toLocaleString(),
      ),
      value: each,
    })),
    vscode.l10n.t('Choose one to end it.'),
  );
  if (session !== undefined) await wentWell(teams, async () => teams.endSession(id, session.id));
}

async function exportAccount(teams: Teams, { id }: AccountSummary): Promise<void> {
  const text = await valueOrTold(teams, async () => teams.exportAccount(id));
  const uri =
    text &&
    (await vscode.window.showSaveDialog({
      title: vscode.l10n.t('Save What the Server Holds'),
      filters: { JSON: ['json'] },
    }));
  if (!text || !uri) return;
  try {
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text.value));
  } catch {
    void vscode.window.showErrorMessage(
      vscode.l10n.t('It could not be written there. Choose another place.'),
    );
  }
}

async function deleteAccount(
  teams: Teams,
  { id, server }: AccountSummary,
  details: AccountDetails,
): Promise<void> {
  const sure = await confirm({
    message: vscode.l10n.t('Delete your account on {0}?', server ?? ''),
    detail: vscode.l10n.t(
      'You leave all teams there. What is on this computer stays, and can be exported. It cannot be undone.',
    ),
    yes: vscode.l10n.t('Delete'),
  });
  const given = sure ? await askProof(vscode.l10n.t('Delete Account'), details) : null;
  if (given === null) return;
  if (await wentWell(teams, async () => teams.deleteAccount(id, given)))
    void vscode.window.showInformationMessage(
      vscode.l10n.t('The account is deleted. Your prompts are still here.'),
    );
}
