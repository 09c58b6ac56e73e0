// Everything that is wrong with a prompt, with places: what parsing found, and what shows only from the whole document
// and from the partials it includes.

import { t } from '@vscode/l10n';
import { builtInNames } from './builtIns.ts';
import { createNameFinder } from './closestName.ts';
import { findHiddenCharacters, type HiddenCharacters } from './hiddenUnicode.ts';
import { limits } from './limits.ts';
import { createPartialLoader, hasRoles, type PartialLoader, type PartialResolver } from './partials.ts';
import type { Diagnostic, PartialNode, PromptDocument } from './promptDocument.ts';
import { createReport, type Report } from './report.ts';
import { partialNodes } from './templateNodes.ts';
import { uses } from './uses.ts';

export interface DiagnoseOptions {
  /** Without it, nothing is said about partials. */
  readonly partials?: PartialResolver;
  /** The document's own key among the partials. */
  readonly key?: string;
  /** Names of prompts, for "did you mean". */
  readonly promptNames?: readonly string[];
}

export function diagnose(document: PromptDocument, options: DiagnoseOptions = {}): readonly Diagnostic[] {
  const report = createReport(document.lines);
  for (const hidden of findHiddenCharacters(document.text)) reportHidden(hidden, report);
  reportInputs(document, options, report);
  if (options.partials !== undefined) reportPartials(document, options, report);
  return [...document.problems, ...report.diagnostics];
}

function reportHidden({ span, count, kinds, spelled }: HiddenCharacters, report: Report): void {
  const what =
    count === 1
      ? t('A hidden character that a model reads and you do not see: {0}.', kinds.join(', '))
      : t('{0} hidden characters that a model reads and you do not see: {1}.', count, kinds.join(', '));
  const reads = spelled === '' ? '' : ` ${t('They spell: "{0}".', spelled.slice(0, 200))}`;
  report.add({
    code: 'hiddenCharacter',
    severity: 'warning',
    span,
    message: `${what}${reads}`,
    action: t('Remove them unless you know why they are here.'),
  });
}

function reportInputs(document: PromptDocument, { partials }: DiagnoseOptions, report: Report): void {
  const used = uses(document, partials);
  const declared = new Set(document.settings.inputs.map((input) => input.name));
  const closest = createNameFinder([...declared, ...builtInNames]);
  for (const { name, spans } of used.inputs) {
    if (report.isFull()) break;
    if (declared.has(name)) continue;
    const suggestion = closest(name);
    for (const span of spans) {
      report.add({
        code: 'inputUndeclared',
        severity: 'warning',
        span: { start: span.start, end: span.end },
        message:
          suggestion === null
            ? t('`{0}` is not declared.', name)
            : t('`{0}` is not declared. Did you mean `{1}`?', name, suggestion),
        action: t('Declare it under `inputs`, or correct the name.'),
        name,
        ...(suggestion !== null && { suggestion }),
      });
    }
  }
  // A partial that cannot be read may use any input.
  if (used.partials.every((partial) => partial.isKnown)) reportUnused(document, used, report);
}

function reportUnused(document: PromptDocument, used: ReturnType<typeof uses>, report: Report): void {
  if (document.frontMatter === null) return;
  const names = new Set<string>([...used.inputs.map((input) => input.name), ...used.builtIns]);
  for (const { name, keySpan } of document.settings.inputs) {
    if (names.has(name)) continue;
    report.add({
      code: 'inputUnused',
      severity: 'warning',
      span: keySpan,
      message: t('The input `{0}` is declared but not used.', name),
      action: t('Use it as {0}, or remove it.', `\`{{${name}}}\``),
      name,
    });
  }
}

function reportPartials(document: PromptDocument, options: DiagnoseOptions, report: Report): void {
  const load = createPartialLoader(options.partials ?? (() => null));
  const closest = createNameFinder(options.promptNames ?? []);
  for (const message of document.messages) {
    for (const node of partialNodes(message.nodes)) {
      if (report.isFull()) return;
      reportPartial(node, { load, closest, options, report });
    }
  }
}

interface Checking {
  readonly load: PartialLoader;
  readonly closest: (name: string) => string | null;
  readonly options: DiagnoseOptions;
  readonly report: Report;
}

function reportPartial(node: PartialNode, { load, closest, options, report }: Checking): void {
  const { reference: name, referenceSpan: span } = node;
  const loaded = load(name);
  if (loaded === null) {
    const [path = ''] = name.split('@');
    const suggestion = closest(path);
    const hint = suggestion === null ? '' : ` ${t('Did you mean `{0}`?', suggestion)}`;
    report.add({
      code: 'partialUnknown',
      severity: 'error',
      span,
      message: t('There is no prompt `{0}` to include.{1}', name, hint),
      action: t('Correct the name, or create the prompt.'),
      name,
      ...(suggestion !== null && { suggestion }),
    });
    return;
  }
  if (hasRoles(loaded.document)) {
    report.add({
      code: 'partialHasRoles',
      severity: 'error',
      span,
      message: t('`{0}` has role lines, so it is no piece of a message.', name),
      action: t('Remove its role lines, or copy what you need.'),
      name,
    });
  }
  const circle = findCycle(name, load, options.key === undefined ? [] : [options.key]);
  if (circle === null) return;
  report.add({
    code: 'partialCycle',
    severity: 'error',
    span,
    message: t('Prompts include each other in a circle: {0}.', circle.join(' → ')),
    action: t('Take one of them out.'),
    name,
  });
}

/** The references of a circle that starts with `reference`, or null. Looks at each prompt once. */
function findCycle(
  reference: string,
  load: PartialLoader,
  keys: readonly string[],
): readonly string[] | null {
  const visited = new Set<string>();
  const search = (
    name: string,
    path: readonly string[],
    seen: readonly string[],
  ): readonly string[] | null => {
    const loaded = load(name);
    if (loaded === null) return null;
    if (seen.includes(loaded.key)) return [...path, name];
    if (visited.has(loaded.key) || path.length > limits.partialDepth) return null;
    visited.add(loaded.key);
    for (const message of loaded.document.messages) {
      for (const node of partialNodes(message.nodes)) {
        const circle = search(node.reference, [...path, name], [...seen, loaded.key]);
        if (circle !== null) return circle;
      }
    }
    return null;
  };
  return search(reference, [], keys);
}
