// Runs the format over every real file of `../shared/data` beside the repository. In a clone without them it says so and
// uses the fixture.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInNames } from './builtIns.ts';
import { diagnose } from './diagnose.ts';
import { importPromptFile, type ImportedPrompt, type PromptFileKind } from './importPrompt.ts';
import { mergeDocuments } from './merge.ts';
import { parseDocument } from './parse.ts';
import { preventsRendering } from './partials.ts';
import { render } from './render.ts';
import { trimBlankLines } from './roles.ts';
import { findFrontMatter } from './frontMatter.ts';
import { applyEdits } from './text.ts';

interface RealFile {
  readonly kind: PromptFileKind;
  readonly name: string;
  readonly text: string;
}

interface History {
  readonly name: string;
  readonly revisions: readonly { readonly body: string }[];
}

interface RealMerge {
  readonly name: string;
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
  readonly merged: string;
}

const data = new URL('../../../../shared/data/', import.meta.url);
const hasData = existsSync(new URL('histories.json', data));
if (!hasData) process.stdout.write('No ../shared/data here: the real files are replaced by one fixture.\n');

function read(path: string, base: URL = data): string {
  return readFileSync(new URL(path, base), 'utf8');
}

function readJson<T>(path: string): readonly T[] {
  return hasData ? (JSON.parse(read(path)) as readonly T[]) : [];
}

const histories = readJson<History>('histories.json');

function realFiles(): readonly RealFile[] {
  if (!hasData) {
    const text = read('./fixtures/review.prompt.md', new URL(import.meta.url));
    return [{ kind: 'prompt.md', name: 'review.prompt.md', text }];
  }
  const prompts = readdirSync(new URL('prompt-files/', data)).map((name): RealFile => ({
    kind: 'prompt.md',
    name,
    text: read(`prompt-files/${name}`),
  }));
  const skills = readdirSync(new URL('skills/', data)).map((folder): RealFile => {
    const name = `skills/${folder}/SKILL.md`;
    return { kind: 'skill', name, text: read(name) };
  });
  const revisions = histories.flatMap(({ name, revisions: all }) =>
    all.map(({ body }): RealFile => ({
      kind: name.endsWith('SKILL.md') ? 'skill' : 'prompt.md',
      name,
      text: body,
    })),
  );
  return [...prompts, ...skills, ...revisions];
}

const files = realFiles();
/** Milliseconds; several hundred files on a machine that others use too. */
const allFiles = 60_000;

function originalBody(text: string): string {
  const found = findFrontMatter(text);
  const isReadable = found.kind !== 'found' || parseDocument(text).frontMatter?.root !== null;
  const start = found.kind === 'found' && isReadable ? found.span.end : 0;
  const { start: from, end } = trimBlankLines(text, { start, end: text.length });
  return text.slice(from, end);
}

/** The imported prompt as messages, with each tag's place holding what stood there in the file. */
function renderAsWritten(imported: ImportedPrompt): string {
  const document = parseDocument(imported.text);
  const written = imported.mapped.filter(({ what }) => what.startsWith('$')).map(({ what }) => what);
  const tags = document.messages.flatMap(({ nodes }) => nodes.filter((node) => node.kind === 'value'));
  expect(tags.length).toBe(written.length);
  const marked = applyEdits(
    imported.text,
    tags.map(({ span }, index) => ({ ...span, text: `@@${index}@@` })),
  );
  const outcome = render(parseDocument(marked));
  if (!outcome.ok) throw new Error(outcome.errors[0]?.message ?? '');
  expect(outcome.messages).toHaveLength(1);
  return (outcome.messages[0]?.content ?? '').replaceAll(
    /@@(\d+)@@/g,
    (_, index) => written[Number(index)] ?? '',
  );
}

test(
  'every real file parses, keeps its bytes, and is found at its places',
  () => {
    for (const { text } of files) {
      const document = parseDocument(text);
      expect(document.text).toBe(text);
      const spans = document.messages.flatMap(({ nodes }) => nodes.map((node) => node.span));
      expect(spans.filter(({ start, end }) => start > end || end > text.length)).toEqual([]);
      const keys = document.frontMatter?.root?.entries ?? [];
      const read = keys.map(({ keySpan }) => text.slice(keySpan.start, keySpan.end).replaceAll(/["']/g, ''));
      expect(read).toEqual(keys.map(({ key }) => key));
    }
    process.stdout.write(`real files: n=${files.length}\n`);
  },
  allFiles,
);

test(
  'every real file imports to a prompt that renders and reads as the file did',
  () => {
    for (const file of files) {
      const imported = importPromptFile(file);
      const document = parseDocument(imported.text);
      expect(document.problems.filter(({ code }) => preventsRendering(code))).toEqual([]);
      const expected = originalBody(file.text);
      if (expected === '') continue;
      expect(renderAsWritten(imported)).toBe(expected);
      expect(
        render(document, { builtIns: Object.fromEntries(builtInNames.map((name) => [name, 'x'])) }).ok,
      ).toBe(true);
    }
  },
  allFiles,
);

test(
  'every real file imports to a prompt that renders when its names become inputs',
  () => {
    for (const file of files) {
      const imported = importPromptFile({ ...file, declareInputs: true });
      const document = parseDocument(imported.text);
      const outcome = render(document);
      expect(outcome.ok || outcome.errors.every(({ code }) => code === 'nothingToSay')).toBe(true);
      expect(diagnose(document).filter(({ code }) => code === 'inputUndeclared')).toEqual([]);
    }
  },
  allFiles,
);

test(
  'what was imported once is taken as it is the second time',
  () => {
    for (const file of files) {
      const { text, name } = importPromptFile(file);
      expect(importPromptFile({ kind: 'cue', name: `${name}.cue.md`, text })).toMatchObject({ text, name });
    }
  },
  allFiles,
);

function count(
  cases: readonly {
    readonly base: string;
    readonly mine: string;
    readonly theirs: string;
    readonly result: string;
  }[],
): Record<'n' | 'cleanEqual' | 'cleanDifferent' | 'conflict', number> {
  const counts = { n: cases.length, cleanEqual: 0, cleanDifferent: 0, conflict: 0 };
  for (const { result, ...sides } of cases) {
    const outcome = mergeDocuments(sides);
    if (outcome.kind === 'conflict') counts.conflict += 1;
    else if (outcome.text === result) counts.cleanEqual += 1;
    else counts.cleanDifferent += 1;
  }
  return counts;
}

test('real three-way merges come out as people made them, or as conflicts', () => {
  const merges = readJson<RealMerge>('merges.json');
  const cases = merges.map((merge) => ({
    base: merge.base,
    mine: merge.ours,
    theirs: merge.theirs,
    result: merge.merged,
  }));
  const counts = count(cases);
  process.stdout.write(`real merges: ${JSON.stringify(counts)}\n`);
  // Four of the five, as measured: none may be lost, and none may silently differ from what the person made.
  if (hasData) expect(counts).toEqual({ n: 5, cleanEqual: 4, cleanDifferent: 0, conflict: 1 });
});

test(
  'of three consecutive revisions the first and last, merged over the middle one, lose neither side',
  () => {
    const cases = histories.flatMap(({ revisions }) =>
      revisions.slice(2).flatMap((theirs, index) => {
        const [base, mine] = [revisions[index], revisions[index + 1]];
        return base && mine
          ? [{ base: base.body, mine: mine.body, theirs: theirs.body, result: theirs.body }]
          : [];
      }),
    );
    process.stdout.write(`history triples: ${JSON.stringify(count(cases))}\n`);
    for (const { base, mine, theirs } of cases) {
      const outcome = mergeDocuments({ base, mine, theirs });
      const lines = {
        base: linesOf(base),
        mine: linesOf(mine),
        theirs: linesOf(theirs),
        merged: linesOf(outcome.text),
      };
      const isDropped = (line: string): boolean =>
        lines.base.has(line) && !(lines.mine.has(line) && lines.theirs.has(line));
      const lost = [...lines.mine, ...lines.theirs].filter(
        (line) => !isDropped(line) && !lines.merged.has(line),
      );
      expect(lost).toEqual([]);
    }
  },
  allFiles,
);

function linesOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\r?\n/));
}
