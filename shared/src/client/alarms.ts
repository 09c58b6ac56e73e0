// What a client tells the person when something is not as it should be: data with a stable code and the place, for the
// user interface to put into words. Owns the list of codes and what each one does to writing.

import type { AccountId, RecordId, WorkspaceId } from '../encoding/ids.ts';

/** What an alarm is about. What does not apply is absent. */
export interface AlarmPlace {
  readonly workspace?: WorkspaceId;
  readonly account?: AccountId;
  /** Index in a log. */
  readonly index?: number;
  /** Place in the feed. */
  readonly seq?: number;
  readonly record?: RecordId;
  /** "The server is missing N items." */
  readonly missing?: number;
}

export interface Alarm extends AlarmPlace {
  readonly code: AlarmCode;
}

/**
 * `forever`: two people were shown two things, or somebody bent a log. Read-only, never healed automatically.
 * `whileItLasts`: read-only until the server shows again what it has to show.
 * `told`: said once, work goes on.
 */
export type AlarmEffect = 'forever' | 'whileItLasts' | 'told';

export const ALARMS = {
  /** Two signed entries stand at one index of a log. */
  logFork: 'forever',
  /** The feed that somebody else saw, or that a log entry names, is not the one shown here. */
  feedFork: 'forever',
  /** A log entry stands before records that were served without it: they are judged again (`recheckAfter` its `seq`). */
  entryWithheld: 'forever',
  /** An account log is not the one of that account: its keys were swapped. */
  swappedKey: 'forever',
  /** Records are erased of a group that nobody purged and that is not in the trash. */
  erasedWithoutPurge: 'told',
  /** What the server said was stored is not in the feed at its place. */
  acknowledgementBroken: 'forever',
  /** The server's log ends before what was verified or pinned. */
  logShorter: 'whileItLasts',
  /** The server's feed ends before what was taken. */
  feedShorter: 'whileItLasts',
  /** What the server says about the feed contradicts itself: a gap, a record twice, another hash than its records give. */
  feedBroken: 'whileItLasts',
  /** The server says that there is no such workspace for this account, and no entry of its log says why. */
  accessRefused: 'whileItLasts',
  /** An entry of a log is not sound, or its author was not allowed to write it. Nothing after it is taken. */
  invalidEntry: 'whileItLasts',
  /** A log or its rules are newer than this version: update Cuebook. */
  newerRules: 'whileItLasts',
  /** Nobody has yet sealed the current key to this account, or what was sealed opens to something else. */
  boxMissing: 'told',
  /** The server says that it was restored from a backup. If nobody restored it, this is a rollback in disguise. */
  serverRestored: 'told',
} as const satisfies Readonly<Record<string, AlarmEffect>>;

export type AlarmCode = keyof typeof ALARMS;

export const effectOf = (alarm: Alarm): AlarmEffect => ALARMS[alarm.code];
