// What the keys feature uses of the `vscode` namespace; an argument, so that its logic is tested without an editor.

import type * as vscode from 'vscode';

export type KeysEditor = Pick<
  typeof vscode,
  | 'window'
  | 'workspace'
  | 'commands'
  | 'l10n'
  | 'EventEmitter'
  | 'ConfigurationTarget'
  | 'InputBoxValidationSeverity'
  | 'ProgressLocation'
  | 'QuickPickItemKind'
>;

/** What is used of the extension's context. */
export interface KeysStorage {
  readonly secrets: Pick<vscode.SecretStorage, 'get' | 'store' | 'delete' | 'onDidChange'>;
  readonly globalState: Pick<vscode.Memento, 'get' | 'update'>;
}
