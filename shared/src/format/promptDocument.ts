// The prompt document as values: what a parsed text consists of. All offsets refer to the text that was parsed, which
// the document keeps unchanged: a change is a list of text edits, so whatever we do not understand stays as it is.

import type { LineIndex, Range, Span } from './text.ts';

export type { LineIndex, Place, Range, Span, TextEdit } from './text.ts';

/** JSON data: what front matter holds and what inputs carry. */
export type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

export type Role = 'system' | 'user' | 'assistant';

/** The front matter's YAML as a light tree with places. Anchors, aliases and tags are not part of it. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

export interface YamlMap {
  readonly kind: 'map';
  readonly span: Span;
  readonly flow: boolean;
  readonly entries: readonly YamlEntry[];
}

export interface YamlEntry {
  readonly key: string;
  readonly keySpan: Span;
  /** Null for `key:` with nothing behind it. */
  readonly value: YamlNode | null;
}

export interface YamlList {
  readonly kind: 'list';
  readonly span: Span;
  readonly flow: boolean;
  readonly items: readonly YamlNode[];
}

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly span: Span;
  readonly value: string | number | boolean | null;
}

export interface FrontMatter {
  /** From the opening `---` to the end of the closing line, line break included. */
  readonly span: Span;
  /** The YAML between the two lines. */
  readonly content: Span;
  /** Null if the YAML is broken or not a map. */
  readonly root: YamlMap | null;
}

/** A value of the front matter with the places of its key and of itself. */
export interface Field<T> {
  readonly value: T;
  readonly keySpan: Span;
  readonly span: Span;
}

export const inputTypes = ['string', 'number', 'boolean', 'array', 'object', 'image'] as const;
export type InputType = (typeof inputTypes)[number];

export interface InputDeclaration {
  readonly name: string;
  readonly type: InputType;
  readonly description: string;
  /** Undefined if none is given. */
  readonly default: PlainValue | undefined;
  /** False unless the prompt says so. */
  readonly required: boolean;
  /** Null if any value of the type will do. */
  readonly enum: readonly PlainValue[] | null;
  readonly multiline: boolean;
  readonly keySpan: Span;
  /** Key and value together. */
  readonly span: Span;
}

/** Parameters of a run; a key that is not given is undefined. */
export interface PromptConfig {
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  readonly topP?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** What the front matter says, as far as it is well formed; the rest is in the diagnostics. */
export interface PromptSettings {
  readonly name: Field<string> | null;
  readonly description: Field<string> | null;
  readonly argumentHint: Field<string> | null;
  /** `provider/model`, in order of preference. */
  readonly models: readonly Field<string>[];
  readonly inputs: readonly InputDeclaration[];
  readonly config: PromptConfig;
  /** JSON Schema of `output.schema`. */
  readonly outputSchema: Field<PlainValue> | null;
  readonly tags: readonly Field<string>[];
}

/** `name`, `a.b`, `this.x`, `../x`, `@index`. */
export interface PathExpression {
  readonly kind: 'path';
  readonly span: Span;
  /** Number of `../`. */
  readonly up: number;
  /** `@index`, `@key`, `@first`, `@last`: without the `@`; null for any other path. */
  readonly data: 'index' | 'key' | 'first' | 'last' | null;
  /** Empty for `this`. */
  readonly segments: readonly string[];
  /** True for `this` and `this.x`: never looked up in an outer scope. */
  readonly local: boolean;
}

export interface LiteralExpression {
  readonly kind: 'literal';
  readonly span: Span;
  readonly value: string | number | boolean | null;
}

export interface PartialArgument {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: PathExpression | LiteralExpression;
}

export type BlockName = 'if' | 'unless' | 'each';

export type TemplateNode =
  /** `text` is unescaped and without the lines that a lone block tag or comment takes with it. */
  | { readonly kind: 'text'; readonly span: Span; readonly text: string }
  | { readonly kind: 'value'; readonly span: Span; readonly path: PathExpression }
  | PartialNode
  | { readonly kind: 'comment'; readonly span: Span }
  | BlockNode
  /** Not a tag of this language; its problem is in the document's. A prompt that has one does not render. */
  | { readonly kind: 'invalid'; readonly span: Span; readonly reason: string };

export interface PartialNode {
  readonly kind: 'partial';
  readonly span: Span;
  /** As written, without quotes: `path`, `path@label` or `path@v3`. */
  readonly reference: string;
  /** Quotes included. */
  readonly referenceSpan: Span;
  readonly arguments: readonly PartialArgument[];
}

export interface BlockNode {
  readonly kind: 'block';
  readonly span: Span;
  readonly block: BlockName;
  readonly path: PathExpression;
  readonly open: Span;
  readonly body: readonly TemplateNode[];
  readonly elseTag: Span | null;
  readonly otherwise: readonly TemplateNode[];
  /** Null if it was never closed, and for the inner block of `{{else if}}`. */
  readonly close: Span | null;
}

export interface MessageTemplate {
  readonly role: Role;
  /** The role's line without its break; null for text without a role line. */
  readonly roleSpan: Span | null;
  /** What the message's text comes from: blank lines at both ends are not part of it. */
  readonly span: Span;
  readonly nodes: readonly TemplateNode[];
}

export interface PromptDocument {
  readonly text: string;
  readonly lines: LineIndex;
  readonly frontMatter: FrontMatter | null;
  readonly settings: PromptSettings;
  /** All that follows the front matter. */
  readonly body: Span;
  readonly messages: readonly MessageTemplate[];
  /** What parsing found; `diagnose` adds what only a look at the whole, and at the partials, shows. */
  readonly problems: readonly Diagnostic[];
}

export type DiagnosticCode =
  | 'tooLarge'
  | 'frontMatterUnclosed'
  | 'frontMatterInvalid'
  | 'duplicateKey'
  | 'aliasNotAllowed'
  | 'unknownKey'
  | 'forbiddenKey'
  | 'wrongType'
  | 'modelMalformed'
  | 'inputNameInvalid'
  | 'inputUndeclared'
  | 'inputUnused'
  | 'partialUnknown'
  | 'partialHasRoles'
  | 'partialCycle'
  | 'tagInvalid'
  | 'blockUnclosed'
  | 'blockMismatched'
  | 'blockTooDeep'
  | 'hiddenCharacter'
  | 'roleInCodeBlock'
  | 'textBeforeRole';

export type Severity = 'error' | 'warning' | 'info';

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly range: Range;
  /** What is wrong. May quote the document: for the user, never for a log. */
  readonly message: string;
  /** What to do. */
  readonly action: string;
  /** The name that the problem is about: an input, a key, a partial's reference. */
  readonly name?: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}
