// What can be done about a diagnostic. Pure: titles are put into words by the editor's part.

import {
  declareInputs,
  escapeTag,
  removeField,
  removeInput,
  splitReference,
  toReference,
} from '@cuebook/shared/format/edits';
import { findHiddenCharacters } from '@cuebook/shared/format/hiddenUnicode';
import type { Diagnostic, PromptDocument, Span, TextEdit } from '@cuebook/shared/format/promptDocument';

export type Fix =
  | { readonly kind: 'declareInput'; readonly name: string; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'removeInput'; readonly name: string; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'replace'; readonly by: string; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'removeKey'; readonly name: string; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'removeHidden'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'removeAllHidden'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'escape'; readonly edits: readonly TextEdit[] }
  | { readonly kind: 'closeBlock'; readonly name: string; readonly edits: readonly TextEdit[] }
  /** `path` without label or version. */
  | { readonly kind: 'createPartial'; readonly path: string };

type Finding = Pick<Diagnostic, 'code' | 'name' | 'suggestion'> & { readonly span: Span };

/** Best first. */
export function fixesFor(document: PromptDocument, finding: Finding): readonly Fix[] {
  const { code, name = '', span } = finding;
  switch (code) {
    case 'inputUndeclared':
      return [...replaceFix(finding), ...editFix('declareInput', name, declareInputs(document, [{ name }]))];
    case 'inputUnused':
      return editFix('removeInput', name, removeInput(document, name));
    case 'unknownKey':
      return replaceFix(finding);
    case 'forbiddenKey':
      return editFix('removeKey', name, removeField(document, name));
    case 'partialUnknown':
      return [
        ...replaceFix(finding, toReference),
        { kind: 'createPartial', path: splitReference(name).path },
      ];
    case 'hiddenCharacter':
      return hiddenFixes(document, span);
    case 'tagInvalid':
    case 'blockMismatched':
      return [{ kind: 'escape', edits: [escapeTag(span)] }];
    case 'blockUnclosed':
      return closeFix(document, span, name);
    default:
      return [];
  }
}

function editFix(
  kind: 'declareInput' | 'removeInput' | 'removeKey',
  name: string,
  edits: readonly TextEdit[] | null,
): readonly Fix[] {
  return edits === null || edits.length === 0 ? [] : [{ kind, name, edits }];
}

function replaceFix(
  { suggestion, span }: Finding,
  write: (name: string) => string = (name) => name,
): readonly Fix[] {
  if (suggestion === undefined) return [];
  return [{ kind: 'replace', by: suggestion, edits: [{ ...span, text: write(suggestion) }] }];
}

function hiddenFixes(document: PromptDocument, span: Span): readonly Fix[] {
  const all = findHiddenCharacters(document.text).map((found) => ({ ...found.span, text: '' }));
  const one: Fix = { kind: 'removeHidden', edits: [{ ...span, text: '' }] };
  return all.length > 1 ? [one, { kind: 'removeAllHidden', edits: all }] : [one];
}

function closeFix(document: PromptDocument, span: Span, name: string): readonly Fix[] {
  const message = document.messages.find(
    (each) => each.span.start <= span.start && span.end <= each.span.end,
  );
  if (message === undefined) return [];
  const isOwnLine = document.text.slice(0, span.start).search(/(?:^|[\r\n])[ \t]*$/) !== -1;
  const { end } = message.span;
  return [
    { kind: 'closeBlock', name, edits: [{ start: end, end, text: `${isOwnLine ? '\n' : ''}{{/${name}}}` }] },
  ];
}
