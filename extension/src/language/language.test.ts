// The pure parts of the language features. In the examples `|` is the cursor.

import { describe, expect, test } from 'vitest';
import { parseDocument } from '@cuebook/shared/format/parse';
import { applyEdits } from '@cuebook/shared/format/text';
import { diagnose } from '@cuebook/shared/format/diagnose';
import type { PromptDocument } from '@cuebook/shared/format/promptDocument';
import { suggestAt, type Surroundings } from './completions.ts';
import { fixesFor } from './fixes.ts';
import { hoverAt, type HoverFacts } from './hover.ts';
import { movedPartials } from './movedPartials.ts';
import { foldsOf, outlineOf, type OutlineItem } from './outline.ts';
import { renderPreview } from './renderPreview.ts';
import { targetAt } from './target.ts';
import { previewText } from '../vscode/language/previewText.ts';

const head = '---\ninputs:\n  focus: { type: string, description: What to look for }\n---\n';

function withCursor(marked: string): { readonly document: PromptDocument; readonly offset: number } {
  const offset = marked.indexOf('|');
  return { document: parseDocument(marked.slice(0, offset) + marked.slice(offset + 1)), offset };
}

describe('completion', () => {
  const around: Surroundings = {
    prompts: async () => [
      { path: 'house-style', description: 'How we write' },
      { path: 'my team/tone', description: '' },
    ],
    tags: async () => ['style', 'tone'],
    models: async () => [{ id: 'openai/gpt-4.1', label: 'GPT-4.1' }],
    partialText: async (reference) =>
      reference === 'house-style' ? '---\ninputs: { tone: string }\n---\n{{tone}}' : null,
  };

  async function labels(marked: string): Promise<readonly string[]> {
    const { document, offset } = withCursor(marked);
    return (await suggestAt(document, offset, around)).map(({ label }) => label);
  }

  async function accepted(marked: string, label: string): Promise<string> {
    const { document, offset } = withCursor(marked);
    const suggestion = (await suggestAt(document, offset, around)).find((each) => each.label === label);
    if (suggestion === undefined) throw new Error(`${label} is not suggested`);
    return applyEdits(document.text, [{ ...suggestion.replace, text: suggestion.insert }]);
  }

  test('in a tag it offers inputs, values from the editor and blocks', async () => {
    const found = await labels(`${head}Look for {{fo|}}`);
    expect(found).toEqual(expect.arrayContaining(['focus', 'selection', 'date', '#if', 'else']));
    expect(await labels(`${head}{{#if |}}`)).not.toContain('#if');
    expect(await labels(`${head}plain |`)).toEqual([]);
    expect(await labels(`${head}\\{{|`)).toEqual([]);
  });

  test('an accepted name closes the tag only if it is open', async () => {
    expect(await accepted(`${head}{{fo|`, 'focus')).toBe(`${head}{{focus}}`);
    expect(await accepted(`${head}{{fo|}} x`, 'focus')).toBe(`${head}{{focus}} x`);
    expect(await accepted(`${head}{{#if fo|}}`, 'focus')).toBe(`${head}{{#if focus}}`);
  });

  test('a partial is offered by path, quoted where it needs it, and its inputs as arguments', async () => {
    expect(await accepted('{{> ho|', 'house-style')).toBe('{{> house-style}}');
    expect(await accepted('{{> "my te|', 'my team/tone')).toBe('{{> "my team/tone"}}');
    expect(await accepted('{{> house-style t|}}', 'tone')).toBe('{{> house-style tone=}}');
    expect(await labels('{{> house-style tone=sel|}}')).toContain('selection');
  });

  test('inside a loop the item and its data are offered, and closing tags close what is open', async () => {
    expect(await labels('{{#each l}}{{|}}')).toEqual(expect.arrayContaining(['this', '@index']));
    expect(await labels('{{#each l}}{{#if a}}{{/|}}')).toEqual(['if', 'each']);
  });

  test.each([
    ['---\n|\n---\n', ['description', 'model', 'inputs']],
    ['---\nconfig:\n  |\n---\n', ['temperature', 'topP']],
    ['---\nconfig: { te|\n---\n', ['temperature']],
    ['---\ninputs:\n  a:\n    |\n---\n', ['type', 'required']],
    ['---\ninputs: { a: { |\n---\n', ['type', 'enum']],
    ['---\ninputs:\n  a: |\n---\n', ['string', 'image']],
    ['---\ninputs:\n  a: { type: nu|\n---\n', ['number']],
    ['---\ninputs: { a: { required: |\n---\n', ['true', 'false']],
    ['---\nmodel: |\n---\n', ['openai/gpt-4.1', 'vscode/*']],
    ['---\nmodel: [a/b, |]\n---\n', ['openai/gpt-4.1']],
    ['---\nmodel:\n  - |\n---\n', ['openai/gpt-4.1']],
    ['---\ntags: [|]\n---\n', ['style', 'tone']],
    ['---\nname: x\n---\ns|', ['system:']],
  ])('at %j it offers %j', async (marked, expected) => {
    expect(await labels(marked)).toEqual(expect.arrayContaining([...expected]));
  });

  test('keys that are there already are not offered again', async () => {
    expect(await labels('---\nmodel: a/b\n|\n---\n')).not.toContain('model');
  });
});

describe('quick fixes', () => {
  function fixed(text: string, index = 0): string {
    const document = parseDocument(text);
    const [problem] = diagnose(document, { partials: () => null, promptNames: ['house-style'] });
    if (problem === undefined) throw new Error('No problem');
    const span = { start: problem.range.start.offset, end: problem.range.end.offset };
    const fix = fixesFor(document, { ...problem, span })[index];
    if (fix === undefined) throw new Error(`No fix for ${problem.code}`);
    return fix.kind === 'createPartial' ? `create ${fix.path}` : applyEdits(text, fix.edits);
  }

  test.each([
    ['{{a}}', 0, '---\ninputs:\n  a: string\n---\n{{a}}'],
    [`${head}{{focsu}}{{focus}}`, 0, `${head}{{focus}}{{focus}}`],
    ['---\nname: n\ninputs:\n  a: string\n---\nx', 0, '---\nname: n\n---\nx'],
    ['---\ntag: x\n---\nx', 0, '---\ntags: x\n---\nx'],
    ['---\nname: n\napi_key: x\n---\nx', 0, '---\nname: n\n---\nx'],
    ['{{> hous-style}}', 0, '{{> house-style}}'],
    ['{{> hous-style}}', 1, 'create hous-style'],
    ['{{> a/b@v3}}', 0, 'create a/b'],
    ['a\u200Bb\u200Bc', 0, 'ab\u200Bc'],
    ['a\u200Bb\u200Bc', 1, 'abc'],
    ['{{foo bar}}', 0, '\\{{foo bar}}'],
    ['x {{/if}}', 0, 'x \\{{/if}}'],
    ['user:\n{{#if selection}}\nx\nuser:\ny', 0, 'user:\n{{#if selection}}\nx\n{{/if}}\nuser:\ny'],
  ])('%j, fix %i, gives %j', (text, index, expected) => {
    expect(fixed(text, index)).toBe(expected);
  });
});

describe('hover', () => {
  const facts: HoverFacts = {
    lastValue: (name) => (name === 'focus' ? 'bugs' : undefined),
    partial: (reference) =>
      reference === 'p' ? { path: 'folder/p', text: '---\ndescription: D\n---\nBody' } : null,
  };
  const parts = (marked: string): readonly string[] => {
    const { document, offset } = withCursor(marked);
    return hoverAt(document, offset, facts)?.parts.map(({ kind, text }) => `${kind}: ${text}`) ?? [];
  };

  test('an input shows its declaration and its last value; what people wrote is never Markdown', () => {
    expect(parts(`${head}{{fo|cus}}`)).toEqual([
      'markdown: **Input**, string',
      'text: What to look for',
      'markdown: Last value:',
      'code: bugs',
    ]);
    expect(parts('{{cl|ipboard}}')).toEqual([
      'markdown: **Value from the editor**',
      'markdown: The text on the clipboard.',
    ]);
  });

  test('a partial shows where it leads and its first lines', () => {
    expect(parts('{{> |p}}')).toEqual(['markdown: **Partial**', 'text: folder/p', 'text: D', 'code: Body']);
    expect(parts('{{> |q}}')).toEqual(['markdown: **Partial**: there is no prompt of this name.']);
  });

  test('a key and a block are explained', () => {
    expect(parts('---\ncon|fig: { topP: 1 }\n---\n')).toEqual(['markdown: Parameters of a run.']);
    expect(parts('---\nconfig: { to|pP: 1 }\n---\n')[0]).toContain('From 0 to 1');
    expect(parts('---\ninputs: { a: { en|um: [x] } }\n---\n')[0]).toContain('allowed');
    expect(parts('plain |text')).toEqual([]);
  });
});

test('what stands at a place is found in declarations, tags, blocks and arguments', () => {
  const at = (marked: string): string => {
    const { document, offset } = withCursor(marked);
    const target = targetAt(document, offset);
    return target === null
      ? 'nothing'
      : `${target.kind} ${document.text.slice(target.span.start, target.span.end)}`;
  };
  expect(at('---\ninputs:\n  fo|cus: string\n---\n')).toBe('input focus');
  expect(at('{{../fo|cus.x}}')).toBe('input focus');
  expect(at('{{#each it|ems}}{{/each}}')).toBe('input items');
  expect(at('{{> "a b@|v1" k=v}}')).toBe('partial "a b@v1"');
  expect(at('{{> a k=v|al}}')).toBe('input val');
  expect(at('{{th|is.x}}')).toBe('nothing');
});

test('the outline shows front matter with inputs, messages, headings and blocks', () => {
  const text = `${head}system:\n# Role\n\`\`\`\n# code\n\`\`\`\nuser:\n{{#if focus}}\n## More\n{{/if}}\n`;
  const names = (items: readonly OutlineItem[]): unknown[] =>
    items.map(({ name, children }) => (children.length === 0 ? name : [name, ...names(children)]));
  expect(names(outlineOf(parseDocument(text)))).toEqual([
    ['front matter', 'focus'],
    ['system', 'Role'],
    ['user', '#if focus', 'More'],
  ]);
});

test('front matter, messages, sections, code blocks and blocks fold', () => {
  const text = `${head}system:\n# A\nx\n\`\`\`\ny\n\`\`\`\n{{#if focus}}\nz\n{{/if}}\n# B\nend`;
  const folds = foldsOf(parseDocument(text)).map(({ startLine, endLine }) => `${startLine}-${endLine}`);
  expect(folds).toEqual(expect.arrayContaining(['0-3', '4-14', '5-12', '7-9', '10-12', '13-14']));
});

test('a reference to a prompt that was renamed or moved is found and rewritten', () => {
  const document = parseDocument('{{> old}} {{> tone@v3 k=1}} {{> /top}} {{> same}}');
  const paths: Readonly<Record<string, string>> = {
    old: 'style/new name',
    'tone@v3': 'x/voice',
    '/top': 'top',
    same: 'a/same',
  };
  const moved = movedPartials(document, (reference) => ({ path: paths[reference] ?? '' }));
  expect(
    applyEdits(
      document.text,
      moved.map(({ edit }) => edit),
    ),
  ).toBe('{{> "style/new name"}} {{> x/voice@v3 k=1}} {{> /top}} {{> same}}');
});

describe('preview', () => {
  const words = {
    intro: 'Nothing was sent.',
    tokens: (index: number) => `${index + 1} tokens`,
    total: '3 tokens.',
    problems: 'Problems:',
    line: (line: number) => `line ${line}`,
  };
  const options = { partials: () => null, lastValues: {} };

  test('shows each message with its role and tokens, with last values, defaults and marked gaps', () => {
    const text = `---\ninputs: { a: { required: true }, b: { default: d }, n: number, l: array }\n---\nsystem:\n{{a}} {{b}} {{n}}\nuser:\n{{selection}}{{#each l}}{{this}}{{/each}}{{c}}`;
    const outcome = renderPreview(parseDocument(text), { ...options, lastValues: { n: 7, l: 3 } });
    expect(previewText(outcome, words)).toBe(
      'Nothing was sent. 3 tokens.\n\n━━━ system ━━━ 1 tokens\n\n‹a› d 7\n\n━━━ user ━━━ 2 tokens\n\n‹selection›‹l›‹c›\n',
    );
  });

  test('says why a prompt cannot be rendered, and where', () => {
    const shown = previewText(renderPreview(parseDocument('x\n{{> gone}}'), options), words);
    expect(shown).toContain('- line 2: There is no prompt `gone` to include.');
  });
});
