import { expect, test } from 'vitest';
import { code, importReport } from './importReport.ts';

const none = { mapped: [], kept: [], notMapped: [], problem: null };
const note = (what: string, reason: string, line: number | null = 3) => ({ what, reason, line });

test('what needs a look comes first, file by file', () => {
  const report = importReport([
    { ...none, path: 'plain.md', importedAs: 'plain' },
    { ...none, path: 'odd.md', importedAs: 'odd', notMapped: [note('{{ x.y }}', 'It stays text.', 415)] },
    { ...none, path: 'bad.md', importedAs: null, problem: 'It is larger than 1 MB.' },
  ]);
  expect(report).toContain('2 prompts imported, 1 file not.');
  const order = ['`bad.md`', '`odd.md`', '`plain.md`'].map((path) => report.indexOf(path));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(report).toContain('  - line 415: `{{ x.y }}` It stays text.');
});

test('what went alike in many files is one line', () => {
  const outcomes = ['a', 'b', 'c'].map((name) => ({
    ...none,
    path: `${name}.md`,
    importedAs: name,
    mapped: [note('description', 'It is `description` here too.')],
    kept: name === 'c' ? [note('mode', 'Cuebook has no modes.')] : [],
  }));
  const report = importReport(outcomes);
  expect(report).toContain('- `description` in 3 prompts. It is `description` here too.');
  expect(report).toContain('- `mode` in 1 prompt. Cuebook has no modes.');
  expect(report.split('description` in').length).toBe(2);
});

test('a file with many places to look at does not drown the others', () => {
  const notMapped = Array.from({ length: 25 }, (_, line) => note('{{x}}', 'It stays text.', line + 1));
  const report = importReport([{ ...none, path: 'a.md', importedAs: 'a', notMapped }]);
  expect(report).toContain('and 15 more of these');
});

test("a file's text in the report is code, whatever it holds", () => {
  expect(code('[x](command:run) <img>')).toBe('`[x](command:run) <img>`');
  expect(code('a `b` ``c')).toBe('```a `b` ``c```');
  expect(code('`b`')).toBe('`` `b` ``');
  expect(code('a\nb')).toBe('`a b`');
});
