// How versions are named to people. Says "version", never what another tool calls it; whatever a teammate wrote is one
// line of plain text here, and what could not be verified is nobody's.

import * as vscode from 'vscode';
import type { HistoryRow, UntrustedReason, VersionAuthor, VersionSummary } from '../../library/history.ts';
import type { Role } from '../../library/teams.ts';
import { oneLine } from '../library/plainText.ts';
import { ageOf } from './age.ts';

/** “v7”; a version that came in by a merge has no number. */
export function numberOf({ number }: HistoryRow): string {
  return number === null ? vscode.l10n.t('merged in') : `v${number}`;
}

/** Nobody is the author of what is still being checked. */
export function authorOf(author: VersionAuthor | null): string {
  if (author === null) return vscode.l10n.t('author being checked');
  if (author.isMe) return vscode.l10n.t('You');
  return oneLine(author.name, 60) || author.account.slice(0, 8);
}

/** What to know of an author before believing the name; empty if nothing. */
export function aboutAuthor(author: VersionAuthor | null): string {
  if (author === null || author.isMe) return '';
  const parts = [
    author.looksLikeAnother ? vscode.l10n.t('the name reads like another member’s') : '',
    author.isFormerMember ? vscode.l10n.t('former member') : '',
    author.isVerifiedMember ? vscode.l10n.t('you compared fingerprints') : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** What its author said of it, else what kind of version it is. */
export function messageOf(version: VersionSummary): string {
  return oneLine(version.message, 120) || kindOf(version);
}

function kindOf({ kind }: VersionSummary): string {
  switch (kind) {
    case 'save':
      return vscode.l10n.t('Saved');
    case 'merge':
      return vscode.l10n.t('Merged');
    case 'restore':
      return vscode.l10n.t('Restored');
    case 'import':
      return vscode.l10n.t('Imported');
  }
}

export function agoOf(at: number): string {
  return ageOf(at, Date.now(), vscode.env.language);
}

export function dateOf(at: number): string {
  return new Date(at).toLocaleString(vscode.env.language);
}

/** “Ana, 3 days ago”. */
export function byLine({ author, savedAt }: VersionSummary): string {
  return `${authorOf(author)}, ${agoOf(savedAt)}`;
}

/** What stands in the way of believing a version; empty if nothing does. */
export function stateOf({ trust, synced }: VersionSummary, syncs: boolean): string {
  if (trust === 'checking') return vscode.l10n.t('The signature is being checked.');
  if (syncs && !synced) return vscode.l10n.t('Signature verified. Not synced yet.');
  return vscode.l10n.t('Signature verified.');
}

export function whyUntrusted(why: UntrustedReason): string {
  switch (why) {
    case 'forged':
      return vscode.l10n.t('It was signed by nobody who could be its author: forged, or altered on the way.');
    case 'notAllowed':
      return vscode.l10n.t('It was signed by somebody who could not change this prompt then.');
    case 'otherView':
      return vscode.l10n.t(
        'Its author saw another history than this one: the server may show different things to different people.',
      );
    case 'newerFormat':
      return vscode.l10n.t('It has a newer format: update Cuebook to see it.');
    case 'keyMissing':
      return vscode.l10n.t('The key of its time is not on this computer.');
    case 'unreadable':
      return vscode.l10n.t('It is damaged.');
  }
}

export function roleWord(role: Role): string {
  switch (role) {
    case 'viewer':
      return vscode.l10n.t('viewers');
    case 'editor':
      return vscode.l10n.t('editors');
    case 'admin':
      return vscode.l10n.t('admins');
    case 'owner':
      return vscode.l10n.t('owners');
  }
}
