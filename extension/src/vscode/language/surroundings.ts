// What the language worker asks of the editor and the library while it answers: what references lead to, which names and
// models there are, which values a prompt was given last. Answers are kept until the library changes.

import * as vscode from 'vscode';
import type { KnownPartial, LanguageHostCalls, ModelToName, PromptToInclude } from '../../language/api.ts';
import type { Library, ResolvedPartial } from '../../library/api.ts';
import { parsePromptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';

/** Prompts that a completion offers at once. */
const mostOffered = 200;
/** Questions whose answers are kept. */
const mostKept = 200;

export type Surroundings = LanguageHostCalls & vscode.Disposable;

export function createSurroundings(services: Pick<Services, 'library' | 'models' | 'keys'>): Surroundings {
  const { library } = services;
  let partials = new Map<string, Promise<readonly KnownPartial[] | null>>();
  let paths: Promise<readonly string[]> | null = null;
  const stop = library.onDidChange(({ texts, tree, status }) => {
    if (texts.length === 0 && !tree && !status) return;
    partials = new Map();
    paths = null;
  });
  return {
    partials: async (key, references) => {
      const document = documentOf(key);
      if (document === null) return null;
      const referrer = parsePromptUri(document.uri)?.id ?? null;
      const question = JSON.stringify([referrer, references]);
      const known = partials.get(question) ?? askPartials(library, document, referrer);
      if (partials.size > mostKept) partials = new Map();
      partials.set(question, known);
      return known;
    },
    paths: async () => {
      paths ??= library.paths().then((answer) => (answer.ok ? answer.value : []));
      return paths;
    },
    matching: async (typed) => promptsToInclude(library, typed),
    tags: async () => {
      const answer = await library.tags();
      return answer.ok ? answer.value.map(({ tag }) => tag) : [];
    },
    models: async () => modelsToName(services),
    lastValues: async (key) => {
      const id = parsePromptUri(vscode.Uri.parse(key, true))?.id;
      if (id === undefined) return {};
      // Checks what it reads with zod, which would double what loads at the start.
      const { memoryKey, parseMemory } = await import('../../run/promptMemory.ts');
      const stored = await library.recall(memoryKey(id));
      return stored.ok ? parseMemory(stored.value).inputs : {};
    },
    dispose: stop,
  };
}

function documentOf(key: string): vscode.TextDocument | null {
  return vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === key) ?? null;
}

async function askPartials(
  library: Library,
  document: vscode.TextDocument,
  referrer: Parameters<Library['partialsOf']>[1],
): Promise<readonly KnownPartial[] | null> {
  const answer = await library.partialsOf(document.getText(), referrer);
  return answer.ok ? answer.value.map(knownPartial) : null;
}

export function knownPartial({ reference, target, text }: ResolvedPartial): KnownPartial {
  return { reference, key: target?.id ?? reference, path: target?.path ?? null, text };
}

/** All prompts of a small library, so that VS Code may match them by letters; else those with what was typed. */
async function promptsToInclude(
  library: Library,
  typed: string,
): Promise<{ readonly prompts: readonly PromptToInclude[]; readonly isIncomplete: boolean }> {
  const few = await library.list({ limit: mostOffered + 1 });
  if (!few.ok) return { prompts: [], isIncomplete: false };
  if (few.value.length <= mostOffered) return { prompts: few.value.map(toInclude), isIncomplete: false };
  const matching = await library.list({ filter: typed, limit: mostOffered });
  return { prompts: matching.ok ? matching.value.map(toInclude) : [], isIncomplete: true };
}

function toInclude({ path, description }: PromptToInclude): PromptToInclude {
  return { path, description };
}

/** Milliseconds that a completion waits for a list of models; what comes later is there at the next key. */
const patience = 500;

type Soon = <T>(work: Thenable<readonly T[]>) => Promise<readonly T[]>;

function createSoon(): { readonly soon: Soon; readonly isLate: () => boolean } {
  let late = false;
  const soon: Soon = async (work) => {
    const { promise, resolve } = Promise.withResolvers<readonly never[]>();
    const timer = setTimeout(() => {
      late = true;
      resolve([]);
    }, patience);
    try {
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  return { soon, isLate: () => late };
}

/** Known models, VS Code's own, and the providers that the user has set up: there the rest is typed. */
async function modelsToName({ models, keys }: Pick<Services, 'models' | 'keys'>): Promise<{
  readonly models: readonly ModelToName[];
  readonly isIncomplete: boolean;
}> {
  const { soon, isLate } = createSoon();
  const [known, editor] = await Promise.all([soon(models.knownModels()), soon(vscode.lm.selectChatModels())]);
  const named = new Set(known.map(({ provider }) => provider));
  const all = [
    ...known.map(({ id, label }) => ({ id, label })),
    ...editor.map(({ vendor, id, name }) => ({ id: `vscode/${vendor}/${id}`, label: name })),
    ...keys
      .endpoints()
      .filter(({ id, kind }) => !named.has(id) && kind !== 'vscode')
      .map(({ id, label }) => ({ id: `${id}/`, label })),
  ];
  return { models: all, isIncomplete: isLate() };
}
