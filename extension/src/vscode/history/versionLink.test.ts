import { expect, test } from 'vitest';
import type { PromptId, RevisionId } from '../../library/api.ts';
import { linkTo, parseLink, placeIn } from './versionLink.ts';

const promptId = 'abcdefghijklmnopqrstuvwx23' as PromptId;
const revisionId = '234567abcdefghijklmnopqrst' as RevisionId;

test('a link leads back to the version that it was made for, in whichever editor', () => {
  for (const origin of ['vscode://cuebook.cuebook', 'code-oss://cuebook.cuebook']) {
    expect(parseLink(`  ${linkTo({ promptId, revisionId }, origin)}\n`)).toEqual({ promptId, revisionId });
  }
});

test('what is no link to a version leads nowhere', () => {
  const link = linkTo({ promptId, revisionId }, 'vscode://cuebook.cuebook');
  for (const text of ['', 'v3', link.replace('/version', '/join'), link.replace(revisionId, '../../x')]) {
    expect(parseLink(text)).toBeNull();
  }
});

test('an argument of a command is taken only if both of its ids look like ids', () => {
  expect(placeIn({ promptId, revisionId, more: 1 })).toEqual({ promptId, revisionId });
  for (const argument of [
    null,
    'x',
    {},
    { promptId },
    { promptId, revisionId: 'v1' },
    { promptId: 7, revisionId },
  ]) {
    expect(placeIn(argument)).toBeNull();
  }
});
