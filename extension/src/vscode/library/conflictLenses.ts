// Actions above conflict markers in a prompt, and one to end a conflict whose text has none left.

import * as vscode from 'vscode';
import type { Library } from '../../library/api.ts';
import { languageId, parsePromptUri, scheme } from '../promptUri.ts';
import { conflictRegions, type ConflictChoice } from './conflictText.ts';

export function registerConflictLenses(library: Library): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const subscription = library.onDidChange((change) => {
    if (change.tree || change.texts.length > 0) changed.fire();
  });
  const registration = vscode.languages.registerCodeLensProvider(
    { scheme, language: languageId },
    {
      onDidChangeCodeLenses: changed.event,
      async provideCodeLenses(document) {
        const isInConflict = await inConflict(library, document);
        // A long text is looked through only if there is something to find.
        const isRead = isInConflict || document.lineCount <= shortText;
        const regions = isRead ? conflictRegions(document.getText()) : [];
        if (regions.length > 0) return regions.flatMap(({ start }) => sides(document, start));
        return isInConflict ? [finishing(document)] : [];
      },
    },
  );
  return vscode.Disposable.from(registration, changed, new vscode.Disposable(subscription));
}

/** Lines that are looked through at each change. */
const shortText = 2_000;

async function inConflict(library: Library, document: vscode.TextDocument): Promise<boolean> {
  const place = parsePromptUri(document.uri);
  const prompt = place && (await library.prompt(place.id));
  return prompt?.ok === true && prompt.value.hasConflict;
}

function sides(document: vscode.TextDocument, line: number): readonly vscode.CodeLens[] {
  const range = new vscode.Range(line, 0, line, 0);
  const lens = (title: string, choice: ConflictChoice): vscode.CodeLens =>
    new vscode.CodeLens(range, {
      title,
      command: 'cuebook.acceptConflictSide',
      arguments: [document.uri, line, choice],
    });
  return [
    lens(vscode.l10n.t('Accept Mine'), 'mine'),
    lens(vscode.l10n.t('Accept Theirs'), 'theirs'),
    lens(vscode.l10n.t('Accept Both'), 'both'),
    new vscode.CodeLens(range, {
      title: vscode.l10n.t('Open Merge Editor'),
      command: 'cuebook.openConflict',
      arguments: [document.uri],
    }),
  ];
}

function finishing(document: vscode.TextDocument): vscode.CodeLens {
  return new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
    title: vscode.l10n.t('Finish Merge'),
    command: 'cuebook.finishConflict',
    arguments: [document.uri],
  });
}
