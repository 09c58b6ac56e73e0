// Inputs: what a person, a form or a program gives, checked against the prompt's declaration.

import { t } from '@vscode/l10n';
import { isRecord, toPlainValue } from './plainValue.ts';
import type { InputDeclaration, InputType, PlainValue } from './promptDocument.ts';

export type CoercedInput =
  | { readonly ok: true; readonly value: PlainValue }
  /** `problem` is a sentence for the user that names the input; it does not repeat the value. */
  | { readonly ok: false; readonly problem: string };

/**
 * The value that `raw` means for this input. Texts, as a form gives them, are read according to the type: numbers,
 * `true`/`false`/`yes`/`no`, JSON for objects, and JSON or one item a line for arrays. An image is a `data:` address.
 */
export function coerceInput(
  declaration: Pick<InputDeclaration, 'name' | 'type' | 'enum'>,
  raw: unknown,
): CoercedInput {
  const refuse = (problem: string): CoercedInput => ({
    ok: false,
    problem: `\`${declaration.name}\` ${problem}.`,
  });
  const plain = toPlainValue(raw);
  if (!plain.ok) return refuse(plain.problem);
  const value = readAs(declaration.type, plain.value);
  if (value === undefined) return refuse(t('must be {0}', expectations()[declaration.type]));
  if (declaration.enum !== null && !declaration.enum.some((allowed) => isSame(allowed, value))) {
    return refuse(t('must be one of {0}', declaration.enum.map(toWords).join(', ')));
  }
  return { ok: true, value };
}

const expectations = (): Readonly<Record<InputType, string>> => ({
  string: t('a text'),
  number: t('a number'),
  boolean: t('`true` or `false`'),
  array: t('a list: one item a line, or a JSON array'),
  object: t('a JSON object'),
  image: t('an image as a `data:image/…;base64,` address'),
});

const imageAddress = /^data:image\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/;

export function isOfType(type: InputType, value: PlainValue): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'image':
      return typeof value === 'string' && imageAddress.test(value);
  }
}

function readAs(type: InputType, value: PlainValue): PlainValue | undefined {
  if (isOfType(type, value)) return value;
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  return typeof value === 'string' ? readText(type, value) : undefined;
}

function readText(type: InputType, text: string): PlainValue | undefined {
  const trimmed = text.trim();
  switch (type) {
    case 'number':
      return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : undefined;
    case 'boolean':
      return readBoolean(trimmed.toLowerCase());
    case 'array':
      return trimmed.startsWith('[') ? readJson(type, trimmed) : readLines(text);
    case 'object':
      return readJson(type, trimmed);
    case 'string':
    case 'image':
      return undefined;
  }
}

function readBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === 'yes') return true;
  return text === 'false' || text === 'no' ? false : undefined;
}

function readJson(type: InputType, text: string): PlainValue | undefined {
  try {
    const plain = toPlainValue(JSON.parse(text));
    return plain.ok && isOfType(type, plain.value) ? plain.value : undefined;
  } catch {
    return undefined;
  }
}

function readLines(text: string): readonly string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function isSame(one: PlainValue, other: PlainValue): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function toWords(value: PlainValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
