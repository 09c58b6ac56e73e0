// Answers the editor's questions about prompt texts: joins the pure parts of this folder to what the host knows.

import { convertAliases } from '@cuebook/shared/format/aliases';
import { isBuiltIn } from '@cuebook/shared/format/builtIns';
import { diagnose } from '@cuebook/shared/format/diagnose';
import { declareInputs, findInput, renameInput } from '@cuebook/shared/format/edits';
import type { Diagnostic, PromptDocument } from '@cuebook/shared/format/promptDocument';
import { isInputName } from '@cuebook/shared/format/settings';
import { partialNodes } from '@cuebook/shared/format/templateNodes';
import type {
  DocumentQuestions,
  Findings,
  LanguageCalls,
  LanguageHostCalls,
  Named,
  OfferedFix,
  OutlineSymbol,
  PasteAnswer,
  Position,
  RenameAnswer,
  Suggestions,
  TextId,
} from './api.ts';
import { suggestAt } from './completions.ts';
import { fixesFor } from './fixes.ts';
import { hoverAt } from './hover.ts';
import { knownPartials, type KnownPartials } from './knownPartials.ts';
import { movedPartials } from './movedPartials.ts';
import { createOpenTexts, type OpenTexts } from './openTexts.ts';
import { foldsOf, outlineOf, type OutlineItem } from './outline.ts';
import { offsetOf, withRanges } from './places.ts';
import { renderPreview } from './renderPreview.ts';
import { declarationSpan, mayRename, occurrences, targetAt } from './target.ts';
import { createTextQuestions } from './textQuestions.ts';

export function createLanguageService(host: LanguageHostCalls): LanguageCalls {
  const texts = createOpenTexts();
  return {
    open: texts.open,
    close: texts.close,
    ...createDocumentQuestions(host, texts.parsed),
    ...createTextQuestions(),
  };
}

function createDocumentQuestions(host: LanguageHostCalls, parsed: OpenTexts['parsed']): DocumentQuestions {
  /** Null stays null: the text is another by now. */
  const about = async <T>(
    at: TextId,
    answer: (document: PromptDocument, promptKey: string | null) => T | null | Promise<T | null>,
  ): Promise<T | null> => {
    const text = await parsed(at);
    return text === null ? null : answer(text.document, text.promptKey);
  };
  return {
    diagnose: async (at) =>
      about(at, async (document, promptKey) =>
        findProblems(document, await partialsOf(host, at.key, document), { host, promptKey }),
      ),
    fixes: async (at, problems) =>
      about(at, (document) => problems.map((problem) => offeredFixes(document, problem))),
    complete: async (at, position) =>
      about(at, async (document) => complete(host, at.key, { document, position })),
    hover: async (at, position) =>
      about(at, async (document) => {
        const [partials, lastValues] = await Promise.all([
          partialsOf(host, at.key, document),
          host.lastValues(at.key),
        ]);
        const content = hoverAt(document, offsetOf(document, position), {
          lastValue: (name) => (Object.hasOwn(lastValues, name) ? lastValues[name] : undefined),
          partial: (reference) => partials.find(reference),
        });
        return content && { range: document.lines.range(content.span), parts: content.parts };
      }),
    outline: async (at) =>
      about(at, (document) =>
        fewest(outlineOf(document), mostSymbols).map((item) => toSymbol(document, item)),
      ),
    folds: async (at) => about(at, (document) => foldsOf(document).slice(0, mostFolds)),
    named: async (at, position) => about(at, (document) => nameAt(document, position)),
    rename: async (at, position, newName) => about(at, (document) => renameAt(document, position, newName)),
    preview: async (at) =>
      about(at, async (document, promptKey) => {
        const [{ resolve: partials }, lastValues] = await Promise.all([
          partialsOf(host, at.key, document),
          host.lastValues(at.key),
        ]);
        const outcome = renderPreview(document, {
          partials,
          lastValues,
          ...(promptKey !== null && { key: promptKey }),
        });
        const models = document.settings.models.map(({ value, span }) => ({
          value,
          range: document.lines.range(span),
        }));
        return { outcome, models };
      }),
    paste: async (at, places, text) => about(at, (document) => convertPaste(document, places, text)),
  };
}

async function partialsOf(
  host: LanguageHostCalls,
  key: string,
  document: PromptDocument,
): Promise<KnownPartials> {
  const nodes = document.messages.flatMap(({ nodes: all }) => partialNodes(all));
  const references = [...new Set(nodes.map(({ reference }) => reference))];
  return knownPartials(references.length === 0 ? [] : await host.partials(key, references));
}

interface Checking {
  readonly host: LanguageHostCalls;
  readonly promptKey: string | null;
}

async function findProblems(
  document: PromptDocument,
  partials: KnownPartials,
  { host, promptKey }: Checking,
): Promise<Findings> {
  // The names are many: asked for only if one of them may have been meant.
  const promptNames = partials.areAllFound ? [] : await host.paths();
  return {
    problems: diagnose(document, {
      promptNames,
      ...(promptKey !== null && { key: promptKey }),
      ...(partials.isKnown && { partials: partials.resolve }),
    }),
    moved: movedPartials(document, partials.find).flatMap(({ reference, path, edit }) =>
      withRanges(document, [edit]).map((placed) => ({ reference, path, edit: placed })),
    ),
  };
}

function offeredFixes(document: PromptDocument, problem: Diagnostic): readonly OfferedFix[] {
  const span = { start: problem.range.start.offset, end: problem.range.end.offset };
  return fixesFor(document, { ...problem, span }).map((fix) =>
    fix.kind === 'createPartial' ? fix : { ...fix, edits: withRanges(document, fix.edits) },
  );
}

async function complete(
  host: LanguageHostCalls,
  key: string,
  { document, position }: { readonly document: PromptDocument; readonly position: Position },
): Promise<Suggestions> {
  let isIncomplete = false;
  const suggestions = await suggestAt(document, offsetOf(document, position), {
    tags: async () => host.tags(),
    prompts: async (typed) => {
      const { prompts, isIncomplete: more } = await host.matching(typed);
      isIncomplete ||= more;
      return prompts;
    },
    models: async () => {
      const { models, isIncomplete: more } = await host.models();
      isIncomplete ||= more;
      return models;
    },
    partialText: async (reference) =>
      knownPartials(await host.partials(key, [reference])).find(reference)?.text ?? null,
  });
  const items = suggestions.map(({ replace, ...suggestion }) => ({
    ...suggestion,
    range: document.lines.range(replace),
    typed: document.text.slice(replace.start, replace.end),
  }));
  return { items, isIncomplete };
}

/** An outline of more than this is no outline; VS Code folds no more than this. */
const mostSymbols = 2_000;
const mostFolds = 5_000;

/** The first `most` items, children counted; each item before its children. */
function fewest(items: readonly OutlineItem[], most: number): readonly OutlineItem[] {
  let left = most;
  const take = (some: readonly OutlineItem[]): readonly OutlineItem[] =>
    some.slice(0, left).flatMap((item) => {
      if (left <= 0) return [];
      left -= 1;
      return [{ ...item, children: take(item.children) }];
    });
  return take(items);
}

function toSymbol(document: PromptDocument, item: OutlineItem): OutlineSymbol {
  const { kind, name, detail, span, nameSpan, children } = item;
  return {
    kind,
    name,
    detail,
    range: document.lines.range(span),
    nameRange: document.lines.range(nameSpan),
    children: children.map((child) => toSymbol(document, child)),
  };
}

const mostOccurrences = 1_000;

function nameAt(document: PromptDocument, position: Position): Named | null {
  const target = targetAt(document, offsetOf(document, position));
  if (target === null || (target.kind !== 'input' && target.kind !== 'partial')) return null;
  const range = document.lines.range(target.span);
  if (target.kind === 'partial') return { kind: 'partial', reference: target.reference, range };
  const { name } = target;
  const declared = declarationSpan(document, name);
  return {
    kind: 'input',
    name,
    range,
    declared: declared && document.lines.range(declared),
    mayRename: mayRename(document, name),
    occurrences: occurrences(document, name)
      .slice(0, mostOccurrences)
      .map((span) => document.lines.range(span)),
  };
}

function renameAt(document: PromptDocument, position: Position, newName: string): RenameAnswer {
  const target = targetAt(document, offsetOf(document, position));
  if (target?.kind !== 'input') return { ok: false, why: 'noInput' };
  if (!isInputName(newName)) return { ok: false, why: 'nameInvalid' };
  if (newName !== target.name && occurrences(document, newName).length > 0)
    return { ok: false, why: 'nameTaken' };
  return {
    ok: true,
    edits: withRanges(document, renameInput(document, { from: target.name, to: newName })),
  };
}

function convertPaste(
  document: PromptDocument,
  places: readonly Position[],
  text: string,
): PasteAnswer | null {
  if (places.some((place) => offsetOf(document, place) < document.body.start)) return null;
  const converted = convertAliases(text, { positional: false });
  if (converted.text === text) return null;
  const added = converted.inputs.filter(({ name }) => !isBuiltIn(name) && findInput(document, name) === null);
  // Without front matter both edits would be at the same place when the body is empty.
  const declarations = document.frontMatter === null ? [] : (declareInputs(document, added) ?? []);
  return { text: converted.text, edits: withRanges(document, declarations) };
}
