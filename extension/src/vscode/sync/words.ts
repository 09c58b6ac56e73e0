// What is said about connections, teams and syncing. Pure: the translator is given.

import type {
  AccountSummary,
  Connection,
  Revocation,
  SyncEnd,
  SyncLogCode,
  SyncLogLine,
  SyncWait,
  TeamSummary,
  TeamsOverview,
  WorkspaceSync,
} from '../../library/teams.ts';
import type { Translate } from '../../run/translate.ts';

export interface StatusWords {
  readonly icon: string;
  readonly text: string;
  readonly tooltip: string;
  /** True: somebody has to do something. */
  readonly needsAttention: boolean;
}

/** One line for the status bar; null while nothing is on any server. What needs somebody comes first. */
export function statusWords({ accounts, teams }: TeamsOverview, t: Translate): StatusWords | null {
  const online = accounts.filter(({ session }) => session !== 'none');
  if (online.length === 0) return null;
  const tooltip = [
    ...online.map((account) => `${account.server ?? ''}: ${connectionWords(account, t)}`),
    ...teams
      .filter(({ server }) => server !== null)
      .map((team) => `${team.name}: ${syncWords(team.sync, t)}`),
  ].join('\n');
  const pending = teams.reduce((sum, { sync }) => sum + pendingOf(sync), 0);
  const trouble = troubleOf(online, teams, t);
  if (trouble !== null) return { icon: 'warning', text: trouble, tooltip, needsAttention: true };
  const catching = teams.flatMap(({ sync }) => (sync.kind === 'catchingUp' ? [sync] : []));
  if (catching.length > 0) {
    const done = catching.reduce((sum, each) => sum + each.done, 0);
    const total = catching.reduce((sum, each) => sum + each.total, 0);
    const text = t('Catching up {0} of {1}', String(done), String(total));
    return { icon: 'sync~spin', text, tooltip, needsAttention: false };
  }
  if (online.some(({ connection }) => connection.kind === 'offline'))
    return { icon: 'cloud-upload', text: offlineText(pending, t), tooltip, needsAttention: false };
  if (pending > 0)
    return { icon: 'sync~spin', text: t('Sending {0}', String(pending)), tooltip, needsAttention: false };
  const toMerge = teams.reduce((sum, { sync }) => sum + (sync.kind === 'live' ? (sync.toMerge ?? 0) : 0), 0);
  if (toMerge > 0)
    return { icon: 'git-merge', text: t('{0} to merge', String(toMerge)), tooltip, needsAttention: false };
  return { icon: 'cloud', text: 'Cuebook', tooltip, needsAttention: false };
}

function offlineText(pending: number, t: Translate): string {
  return pending === 0 ? t('Offline') : t('Offline, {0} to send', String(pending));
}

function troubleOf(
  accounts: readonly AccountSummary[],
  teams: readonly TeamSummary[],
  t: Translate,
): string | null {
  if (accounts.some(({ connection }) => connection.kind === 'problem')) return t('Cannot connect');
  if (accounts.some(({ revocation }) => revocation !== null)) return t('This device was taken out');
  if (
    accounts.some(({ session, connection }) => session === 'signedOut' || connection.kind === 'signInNeeded')
  )
    return t('Sign in again');
  if (accounts.some(({ session }) => session === 'deviceNeeded')) return t('Finish setting up');
  if (accounts.some(({ announcements }) => announcements.length > 0)) return t('A device is to be removed');
  return teams.some(({ sync }) => sync.kind === 'problem') ? t('A team needs you') : null;
}

function pendingOf(sync: WorkspaceSync): number {
  return sync.kind === 'local' ? 0 : sync.pending;
}

export function connectionWords(
  { session, connection, revocation }: Pick<AccountSummary, 'session' | 'connection' | 'revocation'>,
  t: Translate,
): string {
  if (revocation !== null) return revocationWords(revocation, t);
  if (session === 'deviceNeeded') return t('this device is not set up yet');
  if (session === 'signedOut') return t('signed out');
  return wordsOfConnection(connection, t);
}

function revocationWords({ at, by }: Revocation, t: Translate): string {
  const day = new Date(at).toLocaleString();
  switch (by) {
    case 'kit':
      return t('this device was taken out of the account on {0}, with the recovery kit', day);
    case 'itself':
      return t('this device took itself out of the account on {0}', day);
    case 'otherDevice':
      return t('this device was taken out of the account on {0}, by another device', day);
  }
}

function wordsOfConnection(connection: Connection, t: Translate): string {
  switch (connection.kind) {
    case 'none':
      return t('not connected');
    case 'offline':
      return t('offline');
    case 'connecting':
      return t('connecting');
    case 'online':
      return t('online');
    case 'signInNeeded':
      return t('the session is over: sign in again');
    case 'problem':
      return connection.problem.message;
  }
}

export function syncWords(sync: WorkspaceSync, t: Translate): string {
  switch (sync.kind) {
    case 'local':
      return t('on this computer only');
    case 'offline':
      return withPending(t('offline'), sync.pending, t);
    case 'connecting':
      return withPending(t('connecting'), sync.pending, t);
    case 'catchingUp':
      return t('catching up, {0} of {1}', String(sync.done), String(sync.total));
    case 'live': {
      const words = withPending(t('up to date'), sync.pending, t);
      return sync.toMerge === undefined ? words : t('{0}, {1} to merge', words, String(sync.toMerge));
    }
    case 'waiting':
      return withPending(waitWords(sync.for, t), sync.pending, t);
    case 'ended':
      return withPending(endWords(sync.why, t), sync.pending, t);
    case 'problem':
      return sync.alarms.map((alarm) => alarmWords(alarm.effect, alarm.missing, t)).join(' ');
  }
}

function withPending(words: string, pending: number, t: Translate): string {
  return pending === 0 ? words : t('{0}, {1} to send', words, String(pending));
}

function waitWords(wait: SyncWait, t: Translate): string {
  switch (wait) {
    case 'confirmation':
      return t('waiting until an admin confirms you');
    case 'key':
      return t('waiting until a member is online and hands over the key');
    case 'newKey':
      return t('somebody left: waiting until an editor who is online makes a new key');
    case 'healing':
      return t('the server was restored and takes back what everybody has');
  }
}

function endWords(why: SyncEnd, t: Translate): string {
  switch (why) {
    case 'removed':
      return t('you were removed; what was here stays and can be exported');
    case 'left':
      return t('you left; what was here stays and can be exported');
    case 'deleted':
      return t('the team was deleted; what was here stays and can be exported');
    case 'deviceRevoked':
      return t('this device was removed from your account; what was here stays and can be exported');
  }
}

function alarmWords(
  effect: 'forever' | 'whileItLasts' | 'told',
  missing: number | null,
  t: Translate,
): string {
  if (missing !== null) return t('The server is missing {0} items that you have.', String(missing));
  switch (effect) {
    case 'forever':
      return t('The server has shown two different histories: this team is read-only here.');
    case 'whileItLasts':
      return t('The server does not show all that it showed before: this team is read-only until it does.');
    case 'told':
      return t('The server sent something that is not valid. It was left out.');
  }
}

/** One line of the sync log, without time and place. */
export function logWords({ code, count, detail }: SyncLogLine, t: Translate): string {
  const words = logTexts(t)[code];
  const number = count === null ? '' : ` (${count})`;
  return `${words}${number}${detail === null ? '' : ` [${detail}]`}`;
}

function logTexts(t: Translate): Readonly<Record<SyncLogCode, string>> {
  return {
    connected: t('Connected.'),
    disconnected: t('The connection ended.'),
    connectFailed: t('The server could not be reached.'),
    signInNeeded: t('The session is over: sign in again.'),
    caughtUp: t('Everything is here.'),
    received: t('Changes of others arrived.'),
    sent: t('Changes were sent.'),
    refused: t('The server refused something.'),
    resealed: t('Changes were sealed anew, because others had changed something meanwhile.'),
    quarantined: t('Something that is not valid was put aside.'),
    alarm: t('Something is not as it should be.'),
    accessRefused: t('The server says that you are not in this team.'),
    serverRestored: t('The server was restored from a backup.'),
    healed: t('The server has again what everybody has.'),
    memberJoined: t('A member joined.'),
    memberEnded: t('A member left or was removed.'),
    roleChanged: t('A role was changed.'),
    keyRotated: t('The team has a new key.'),
    keyHandedOver: t('The team’s key was handed over.'),
    removed: t('You are no longer in the team.'),
    deviceAdded: t('A device was added to the account.'),
    deviceRevoked: t('A device was removed from the account.'),
  };
}
