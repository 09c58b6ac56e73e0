// The prompts that are open, parsed, with what the library knows around them. Caches by version, forgets what changed.

import * as vscode from 'vscode';
import { parseDocument } from '@cuebook/shared/format/parse';
import type { PartialResolver } from '@cuebook/shared/format/partials';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import { partialNodes } from '@cuebook/shared/format/templateNodes';
import type { Library, PromptId, PromptSummary, ResolvedPartial } from '../../library/api.ts';
import { memoryKey, parseMemory } from '../../run/promptMemory.ts';
import { parsePromptUri } from '../promptUri.ts';

/** What a prompt's references lead to. `isKnown` is false if the library could not be asked. */
export interface KnownPartials {
  readonly isKnown: boolean;
  readonly resolve: PartialResolver;
  readonly find: (reference: string) => ResolvedPartial | null;
}

export interface PromptSources extends vscode.Disposable {
  /** Fires when something in the library changed that open prompts may show. */
  readonly onDidChange: vscode.Event<void>;
  parsed(document: vscode.TextDocument): PromptDocument;
  partials(document: vscode.TextDocument): Promise<KnownPartials>;
  partialsOfText(parsed: PromptDocument, referrer: PromptId | null): Promise<KnownPartials>;
  /** All prompts, by path; at most ten thousand. */
  prompts(): Promise<readonly PromptSummary[]>;
  /** What the inputs were given last; empty for a prompt that is not in the library. */
  lastValues(document: vscode.TextDocument): Promise<Readonly<Record<string, unknown>>>;
}

const maximumPrompts = 10_000;

export function createPromptSources(library: Library): PromptSources {
  const changed = new vscode.EventEmitter<void>();
  const parsed = new WeakMap<
    vscode.TextDocument,
    { readonly version: number; readonly prompt: PromptDocument }
  >();
  let partials = new Map<string, Promise<KnownPartials>>();
  let prompts: Promise<readonly PromptSummary[]> | null = null;
  const unsubscribe = library.onDidChange(({ texts, tree, status }) => {
    if (texts.length === 0 && !tree && !status) return;
    partials = new Map();
    prompts = null;
    changed.fire();
  });

  const parse = (document: vscode.TextDocument): PromptDocument => {
    const known = parsed.get(document);
    if (known?.version === document.version) return known.prompt;
    const prompt = parseDocument(document.getText());
    parsed.set(document, { version: document.version, prompt });
    return prompt;
  };

  const partialsOfText = async (
    prompt: PromptDocument,
    referrer: PromptId | null,
  ): Promise<KnownPartials> => {
    const references = prompt.messages.flatMap(({ nodes }) =>
      partialNodes(nodes).map(({ reference }) => reference),
    );
    if (references.length === 0) return noPartials;
    const key = JSON.stringify([referrer, ...new Set(references)]);
    const known = partials.get(key) ?? askLibrary(library, prompt.text, referrer);
    if (partials.size > 200) partials = new Map();
    partials.set(key, known);
    return known;
  };

  return {
    onDidChange: changed.event,
    parsed: parse,
    partialsOfText,
    partials: async (document) => partialsOfText(parse(document), parsePromptUri(document.uri)?.id ?? null),
    prompts: async () => {
      prompts ??= listPrompts(library);
      return prompts;
    },
    lastValues: async (document) => {
      const id = parsePromptUri(document.uri)?.id;
      const stored = id === undefined ? null : await library.recall(memoryKey(id));
      return stored?.ok === true ? parseMemory(stored.value).inputs : {};
    },
    dispose: () => {
      unsubscribe();
      changed.dispose();
    },
  };
}

const noPartials: KnownPartials = { isKnown: true, resolve: () => null, find: () => null };

async function askLibrary(library: Library, text: string, referrer: PromptId | null): Promise<KnownPartials> {
  const answer = await library.partialsOf(text, referrer);
  if (!answer.ok) return { ...noPartials, isKnown: false };
  const byReference = new Map(answer.value.map((partial) => [partial.reference, partial]));
  return {
    isKnown: true,
    find: (reference) => byReference.get(reference) ?? null,
    resolve: (reference) => {
      const partial = byReference.get(reference);
      if (partial === undefined || partial.text === null) return null;
      return { key: partial.target?.id ?? reference, text: partial.text };
    },
  };
}

async function listPrompts(library: Library): Promise<readonly PromptSummary[]> {
  const answer = await library.list({ limit: maximumPrompts });
  return answer.ok ? answer.value.toSorted((one, other) => one.path.localeCompare(other.path)) : [];
}
