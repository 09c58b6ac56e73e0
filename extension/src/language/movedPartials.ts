// References whose words no longer say where they lead: the prompt was renamed or moved since. Pure.

import { splitReference, toReference } from '@cuebook/shared/format/edits';
import type { PromptDocument, Span, TextEdit } from '@cuebook/shared/format/promptDocument';
import { partialNodes } from '@cuebook/shared/format/templateNodes';

export interface MovedPartial {
  readonly span: Span;
  /** As written. */
  readonly reference: string;
  /** Where it leads now. */
  readonly path: string;
  readonly edit: TextEdit;
}

/** What a reference leads to; null if to nothing. */
export type FindTarget = (reference: string) => { readonly path: string } | null;

export function movedPartials(document: PromptDocument, find: FindTarget): readonly MovedPartial[] {
  return document.messages.flatMap(({ nodes }) =>
    partialNodes(nodes).flatMap(({ reference, referenceSpan: span }): readonly MovedPartial[] => {
      const path = find(reference)?.path;
      const { path: written, version } = splitReference(reference);
      if (path === undefined || says(written, path)) return [];
      const text = toReference(version === null ? path : `${path}@${version}`);
      return [{ span, reference, path, edit: { ...span, text } }];
    }),
  );
}

/** A reference may be short for a prompt beside the referrer, and begin with `/`. */
function says(written: string, path: string): boolean {
  const plain = written.normalize('NFC').replace(/^\//, '');
  const full = path.normalize('NFC');
  return full === plain || full.endsWith(`/${plain}`);
}
