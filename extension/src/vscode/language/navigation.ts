// Definition, references and renaming of inputs and partials.

import * as vscode from 'vscode';
import type { Language, Named, RenameAnswer } from '../../language/api.ts';
import type { PromptSummary } from '../../library/api.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { selector, textOf, toEdits, toPosition, toRange } from './places.ts';
import { referencesTo } from './references.ts';

export function registerNavigation({ library, language }: Services): vscode.Disposable {
  const nameAt = async (document: vscode.TextDocument, position: vscode.Position): Promise<Named | null> =>
    language.named(textOf(language, document), toPosition(position));

  const targetOf = async (
    document: vscode.TextDocument,
    reference: string,
  ): Promise<PromptSummary | null> => {
    const answer = await library.partialsOf(document.getText(), parsePromptUri(document.uri)?.id ?? null);
    return (answer.ok ? answer.value : []).find((each) => each.reference === reference)?.target ?? null;
  };

  return vscode.Disposable.from(
    vscode.languages.registerDefinitionProvider(selector, {
      provideDefinition: async (document, position) => {
        const named = await nameAt(document, position);
        if (named === null) return [];
        const originSelectionRange = toRange(named.range);
        if (named.kind === 'input') {
          if (named.declared === null) return [];
          return [{ originSelectionRange, targetUri: document.uri, targetRange: toRange(named.declared) }];
        }
        const target = await targetOf(document, named.reference);
        const targetRange = new vscode.Range(0, 0, 0, 0);
        return target === null ? [] : [{ originSelectionRange, targetUri: promptUri(target), targetRange }];
      },
    }),
    vscode.languages.registerReferenceProvider(selector, {
      provideReferences: async (document, position, _, token) => {
        const named = await nameAt(document, position);
        if (named === null) return [];
        if (named.kind === 'input')
          return named.occurrences.map((range) => new vscode.Location(document.uri, toRange(range)));
        const target = await targetOf(document, named.reference);
        return target === null ? [] : referencesTo({ library, language, token }, target.id);
      },
    }),
    vscode.languages.registerDocumentHighlightProvider(selector, {
      provideDocumentHighlights: async (document, position) => {
        const named = await nameAt(document, position);
        if (named?.kind !== 'input') return [];
        return named.occurrences.map((range) => new vscode.DocumentHighlight(toRange(range)));
      },
    }),
    vscode.languages.registerRenameProvider(selector, {
      prepareRename: async (document, position) => whatToRename(await nameAt(document, position)),
      provideRenameEdits: async (document, position, newName) =>
        renameEdits(language, { document, position, newName }),
    }),
  );
}

function whatToRename(named: Named | null): { range: vscode.Range; placeholder: string } {
  if (named?.kind !== 'input' || !named.mayRename) {
    throw new Error(vscode.l10n.t('Only inputs can be renamed here. A prompt is renamed in the library.'));
  }
  return { range: toRange(named.range), placeholder: named.name };
}

interface Renaming {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly newName: string;
}

async function renameEdits(
  language: Language,
  { document, position, newName }: Renaming,
): Promise<vscode.WorkspaceEdit> {
  const answer = await language.rename(textOf(language, document), toPosition(position), newName);
  if (answer === null) throw new Error(vscode.l10n.t('The text changed meanwhile. Try again.'));
  if (!answer.ok) throw new Error(whyNot(answer, newName));
  const edit = new vscode.WorkspaceEdit();
  edit.set(document.uri, toEdits(answer.edits));
  return edit;
}

function whyNot({ why }: Extract<RenameAnswer, { ok: false }>, newName: string): string {
  switch (why) {
    case 'noInput':
      return vscode.l10n.t('There is no input here.');
    case 'nameInvalid':
      return vscode.l10n.t('A name has letters, digits, "-" and "_", and begins with a letter.');
    case 'nameTaken':
      return vscode.l10n.t('The prompt has an input "{0}" already.', newName);
  }
}
