import { expect, test } from 'vitest';
import type { RevisionId } from '../../library/api.ts';
import { createDocumentBases } from './documentBases.ts';

const first = { text: 'one\n', revisionId: 'first' as RevisionId, mtime: 1 };
const second = { text: 'two\n', revisionId: 'second' as RevisionId, mtime: 2 };
const key = 'cuebook://workspace/prompt/name.cue.md';

test('the base is the revision that a clean document equals', () => {
  const bases = createDocumentBases();
  bases.didRead(key, first);
  expect(bases.baseOf(key)).toBeNull();
  bases.isClean(key, 'one\n');
  expect(bases.baseOf(key)).toEqual({ revisionId: 'first', mtime: 1 });
});

test('a read by somebody else does not move the base of a dirty document', () => {
  const bases = createDocumentBases();
  bases.didRead(key, first);
  bases.isClean(key, first.text);
  bases.didRead(key, second);
  expect(bases.baseOf(key)?.revisionId).toBe('first');
});

test('a clean document that was reloaded has the new revision as base', () => {
  const bases = createDocumentBases();
  bases.didRead(key, first);
  bases.isClean(key, first.text);
  bases.didRead(key, second);
  bases.isClean(key, second.text);
  expect(bases.baseOf(key)?.revisionId).toBe('second');
});

test('undoing back to the saved text brings its base back', () => {
  const bases = createDocumentBases();
  bases.didWrite(key, first);
  bases.didWrite(key, second);
  bases.isClean(key, first.text);
  expect(bases.baseOf(key)?.revisionId).toBe('first');
});

test('line ends that VS Code makes uniform do not hide that a document is unchanged', () => {
  const bases = createDocumentBases();
  bases.didRead(key, { ...first, text: '\uFEFFa\r\nb\nc\r\n' });
  bases.isClean(key, 'a\r\nb\r\nc\r\n');
  expect(bases.baseOf(key)?.revisionId).toBe('first');
});

test('a base from before a reload counts only until something better is known', () => {
  const bases = createDocumentBases();
  bases.restore(key, first.revisionId);
  expect(bases.baseOf(key)).toEqual({ revisionId: 'first', mtime: null });
  bases.didWrite(key, second);
  bases.restore(key, first.revisionId);
  expect(bases.baseOf(key)?.revisionId).toBe('second');
  bases.closed(key);
  expect(bases.baseOf(key)).toBeNull();
});
