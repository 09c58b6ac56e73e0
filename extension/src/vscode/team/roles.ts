// Roles in words.

import * as vscode from 'vscode';
import type { Role } from '../../library/teams.ts';
import type { Choice } from './questions.ts';

const order: readonly Role[] = ['viewer', 'editor', 'admin', 'owner'];

export function roleWords(role: Role): string {
  switch (role) {
    case 'viewer':
      return vscode.l10n.t('viewer');
    case 'editor':
      return vscode.l10n.t('editor');
    case 'admin':
      return vscode.l10n.t('admin');
    case 'owner':
      return vscode.l10n.t('owner');
  }
}

function mayWords(role: Role): string {
  switch (role) {
    case 'viewer':
      return vscode.l10n.t('Reads and runs prompts.');
    case 'editor':
      return vscode.l10n.t('Changes prompts too.');
    case 'admin':
      return vscode.l10n.t('Invites, confirms and removes members too.');
    case 'owner':
      return vscode.l10n.t('Makes owners, and deletes the team too.');
  }
}

/** What somebody with the role `own` may give: nothing above it. Editors first: that is what most people are. */
export function roleChoices(own: Role | null): readonly Choice<Role>[] {
  const most = own === null ? -1 : order.indexOf(own);
  const given = order.filter((_, at) => at <= most);
  return given
    .toSorted((one, other) => Number(other === 'editor') - Number(one === 'editor'))
    .map((role) => ({ label: roleWords(role), description: mayWords(role), value: role }));
}
