// A new device in an account: let in by another device, on whose side a code is typed, or by the recovery kit.

import * as vscode from 'vscode';
import type { AccountId, Approval, Teams } from '../../library/teams.ts';
import { sentenceOfTeams, settle, tell, wentWell } from '../sync/settled.ts';
import { askText, choose } from '../team/questions.ts';

/** True if this device is in the account now. */
export async function setUpDevice(teams: Teams, account: AccountId): Promise<boolean> {
  const way = await choose<'device' | 'kit'>(
    vscode.l10n.t('Set Up This Device'),
    [
      {
        label: `$(device-desktop) ${vscode.l10n.t('With Another Device of Mine')}`,
        detail: vscode.l10n.t('There, run "Cuebook: Approve New Device".'),
        value: 'device',
      },
      { label: `$(key) ${vscode.l10n.t('With My Recovery Kit')}`, value: 'kit' },
    ],
    vscode.l10n.t('The password does not open your prompts: a device of yours or the kit does.'),
  );
  if (way === undefined) return false;
  const done = way === 'kit' ? await withKit(teams, account) : await withOtherDevice(teams, account);
  if (done)
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This device is set up. Your prompts are coming.'),
    );
  return done;
}

async function withKit(teams: Teams, account: AccountId): Promise<boolean> {
  let problem = '';
  for (;;) {
    const code = await askText({
      title: vscode.l10n.t('Set Up with Recovery Kit'),
      prompt:
        `${problem} ${vscode.l10n.t('The code on your sheet. Spaces, dashes and upper or lower case do not matter.')}`.trim(),
      password: true,
    });
    if (code === undefined) return false;
    const settled = await settle(teams, async () => teams.enrolWithKit(account, code));
    if ('value' in settled) return true;
    const mayTryAgain = ['kitInvalid', 'kitWrong', 'kitOfOtherAccount'].includes(settled.problem.code);
    if (!mayTryAgain) {
      tell(settled.problem);
      return false;
    }
    problem = settled.problem.message;
  }
}

async function withOtherDevice(teams: Teams, account: AccountId): Promise<boolean> {
  const title = vscode.l10n.t('Waiting for your other device: run "Cuebook: Approve New Device" there');
  if (!(await askUntilStarted(teams, account))) return false;
  const approval = await waitFor(teams, account, title);
  if (approval?.side !== 'new' || approval.step !== 'showCode') return ended(teams, account, approval);
  const yes = vscode.l10n.t('The Other Device Accepted It');
  const answer = await vscode.window.showInformationMessage(
    approval.code,
    {
      modal: true,
      detail: vscode.l10n.t(
        'Type this code on the other device. Go on only after it says that it accepted the code: then nobody stands between the two.',
      ),
    },
    yes,
  );
  const isAccepted = answer === yes;
  const isTold = await wentWell(teams, async () => teams.confirmApproval(account, isAccepted));
  return isTold && isAccepted;
}

/** The other device may not be there yet: then the user says when to ask again. */
async function askUntilStarted(teams: Teams, account: AccountId): Promise<boolean> {
  for (;;) {
    const settled = await settle(teams, async () => teams.askForApproval(account));
    if ('value' in settled) return true;
    if (settled.problem.code !== 'approvalFailed') {
      tell(settled.problem);
      return false;
    }
    // Nothing went wrong: it is the other device's turn.
    const again = vscode.l10n.t('Try Again');
    const answer = await vscode.window.showInformationMessage(sentenceOfTeams(settled.problem), again);
    if (answer !== again) return false;
  }
}

/** On the device that is in the account already. */
export async function approveDevice(teams: Teams, account: AccountId): Promise<void> {
  if (!(await wentWell(teams, async () => teams.startApproval(account)))) return;
  const title = vscode.l10n.t(
    'Waiting for the new device: sign in there, and choose "With Another Device of Mine"',
  );
  const approval = await waitFor(teams, account, title);
  if (approval?.side !== 'old' || approval.step !== 'typeCode') {
    await ended(teams, account, approval);
    return;
  }
  const code = await askText({
    title: vscode.l10n.t('Approve New Device'),
    prompt: vscode.l10n.t('The code that the new device shows. There is one try.'),
  });
  if (code === undefined) {
    await teams.endApproval(account);
    return;
  }
  if (!(await wentWell(teams, async () => teams.typeApprovalCode(account, code)))) return;
  void vscode.window.showInformationMessage(
    vscode.l10n.t('The code was right. Say so on the new device: it is let in then.'),
  );
}

async function ended(teams: Teams, account: AccountId, approval: Approval | null): Promise<false> {
  await teams.endApproval(account);
  if (approval?.step === 'failed')
    void vscode.window.showErrorMessage(
      `${whyFailed(approval.reason)} ${vscode.l10n.t('Begin again on both devices.')}`,
    );
  return false;
}

function whyFailed(reason: Extract<Approval, { step: 'failed' }>['reason']): string {
  switch (reason) {
    case 'wrongCode':
      return vscode.l10n.t(
        'The code was not right. If you typed it as shown, somebody may stand between your devices.',
      );
    case 'tooLate':
      return vscode.l10n.t('It took longer than five minutes.');
    case 'malformed':
      return vscode.l10n.t('The other side sent something that is not valid.');
    case 'notAccepted':
      return vscode.l10n.t('The other device did not accept the code.');
    case 'ended':
      return vscode.l10n.t('The other device gave up.');
  }
}

/** The first state in which somebody has to do something; null if the user gave up. */
async function waitFor(teams: Teams, account: AccountId, title: string): Promise<Approval | null> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (_, token) => {
      const { promise, resolve } = Promise.withResolvers<Approval | null>();
      const look = async (): Promise<void> => {
        const overview = await teams.overview();
        const found = overview.ok && overview.value.accounts.find(({ id }) => id === account)?.approval;
        if (found && found.step !== 'waiting') resolve(found);
      };
      const stop = teams.onDidChange(({ overview }) => {
        if (overview) void look();
      });
      const cancelled = token.onCancellationRequested(() => resolve(null));
      void look();
      try {
        return await promise;
      } finally {
        stop();
        cancelled.dispose();
      }
    },
  );
}
