// Document + values → messages. Values are inserted, never parsed: no value can become a role, a tag or code. Bounded in
// depth, steps and length, because a teammate's prompt is untrusted input. Expected failures are values with places.

import { t } from '@vscode/l10n';
import { builtInNames, isBuiltIn, type BuiltInName } from './builtIns.ts';
import { coerceInput } from './inputs.ts';
import { limits } from './limits.ts';
import {
  createPartialLoader,
  hasRoles,
  preventsRendering,
  type LoadedPartial,
  type PartialLoader,
  type PartialResolver,
} from './partials.ts';
import { isRecord, toPlainValue } from './plainValue.ts';
import type {
  BlockNode,
  DiagnosticCode,
  InputDeclaration,
  PartialNode,
  PathExpression,
  PlainValue,
  PromptDocument,
  Role,
  TemplateNode,
} from './promptDocument.ts';
import { lookUp, type Lookup, type PartialScope, type Scope } from './scope.ts';
import type { Range, Span } from './text.ts';
import { uses } from './uses.ts';

export interface RenderOptions {
  /** By name, as a form or a program gives them; null and undefined mean: not given. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly builtIns?: Readonly<Partial<Record<BuiltInName, string>>>;
  readonly partials?: PartialResolver;
  /** The document's own key among the partials: then a cycle is seen at its first turn. */
  readonly key?: string;
}

export interface RenderedMessage {
  readonly role: Role;
  readonly content: string;
  /** Images that the content mentions as `[image: name]`, as `data:` addresses. */
  readonly images: readonly { readonly name: string; readonly address: string }[];
}

export type RenderErrorCode =
  | DiagnosticCode
  | 'inputMissing'
  | 'inputInvalid'
  | 'notAList'
  | 'outsideEach'
  | 'partialTooDeep'
  | 'tooManySteps'
  | 'nothingToSay';

export interface RenderError {
  readonly code: RenderErrorCode;
  /** For the user; may quote the document, so never for a log. */
  readonly message: string;
  readonly action: string;
  /** In the document itself, or in the last of `through`. */
  readonly range: Range;
  /** References of the partials that lead from the document to the place. */
  readonly through: readonly string[];
  /** The input or partial concerned. */
  readonly name?: string;
}

export type RenderOutcome =
  | { readonly ok: true; readonly messages: readonly RenderedMessage[] }
  | { readonly ok: false; readonly errors: readonly RenderError[] };

export function render(document: PromptDocument, options: RenderOptions = {}): RenderOutcome {
  const load = createPartialLoader(options.partials ?? (() => null));
  const run = createRun(load);
  const frame: Frame = { document, through: [], keys: options.key === undefined ? [] : [options.key] };
  refuseBroken(frame, run);
  const scope = readValues(document, options, run);
  if (run.errors.length > 0) return { ok: false, errors: run.errors };
  const messages = document.messages.map(({ role, nodes }) => {
    const output: Output = { parts: [], images: new Map() };
    evaluateAll(nodes, { run, frame, scope, output });
    const images = [...output.images].map(([name, address]) => ({ name, address }));
    return { role, content: output.parts.join(''), images };
  });
  // Providers refuse empty messages; `{{#if}}` around a whole message is a sensible way to leave it out.
  const filled = messages.filter((message) => message.content.trim() !== '');
  if (run.errors.length === 0 && filled.length === 0) reportNothing(frame, run);
  return run.errors.length > 0 ? { ok: false, errors: run.errors } : { ok: true, messages: filled };
}

/** One text on the way: the document itself or a partial. */
interface Frame {
  readonly document: PromptDocument;
  readonly through: readonly string[];
  readonly keys: readonly string[];
}

interface Output {
  readonly parts: string[];
  readonly images: Map<string, string>;
}

interface Place {
  readonly run: Run;
  readonly frame: Frame;
  readonly scope: Scope;
  readonly output: Output;
}

interface Problem {
  readonly code: RenderErrorCode;
  readonly span: Span;
  readonly message: string;
  readonly action: string;
  readonly name?: string;
}

interface Run {
  readonly errors: readonly RenderError[];
  readonly load: PartialLoader;
  /** Data addresses of image inputs, with the input's name. */
  readonly imageNames: Map<string, string>;
  fail(frame: Frame, problem: Problem): void;
  /** False once a limit is reached: the caller stops. Says so once. */
  mayGoOn(frame: Frame, span: Span, length: number): boolean;
}

const maximumErrors = 50;

function createRun(load: PartialLoader): Run {
  const errors: RenderError[] = [];
  let steps = 0;
  let length = 0;
  let isStopped = false;
  const fail = (frame: Frame, { span, ...problem }: Problem): void => {
    const isKnown = errors.some((error) => error.code === problem.code && error.message === problem.message);
    if (isKnown || errors.length >= maximumErrors) return;
    errors.push({ ...problem, range: frame.document.lines.range(span), through: frame.through });
  };
  const stop = (frame: Frame, problem: Problem): false => {
    if (!isStopped) fail(frame, problem);
    isStopped = true;
    return false;
  };
  return {
    errors,
    load,
    imageNames: new Map(),
    fail,
    mayGoOn: (frame, span, added) => {
      if (isStopped) return false;
      steps += 1;
      length += added;
      if (length > limits.renderedLength) {
        const message = t('The messages become longer than {0} characters.', limits.renderedLength);
        return stop(frame, { code: 'tooLarge', span, message, action: t('Give it less text.') });
      }
      if (steps <= limits.renderSteps) return true;
      const message = t('Rendering takes more than {0} steps.', limits.renderSteps);
      return stop(frame, {
        code: 'tooManySteps',
        span,
        message,
        action: t('Use smaller lists or fewer partials.'),
      });
    },
  };
}

function refuseBroken(frame: Frame, run: Run): boolean {
  const broken = frame.document.problems.filter(({ code }) => preventsRendering(code));
  for (const { code, range, message, action } of broken) {
    run.fail(frame, { code, span: { start: range.start.offset, end: range.end.offset }, message, action });
  }
  return broken.length > 0;
}

function reportNothing(frame: Frame, run: Run): void {
  run.fail(frame, {
    code: 'nothingToSay',
    span: frame.document.body,
    message: t('The prompt is empty with these inputs.'),
    action: t('Write some text below the front matter, or give more inputs.'),
  });
}

// ---- values

function readValues(document: PromptDocument, options: RenderOptions, run: Run): Scope {
  const values = new Map<string, Lookup>();
  for (const name of builtInNames) {
    const value = options.builtIns?.[name];
    values.set(name, value === undefined ? { state: 'empty' } : { state: 'given', value });
  }
  const given = new Map(Object.entries(options.inputs ?? {}).filter(([, value]) => isGiven(value)));
  const frame: Frame = { document, through: [], keys: [] };
  const context: ReadContext = { frame, run, load: run.load };
  for (const declaration of document.settings.inputs) {
    const builtIn = values.get(declaration.name);
    const raw = given.get(declaration.name) ?? (builtIn?.state === 'given' ? builtIn.value : undefined);
    values.set(declaration.name, readDeclared(declaration, raw, context));
    given.delete(declaration.name);
  }
  for (const [name, raw] of given) values.set(name, readUndeclared(name, raw, context));
  return { kind: 'root', values };
}

interface ReadContext {
  readonly frame: Frame;
  readonly run: Run;
  readonly load: PartialLoader;
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function readDeclared(declaration: InputDeclaration, raw: unknown, { frame, run }: ReadContext): Lookup {
  // A form's empty field is no number, no list and no choice; only of a plain text it may be the value.
  const isBlank = raw === '' && (declaration.type !== 'string' || declaration.enum !== null);
  if (isGiven(raw) && !isBlank) {
    const value = coerceInput(declaration, raw);
    if (!value.ok) {
      const { span, name } = declaration;
      run.fail(frame, {
        code: 'inputInvalid',
        span,
        message: value.problem,
        action: t('Give another value.'),
        name,
      });
      return { state: 'empty' };
    }
    if (declaration.type === 'image' && typeof value.value === 'string') {
      run.imageNames.set(value.value, declaration.name);
    }
    if (value.value !== '' || !declaration.required) return { state: 'given', value: value.value };
  }
  if (declaration.default !== undefined) return { state: 'given', value: declaration.default };
  if (declaration.required)
    reportMissing(declaration.name, placeOf(declaration, frame.document), { frame, run });
  return { state: 'empty' };
}

/** Where the document uses the input first; its declaration if it does not. */
function placeOf(declaration: InputDeclaration, document: PromptDocument): Span {
  const used = uses(document).inputs.find((input) => input.name === declaration.name);
  return used?.spans[0] ?? declaration.keySpan;
}

function readUndeclared(name: string, raw: unknown, { frame, run }: ReadContext): Lookup {
  const plain = toPlainValue(raw);
  if (plain.ok) return { state: 'given', value: plain.value };
  const message = t('The value of `{0}` {1}.', name, plain.problem);
  run.fail(frame, {
    code: 'inputInvalid',
    span: frame.document.body,
    message,
    action: t('Give another value.'),
    name,
  });
  return { state: 'empty' };
}

function reportMissing(name: string, span: Span, { frame, run }: Pick<ReadContext, 'frame' | 'run'>): void {
  run.fail(frame, {
    code: 'inputMissing',
    span,
    message: t('The input `{0}` has no value.', name),
    action: isBuiltIn(name)
      ? t('Give it a value, or run the prompt where the editor has a {0}.', name)
      : t(`Give it a value, or declare it with a default.`),
    name,
  });
}

// ---- evaluation

function evaluateAll(nodes: readonly TemplateNode[], place: Place): void {
  for (const node of nodes) {
    if (!place.run.mayGoOn(place.frame, node.span, 0)) return;
    evaluate(node, place);
  }
}

function evaluate(node: TemplateNode, place: Place): void {
  switch (node.kind) {
    case 'text':
      write(node.text, node.span, place);
      return;
    case 'value':
      evaluateValue(node.path, node.span, place);
      return;
    case 'partial':
      evaluatePartial(node, place);
      return;
    case 'block':
      evaluateBlock(node, place);
      return;
    case 'comment':
    case 'invalid':
      return;
  }
}

function write(text: string, span: Span, { run, frame, output }: Place): void {
  if (run.mayGoOn(frame, span, text.length)) output.parts.push(text);
}

function evaluateValue(path: PathExpression, span: Span, place: Place): void {
  const found = lookUp(path, place.scope);
  if (found.state === 'empty') return;
  if (found.state === 'missing') {
    reportUnknownName(path, span, place);
    return;
  }
  const { value } = found;
  const image = typeof value === 'string' ? place.run.imageNames.get(value) : undefined;
  if (typeof value === 'string' && image !== undefined) {
    place.output.images.set(image, value);
    write(`[image: ${image}]`, span, place);
  } else write(toText(value), span, place);
}

/** Texts as they are; lists of simple values with commas; everything else as JSON. */
function toText(value: PlainValue): string {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  if (!Array.isArray(value)) return JSON.stringify(value, null, 2);
  const list: readonly PlainValue[] = value;
  const isSimple = list.every((item) => typeof item !== 'object' || item === null);
  return isSimple ? list.map(toText).join(', ') : JSON.stringify(list, null, 2);
}

function reportUnknownName(path: PathExpression, span: Span, { run, frame }: Place): void {
  if (path.data === null && !path.local && path.up === 0) {
    reportMissing(path.segments[0] ?? '', span, { run, frame });
    return;
  }
  run.fail(frame, {
    code: 'outsideEach',
    span,
    message: t('`this`, `../` and `@…` have a meaning only inside {0}.', '`{{#each}}`'),
    action: t('Move it into the block, or use the name of an input.'),
  });
}

function evaluateBlock(node: BlockNode, place: Place): void {
  const found = lookUp(node.path, place.scope);
  if (node.block === 'each') {
    evaluateEach(node, found, place);
    return;
  }
  const isTrue = found.state === 'given' && isTruthy(found.value);
  evaluateAll(isTrue === (node.block === 'if') ? node.body : node.otherwise, place);
}

function isTruthy(value: PlainValue): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function evaluateEach(node: BlockNode, found: Lookup, place: Place): void {
  if (found.state === 'missing') {
    reportUnknownName(node.path, node.open, place);
    return;
  }
  const entries = found.state === 'given' ? entriesOf(found.value) : [];
  if (entries === null) {
    place.run.fail(place.frame, {
      code: 'notAList',
      span: node.path.span,
      message: t(
        '`{0}` is not a list, so {1} cannot go through it.',
        node.path.segments.join('.') || 'this',
        '`{{#each}}`',
      ),
      action: t('Declare the input with `type: array`, or use {0}.', '`{{#if}}`'),
    });
    return;
  }
  if (entries.length === 0) evaluateAll(node.otherwise, place);
  for (const [index, [key, value]] of entries.entries()) {
    if (!place.run.mayGoOn(place.frame, node.open, 0)) return;
    const data = { index, key, first: index === 0, last: index === entries.length - 1 };
    evaluateAll(node.body, { ...place, scope: { kind: 'item', parent: place.scope, value, data } });
  }
}

function entriesOf(value: PlainValue): readonly (readonly [PlainValue, PlainValue])[] | null {
  if (Array.isArray(value)) return value.map((item: PlainValue, index) => [index, item] as const);
  if (isRecord(value)) return Object.entries(value);
  return value === null || value === '' || value === false ? [] : null;
}

// ---- partials

function evaluatePartial(node: PartialNode, place: Place): void {
  const loaded = usablePartial(node, place);
  if (loaded === null) return;
  const frame: Frame = {
    document: loaded.document,
    through: [...place.frame.through, node.reference],
    keys: [...place.frame.keys, loaded.key],
  };
  if (refuseBroken(frame, place.run)) return;
  const scope = partialScope(node, loaded, place);
  requireInputs(scope, node, { ...place, frame });
  for (const { nodes } of loaded.document.messages) evaluateAll(nodes, { ...place, frame, scope });
}

function usablePartial(node: PartialNode, { run, frame }: Place): LoadedPartial | null {
  const name = node.reference;
  const refuse = (code: RenderErrorCode, message: string, action: string): null => {
    run.fail(frame, { code, span: node.referenceSpan, message, action, name });
    return null;
  };
  const loaded = run.load(name);
  if (loaded === null) {
    return refuse(
      'partialUnknown',
      t('There is no prompt `{0}` to include.', name),
      t('Correct the name, or create it.'),
    );
  }
  if (frame.keys.includes(loaded.key)) {
    const circle = [...frame.through.slice(frame.keys.indexOf(loaded.key)), name].join(' → ');
    return refuse(
      'partialCycle',
      t('Prompts include each other in a circle: {0}.', circle),
      t('Take one of them out.'),
    );
  }
  if (frame.keys.length >= limits.partialDepth) {
    const message = t('Partials include each other deeper than {0} levels.', limits.partialDepth);
    return refuse('partialTooDeep', message, t('Make the chain shorter.'));
  }
  if (hasRoles(loaded.document)) {
    const message = t('`{0}` has role lines, so it is no piece of a message.', name);
    return refuse('partialHasRoles', message, t('Remove its role lines, or copy what you need.'));
  }
  return loaded;
}

function partialScope(node: PartialNode, loaded: LoadedPartial, { scope }: Place): PartialScope {
  const given = new Map<string, PlainValue>();
  for (const { name, value } of node.arguments) {
    const found: Lookup =
      value.kind === 'literal' ? { state: 'given', value: value.value } : lookUp(value, scope);
    if (found.state === 'given') given.set(name, found.value);
  }
  return { kind: 'partial', parent: scope, given, declarations: loaded.document.settings.inputs };
}

function requireInputs(scope: PartialScope, node: PartialNode, { run, frame }: Place): void {
  for (const declaration of scope.declarations) {
    if (!declaration.required || hasValue(declaration.name, scope)) continue;
    run.fail(frame, {
      code: 'inputMissing',
      span: declaration.keySpan,
      message: t(
        'The partial `{0}` needs the input `{1}`, which has no value.',
        node.reference,
        declaration.name,
      ),
      action: t('Give it where it is included: {0}.', `\`{{> ${node.reference} ${declaration.name}=…}}\``),
      name: declaration.name,
    });
  }
}

function hasValue(name: string, scope: PartialScope): boolean {
  const span = { start: 0, end: 0 };
  const found = lookUp({ kind: 'path', span, up: 0, data: null, segments: [name], local: false }, scope);
  return found.state === 'given' && found.value !== '' && found.value !== null;
}
