// How a prompt finds the prompts it includes. The caller knows the library; the format only knows references.

import type { DiagnosticCode, PromptDocument } from './promptDocument.ts';
import { parseDocument } from './parse.ts';

export interface PartialText {
  /** Same for two references to the same text (an id, say): this is how cycles are found. */
  readonly key: string;
  readonly text: string;
}

/** `reference` as written: `path`, `path@label`, `path@v3`. Null if nothing has that name. */
export type PartialResolver = (reference: string) => PartialText | null;

export interface LoadedPartial {
  readonly key: string;
  readonly document: PromptDocument;
}

export type PartialLoader = (reference: string) => LoadedPartial | null;

/** Parses each partial once. */
export function createPartialLoader(resolve: PartialResolver): PartialLoader {
  const loaded = new Map<string, LoadedPartial | null>();
  const documents = new Map<string, PromptDocument>();
  return (reference) => {
    const known = loaded.get(reference);
    if (known !== undefined) return known;
    const found = resolve(reference);
    const partial = found && { key: found.key, document: parseOnce(found, documents) };
    loaded.set(reference, partial);
    return partial;
  };
}

function parseOnce({ key, text }: PartialText, documents: Map<string, PromptDocument>): PromptDocument {
  const document = documents.get(key) ?? parseDocument(text);
  documents.set(key, document);
  return document;
}

/** A partial is one piece of text for the message around it. */
export function hasRoles(document: PromptDocument): boolean {
  return document.messages.some((message) => message.roleSpan !== null);
}

const unusable: ReadonlySet<DiagnosticCode> = new Set([
  'tooLarge',
  'frontMatterInvalid',
  'tagInvalid',
  'blockUnclosed',
  'blockMismatched',
  'blockTooDeep',
]);

/** True for a problem that leaves open what the prompt says: it is not rendered then. */
export function preventsRendering(code: DiagnosticCode): boolean {
  return unusable.has(code);
}
