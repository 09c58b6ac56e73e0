// Pasting a text of another tool: its variables become tags, and their inputs are declared. One keypress takes it back.

import * as vscode from 'vscode';
import { convertAliases } from '@cuebook/shared/format/aliases';
import { isBuiltIn } from '@cuebook/shared/format/builtIns';
import { declareInputs, findInput } from '@cuebook/shared/format/edits';
import { selector, toEdits } from './places.ts';
import type { PromptSources } from './sources.ts';

const plainText = 'text/plain';

export function registerPaste(sources: PromptSources): vscode.Disposable {
  const kind = vscode.DocumentDropOrPasteEditKind.Text.append('cuebook', 'variables');
  return vscode.languages.registerDocumentPasteEditProvider(
    selector,
    {
      provideDocumentPasteEdits: async (document, ranges, data, _, token) => {
        const text = await data.get(plainText)?.asString();
        if (text === undefined || token.isCancellationRequested || !isBody(sources, document, ranges))
          return [];
        const edit = convert(sources, document, { text, kind });
        return edit === null ? [] : [edit];
      },
    },
    { providedPasteEditKinds: [kind], pasteMimeTypes: [plainText] },
  );
}

function isBody(
  sources: PromptSources,
  document: vscode.TextDocument,
  ranges: readonly vscode.Range[],
): boolean {
  const { start } = sources.parsed(document).body;
  return ranges.every((range) => document.offsetAt(range.start) >= start);
}

function convert(
  sources: PromptSources,
  document: vscode.TextDocument,
  { text, kind }: { readonly text: string; readonly kind: vscode.DocumentDropOrPasteEditKind },
): vscode.DocumentPasteEdit | null {
  const converted = convertAliases(text, { positional: false });
  if (converted.text === text) return null;
  const title = vscode.l10n.t('Paste with Cuebook variables');
  const edit = new vscode.DocumentPasteEdit(converted.text, title, kind);
  const prompt = sources.parsed(document);
  const added = converted.inputs.filter(({ name }) => !isBuiltIn(name) && findInput(prompt, name) === null);
  const declarations = declareInputs(prompt, added) ?? [];
  // Without front matter both edits would be at the same place when the body is empty.
  if (declarations.length === 0 || prompt.frontMatter === null) return edit;
  edit.additionalEdit = new vscode.WorkspaceEdit();
  edit.additionalEdit.set(document.uri, toEdits(prompt, declarations));
  return edit;
}
