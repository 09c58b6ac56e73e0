import { parseDocument } from '@cuebook/shared/format/parse';
import { expect, test } from 'vitest';
import { partialTag } from './reference.ts';

test('a copied reference parses as a partial of exactly that path', () => {
  for (const path of ['house-style', 'review/house style', 'a=b', 'what"is', '{x}']) {
    const { problems } = parseDocument(partialTag(path));
    expect(problems).toEqual([]);
  }
});
