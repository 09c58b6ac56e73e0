import { expect, test } from 'vitest';
import { createLatestOnly } from './latestOnly.ts';

function fixture() {
  const asked: string[] = [];
  const shown: string[] = [];
  const answers = new Map<string, (answer: string) => void>();
  const queries = createLatestOnly(
    async (question: string) =>
      new Promise<string>((resolve) => {
        asked.push(question);
        answers.set(question, resolve);
      }),
    (answer: string) => shown.push(answer),
  );
  const answer = async (question: string): Promise<void> => {
    answers.get(question)?.(question.toUpperCase());
    await new Promise(setImmediate);
  };
  return { asked, shown, queries, answer };
}

test('while one question is answered only the newest of the others is asked', async () => {
  const { asked, shown, queries, answer } = fixture();
  for (const question of ['a', 'ab', 'abc', 'abcd']) queries.ask(question);
  expect(asked).toEqual(['a']);
  await answer('a');
  expect(asked).toEqual(['a', 'abcd']);
  await answer('abcd');
  expect(shown).toEqual(['ABCD']);
  expect(queries.busy()).toBe(false);
});

test('an answer that comes after the end is not shown', async () => {
  const { shown, queries, answer } = fixture();
  queries.ask('a');
  queries.stop();
  await answer('a');
  queries.ask('b');
  expect(shown).toEqual([]);
});
