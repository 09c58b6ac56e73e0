// Pasting a text of another tool: its variables become tags, and their inputs are declared. One keypress takes it back.

import * as vscode from 'vscode';
import type { Language } from '../../language/api.ts';
import { selector, textOf, toEdits, toPosition } from './places.ts';

const plainText = 'text/plain';

export function registerPaste(language: Language): vscode.Disposable {
  const kind = vscode.DocumentDropOrPasteEditKind.Text.append('cuebook', 'variables');
  return vscode.languages.registerDocumentPasteEditProvider(
    selector,
    {
      provideDocumentPasteEdits: async (document, ranges, data) => {
        const text = await data.get(plainText)?.asString();
        if (text === undefined || text === '') return [];
        const places = ranges.map(({ start }) => toPosition(start));
        const pasted = await language.paste(textOf(language, document), places, text);
        if (pasted === null) return [];
        const title = vscode.l10n.t('Paste with Cuebook variables');
        const edit = new vscode.DocumentPasteEdit(pasted.text, title, kind);
        if (pasted.edits.length === 0) return [edit];
        edit.additionalEdit = new vscode.WorkspaceEdit();
        edit.additionalEdit.set(document.uri, toEdits(pasted.edits));
        return [edit];
      },
    },
    { providedPasteEditKinds: [kind], pasteMimeTypes: [plainText] },
  );
}
