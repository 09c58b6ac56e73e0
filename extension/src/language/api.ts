// What the editor may ask about the text of a prompt. Parsing takes longer than the extension host may stand still, so
// it happens in a worker thread (`../node/languageWorker.ts`), and everything in this file crosses that boundary as
// plain structured-clonable data. All of it is content: never for a log.
//
// Every answer may be null: the text has changed meanwhile (VS Code asks again), or the worker has ended (the next
// question starts another one). Lines and characters count from zero, in UTF-16 units, as VS Code's do.

import type { ImportedPrompt, PromptFile } from '@cuebook/shared/format/importPrompt';
import type { BuiltInName } from '@cuebook/shared/format/builtIns';
import type { Diagnostic, PromptSettings, Range } from '@cuebook/shared/format/promptDocument';
import type { RenderOutcome } from '@cuebook/shared/format/render';
import type { Uses } from '@cuebook/shared/format/uses';
import type { Values } from '../run/inputPlan.ts';
import type { HiddenFinding } from './hiddenFinding.ts';
import type { Suggestion } from './completions.ts';
import type { Fix } from './fixes.ts';
import type { HoverPart } from './hover.ts';
import type { Fold, OutlineItem } from './outline.ts';

/** One state of an open document. */
export interface TextId {
  /** Its address. */
  readonly key: string;
  readonly version: number;
}

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Edit {
  readonly range: Range;
  readonly text: string;
}

/** What a reference as written leads to; `text` is null if it leads to nothing. */
export interface KnownPartial {
  readonly reference: string;
  /** The same for two references to the same prompt. */
  readonly key: string;
  /** Where the prompt lies now; null if the reference leads to nothing. */
  readonly path: string | null;
  readonly text: string | null;
}

export interface Findings {
  readonly problems: readonly Diagnostic[];
  /** References that lead to a prompt that has another name now. */
  readonly moved: readonly MovedReference[];
}

export interface MovedReference {
  readonly reference: string;
  readonly path: string;
  readonly edit: Edit;
}

type WithRanges<F> = F extends { readonly edits: unknown }
  ? Omit<F, 'edits'> & { readonly edits: readonly Edit[] }
  : F;

export type OfferedFix = WithRanges<Fix>;

export interface Suggestions {
  readonly items: readonly (Omit<Suggestion, 'replace'> & {
    readonly range: Range;
    /** What stands in the range now. */
    readonly typed: string;
  })[];
  /** True if more typing may bring others. */
  readonly isIncomplete: boolean;
}

export interface HoverAnswer {
  readonly range: Range;
  readonly parts: readonly HoverPart[];
}

export type OutlineSymbol = Pick<OutlineItem, 'kind' | 'name' | 'detail'> & {
  readonly range: Range;
  readonly nameRange: Range;
  readonly children: readonly OutlineSymbol[];
};

export type Named =
  | {
      readonly kind: 'input';
      readonly name: string;
      readonly range: Range;
      /** Null for a built-in that is not declared, and for an unknown name. */
      readonly declared: Range | null;
      readonly mayRename: boolean;
      /** Declaration and uses; at most a thousand. */
      readonly occurrences: readonly Range[];
    }
  | { readonly kind: 'partial'; readonly reference: string; readonly range: Range };

export type RenameAnswer =
  | { readonly ok: true; readonly edits: readonly Edit[] }
  | { readonly ok: false; readonly why: 'noInput' | 'nameInvalid' | 'nameTaken' };

/** The messages that a run would send, with the last values, else defaults, else `‹name›`. */
export interface PreviewAnswer {
  readonly outcome: RenderOutcome;
  readonly models: readonly { readonly value: string; readonly range: Range }[];
}

export interface PasteAnswer {
  readonly text: string;
  /** Declarations of new inputs. */
  readonly edits: readonly Edit[];
}

/** A text that somebody else holds: a prompt to run, or one that includes another. */
export interface GivenPrompt {
  readonly text: string;
  /** The prompt's own key among the partials, so that a circle is seen. */
  readonly key: string | null;
  readonly partials: readonly KnownPartial[];
}

export interface PromptToRun {
  readonly settings: PromptSettings;
  readonly uses: Uses;
  /** In the prompt and all that it includes. */
  readonly hidden: HiddenFinding | null;
}

export interface RenderedRun {
  readonly outcome: RenderOutcome;
  /** In what the inputs brought in. */
  readonly hidden: HiddenFinding | null;
}

/** Questions about documents whose text was given with `open`. */
export interface DocumentQuestions {
  diagnose(at: TextId): Promise<Findings | null>;
  /** One list for each problem; best first. */
  fixes(at: TextId, problems: readonly Diagnostic[]): Promise<readonly (readonly OfferedFix[])[] | null>;
  complete(at: TextId, position: Position): Promise<Suggestions | null>;
  hover(at: TextId, position: Position): Promise<HoverAnswer | null>;
  outline(at: TextId): Promise<readonly OutlineSymbol[] | null>;
  folds(at: TextId): Promise<readonly Fold[] | null>;
  named(at: TextId, position: Position): Promise<Named | null>;
  rename(at: TextId, position: Position, newName: string): Promise<RenameAnswer | null>;
  preview(at: TextId): Promise<PreviewAnswer | null>;
  /** What `text` becomes when it is pasted into the body; null if nothing. */
  paste(at: TextId, places: readonly Position[], text: string): Promise<PasteAnswer | null>;
}

/** Questions about texts that come with the question. */
export interface TextQuestions {
  read(prompt: GivenPrompt): Promise<PromptToRun | null>;
  render(prompt: GivenPrompt, values: RunValues): Promise<RenderedRun | null>;
  /** Where the text includes the prompt with this key, and what its references should be now. */
  inclusions(prompt: GivenPrompt, of: string): Promise<readonly Inclusion[] | null>;
  convert(file: PromptFile): Promise<ImportedPrompt | null>;
}

export interface RunValues {
  readonly inputs: Values;
  readonly builtIns: Readonly<Partial<Record<BuiltInName, string>>>;
}

export interface Inclusion {
  readonly range: Range;
  /** Null if the reference uses the prompt's name. */
  readonly moved: Edit | null;
}

export interface OpenedText {
  readonly text: string;
  /** The prompt's own key among the partials, so that a circle is seen; null if it is not in the library. */
  readonly promptKey: string | null;
}

/** What the worker answers. */
export interface LanguageCalls extends DocumentQuestions, TextQuestions {
  open(at: TextId, text: OpenedText): void;
  close(key: string): void;
}

/** What the worker asks of the host while it answers. */
export interface LanguageHostCalls {
  /** What the document's references lead to; null if the library could not be asked. */
  partials(key: string, references: readonly string[]): Promise<readonly KnownPartial[] | null>;
  /** Paths of all prompts. */
  paths(): Promise<readonly string[]>;
  /** Prompts to include, for what was typed. */
  matching(
    typed: string,
  ): Promise<{ readonly prompts: readonly PromptToInclude[]; readonly isIncomplete: boolean }>;
  tags(): Promise<readonly string[]>;
  models(): Promise<{ readonly models: readonly ModelToName[]; readonly isIncomplete: boolean }>;
  /** What the inputs were given last; empty for a prompt that is not in the library. */
  lastValues(key: string): Promise<Readonly<Record<string, unknown>>>;
}

export interface PromptToInclude {
  readonly path: string;
  readonly description: string;
}

export interface ModelToName {
  readonly id: string;
  readonly label: string;
}

/** The language as the extension host sees it. Its worker starts with the first question. */
export interface Language extends DocumentQuestions, TextQuestions {
  /** Names the text as it is now, for questions; the worker is given the text if it does not have it. */
  at(document: OpenDocument): TextId;
  close(key: string): void;
}

export interface OpenDocument extends TextId {
  /** Called only if the worker does not have this version. */
  readonly opened: () => OpenedText;
}
