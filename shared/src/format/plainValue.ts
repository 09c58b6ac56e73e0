// JSON data from outside, copied into objects without a prototype: after this, a lookup finds only what was given.

import { t } from '@vscode/l10n';
import { limits } from './limits.ts';
import type { PlainValue, YamlNode } from './promptDocument.ts';

export type PlainResult =
  | { readonly ok: true; readonly value: PlainValue }
  | { readonly ok: false; readonly problem: string };

/** Refuses what JSON cannot say (functions, cycles, NaN, …) and what is too deep or too large. */
export function toPlainValue(value: unknown): PlainResult {
  let parts = 0;
  let problem: string | null = null;
  const refuse = (reason: string): null => {
    problem ??= reason;
    return null;
  };
  const copy = (part: unknown, depth: number): PlainValue => {
    parts += 1;
    if (problem !== null) return null;
    if (depth > limits.valueDepth) return refuse(t('is nested deeper than {0} levels', limits.valueDepth));
    if (parts > limits.valueParts) return refuse(t('has more than {0} parts', limits.valueParts));
    if (part === null || typeof part === 'string' || typeof part === 'boolean') return part;
    if (typeof part === 'number')
      return Number.isFinite(part) ? part : refuse(t('holds a number that is not finite'));
    if (Array.isArray(part)) return part.map((item: unknown) => copy(item, depth + 1));
    if (typeof part !== 'object') return refuse(t('holds a {0}', typeof part));
    const result: Record<string, PlainValue> = createRecord();
    for (const [key, item] of Object.entries(part)) result[key] = copy(item, depth + 1);
    return result;
  };
  const copied = copy(value, 0);
  return problem === null ? { ok: true, value: copied } : { ok: false, problem };
}

/** The value that a piece of front matter stands for. */
export function yamlToPlainValue(node: YamlNode | null): PlainValue {
  if (node === null) return null;
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(yamlToPlainValue);
    case 'map': {
      const result: Record<string, PlainValue> = createRecord();
      for (const { key, value } of node.entries) result[key] = yamlToPlainValue(value);
      return result;
    }
  }
}

export function isRecord(value: PlainValue): value is { readonly [key: string]: PlainValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function createRecord(): Record<string, PlainValue> {
  // An object without a prototype has no `__proto__` setter: that key is an ordinary one.
  return Object.create(null) as Record<string, PlainValue>;
}
