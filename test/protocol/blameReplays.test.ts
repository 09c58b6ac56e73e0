// Who wrote which line, for real histories and for made ones with branches and merges: beside what `git blame` says of
// the same versions in a git repository, and beside a reference by the textbook. docs/blame.md, which this test writes and
// holds to what it counts, has the figures.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { originsOf } from '@cuebook/shared/history/blame';
import { finished, madeHistory, recordAt, type MadeVersion } from '@cuebook/shared/history/fixture';
import { linesOf } from '@cuebook/shared/history/lines';
import { createTextIndex } from '@cuebook/shared/history/textIndex';
import * as fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';

// Some two hundred processes of git: seconds on a quiet machine.
vi.setConfig({ testTimeout: 600_000 });

interface History {
  readonly name: string;
  readonly revisions: readonly { readonly body: string }[];
}

// Real data lies beside the repository (CONTRIBUTING.md); elsewhere a small example of our own stands in.
const file = new URL('../../../shared/data/histories.json', import.meta.url);
const isThere = existsSync(file);
const example: readonly History[] = [
  { name: 'example', revisions: ['one\n', 'one\ntwo\n', 'zero\none\n\ntwo'].map((body) => ({ body })) },
];
const histories = isThere ? (JSON.parse(readFileSync(file, 'utf8')) as readonly History[]) : example;

const real: readonly (readonly MadeVersion[])[] = histories.map(({ revisions }) =>
  revisions.map(({ body }, place) => ({ parents: place === 0 ? [] : [place - 1], text: body })),
);

// ---- made histories: lines of real prompts, taken in and out, on branches that are merged

const pool = [
  ...new Set(histories.slice(0, 12).flatMap(({ revisions }) => linesOf(revisions[0]?.body ?? ''))),
].slice(0, 60);

const edit = fc.record({
  on: fc.nat(2),
  other: fc.nat(2),
  isMerge: fc.nat(4).map((value) => value === 0),
  changes: fc.array(
    fc.record({
      at: fc.nat(200),
      remove: fc.nat(3),
      add: fc.array(fc.nat(pool.length - 1), { maxLength: 4 }),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
});

function madeFrom(
  edits: readonly (typeof edit extends fc.Arbitrary<infer Edit> ? Edit : never)[],
): readonly MadeVersion[] {
  const versions: MadeVersion[] = [{ parents: [], text: whole(pool.slice(0, 30)) }];
  for (const { on, other, isMerge, changes } of edits) {
    const [first, second] = [on, other].map((back) => Math.max(0, versions.length - 1 - back));
    if (first === undefined || second === undefined) continue;
    const lines = [...linesOf(versions[first]?.text ?? '')];
    for (const { at, remove, add } of changes) {
      lines.splice(at % (lines.length + 1), remove, ...add.map((line) => pool[line] ?? ''));
    }
    const theirs = linesOf(versions[second]?.text ?? '');
    const half = (part: readonly string[]): number => Math.floor(part.length / 2);
    const merged = isMerge && first !== second;
    const text = merged ? [...lines.slice(0, half(lines)), ...theirs.slice(half(theirs))] : lines;
    versions.push({
      parents: merged ? [first, second] : [first],
      text: whole(text),
      ...(merged && { kind: 'merge' }),
    });
  }
  return versions;
}

const whole = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const made = fc
  .sample(fc.array(edit, { minLength: 25, maxLength: 25 }), { seed: 20_261_201, numRuns: 40 })
  .map(madeFrom);

// ---- three ways of blaming: for each line of the last version, the place of the version that it came with

type Blame = readonly number[];

function ours(versions: readonly MadeVersion[]): Blame {
  const { graph, read, last } = madeHistory(versions);
  const places = new Map(versions.map((_, place) => [recordAt(place), place]));
  const origins = finished(createTextIndex(), (index) => originsOf(index, graph, { record: last, read }));
  return Array.from(origins.version, (at) => places.get(origins.versions[at] ?? recordAt(-1)) ?? -1);
}

/** Whole texts and a longest common subsequence by the textbook; the first parent first. */
function byTextbook(versions: readonly MadeVersion[]): Blame {
  const known: (readonly number[])[] = [];
  for (const [place, { parents, text }] of versions.entries()) {
    const lines = linesOf(text);
    const textOf = (parent: number): readonly string[] => linesOf(versions[parent]?.text ?? '');
    const same = parents.find((parent) => textOf(parent).join('\n') === lines.join('\n'));
    const own = lines.map(() => -1);
    for (const parent of same === undefined ? parents : [same]) {
      for (const [at, match] of common(textOf(parent), lines)) {
        if (own[at] === -1) own[at] = known[parent]?.[match] ?? -1;
      }
    }
    known.push(own.map((origin) => (origin === -1 ? place : origin)));
  }
  return known.at(-1) ?? [];
}

/** Pairs of places in `right` and `left`. */
function common(left: readonly string[], right: readonly string[]): readonly (readonly [number, number])[] {
  const lengths = Array.from({ length: left.length + 1 }, () => new Int32Array(right.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const longest =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row]?.fill(longest, column, column + 1);
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let row = 0, column = 0; row < left.length && column < right.length;) {
    if (left[row] === right[column]) pairs.push([column++, row++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}

const hasGit = spawnSync('git', ['--version']).status === 0;
const scratch = mkdtempSync(path.join(os.tmpdir(), 'cuebook-blame-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function git(folder: string, args: readonly string[], input = ''): string {
  const done = spawnSync('git', ['-C', folder, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) throw new Error(`git ${args[0] ?? ''}: ${done.stderr}`);
  return done.stdout;
}

/** All histories in one repository, each version a commit with the same parents; then `git blame` of the last. */
function byGit(name: string, all: readonly (readonly MadeVersion[])[]): readonly Blame[] {
  const folder = path.join(scratch, name);
  git(scratch, ['init', '-q', '--bare', name]);
  const mark = (history: number, place: number): number => 1 + history * 1000 + place;
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const stream = all.flatMap((versions, history) =>
    versions.map(({ parents, text }, place) => {
      const [first, ...others] = parents.map((parent) => `:${mark(history, parent)}`);
      const from =
        first === undefined ? '' : `from ${first}\n${others.map((one) => `merge ${one}\n`).join('')}`;
      const head = `commit refs/heads/h${history}-${place}\nmark :${mark(history, place)}\ncommitter c <c> ${place + 1} +0000\n`;
      // Its own words, so that no two histories share a commit.
      return `${head}${data(`history ${history}`)}${from}M 100644 inline prompt\n${data(text)}`;
    }),
  );
  git(folder, ['fast-import', '--quiet', '--force', '--export-marks=marks'], stream.join(''));
  const marks = new Map(
    readFileSync(path.join(folder, 'marks'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[1] ?? '', Number(line.split(' ')[0]?.slice(1))]),
  );
  return all.map((versions, history) => {
    const last = versions.length - 1;
    const shown = git(folder, ['blame', '--porcelain', `h${history}-${last}`, '--', 'prompt']);
    const commits = [...shown.matchAll(/^([0-9a-f]{40}) \d+ \d+/gmu)].map(([, commit = '']) => commit);
    return commits.map((commit) => (marks.get(commit) ?? 0) - mark(history, 0));
  });
}

// ---- counted

interface Count {
  readonly versions: number;
  readonly lines: number;
  readonly equal: number;
  /** Of lines that stand more than once in one of the texts that were compared: which is which is a matter of taste. */
  readonly repeated: number;
  readonly other: number;
}

function count(
  all: readonly (readonly MadeVersion[])[],
  left: readonly Blame[],
  right: readonly Blame[],
): Count {
  const counts = { versions: 0, lines: 0, equal: 0, repeated: 0, other: 0 };
  for (const [history, versions] of all.entries()) {
    const isRepeated = repeatedLines(versions);
    counts.versions += versions.length;
    for (const [at, line] of linesOf(versions.at(-1)?.text ?? '').entries()) {
      counts.lines += 1;
      if (left[history]?.[at] === right[history]?.[at]) counts.equal += 1;
      else counts[isRepeated(line) ? 'repeated' : 'other'] += 1;
    }
  }
  return counts;
}

function repeatedLines(versions: readonly MadeVersion[]): (line: string) => boolean {
  const repeated = new Set<string>();
  for (const { text } of versions) {
    const seen = new Set<string>();
    for (const line of linesOf(text)) (seen.has(line) ? repeated : seen).add(line);
  }
  return (line) => repeated.has(line);
}

/** As we count lines: a break is no part of one. */
const withBreaks = (all: readonly (readonly MadeVersion[])[]): readonly (readonly MadeVersion[])[] =>
  all.map((versions) => versions.map((version) => ({ ...version, text: whole(linesOf(version.text)) })));

const isSame = (left: readonly MadeVersion[] = [], right: readonly MadeVersion[] = []): boolean =>
  left.every(({ text }, place) => text === right[place]?.text);

const results = { real: real.map(ours), made: made.map(ours) };

test('blame of real and made histories is that of the textbook, but for lines that stand there more than once', () => {
  expect(count(real, results.real, real.map(byTextbook)).other).toBe(0);
  expect(count(made, results.made, made.map(byTextbook)).other).toBe(0);
});

test.runIf(hasGit)(
  'git blames the same versions, but for repeated lines and changed line breaks',
  async () => {
    const asTheyAre = byGit('real', real);
    const breaks = withBreaks(real);
    // Most have one kind of break only, and were asked for already.
    const others = [...real.keys()].filter((at) => !isSame(real[at], breaks[at]));
    const asked = byGit(
      'breaks',
      others.map((at) => breaks[at] ?? []),
    );
    const alike = asTheyAre.map((blame, at) => asked[others.indexOf(at)] ?? blame);
    const rows = [
      ['real', 'git', count(real, results.real, asTheyAre)],
      ['real, all line breaks alike', 'git', count(real, results.real, alike)],
      ['made, with merges', 'git', count(made, results.made, byGit('made', made))],
      ['real', 'textbook', count(real, results.real, real.map(byTextbook))],
      ['made, with merges', 'textbook', count(made, results.made, made.map(byTextbook))],
    ] as const;
    expect(rows[1][2].other).toBe(0);
    expect(rows[2][2].other).toBe(0);
    process.stdout.write(`blame: ${JSON.stringify(rows)}\n`);
    if (isThere) await expect(pageOf(rows)).toMatchFileSnapshot('../../docs/blame.md');
  },
);

type Row = readonly [histories: string, beside: string, Count];

function pageOf(rows: readonly Row[]): string {
  const line = ([what, beside, { versions, lines, equal, repeated, other }]: Row): string =>
    `| ${[what, beside, versions, lines, equal, repeated, other].join(' | ')} |`;
  return [
    '# Blame, measured',
    '',
    'Written by `test/protocol/blameReplays.test.ts` from the 79 histories of github/awesome-copilot (MIT) that lie beside the repository, and from 40 made ones',
    'with branches and merges over lines of real prompts: do not edit.',
    '',
    'Each history is replayed into a git repository, every version a commit with the same parents and the same bytes, and every line of its last version is asked',
    'for: which version does `git blame` name, which do we? *Textbook* is a reference of whole texts and a longest common subsequence, without index or short cuts.',
    '',
    '| histories | beside | versions | lines of the last versions | same version | another, repeated line | another, other line |',
    '|---|---|--:|--:|--:|--:|--:|',
    ...rows.map(line),
    '',
    '- *Repeated line*: it stands more than once in one of the texts, as empty lines, `---` or `}` do. If one of several equal lines is new, which of them it is can be',
    '  told in more than one way; git moves such a place by rules of its own (indentation, empty lines), a longest common subsequence has no opinion.',
    '- *Other line*: only where line breaks changed. For git the break belongs to the line, so the last line changes when a text gets an end, and every line changes',
    '  when `\\r\\n` becomes `\\n`. For us it does not: nobody wrote these lines anew. With all breaks alike there is no such line.',
    '- Lines that were moved are new where they are, for git (without `-M`) and for us.',
    '- A merge whose text is one parent\u2019s is that parent\u2019s altogether, and else the first parent is asked first: the same rules as git\u2019s.',
    '',
  ].join('\n');
}
