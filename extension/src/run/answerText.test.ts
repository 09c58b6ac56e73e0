import { expect, test } from 'vitest';
import { answerDocument, answerFor, findCodeBlocks, replacementsFor } from './answerText.ts';

const fenced = '```ts\nconst a = 1;\n\nconst b = 2;\n```';

test('an answer that is one code block goes in without its fence', () => {
  expect(answerFor(`\n${fenced}\n`, 'markdown')).toEqual({
    text: 'const a = 1;\n\nconst b = 2;',
    partial: false,
  });
});

test('words around the only code block are left out of a source file, and kept in prose', () => {
  const answer = `Here you are:\n\n${fenced}\n\nEnjoy.`;
  expect(answerFor(answer, 'typescript')).toEqual({ text: 'const a = 1;\n\nconst b = 2;', partial: true });
  expect(answerFor(answer, 'markdown')).toEqual({ text: answer, partial: false });
});

test('an answer with several code blocks goes in as it is', () => {
  const answer = `${fenced}\n\nor\n\n${fenced}`;
  expect(answerFor(answer, 'typescript')).toEqual({ text: answer, partial: false });
});

test('a fence ends only with one of its kind and at least its length', () => {
  expect(findCodeBlocks('````md\n```js\nx\n```\n````').blocks).toEqual([
    { language: 'md', text: '```js\nx\n```' },
  ]);
  expect(findCodeBlocks('~~~\n```\n~~~').blocks).toEqual([{ language: '', text: '```' }]);
});

test('a fence that never closes runs to the end: a cut answer keeps its code', () => {
  expect(findCodeBlocks('```js\nlet x').blocks).toEqual([{ language: 'js', text: 'let x' }]);
});

test('a replaced selection ends as the selection did', () => {
  expect(replacementsFor(fenced, ['old\n'], 'typescript')).toMatchObject({
    texts: ['const a = 1;\n\nconst b = 2;\n'],
  });
  expect(replacementsFor('new\n\n', ['old'], 'typescript')).toMatchObject({ texts: ['new'] });
});

test('several selections take one code block each, in order', () => {
  const answer = '```\none\n```\nand\n```\ntwo\n```';
  expect(replacementsFor(answer, ['a', 'b\n'], 'typescript')).toEqual({
    ok: true,
    texts: ['one', 'two\n'],
    partial: true,
  });
});

test('several selections and an answer that cannot be divided: nothing is replaced, and the reason is said', () => {
  expect(replacementsFor('one answer', ['a', 'b'], 'typescript')).toEqual({
    ok: false,
    reason: expect.stringContaining('2 selections'),
  });
});

test('nothing selected, or nothing answered: nothing to replace', () => {
  expect(replacementsFor('x', [], 'typescript').ok).toBe(false);
  expect(replacementsFor('  \n', ['a'], 'typescript').ok).toBe(false);
});

test('an answer that is code opens in its language, any other as Markdown', () => {
  expect(answerDocument(fenced)).toEqual({ language: 'ts', text: 'const a = 1;\n\nconst b = 2;' });
  expect(answerDocument(`Look:\n${fenced}`)).toMatchObject({ language: 'markdown' });
});
