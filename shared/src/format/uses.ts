// What a prompt needs from outside: inputs, built-in values and partials, its partials' needs included.

import { isBuiltIn, type BuiltInName } from './builtIns.ts';
import { limits } from './limits.ts';
import { createPartialLoader, type PartialLoader, type PartialResolver } from './partials.ts';
import type {
  InputDeclaration,
  PartialNode,
  PathExpression,
  PromptDocument,
  TemplateNode,
} from './promptDocument.ts';
import type { Span } from './text.ts';

export interface UsedInput {
  readonly name: string;
  /** The document's own declaration, else that of the first partial that has one, else null. */
  readonly declaration: InputDeclaration | null;
  /** Where the document itself uses it; empty if only a partial does. */
  readonly spans: readonly Span[];
}

export interface UsedPartial {
  readonly reference: string;
  /** Where the document itself includes it; empty if only a partial does. */
  readonly spans: readonly Span[];
  /** False if the resolver does not know it. */
  readonly isKnown: boolean;
}

export interface Uses {
  /** Without undeclared built-ins, which are in `builtIns` only. Declared but unused inputs are not in it. */
  readonly inputs: readonly UsedInput[];
  readonly builtIns: readonly BuiltInName[];
  readonly partials: readonly UsedPartial[];
}

/** Without a resolver, only the document itself is looked at. Visits at most 200 partials. */
export function uses(document: PromptDocument, partials?: PartialResolver): Uses {
  const found: Found = {
    inputs: new Map(),
    builtIns: new Set(),
    partials: new Map(),
    load: partials === undefined ? null : createPartialLoader(partials),
  };
  const context: Context = { document, bound: new Set(), depth: 0, isInEach: false };
  for (const message of document.messages) visitAll(message.nodes, context, found);
  return {
    inputs: [...found.inputs.values()],
    builtIns: [...found.builtIns],
    partials: [...found.partials.values()],
  };
}

const maximumPartials = 200;

interface Found {
  readonly inputs: Map<string, { name: string; declaration: InputDeclaration | null; spans: Span[] }>;
  readonly builtIns: Set<BuiltInName>;
  readonly partials: Map<string, { reference: string; spans: Span[]; isKnown: boolean }>;
  readonly load: PartialLoader | null;
}

interface Context {
  readonly document: PromptDocument;
  /** Names that arguments on the way here give. */
  readonly bound: ReadonlySet<string>;
  /** 0 in the document itself. */
  readonly depth: number;
  /** Then a name may be a property of the item. */
  readonly isInEach: boolean;
}

function visitAll(nodes: readonly TemplateNode[], context: Context, found: Found): void {
  for (const node of nodes) visit(node, context, found);
}

function visit(node: TemplateNode, context: Context, found: Found): void {
  switch (node.kind) {
    case 'value':
      visitPath(node.path, context, found);
      return;
    case 'block':
      visitPath(node.path, context, found);
      visitAll(node.body, { ...context, isInEach: context.isInEach || node.block === 'each' }, found);
      visitAll(node.otherwise, context, found);
      return;
    case 'partial':
      for (const { value } of node.arguments) if (value.kind === 'path') visitPath(value, context, found);
      visitPartial(node, context, found);
      return;
    case 'text':
    case 'comment':
    case 'invalid':
      return;
  }
}

function visitPath(path: PathExpression, context: Context, found: Found): void {
  const name = path.segments[0];
  if (name === undefined || path.local || path.data !== null || context.bound.has(name)) return;
  const own = context.document.settings.inputs.find((input) => input.name === name) ?? null;
  const known = found.inputs.get(name);
  if (isBuiltIn(name)) found.builtIns.add(name);
  if (own === null && known === undefined && (isBuiltIn(name) || context.isInEach)) return;
  const input = known ?? { name, declaration: own, spans: [] };
  input.declaration ??= own;
  if (context.depth === 0) input.spans.push(path.span);
  found.inputs.set(name, input);
}

function visitPartial(node: PartialNode, context: Context, found: Found): void {
  const known = found.partials.get(node.reference);
  if (known !== undefined) {
    if (context.depth === 0) known.spans.push(node.referenceSpan);
    return;
  }
  const loaded = found.load?.(node.reference) ?? null;
  const spans = context.depth === 0 ? [node.referenceSpan] : [];
  found.partials.set(node.reference, { reference: node.reference, spans, isKnown: loaded !== null });
  if (loaded === null || found.partials.size > maximumPartials || context.depth >= limits.partialDepth)
    return;
  const bound = new Set([...context.bound, ...node.arguments.map((argument) => argument.name)]);
  const inside: Context = { ...context, document: loaded.document, bound, depth: context.depth + 1 };
  for (const message of loaded.document.messages) visitAll(message.nodes, inside, found);
}
