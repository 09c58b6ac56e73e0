// The messages of a prompt before anybody filled in its inputs: with example values. Pure.

import { builtInNames, isBuiltIn } from '@cuebook/shared/format/builtIns';
import { coerceInput } from '@cuebook/shared/format/inputs';
import type { PartialResolver } from '@cuebook/shared/format/partials';
import type { InputDeclaration, PlainValue, PromptDocument } from '@cuebook/shared/format/promptDocument';
import { render, type RenderOutcome } from '@cuebook/shared/format/render';
import { uses } from '@cuebook/shared/format/uses';

export interface PreviewOptions {
  readonly partials: PartialResolver;
  readonly key?: string;
  /** Values of the last run, by name. */
  readonly lastValues: Readonly<Record<string, unknown>>;
}

/** With the last values, else defaults, else `‹name›`. */
export function renderPreview(document: PromptDocument, options: PreviewOptions): RenderOutcome {
  const { partials, key, lastValues } = options;
  const inputs: Record<string, unknown> = {};
  for (const { name, declaration } of uses(document, partials).inputs) {
    if (declaration !== null && isFit(declaration, lastValues[name])) inputs[name] = lastValues[name];
    else if (declaration === null) inputs[name] = lastValues[name] ?? `‹${name}›`;
    else if (declaration.default === undefined) inputs[name] = sampleOf(declaration);
  }
  for (const declaration of document.settings.inputs) {
    if (!Object.hasOwn(inputs, declaration.name) && declaration.default === undefined) {
      inputs[declaration.name] = sampleOf(declaration);
    }
  }
  const builtIns = Object.fromEntries(builtInNames.map((name) => [name, `‹${name}›`]));
  return render(document, { inputs, builtIns, partials, ...(key !== undefined && { key }) });
}

function isFit(declaration: InputDeclaration, value: unknown): boolean {
  return value !== undefined && value !== '' && value !== null && coerceInput(declaration, value).ok;
}

function sampleOf({ name, type, enum: choices }: InputDeclaration): PlainValue | undefined {
  if (choices !== null) return choices[0];
  if (isBuiltIn(name)) return undefined;
  switch (type) {
    case 'string':
      return `‹${name}›`;
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [`‹${name}›`];
    case 'object':
      return {};
    case 'image':
      return 'data:image/png;base64,AAAA';
  }
}
