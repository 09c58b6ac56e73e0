// Front matter → typed settings. What is well formed is read; what is not is reported at its place and left out.

import { t } from '@vscode/l10n';
import { closestName } from './closestName.ts';
import { coerceInput, isOfType } from './inputs.ts';
import { isRecord, yamlToPlainValue } from './plainValue.ts';
import {
  inputTypes,
  type Field,
  type InputDeclaration,
  type InputType,
  type PlainValue,
  type PromptConfig,
  type PromptSettings,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
} from './promptDocument.ts';
import type { Report } from './report.ts';
import type { Span } from './text.ts';

export const settingKeys = [
  'name',
  'description',
  'argument-hint',
  'model',
  'inputs',
  'config',
  'output',
  'tags',
] as const;
export const configKeys = ['temperature', 'maxOutputTokens', 'topP', 'stop', 'seed'] as const;
export const inputKeys = ['type', 'description', 'default', 'required', 'enum', 'multiline'] as const;

/** Keys of other tools' prompt files that lie close to one of ours: no slip of the keyboard. */
const foreignKeys = new Set(['mode', 'agent', 'tools', 'names', 'title']);

/** Compared in lower case without `-` and `_`. A prompt must not choose where a key is sent, nor carry one. */
const forbiddenKeys = new Set([
  'apikey',
  'apitoken',
  'accesstoken',
  'authtoken',
  'token',
  'secret',
  'secrets',
  'clientsecret',
  'password',
  'credentials',
  'authorization',
  'bearer',
  'headers',
  'httpheaders',
  'extraheaders',
  'baseurl',
  'apibase',
  'apiurl',
  'endpoint',
  'proxy',
]);

export const emptySettings: PromptSettings = {
  name: null,
  description: null,
  argumentHint: null,
  models: [],
  inputs: [],
  config: {},
  outputSchema: null,
  tags: [],
};

export function readSettings(root: YamlMap, report: Report): PromptSettings {
  const entry = (key: string): YamlEntry | null => root.entries.find((each) => each.key === key) ?? null;
  reportKeys(root, report);
  return {
    name: readText(entry('name'), report),
    description: readText(entry('description'), report),
    argumentHint: readArgumentHint(entry('argument-hint'), report),
    models: readModels(entry('model'), report),
    inputs: readInputs(entry('inputs'), report),
    config: readConfig(entry('config'), report),
    outputSchema: readOutput(entry('output'), report),
    tags: readTexts(entry('tags'), report),
  };
}

function reportKeys(root: YamlMap, report: Report): void {
  for (const { key, keySpan, value } of root.entries) {
    reportForbidden(key, keySpan, report);
    reportUnknown(key, keySpan, settingKeys, report);
    if ((key === 'config' || key === 'model' || key === 'output') && value?.kind === 'map') {
      for (const inner of value.entries) reportForbidden(inner.key, inner.keySpan, report);
    }
  }
}

function reportForbidden(key: string, span: Span, report: Report): void {
  if (!forbiddenKeys.has(key.toLowerCase().replaceAll(/[-_]/g, ''))) return;
  report.add({
    code: 'forbiddenKey',
    severity: 'error',
    span,
    message: t(
      '`{0}` does not belong in a prompt: keys, addresses and headers are set on each machine, never by a document.',
      key,
    ),
    action: t('Remove it. Keys are added with `Cuebook: Add Provider Key`, addresses in the settings.'),
    name: key,
  });
}

function reportUnknown(key: string, span: Span, known: readonly string[], report: Report): void {
  if (known.includes(key) || foreignKeys.has(key)) return;
  const suggestion = closestName(key, known);
  if (suggestion === null) return;
  report.add({
    code: 'unknownKey',
    severity: 'info',
    span,
    message: t('`{0}` is not a key that Cuebook knows. Did you mean `{1}`?', key, suggestion),
    action: t('Rename it to `{0}`, or leave it: unknown keys are kept.', suggestion),
    name: key,
    suggestion,
  });
}

function wrongType(span: Span, what: string, expected: string, report: Report): null {
  report.add({
    code: 'wrongType',
    severity: 'error',
    span,
    message: t('`{0}` must be {1}.', what, expected),
    action: t('Write {0}, or remove the key.', expected),
    name: what,
  });
  return null;
}

function fieldOf<T>(entry: YamlEntry, value: T, span: Span | undefined): Field<T> {
  return { value, keySpan: entry.keySpan, span: span ?? entry.keySpan };
}

function readText(entry: YamlEntry | null, report: Report): Field<string> | null {
  if (entry === null || entry.value === null) return null;
  const { value } = entry;
  if (value.kind !== 'scalar' || value.value === null)
    return wrongType(value.span, entry.key, t('a text'), report);
  return fieldOf(entry, String(value.value), value.span);
}

/** `[focus]` without quotes is a YAML list, and what people write. */
function readArgumentHint(entry: YamlEntry | null, report: Report): Field<string> | null {
  if (entry?.value?.kind !== 'list') return readText(entry, report);
  const words = entry.value.items.map((item) => (item.kind === 'scalar' ? String(item.value ?? '') : ''));
  return fieldOf(entry, `[${words.join(', ')}]`, entry.value.span);
}

function readTexts(entry: YamlEntry | null, report: Report): readonly Field<string>[] {
  if (entry === null || entry.value === null) return [];
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  return items.flatMap((item) => {
    if (item.kind === 'scalar' && item.value !== null) return [fieldOf(entry, String(item.value), item.span)];
    wrongType(item.span, entry.key, t('a text or a list of texts'), report);
    return [];
  });
}

/** `provider/model`; the model may hold anything but control characters, such as `vscode/Claude Sonnet 4`. */
const modelReference = /^[a-z0-9][a-z0-9._-]*\/[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u;

export function isModelReference(text: string): boolean {
  return text.length <= 200 && modelReference.test(text);
}

function readModels(entry: YamlEntry | null, report: Report): readonly Field<string>[] {
  const models = readTexts(entry, report);
  for (const { value, span } of models) {
    if (isModelReference(value)) continue;
    report.add({
      code: 'modelMalformed',
      severity: 'warning',
      span,
      message: t('`{0}` is not a model reference.', value),
      action: t('Write `provider/model`, such as `openai/gpt-4.1` or `vscode/*`.'),
      name: value,
    });
  }
  return models.filter((model) => isModelReference(model.value));
}

const inputName = /^[\p{L}_][\p{L}\p{N}_-]*$/u;
const reservedNames = new Set([
  'this',
  'else',
  'true',
  'false',
  'null',
  '__proto__',
  'constructor',
  'prototype',
]);

export function isInputName(name: string): boolean {
  return name.length <= 100 && inputName.test(name) && !reservedNames.has(name);
}

function readInputs(entry: YamlEntry | null, report: Report): readonly InputDeclaration[] {
  if (entry === null || entry.value === null) return [];
  if (entry.value.kind !== 'map') {
    wrongType(entry.value.span, 'inputs', t('a map from input names to declarations'), report);
    return [];
  }
  return entry.value.entries.flatMap((each) => {
    if (isInputName(each.key)) return [readInput(each, report)];
    report.add({
      code: 'inputNameInvalid',
      severity: 'error',
      span: each.keySpan,
      message: t('`{0}` cannot be the name of an input.', each.key),
      action: t('Use letters, digits, `-` and `_`, beginning with a letter.'),
      name: each.key,
    });
    return [];
  });
}

function readInput(entry: YamlEntry, report: Report): InputDeclaration {
  const { key: name, keySpan, value } = entry;
  const span = { start: keySpan.start, end: value?.span.end ?? keySpan.end };
  const plain: InputDeclaration = {
    name,
    type: 'string',
    description: '',
    default: undefined,
    required: false,
    enum: null,
    multiline: false,
    keySpan,
    span,
  };
  if (value === null) return plain;
  if (value.kind === 'map') return readFullInput(plain, value, report);
  return { ...plain, type: readInputType(value, report) };
}

function readInputType(node: YamlNode, report: Report): InputType {
  const type = inputTypes.find((each) => node.kind === 'scalar' && each === node.value);
  if (type !== undefined) return type;
  wrongType(node.span, 'type', t('one of {0}', inputTypes.join(', ')), report);
  return 'string';
}

function readFullInput(plain: InputDeclaration, map: YamlMap, report: Report): InputDeclaration {
  for (const { key, keySpan } of map.entries) {
    reportForbidden(key, keySpan, report);
    reportUnknown(key, keySpan, inputKeys, report);
  }
  const entry = (key: string): YamlEntry | null => map.entries.find((each) => each.key === key) ?? null;
  const typeNode = entry('type')?.value ?? null;
  const type =
    typeNode === null ? impliedType(entry('default'), entry('enum')) : readInputType(typeNode, report);
  const described: InputDeclaration = {
    ...plain,
    type,
    description: readText(entry('description'), report)?.value ?? '',
    required: readFlag(entry('required'), report),
    multiline: readFlag(entry('multiline'), report),
    enum: readEnum(entry('enum'), type, report),
  };
  return { ...described, default: readDefault(entry('default'), described, report) };
}

/** `n: { default: 3 }` is a number without saying so. */
function impliedType(defaultEntry: YamlEntry | null, enumEntry: YamlEntry | null): InputType {
  const first = enumEntry?.value?.kind === 'list' ? enumEntry.value.items[0] : undefined;
  const sample = yamlToPlainValue(defaultEntry?.value ?? first ?? null);
  if (typeof sample === 'number') return 'number';
  if (typeof sample === 'boolean') return 'boolean';
  if (Array.isArray(sample)) return 'array';
  return isRecord(sample) ? 'object' : 'string';
}

function readFlag(entry: YamlEntry | null, report: Report): boolean {
  if (entry === null || entry.value === null) return false;
  if (entry.value.kind === 'scalar' && typeof entry.value.value === 'boolean') return entry.value.value;
  wrongType(entry.value.span, entry.key, t('`true` or `false`'), report);
  return false;
}

function readEnum(entry: YamlEntry | null, type: InputType, report: Report): readonly PlainValue[] | null {
  if (entry === null || entry.value === null) return null;
  if (entry.value.kind !== 'list' || entry.value.items.length === 0) {
    return wrongType(entry.value.span, 'enum', t('a list of the allowed values'), report);
  }
  return entry.value.items.flatMap((item) => {
    const value = scalarAs(type, yamlToPlainValue(item));
    if (isOfType(type, value)) return [value];
    wrongType(item.span, 'enum', t('a list of values of type {0}', type), report);
    return [];
  });
}

function readDefault(
  entry: YamlEntry | null,
  declaration: InputDeclaration,
  report: Report,
): PlainValue | undefined {
  if (entry === null || entry.value === null) return undefined;
  const value = scalarAs(declaration.type, yamlToPlainValue(entry.value));
  if (value === null) return undefined;
  const checked = isOfType(declaration.type, value) ? coerceInput(declaration, value) : null;
  if (checked?.ok === true) return checked.value;
  report.add({
    code: 'wrongType',
    severity: 'error',
    span: entry.value.span,
    message:
      checked?.problem ?? t('The default of `{0}` is not of type {1}.', declaration.name, declaration.type),
    action: t('Correct the default, the type or the allowed values.'),
    name: declaration.name,
  });
  return undefined;
}

/** `default: 3` for a text input means the text `3`. */
function scalarAs(type: InputType, value: PlainValue): PlainValue {
  return type === 'string' && (typeof value === 'number' || typeof value === 'boolean')
    ? String(value)
    : value;
}

function readConfig(entry: YamlEntry | null, report: Report): PromptConfig {
  if (entry === null || entry.value === null) return {};
  if (entry.value.kind !== 'map') {
    wrongType(entry.value.span, 'config', t('a map of parameters'), report);
    return {};
  }
  const { entries } = entry.value;
  for (const { key, keySpan } of entries) reportUnknown(key, keySpan, configKeys, report);
  const find = (key: string): YamlEntry | null => entries.find((each) => each.key === key) ?? null;
  const temperature = readNumber(find('temperature'), { from: 0, to: 2, whole: false }, report);
  const maxOutputTokens = readNumber(
    find('maxOutputTokens'),
    { from: 1, to: 10_000_000, whole: true },
    report,
  );
  const topP = readNumber(find('topP'), { from: 0, to: 1, whole: false }, report);
  const seed = readNumber(find('seed'), { from: -(2 ** 53), to: 2 ** 53, whole: true }, report);
  const stop = readTexts(find('stop'), report).map((field) => field.value);
  return {
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    ...(topP !== null && { topP }),
    ...(stop.length > 0 && { stop }),
    ...(seed !== null && { seed }),
  };
}

function readNumber(
  entry: YamlEntry | null,
  allowed: { readonly from: number; readonly to: number; readonly whole: boolean },
  report: Report,
): number | null {
  if (entry === null || entry.value === null) return null;
  const value = entry.value.kind === 'scalar' ? entry.value.value : null;
  const isInRange = typeof value === 'number' && value >= allowed.from && value <= allowed.to;
  if (isInRange && (!allowed.whole || Number.isInteger(value))) return value;
  const expected = allowed.whole
    ? t('a whole number from {0} to {1}', allowed.from, allowed.to)
    : t('a number from {0} to {1}', allowed.from, allowed.to);
  return wrongType(entry.value.span, entry.key, expected, report);
}

function readOutput(entry: YamlEntry | null, report: Report): Field<PlainValue> | null {
  if (entry === null || entry.value === null) return null;
  if (entry.value.kind !== 'map')
    return wrongType(entry.value.span, 'output', t('a map with `schema`'), report);
  const schema = entry.value.entries.find(({ key }) => key === 'schema') ?? null;
  if (schema === null || schema.value === null) return null;
  if (schema.value.kind !== 'map')
    return wrongType(schema.value.span, 'output.schema', t('a JSON Schema'), report);
  return fieldOf(schema, yamlToPlainValue(schema.value), schema.value.span);
}
