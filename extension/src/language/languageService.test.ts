// The language service as the worker runs it, with a library in memory.

import { expect, test, vi } from 'vitest';
import type { KnownPartial, LanguageHostCalls } from './api.ts';
import { createLanguageService } from './languageService.ts';

function hostOf(partials: readonly KnownPartial[], paths: readonly string[] = []) {
  const asked: LanguageHostCalls = {
    partials: async (_, references) =>
      references.map(
        (reference) =>
          partials.find((partial) => partial.reference === reference) ?? {
            reference,
            key: reference,
            path: null,
            text: null,
          },
      ),
    paths: async () => paths,
    matching: async (typed) => ({
      prompts: paths.filter((path) => path.includes(typed)).map((path) => ({ path, description: '' })),
      isIncomplete: true,
    }),
    tags: async () => ['style'],
    models: async () => ({ models: [{ id: 'openai/gpt-4.1', label: 'GPT-4.1' }], isIncomplete: false }),
    lastValues: async () => ({ focus: 'bugs' }),
  };
  return { ...asked, paths: vi.fn(async () => paths) };
}

const at = { key: 'cuebook:one', version: 1 };

function opened(text: string, host = hostOf([])) {
  const service = createLanguageService(host);
  service.open(at, { text, promptKey: 'own' });
  return { service, host };
}

test('a question about a text that has changed, or was never given, is answered with null', async () => {
  const { service } = opened('{{focus}}');
  expect(await service.outline({ ...at, version: 2 })).toBeNull();
  expect(await service.outline({ ...at, key: 'cuebook:two' })).toBeNull();
  const first = service.outline(at);
  service.open({ ...at, version: 2 }, { text: 'new', promptKey: null });
  expect(await first).toBeNull();
  expect(await service.outline({ ...at, version: 2 })).not.toBeNull();
  service.close(at.key);
  expect(await service.outline({ ...at, version: 2 })).toBeNull();
});

test('problems come with their places; names of prompts are asked for only if a partial is missing', async () => {
  const tone = { reference: 'tone', key: 'id1', path: 'style/voice', text: 'Be kind.' };
  const known = opened('{{> tone}}\n{{foo bar}}', hostOf([tone], ['house-style']));
  const findings = await known.service.diagnose(at);
  expect(findings?.problems.map(({ code, range }) => [code, range.start.line])).toEqual([['tagInvalid', 1]]);
  expect(findings?.moved).toMatchObject([
    {
      reference: 'tone',
      path: 'style/voice',
      edit: { text: 'style/voice', range: { start: { character: 4 } } },
    },
  ]);
  expect(known.host.paths).not.toHaveBeenCalled();
  const missing = opened('{{> hous-style}}', hostOf([], ['house-style']));
  expect((await missing.service.diagnose(at))?.problems).toMatchObject([
    { code: 'partialUnknown', suggestion: 'house-style' },
  ]);
});

test('a circle through the prompt itself is seen', async () => {
  const partial = { reference: 'other', key: 'id2', path: 'other', text: '{{> self}}' };
  const self = { reference: 'self', key: 'own', path: 'self', text: '{{> other}}' };
  const { service } = opened('{{> other}}', {
    ...hostOf([]),
    partials: async () => [partial, self],
  });
  expect((await service.diagnose(at))?.problems.map(({ code }) => code)).toEqual(['partialCycle']);
});

test('each problem gets its fixes, and thousands of edits become one', async () => {
  const { service } = opened('a\u200Bb '.repeat(1_500));
  const problems = (await service.diagnose(at))?.problems.slice(0, 1) ?? [];
  const [fixes = []] = (await service.fixes(at, problems)) ?? [];
  expect(fixes.map(({ kind }) => kind)).toEqual(['removeHidden', 'removeAllHidden']);
  const [, all] = fixes;
  if (all?.kind !== 'removeAllHidden') throw new Error('no such fix');
  expect(all.edits).toHaveLength(1);
  expect(all.edits[0]?.text).toBe('ab '.repeat(1_500));
});

test('completion says that more typing may bring others, and what it would replace', async () => {
  const { service } = opened('x\n{{> "hou', hostOf([], ['house-style', 'other']));
  expect(await service.complete(at, { line: 1, character: 8 })).toMatchObject({
    items: [
      {
        label: 'house-style',
        typed: '"hou',
        range: { start: { line: 1, character: 4 }, end: { character: 8 } },
      },
    ],
    isIncomplete: true,
  });
});

test('hover, names and renaming answer in lines and characters', async () => {
  const { service } = opened('---\ninputs:\n  focus: string\n---\nA {{focus}} {{selection}}');
  const tag = { line: 4, character: 6 };
  expect((await service.hover(at, tag))?.parts.at(-1)).toEqual({ kind: 'code', text: 'bugs' });
  expect(await service.named(at, tag)).toMatchObject({
    name: 'focus',
    declared: { start: { line: 2, character: 2 } },
    mayRename: true,
    occurrences: [{ start: { line: 2 } }, { start: { line: 4 } }],
  });
  expect(await service.rename(at, tag, 'goal')).toMatchObject({
    ok: true,
    edits: [{ text: 'goal' }, { text: 'goal' }],
  });
  expect(await service.rename(at, tag, 'a b')).toEqual({ ok: false, why: 'nameInvalid' });
  expect(await service.rename(at, tag, 'selection')).toEqual({ ok: false, why: 'nameTaken' });
  expect(await service.rename(at, { line: 4, character: 0 }, 'x')).toEqual({ ok: false, why: 'noInput' });
});

test('the outline of a text of thousands of parts ends somewhere, and so do its folds', async () => {
  const { service } = opened('user:\n# A\n\nx\n\nassistant:\n# B\n\ny\n\n'.repeat(4_000));
  const outline = (await service.outline(at)) ?? [];
  const count = outline.reduce((sum, { children }) => sum + 1 + children.length, 0);
  expect(count).toBe(2_000);
  expect(outline[0]?.children[0]?.name).toBe('A');
  expect(await service.folds(at)).toHaveLength(5_000);
});

test('pasted variables of other tools become tags, with their declarations, in the body only', async () => {
  const { service } = opened('---\nname: n\n---\nx');
  const text = 'Look at ${selection} and ${input:focus:What}';
  const pasted = await service.paste(at, [{ line: 3, character: 1 }], text);
  expect(pasted?.text).toBe('Look at {{selection}} and {{focus}}');
  expect(pasted?.edits.map((edit) => edit.text).join('')).toContain('focus');
  expect(await service.paste(at, [{ line: 1, character: 0 }], text)).toBeNull();
  expect(await service.paste(at, [{ line: 3, character: 1 }], 'plain')).toBeNull();
});

test('a prompt to run is read with its needs and what is hidden in it, and rendered with values', async () => {
  const { service } = opened('');
  const tone = { reference: 'tone', key: 'id1', path: 'tone', text: 'Be \u200Bkind.' };
  const prompt = { text: '{{> tone}} {{focus}}', key: 'own', partials: [tone] };
  expect(await service.read(prompt)).toMatchObject({
    uses: { inputs: [{ name: 'focus' }] },
    hidden: { count: 1, inInputs: false },
  });
  expect(await service.render(prompt, { inputs: { focus: 'a\u200Bb' }, builtIns: {} })).toMatchObject({
    outcome: { ok: true, messages: [{ role: 'user', content: 'Be \u200Bkind. a\u200Bb' }] },
    hidden: { count: 1, inInputs: true },
  });
});

test('the places where a prompt includes another are found, with what the reference should be now', async () => {
  const { service } = opened('');
  const partials = [
    { reference: 'old', key: 'id1', path: 'x/new', text: 't' },
    { reference: 'x/new', key: 'id1', path: 'x/new', text: 't' },
    { reference: 'other', key: 'id2', path: 'other', text: 't' },
  ];
  const text = '{{> old}}\n{{> other}}\n{{> x/new}}';
  expect(await service.inclusions({ text, key: null, partials }, 'id1')).toMatchObject([
    { range: { start: { line: 0 } }, moved: { text: 'x/new' } },
    { range: { start: { line: 2 } }, moved: null },
  ]);
});
