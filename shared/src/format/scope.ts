// What a name means at a place of a template. Looks only at own properties of plain data, never at a prototype.

import { isRecord } from './plainValue.ts';
import type { InputDeclaration, PathExpression, PlainValue } from './promptDocument.ts';

/** `empty`: the name is known, but no value was given. `missing`: nobody knows the name. */
export type Lookup =
  | { readonly state: 'given'; readonly value: PlainValue }
  | { readonly state: 'empty' }
  | { readonly state: 'missing' };

export type Scope = RootScope | ItemScope | PartialScope;

export interface RootScope {
  readonly kind: 'root';
  readonly values: ReadonlyMap<string, Lookup>;
}

/** One turn of `{{#each}}`. */
export interface ItemScope {
  readonly kind: 'item';
  readonly parent: Scope;
  readonly value: PlainValue;
  readonly data: Readonly<Record<'index' | 'key' | 'first' | 'last', PlainValue>>;
}

/** Inside a partial: its arguments first, then what is around it, then its own defaults. */
export interface PartialScope {
  readonly kind: 'partial';
  readonly parent: Scope;
  readonly given: ReadonlyMap<string, PlainValue>;
  readonly declarations: readonly InputDeclaration[];
}

const missing: Lookup = { state: 'missing' };
const empty: Lookup = { state: 'empty' };

export function lookUp(path: PathExpression, scope: Scope): Lookup {
  const from = climb(scope, path.up);
  if (from === null) return missing;
  const item = nearestItem(from);
  if (path.data !== null) return item === null ? missing : { state: 'given', value: item.data[path.data] };
  if (path.local) return item === null ? missing : walk(item.value, path.segments);
  const [name = '', ...rest] = path.segments;
  const found = lookUpName(name, from);
  return found.state === 'given' ? walk(found.value, rest) : found;
}

function lookUpName(name: string, scope: Scope): Lookup {
  switch (scope.kind) {
    case 'root':
      return scope.values.get(name) ?? missing;
    case 'item': {
      const own = ownProperty(scope.value, name);
      return own === undefined ? lookUpName(name, scope.parent) : { state: 'given', value: own };
    }
    case 'partial':
      return lookUpInPartial(name, scope);
  }
}

function lookUpInPartial(name: string, { given, parent, declarations }: PartialScope): Lookup {
  const value = given.get(name);
  if (value !== undefined) return { state: 'given', value };
  const around = lookUpName(name, parent);
  const declaration = declarations.find((each) => each.name === name);
  if (around.state === 'given' || declaration === undefined) return around;
  return declaration.default === undefined ? empty : { state: 'given', value: declaration.default };
}

function walk(start: PlainValue, segments: readonly string[]): Lookup {
  let value = start;
  for (const segment of segments) {
    const next = ownProperty(value, segment);
    if (next === undefined) return empty;
    value = next;
  }
  return { state: 'given', value };
}

function ownProperty(value: PlainValue, name: string): PlainValue | undefined {
  if (Array.isArray(value)) {
    const list: readonly PlainValue[] = value;
    if (name === 'length') return list.length;
    return /^\d{1,9}$/.test(name) ? list[Number(name)] : undefined;
  }
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function nearestItem(scope: Scope): ItemScope | null {
  for (let at = scope; ; at = at.parent) {
    if (at.kind === 'item') return at;
    if (at.kind === 'root') return null;
  }
}

/** `../` leaves one `{{#each}}`. Null if there are not so many. */
function climb(scope: Scope, levels: number): Scope | null {
  let from: Scope = scope;
  for (let level = 0; level < levels; level += 1) {
    const item = nearestItem(from);
    if (item === null) return null;
    from = item.parent;
  }
  return from;
}
