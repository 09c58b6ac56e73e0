import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { convertAliases } from './aliases.ts';
import { importPromptFile } from './importPrompt.ts';
import { parseDocument } from './parse.ts';
import { render } from './render.ts';

const review = readFileSync(new URL('./fixtures/review.prompt.md', import.meta.url), 'utf8');

test('a VS Code prompt file keeps its keys, gets tags for its variables, and the report says what happened', () => {
  const imported = importPromptFile({ kind: 'prompt.md', name: 'review.prompt.md', text: review });
  expect(imported.name).toBe('review');
  expect(imported.text).toContain("tools: ['changes', 'search/codebase']");
  expect(imported.text).toContain('model: vscode/gpt-4.1');
  expect(imported.text).toContain(
    'Review {{selection}}, or `{{file}}` if nothing is selected, for {{concern}}.',
  );
  expect(imported.text).toContain('token: $\\{{ secrets.TOKEN }}');
  expect(imported.mapped.map(({ what }) => what)).toEqual([
    'description',
    'model: gpt-4.1',
    '${selection}',
    '${file}',
    '${input:concern:correctness or speed}',
  ]);
  expect(imported.kept.map(({ what }) => what)).toEqual(['mode', 'tools']);
  expect(imported.notMapped.map(({ what }) => what)).toEqual(['{{ secrets.TOKEN }}', '{{PROJECT_NAME}}']);
  expect(imported.notMapped[1]?.range?.start).toMatchObject({ line: 13, character: 6 });
  expect(parseDocument(imported.text).settings.inputs).toMatchObject([
    { name: 'concern', description: 'correctness or speed', required: false },
  ]);
});

test('a name in braces becomes an optional input only if the user agreed', () => {
  const file = { kind: 'markdown', name: 'notes/hello.md', text: 'Hi {{name}}, {{not a name}}' } as const;
  expect(importPromptFile(file).text).toBe('Hi \\{{name}}, \\{{not a name}}');
  const agreed = importPromptFile({ ...file, declareInputs: true });
  expect(agreed.text).toBe('---\ninputs:\n  name: string\n---\nHi {{name}}, \\{{not a name}}');
  expect(render(parseDocument(agreed.text), { inputs: { name: 'Ana' } })).toMatchObject({
    messages: [{ content: 'Hi Ana, {{not a name}}' }],
  });
});

test('variables in code blocks stay code, and arguments count only where a hint announces them', () => {
  const text = 'Do $ARGUMENTS $1\n```sh\necho ${file} $1\n```\n';
  expect(importPromptFile({ kind: 'markdown', name: 'x', text }).text).toContain(
    'Do {{arguments}} $1\n```sh\necho ${file} $1',
  );
  const hinted = importPromptFile({
    kind: 'prompt.md',
    name: 'x',
    text: `---\nargument-hint: "[n]"\n---\n$1, \${x} $10`,
  });
  expect(hinted.text).toContain('{{argument1}}, ${x} $10');
});

test('role lines of a foreign file are text', () => {
  const { text } = importPromptFile({
    kind: 'markdown',
    name: 'x',
    text: 'a\nuser:\n\\system:\n```\nsystem:\n```\n',
  });
  expect(text).toBe('a\n\\user:\n\\\\system:\n```\nsystem:\n```\n');
});

test('front matter that is no YAML is repaired if quoting helps, and becomes body if not', () => {
  const repaired = importPromptFile({
    kind: 'prompt.md',
    name: 'x',
    text: '---\ndescription: Use: this\n---\nhi',
  });
  expect(parseDocument(repaired.text).settings.description?.value).toBe('Use: this');
  const given = '---\n\tno: [yaml\n---\nhi';
  const kept = importPromptFile({ kind: 'prompt.md', name: 'x', text: given });
  expect(render(parseDocument(kept.text))).toMatchObject({ messages: [{ content: given }] });
  expect(kept.notMapped[0]?.what).toBe('front matter');
});

test.each([
  ['prompt.md', 'a/b/do-it.prompt.md', '', 'do-it'],
  ['skill', 'skills/vcpkg/SKILL.md', '', 'vcpkg'],
  ['skill', 'SKILL.md', '---\nname: my-skill\n---\n', 'my-skill'],
  ['markdown', 'C:\\x\\Notes.MD', '', 'Notes'],
  ['markdown', '../..', '', 'Imported prompt'],
  ['markdown', 'a\u202Eb|c.md', '', 'a b c'],
] as const)('a %s file %j is named well', (kind, name, text, expected) => {
  expect(importPromptFile({ kind, name, text }).name).toBe(expected);
});

test('a paste turns variables into tags and says which inputs they need', () => {
  expect(
    convertAliases('Fix ${selection} for ${input:who:the reader} and ${input:who}', { positional: false }),
  ).toEqual({
    text: 'Fix {{selection}} for {{who}} and {{who}}',
    inputs: [{ name: 'who', description: 'the reader' }],
  });
});
