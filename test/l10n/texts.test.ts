import { expect, test } from 'vitest';
import { missing } from '../../tools/l10n/missing.ts';
import { textsOf } from '../../tools/l10n/source.ts';

test('every text that users read can be translated, and has its German with the same placeholders', async () => {
  expect(await missing()).toEqual([]);
}, 30_000);

test('a sentence that is said without t() is found, and where it stands', () => {
  const source =
    'export const a = 1;\nexport const says = (name: string) => `There is no prompt ${name}.`;\n';
  expect(textsOf('x.ts', source).unsaid).toEqual([{ text: 'There is no prompt ….', place: 'x.ts:2' }]);
});

test('a text that is put together before it is looked up is found', () => {
  const source =
    "import { t } from '@vscode/l10n';\nexport const says = (name: string) => t(`Hello ${name}`);\n";
  expect(textsOf('x.ts', source).unsaid.map(({ place }) => place)).toEqual(['x.ts:2']);
});

test('what no user reads may stay English: broken invariants, lines of the log, SQL', () => {
  const source = [
    "throw new Error('This cannot happen at all.');",
    "log.warn('The worker ended by itself.');",
    "run('SELECT bytes FROM records WHERE id = ?');",
  ].join('\n');
  expect(textsOf('x.ts', source).unsaid).toEqual([]);
});
