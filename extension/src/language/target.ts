// What stands at a place of a prompt: an input, a partial, a key. Pure.

import { findInput, inputSpans } from '@cuebook/shared/format/edits';
import { isBuiltIn } from '@cuebook/shared/format/builtIns';
import type { PathExpression, PromptDocument, Span, YamlMap } from '@cuebook/shared/format/promptDocument';
import { allNodes } from '@cuebook/shared/format/templateNodes';

export type Target =
  | { readonly kind: 'input'; readonly name: string; readonly span: Span }
  | { readonly kind: 'partial'; readonly reference: string; readonly span: Span }
  /** `path` is that of `keyDocs`. */
  | { readonly kind: 'key'; readonly path: string; readonly span: Span }
  | { readonly kind: 'block'; readonly name: string; readonly span: Span };

export function targetAt(document: PromptDocument, offset: number): Target | null {
  return declaredAt(document, offset) ?? keyAt(document, offset) ?? tagAt(document, offset);
}

function contains({ start, end }: Span, offset: number): boolean {
  return start <= offset && offset <= end;
}

function declaredAt(document: PromptDocument, offset: number): Target | null {
  const declared = document.settings.inputs.find(({ keySpan }) => contains(keySpan, offset));
  return declared === undefined ? null : { kind: 'input', name: declared.name, span: declared.keySpan };
}

function keyAt(document: PromptDocument, offset: number): Target | null {
  const root = document.frontMatter?.root ?? null;
  return root === null ? null : keyInMap(root, [], offset);
}

function keyInMap(map: YamlMap, above: readonly string[], offset: number): Target | null {
  for (const { key, keySpan, value } of map.entries) {
    const path = [...above, above[0] === 'inputs' && above.length === 1 ? '*' : key];
    if (contains(keySpan, offset)) return { kind: 'key', path: path.join('.'), span: keySpan };
    if (value?.kind === 'map' && contains(value.span, offset)) return keyInMap(value, path, offset);
  }
  return null;
}

function tagAt(document: PromptDocument, offset: number): Target | null {
  const message = document.messages.find(({ span }) => contains(span, offset));
  for (const node of allNodes(message?.nodes ?? [])) {
    if (!contains(node.span, offset)) continue;
    if (node.kind === 'value') return pathTarget(node.path, offset);
    if (node.kind === 'block' && contains(node.open, offset)) {
      return pathTarget(node.path, offset) ?? { kind: 'block', name: `#${node.block}`, span: node.open };
    }
    if (node.kind !== 'partial') continue;
    if (contains(node.referenceSpan, offset)) {
      return { kind: 'partial', reference: node.reference, span: node.referenceSpan };
    }
    const argument = node.arguments.find(({ value }) => contains(value.span, offset))?.value;
    return argument?.kind === 'path' ? pathTarget(argument, offset) : null;
  }
  return null;
}

function pathTarget(path: PathExpression, offset: number): Target | null {
  const name = path.segments[0];
  if (name === undefined || path.local || path.data !== null || !contains(path.span, offset)) return null;
  const start = path.span.start + path.up * '../'.length;
  return { kind: 'input', name, span: { start, end: start + name.length } };
}

/** Where an input is declared; null for a built-in that is not, and for an unknown name. */
export function declarationSpan(document: PromptDocument, name: string): Span | null {
  return findInput(document, name)?.keySpan ?? null;
}

/** Declaration and uses, in order of the text; a built-in that is not declared has uses only. */
export function occurrences(document: PromptDocument, name: string): readonly Span[] {
  return inputSpans(document, name).toSorted((one, other) => one.start - other.start);
}

/** A built-in keeps its name: the editor would not know another one. */
export function mayRename(document: PromptDocument, name: string): boolean {
  return !isBuiltIn(name) && occurrences(document, name).length > 0;
}
