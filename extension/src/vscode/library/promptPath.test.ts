import { expect, test } from 'vitest';
import { isPromptFile, parsePromptPath, withoutExtension } from './promptPath.ts';

const id = 'abcdefghijklmnopqrstuvwxyz';

test('an id decides, whatever name follows', () => {
  expect(parsePromptPath(`/${id}/review.cue.md`)).toEqual({ kind: 'prompt', id, name: 'review' });
  expect(parsePromptPath(`/${id}/old name.cue.md`)).toEqual({ kind: 'prompt', id, name: 'old name' });
  expect(parsePromptPath(`/${id}`)).toEqual({ kind: 'shelf', id });
  expect(parsePromptPath(`/${id}/a/b.cue.md`)).toEqual({ kind: 'none' });
});

test('names of folders lead to a prompt or a folder', () => {
  expect(parsePromptPath('/')).toEqual({ kind: 'root' });
  expect(parsePromptPath('')).toEqual({ kind: 'root' });
  expect(parsePromptPath('/review/security.cue.md')).toEqual({
    kind: 'named',
    folders: ['review'],
    last: 'security.cue.md',
  });
  // 25 letters are no id.
  expect(parsePromptPath(`/${id.slice(1)}`)).toEqual({ kind: 'named', folders: [], last: id.slice(1) });
});

test('the extension is taken off once', () => {
  expect(withoutExtension('a.cue.md.cue.md')).toBe('a.cue.md');
  expect(withoutExtension('a.md')).toBe('a.md');
  expect(isPromptFile('.cue.md')).toBe(false);
});
