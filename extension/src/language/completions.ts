// What may be written at a place of a prompt. Pure.

import { builtInDescriptions, builtInNames } from '@cuebook/shared/format/builtIns';
import { toReference, toYamlScalar } from '@cuebook/shared/format/edits';
import { inputTypes, type PromptDocument, type Span } from '@cuebook/shared/format/promptDocument';
import { configKeys, inputKeys, settingKeys } from '@cuebook/shared/format/settings';
import { parseDocument } from '@cuebook/shared/format/parse';
import { t } from '@vscode/l10n';
import type { ModelToName, PromptToInclude } from './api.ts';
import { contextAt, type CursorContext } from './cursor.ts';
import { keyDocs } from './keyDocs.ts';

export interface Suggestion {
  readonly label: string;
  readonly kind: 'key' | 'value' | 'input' | 'builtIn' | 'partial' | 'block' | 'role' | 'model';
  readonly insert: string;
  /** `insert` holds `$1` places for the cursor. */
  readonly isSnippet: boolean;
  readonly replace: Span;
  /** One line. May be a teammate's text: show it as text only. */
  readonly detail: string;
  /** May be a teammate's text: show it as text only. */
  readonly documentation: string;
}

/** What the world around the prompt offers; asked for only where it matters. */
export interface Surroundings {
  /** For what was typed of the reference, without its quote. */
  prompts(typed: string): Promise<readonly PromptToInclude[]>;
  tags(): Promise<readonly string[]>;
  models(): Promise<readonly ModelToName[]>;
  partialText(reference: string): Promise<string | null>;
}

export async function suggestAt(
  document: PromptDocument,
  offset: number,
  around: Surroundings,
): Promise<readonly Suggestion[]> {
  const context = contextAt(document, offset);
  switch (context.kind) {
    case 'none':
      return [];
    case 'key':
      return suggestKeys(document, context);
    case 'value':
      return suggestValues(context, around);
    case 'name':
      return [
        ...suggestNames(document, context, offset),
        ...(context.mayStart ? suggestBlocks(context, '#') : []),
      ];
    case 'block':
      return suggestBlocks(context, '');
    case 'close':
      return suggestClose(document, context, offset);
    case 'partial':
      return suggestPartials(document, context, around);
    case 'argument':
      return suggestArguments(context, await around.partialText(context.reference));
    case 'role':
      return ['system', 'user', 'assistant'].map((role) =>
        suggestion({
          label: `${role}:`,
          kind: 'role',
          insert: `${role}:\n`,
          replace: context.word,
          detail: t('Starts a message'),
        }),
      );
  }
}

type Given = Pick<Suggestion, 'label' | 'kind' | 'insert' | 'replace'> & Partial<Suggestion>;

function suggestion(given: Given): Suggestion {
  return { isSnippet: false, detail: '', documentation: '', ...given };
}

// ---- front matter

const keysOf: Readonly<Record<string, readonly string[]>> = {
  '': settingKeys,
  config: configKeys,
  'inputs.*': inputKeys,
  output: ['schema'],
};

const snippets: Readonly<Record<string, string>> = {
  inputs: 'inputs:\n  ${1:name}: ${2|string,number,boolean,array,object|}',
  config: 'config: { temperature: ${1:0.2} }',
  output: 'output:\n  schema:\n    type: object',
  tags: 'tags: [$1]',
};

function suggestKeys(
  document: PromptDocument,
  { parent, word }: Extract<CursorContext, { kind: 'key' }>,
): readonly Suggestion[] {
  const present = new Set(parent === '' ? document.frontMatter?.root?.entries.map(({ key }) => key) : []);
  return (keysOf[parent] ?? [])
    .filter((key) => !present.has(key))
    .map((key) => {
      const snippet = parent === '' ? snippets[key] : undefined;
      return suggestion({
        label: key,
        kind: 'key',
        insert: snippet ?? `${key}: `,
        isSnippet: snippet !== undefined,
        replace: word,
        documentation: keyDocs()[parent === '' ? key : `${parent}.${key}`] ?? '',
      });
    });
}

async function suggestValues(
  { key, parent, word }: Extract<CursorContext, { kind: 'value' }>,
  around: Surroundings,
): Promise<readonly Suggestion[]> {
  const value = (label: string, detail = ''): Suggestion =>
    suggestion({ label, kind: 'value', insert: toYamlScalar(label), replace: word, detail });
  if (parent === '' && key === 'model') return suggestModels(word, await around.models());
  if (parent === '' && key === 'tags') {
    return (await around.tags()).slice(0, 200).map((tag) => value(tag));
  }
  if (parent === 'inputs' || (parent === 'inputs.*' && key === 'type'))
    return inputTypes.map((type) => value(type));
  const isFlag = parent === 'inputs.*' && (key === 'required' || key === 'multiline');
  return isFlag ? ['true', 'false'].map((flag) => ({ ...value(flag), insert: flag })) : [];
}

function suggestModels(word: Span, models: readonly ModelToName[]): readonly Suggestion[] {
  const all = [...models, { id: 'vscode/*', label: t("Any of VS Code's own models") }];
  return all.map(({ id, label }) =>
    suggestion({ label: id, kind: 'model', insert: id, replace: word, detail: label }),
  );
}

// ---- tags

type TagContext = Extract<CursorContext, { isOpen: boolean }>;

function closing({ isOpen }: Pick<TagContext, 'isOpen'>): string {
  return isOpen ? '}}' : '';
}

function suggestNames(document: PromptDocument, context: TagContext, offset: number): readonly Suggestion[] {
  const replace = context.word;
  const declared = document.settings.inputs.map(({ name, type, description }) =>
    suggestion({
      label: name,
      kind: 'input',
      insert: name + closing(context),
      replace,
      detail: `input, ${type}`,
      documentation: description,
    }),
  );
  const names = new Set(document.settings.inputs.map(({ name }) => name));
  const builtIns = builtInNames
    .filter((name) => !names.has(name))
    .map((name) =>
      suggestion({
        label: name,
        kind: 'builtIn',
        insert: name + closing(context),
        replace,
        detail: 'from the editor',
        documentation: builtInDescriptions()[name],
      }),
    );
  const loop = openBlocks(document, offset).includes('each')
    ? ['this', '@index', '@key', '@first', '@last']
    : [];
  const items = loop.map((label) =>
    suggestion({
      label,
      kind: 'value',
      insert: label + closing(context),
      replace,
      detail: 'in this {{#each}}',
    }),
  );
  return [...declared, ...items, ...builtIns];
}

function suggestBlocks(context: TagContext, sign: '#' | ''): readonly Suggestion[] {
  const blocks = (['if', 'unless', 'each'] as const).map((name) =>
    suggestion({
      label: `${sign}${name}`,
      kind: 'block',
      insert: context.isOpen ? `${sign}${name} \${1:name}}}\n$0\n{{/${name}}}` : `${sign}${name} `,
      isSnippet: context.isOpen,
      replace: context.word,
      documentation: keyDocs()[`#${name}`] ?? '',
    }),
  );
  if (sign === '') return blocks;
  const otherwise = suggestion({
    label: 'else',
    kind: 'block',
    insert: `else${closing(context)}`,
    replace: context.word,
  });
  return [...blocks, otherwise];
}

function suggestClose(document: PromptDocument, context: TagContext, offset: number): readonly Suggestion[] {
  const open = openBlocks(document, offset).toReversed();
  return [...new Set(open)].map((name) =>
    suggestion({ label: name, kind: 'block', insert: name + closing(context), replace: context.word }),
  );
}

/** Names of the blocks around a place, outermost first, read from the text before it. */
function openBlocks(document: PromptDocument, offset: number): readonly string[] {
  const message = document.messages.findLast(({ roleSpan, span }) => (roleSpan ?? span).start <= offset);
  if (message === undefined) return [];
  const before = document.text.slice((message.roleSpan ?? message.span).start, offset);
  const open: string[] = [];
  for (const [, sign, name = ''] of before.matchAll(/\{\{([#/])\s*(if|unless|each)\b/g)) {
    if (sign === '#') open.push(name);
    else if (open.at(-1) === name) open.pop();
  }
  return open;
}

async function suggestPartials(
  document: PromptDocument,
  context: TagContext,
  around: Surroundings,
): Promise<readonly Suggestion[]> {
  const { start, end } = context.word;
  const prompts = await around.prompts(document.text.slice(start, end).replace(/^["']/, ''));
  return prompts.map(({ path, description }) =>
    suggestion({
      label: path,
      kind: 'partial',
      insert: toReference(path) + closing(context),
      replace: context.word,
      documentation: description,
    }),
  );
}

function suggestArguments(context: TagContext, partial: string | null): readonly Suggestion[] {
  if (partial === null) return [];
  return parseDocument(partial).settings.inputs.map(({ name, type, description }) =>
    suggestion({
      label: name,
      kind: 'input',
      insert: `${name}=`,
      replace: context.word,
      detail: `input of the partial, ${type}`,
      documentation: description,
    }),
  );
}
