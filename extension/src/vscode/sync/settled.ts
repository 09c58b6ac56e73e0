// What every question to a server may end in: a value, a server whose certificate somebody has to look at, or a failure
// that is said.

import * as vscode from 'vscode';
import type { ServerCertificate, Teams, TeamsProblem, TeamsResult } from '../../library/teams.ts';

export type Settled<T> = { readonly value: T } | { readonly problem: TeamsProblem };

/** Asks again after the user has accepted the server's certificate. */
export async function settle<T>(teams: Teams, call: () => Promise<TeamsResult<T>>): Promise<Settled<T>> {
  const result = await call();
  if (result.ok) return { value: result.value };
  const { certificate } = result.problem;
  if (certificate === undefined || !(await confirmCertificate(certificate))) return result;
  const trusted = await teams.trustCertificate(certificate);
  return trusted.ok ? settle(teams, call) : trusted;
}

/** The value, or null after the failure was shown. */
export async function valueOrTold<T>(
  teams: Teams,
  call: () => Promise<TeamsResult<T>>,
): Promise<{ readonly value: T } | null> {
  const settled = await settle(teams, call);
  if ('value' in settled) return settled;
  tell(settled.problem);
  return null;
}

/** True if it went well; false after the failure was shown. */
export async function wentWell(teams: Teams, call: () => Promise<TeamsResult<unknown>>): Promise<boolean> {
  return (await valueOrTold(teams, call)) !== null;
}

export function tell(problem: TeamsProblem): void {
  void (problem.code === 'deviceRevoked'
    ? tellRevoked(problem)
    : vscode.window.showErrorMessage(sentenceOfTeams(problem)));
}

async function tellRevoked(problem: TeamsProblem): Promise<void> {
  const exportAll = vscode.l10n.t('Export…');
  const answer = await vscode.window.showWarningMessage(sentenceOfTeams(problem), exportAll);
  if (answer === exportAll) await vscode.commands.executeCommand('cuebook.exportEverything');
}

/** What went wrong and what to do. */
export function sentenceOfTeams({ message, action }: TeamsProblem): string {
  return `${message} ${action}`.trim();
}

async function confirmCertificate(certificate: ServerCertificate): Promise<boolean> {
  const { server, fingerprint, trustedFingerprint, subject, issuer, validTo } = certificate;
  const hasChanged = trustedFingerprint !== null;
  const trust = hasChanged ? vscode.l10n.t('Trust the New One') : vscode.l10n.t('It Is the Same: Trust It');
  const detail = [
    hasChanged
      ? vscode.l10n.t(
          'You trusted another certificate of this server. If nobody told you that it was replaced, somebody may stand between you and it.',
        )
      : vscode.l10n.t(
          'No authority that this computer knows vouches for it. Ask who runs the server for this fingerprint:',
        ),
    '',
    fingerprint,
    ...(hasChanged ? [vscode.l10n.t('Before: {0}', trustedFingerprint)] : []),
    '',
    vscode.l10n.t('For {0}, by {1}, valid until {2}', subject, issuer, dayOf(validTo)),
  ].join('\n');
  const answer = await vscode.window.showWarningMessage(
    hasChanged
      ? vscode.l10n.t('The server {0} shows another certificate than before.', server)
      : vscode.l10n.t('The server {0} shows a certificate that only you can check.', server),
    { modal: true, detail },
    trust,
  );
  return answer === trust;
}

/** Certificates write their times in a way of their own, such as "Dec  2 12:49:38 2026 GMT". */
function dayOf(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toLocaleDateString(undefined, { dateStyle: 'long' });
}
