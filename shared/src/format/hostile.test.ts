// Property tests: whatever the text and the values, the format answers, within bounds, and changes nothing it should not.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { convertAliases } from './aliases.ts';
import { diagnose } from './diagnose.ts';
import { declareInputs, removeInput, renameInput, setField } from './edits.ts';
import { importPromptFile } from './importPrompt.ts';
import { limits } from './limits.ts';
import { mergeDocuments } from './merge.ts';
import { parseDocument } from './parse.ts';
import { render } from './render.ts';
import { trimBlankLines } from './roles.ts';
import { allNodes } from './templateNodes.ts';
import { applyEdits, createLineIndex } from './text.ts';

const time = 60_000;

const fragments = [
  ...'{{ }} {{{ }}} \\ \\{{ {{#if\ta}} {{#each\tb}} {{else}} {{/if}} {{/each}} {{>\tp}} {{! --}} {{!--\tx\t--}}'.split(
    ' ',
  ),
  ...'{{a.b}} {{this}} {{@index}} {{../a}} ${selection} ${input:x:y} $ARGUMENTS $1 __proto__ constructor'.split(
    ' ',
  ),
  ...'[ ] { } : - # " \' *x &x !t ~~~'.split(' '),
  '{{> "a b"@v1 k=1}}',
  'system:\n',
  '\nuser:\n',
  '\nassistant: \r\n',
  '\\user:\n',
  '```\n',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '\t',
  '---\n',
  '---\ninputs:\n  a: string\n---\n',
  'inputs: {',
  ': ',
  '- ',
  '# c\n',
  '\uFEFF',
  '\u202E',
  '\u{E0041}',
  '\u{1F600}',
];
const piece = fc.oneof(
  fc.constantFrom(...fragments),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const anyText = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
const anyPrompt = fc.oneof(
  anyText,
  fc.tuple(anyText, anyText).map(([yaml, body]) => `---\n${yaml}\n---\n${body}`),
);

test(
  'any text parses, keeps its bytes, and every place lies inside it',
  () => {
    fc.assert(
      fc.property(anyPrompt, (text) => {
        const document = parseDocument(text);
        expect(document.text).toBe(text);
        for (const { span } of document.messages.flatMap(({ nodes }) => allNodes(nodes))) {
          expect(0 <= span.start && span.start <= span.end && span.end <= text.length).toBe(true);
        }
        for (const { range } of diagnose(document, { partials: () => null })) {
          expect(range.start.offset <= range.end.offset && range.end.offset <= text.length).toBe(true);
          const { line, character, offset } = range.start;
          expect(document.lines.line(line).start + character).toBe(offset);
        }
      }),
      { numRuns: 3000 },
    );
  },
  time,
);

test(
  'any prompt renders or says why not, and values never become messages',
  () => {
    const partials = (reference: string) => ({
      key: reference,
      text: 'p {{a}} {{#each b}}{{this}}{{/each}}',
    });
    fc.assert(
      fc.property(anyPrompt, anyText, fc.json(), (text, value, json) => {
        const document = parseDocument(text);
        const inputs = { a: value, b: JSON.parse(json) as unknown, x: value };
        const outcome = render(document, { inputs, builtIns: { selection: value }, partials });
        if (!outcome.ok) {
          expect(outcome.errors.length).toBeGreaterThan(0);
          return;
        }
        expect(outcome.messages.length).toBeLessThanOrEqual(document.messages.length);
        const roles = new Set(document.messages.map(({ role }) => role));
        expect(outcome.messages.every(({ role }) => roles.has(role))).toBe(true);
        const length = outcome.messages.reduce((sum, { content }) => sum + content.length, 0);
        expect(length).toBeLessThanOrEqual(limits.renderedLength);
      }),
      { numRuns: 2000 },
    );
  },
  time,
);

test(
  'any foreign text imports to a prompt that reads the same',
  () => {
    fc.assert(
      fc.property(anyText, (raw) => {
        // Front matter and variables have tests of their own; here it is the body that must survive.
        const body = raw.replaceAll('$', '').replace(/^\uFEFF/, '');
        const text = `---\nname: x\n---\n${body}`;
        const imported = importPromptFile({ kind: 'markdown', name: 'x.md', text });
        const { start, end } = trimBlankLines(body, { start: 0, end: body.length });
        const outcome = render(parseDocument(imported.text));
        const content = outcome.ok ? outcome.messages.map((message) => message.content) : [];
        const expected = body.slice(start, end);
        expect(content.join('|')).toBe(expected.trim() === '' ? '' : expected);
      }),
      { numRuns: 3000 },
    );
  },
  time,
);

test(
  'any foreign file, whatever its front matter, imports to a prompt that can be rendered',
  () => {
    fc.assert(
      fc.property(anyPrompt, fc.string(), fc.boolean(), (text, name, declare) => {
        const imported = importPromptFile({ kind: 'prompt.md', name, text, declareInputs: declare });
        expect(imported.name).not.toBe('');
        const outcome = render(parseDocument(imported.text));
        const codes = outcome.ok ? [] : outcome.errors.map(({ code }) => code);
        expect(codes.filter((code) => code !== 'nothingToSay' && code !== 'inputMissing')).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  },
  time,
);

test(
  'edits of the front matter leave the rest of the text as it was',
  () => {
    fc.assert(
      fc.property(anyPrompt, (text) => {
        const document = parseDocument(text);
        const body = text.slice(document.body.start);
        for (const edits of [
          declareInputs(document, [{ name: 'added', description: 'x: {y}', required: true }]),
          setField(document, 'description', '"new"'),
          removeInput(document, 'a'),
        ]) {
          if (edits === null) continue;
          const changed = applyEdits(text, edits);
          expect(changed.endsWith(body)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  },
  time,
);

test(
  'renaming an input there and back gives the same text',
  () => {
    fc.assert(
      fc.property(anyPrompt, (text) => {
        const there = applyEdits(text, renameInput(parseDocument(text), { from: 'a', to: 'quiteAnother' }));
        const back = applyEdits(there, renameInput(parseDocument(there), { from: 'quiteAnother', to: 'a' }));
        expect(back).toBe(text);
      }),
      { numRuns: 1000 },
    );
  },
  time,
);

test(
  'any three texts merge: an unchanged side yields the other, and no line of a side is lost',
  () => {
    const line = fc.constantFrom(
      'a\n',
      'b\n',
      'c\n',
      '\n',
      'x: 1\n',
      '---\n',
      'inputs:\n',
      '  a: 1\n',
      '# n\n',
      'z',
      'd\r\n',
    );
    const side = fc.array(line, { maxLength: 12 }).map((lines) => lines.join(''));
    fc.assert(
      fc.property(side, side, side, (base, mine, theirs) => {
        expect(mergeDocuments({ base, mine, theirs: base })).toEqual({ kind: 'clean', text: mine });
        expect(mergeDocuments({ base, mine: base, theirs })).toEqual({ kind: 'clean', text: theirs });
        expect(mergeDocuments({ base, mine, theirs: mine })).toEqual({ kind: 'clean', text: mine });
        const { text } = mergeDocuments({ base, mine, theirs });
        const kept = linesOf(text);
        const old = linesOf(base);
        for (const added of [...linesOf(mine), ...linesOf(theirs)])
          if (!old.has(added)) expect(kept.has(added)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  },
  time,
);

function linesOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/\r?\n/));
}

test('the conversion of a paste answers for any text', () => {
  fc.assert(
    fc.property(anyText, (text) => typeof convertAliases(text, { positional: true }).text === 'string'),
  );
});

test('every offset has a place, and the place leads back to it', () => {
  fc.assert(
    fc.property(anyText, fc.nat(), (text, number) => {
      const lines = createLineIndex(text);
      const place = lines.place(number % (text.length + 1));
      expect(lines.line(place.line).start + place.character).toBe(place.offset);
    }),
  );
});

test.each([
  ['open braces', '{{'.repeat(200_000)],
  ['open comments', '{{!--'.repeat(90_000)],
  ['open blocks', '{{#if a}}'.repeat(50_000)],
  ['backslashes', `${'\\'.repeat(400_000)}{{`],
  ['fences', '```a\n'.repeat(90_000)],
  ['quotes', `{{${'"'.repeat(400_000)}}}`],
  ['escaped roles between tags', '\\user:\n{{a}}\n'.repeat(15_000)],
  ['tags without a space between them', '\\\\{{a}}'.repeat(19_000)],
  ['deep YAML', `---\n${'- '.repeat(15_000)}\n---\n`],
  ['many keys', `---\n${Array.from({ length: 4000 }, (_, index) => `k${index}:`).join('\n')}\n---\n`],
  ['an alias bomb', `---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n---\n`],
])(
  '%s take no more than time in proportion to their length',
  (_, text) => {
    const started = performance.now();
    const document = parseDocument(text);
    render(document);
    importPromptFile({ kind: 'markdown', name: 'x', text });
    // Quadratic behaviour would take minutes; the allowance is for a busy machine.
    expect(performance.now() - started).toBeLessThan(20_000);
  },
  time,
);
