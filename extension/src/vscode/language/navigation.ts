// Definition, references and renaming of inputs and partials.

import * as vscode from 'vscode';
import { renameInput } from '@cuebook/shared/format/edits';
import { isInputName } from '@cuebook/shared/format/settings';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import { promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { selector, spanToRange, toEdits } from './places.ts';
import { referencesTo } from './references.ts';
import type { PromptSources } from './sources.ts';
import { declarationSpan, mayRename, occurrences, targetAt, type Target } from './target.ts';

export function registerNavigation(sources: PromptSources, { library }: Services): vscode.Disposable {
  const look = (document: vscode.TextDocument, position: vscode.Position): Looked => {
    const prompt = sources.parsed(document);
    return { document, prompt, target: targetAt(prompt, document.offsetAt(position)) };
  };
  return vscode.Disposable.from(
    vscode.languages.registerDefinitionProvider(selector, {
      provideDefinition: async (document, position) => definitionOf(sources, look(document, position)),
    }),
    vscode.languages.registerReferenceProvider(selector, {
      provideReferences: async (document, position, _, token) => {
        const looked = look(document, position);
        if (looked.target?.kind === 'input') return inputLocations(looked, looked.target.name);
        if (looked.target?.kind !== 'partial') return [];
        const found = (await sources.partials(document)).find(looked.target.reference)?.target;
        return found ? referencesTo({ sources, library, token }, found.id) : [];
      },
    }),
    vscode.languages.registerDocumentHighlightProvider(selector, {
      provideDocumentHighlights: (document, position) => {
        const { prompt, target } = look(document, position);
        if (target?.kind !== 'input') return [];
        return occurrences(prompt, target.name).map(
          (span) => new vscode.DocumentHighlight(spanToRange(prompt, span)),
        );
      },
    }),
    vscode.languages.registerRenameProvider(selector, {
      prepareRename: (document, position) => prepareRename(look(document, position)),
      provideRenameEdits: (document, position, newName) => renameEdits(look(document, position), newName),
    }),
  );
}

interface Looked {
  readonly document: vscode.TextDocument;
  readonly prompt: PromptDocument;
  readonly target: Target | null;
}

async function definitionOf(
  sources: PromptSources,
  { document, prompt, target }: Looked,
): Promise<vscode.LocationLink[]> {
  if (target?.kind === 'input') {
    const declared = declarationSpan(prompt, target.name);
    if (declared === null) return [];
    const targetRange = spanToRange(prompt, declared);
    return [{ originSelectionRange: spanToRange(prompt, target.span), targetUri: document.uri, targetRange }];
  }
  if (target?.kind !== 'partial') return [];
  const found = (await sources.partials(document)).find(target.reference)?.target;
  if (!found) return [];
  const top = new vscode.Range(0, 0, 0, 0);
  return [
    { originSelectionRange: spanToRange(prompt, target.span), targetUri: promptUri(found), targetRange: top },
  ];
}

function inputLocations({ document, prompt }: Looked, name: string): vscode.Location[] {
  return occurrences(prompt, name).map(
    (span) => new vscode.Location(document.uri, spanToRange(prompt, span)),
  );
}

function prepareRename({ prompt, target }: Looked): { range: vscode.Range; placeholder: string } {
  if (target?.kind !== 'input' || !mayRename(prompt, target.name)) {
    throw new Error(vscode.l10n.t('Only inputs can be renamed here. A prompt is renamed in the library.'));
  }
  return { range: spanToRange(prompt, target.span), placeholder: target.name };
}

function renameEdits({ document, prompt, target }: Looked, newName: string): vscode.WorkspaceEdit {
  if (target?.kind !== 'input') throw new Error(vscode.l10n.t('There is no input here.'));
  if (!isInputName(newName)) {
    throw new Error(vscode.l10n.t('A name has letters, digits, "-" and "_", and begins with a letter.'));
  }
  if (newName !== target.name && occurrences(prompt, newName).length > 0) {
    throw new Error(vscode.l10n.t('The prompt has an input "{0}" already.', newName));
  }
  const edit = new vscode.WorkspaceEdit();
  edit.set(document.uri, toEdits(prompt, renameInput(prompt, { from: target.name, to: newName })));
  return edit;
}
