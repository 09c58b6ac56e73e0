import { expect, test } from 'vitest';
import type { AccountSummary, TeamSummary, TeamsOverview, WorkspaceSync } from '../../library/teams.ts';
import { logWords, statusWords, syncWords } from './words.ts';

const english = (message: string, ...values: string[]): string =>
  message.replaceAll(/\{(\d)\}/g, (_, at: string) => values[Number(at)] ?? '');

const account = {
  server: 'https://cue.example',
  session: 'signedIn',
  connection: { kind: 'online', since: 1 },
  announcements: [],
  revocation: null,
} as unknown as AccountSummary;

function overview(sync: WorkspaceSync, change: Partial<AccountSummary> = {}): TeamsOverview {
  const team = { name: 'Design', server: 'https://cue.example', sync } as unknown as TeamSummary;
  return { accounts: [{ ...account, ...change }], servers: [], teams: [team] };
}

const text = (...given: Parameters<typeof overview>): string | undefined =>
  statusWords(overview(...given), english)?.text;

test('without a server the status bar stays empty', () => {
  expect(text({ kind: 'local' }, { session: 'none', server: null })).toBeUndefined();
});

test('the status bar says what goes on, and what needs somebody before everything else', () => {
  expect(text({ kind: 'live', pending: 0 })).toBe('Cuebook');
  expect(text({ kind: 'live', pending: 2 })).toBe('Sending 2');
  expect(text({ kind: 'live', pending: 0, toMerge: 1 })).toBe('1 to merge');
  expect(text({ kind: 'catchingUp', done: 3, total: 10, pending: 1 })).toBe('Catching up 3 of 10');
  const offline = { kind: 'offline', since: 1, retryAt: null } as const;
  expect(text({ kind: 'offline', pending: 0 }, { connection: offline })).toBe('Offline');
  expect(text({ kind: 'offline', pending: 4 }, { connection: offline })).toBe('Offline, 4 to send');
  expect(text({ kind: 'live', pending: 2 }, { session: 'signedOut' })).toBe('Sign in again');
  expect(text({ kind: 'live', pending: 0 }, { session: 'deviceNeeded' })).toBe('Finish setting up');
  expect(text({ kind: 'problem', alarms: [], pending: 0 })).toBe('A team needs you');
});

test('the tooltip names each server and team in plain words', () => {
  const words = statusWords(overview({ kind: 'waiting', for: 'confirmation', pending: 1 }), english);
  expect(words?.tooltip).toBe(
    'https://cue.example: online\nDesign: waiting until an admin confirms you, 1 to send',
  );
});

test('somebody who was removed is told that everything stays', () => {
  expect(syncWords({ kind: 'ended', why: 'removed', pending: 0 }, english)).toContain('stays');
});

test('a line of the sync log is a sentence with its count and its code', () => {
  const line = { at: 1, server: null, workspace: null };
  expect(logWords({ ...line, code: 'received', count: 3, detail: null }, english)).toBe(
    'Changes of others arrived. (3)',
  );
  expect(logWords({ ...line, code: 'refused', count: null, detail: 'behind' }, english)).toBe(
    'The server refused something. [behind]',
  );
});
