// Which values a prompt needs and where each comes from: from the editor, from the user, or from a default. Pure: says
// what to read and what to ask; `vscode/run` does both.

import { builtInNames, isBuiltIn, type BuiltInName } from '@cuebook/shared/format/builtIns';
import { coerceInput } from '@cuebook/shared/format/inputs';
import type { InputDeclaration, PlainValue } from '@cuebook/shared/format/promptDocument';
import { t } from '@vscode/l10n';

/** What a question must know of an input. */
export type AskedInput = Pick<
  InputDeclaration,
  'name' | 'type' | 'description' | 'default' | 'required' | 'enum' | 'multiline'
>;

/** `text` needs several lines, which no input box of VS Code takes: the run panel asks. */
export type InputControl = 'line' | 'number' | 'choice' | 'yesNo' | 'text';

export interface InputQuestion {
  readonly input: AskedInput;
  readonly control: InputControl;
  /** What the control shows at first: last time's answer, else the default; undefined for nothing. */
  readonly initial: PlainValue | undefined;
}

export type Values = Readonly<Record<string, PlainValue>>;

export interface InputPlan {
  /** Built-ins to read from the editor; only what the prompt uses. */
  readonly read: readonly BuiltInName[];
  readonly ask: readonly InputQuestion[];
  /** Values that need neither. Defaults are not among them: rendering knows them. */
  readonly values: Values;
  /** Inputs that this version cannot take, by name. */
  readonly unsupported: readonly string[];
}

export interface InputNeeds {
  readonly declared: readonly AskedInput[];
  /** Names of inputs that the prompt, through its partials, really uses; some may be declared nowhere. */
  readonly usedInputs: readonly string[];
  readonly usedBuiltIns: readonly BuiltInName[];
  /** Answers of the last run of this prompt, by name. */
  readonly remembered: Readonly<Record<string, unknown>>;
  /** Values that are already there (a rerun), by name. */
  readonly given: Values;
  /** `missing`: only what is required and has no default. */
  readonly ask: 'all' | 'missing';
}

export function planInputs(needs: InputNeeds): InputPlan {
  const isGiven = (name: string): boolean => Object.hasOwn(needs.given, name);
  const used = new Set<string>([...needs.usedInputs, ...needs.usedBuiltIns]);
  const inputs = [...used]
    .filter((name) => !isBuiltIn(name))
    .map((name) => declarationOf(name, needs.declared));
  const open = inputs.filter((input) => !isGiven(input.name) && input.type !== 'image');
  return {
    read: builtInNames.filter((name) => used.has(name) && !isGiven(name)),
    ask: inDeclaredOrder(open, needs.declared)
      .filter((input) => needs.ask === 'all' || (input.required && input.default === undefined))
      .map((input) => question(input, needs.remembered)),
    values: Object.fromEntries(Object.entries(needs.given).filter(([name]) => used.has(name))),
    unsupported: inputs.filter((input) => input.type === 'image').map((input) => input.name),
  };
}

/** A name that is used and declared nowhere must be given too: a text. */
function declarationOf(name: string, declared: readonly AskedInput[]): AskedInput {
  return (
    declared.find((input) => input.name === name) ?? {
      name,
      type: 'string',
      description: '',
      default: undefined,
      required: true,
      enum: null,
      multiline: false,
    }
  );
}

function inDeclaredOrder(
  inputs: readonly AskedInput[],
  declared: readonly AskedInput[],
): readonly AskedInput[] {
  const place = (input: AskedInput): number => {
    const index = declared.indexOf(input);
    return index < 0 ? declared.length : index;
  };
  return [...inputs].sort((a, b) => place(a) - place(b));
}

function question(input: AskedInput, remembered: Readonly<Record<string, unknown>>): InputQuestion {
  const last = Object.hasOwn(remembered, input.name) ? coerceInput(input, remembered[input.name]) : null;
  return {
    input,
    control: controlOf(input),
    initial: last?.ok === true ? last.value : input.default,
  };
}

function controlOf(input: AskedInput): InputControl {
  if (input.enum !== null && input.enum.length > 0) return 'choice';
  switch (input.type) {
    case 'string':
      return input.multiline ? 'text' : 'line';
    case 'number':
      return 'number';
    case 'boolean':
      return 'yesNo';
    case 'array':
    case 'object':
      return 'text';
    case 'image':
      throw new Error('images are filtered out before');
  }
}

/** Characters that an answer to a question may have. */
export const inputLimit = 1_000_000;

export type ParsedAnswer =
  /** `undefined`: left empty, and may be. */
  | { readonly ok: true; readonly value: PlainValue | undefined }
  | { readonly ok: false; readonly problem: string };

/** What the user typed, as a value of the declared type. */
export function parseAnswer(input: AskedInput, text: string): ParsedAnswer {
  if (text.length > inputLimit) {
    return { ok: false, problem: t('At most {0} characters.', inputLimit.toLocaleString('en')) };
  }
  if (text.trim() !== '') return coerceInput(input, text);
  return input.required
    ? { ok: false, problem: `${input.name} is required.` }
    : { ok: true, value: undefined };
}

/** A value as the user would type it. */
export function valueToText(value: PlainValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
