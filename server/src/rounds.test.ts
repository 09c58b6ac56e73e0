import { expect, test } from 'vitest';
import { createRounds } from './rounds.ts';

interface Round {
  readonly questions: readonly number[];
  readonly answer: () => void;
  readonly fail: () => void;
}

function start() {
  const rounds: Round[] = [];
  const ask = createRounds<number, string>(
    async (questions) =>
      new Promise((resolve, reject) => {
        rounds.push({
          questions,
          answer: () => resolve(questions.map(String)),
          fail: () => reject(new Error('gone')),
        });
      }),
  );
  return { rounds, ask };
}

const turn = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('what is asked while two rounds are under way is asked together in the next', async () => {
  const { rounds, ask } = start();
  const answers = [1, 2, 3, 4, 5].map(async (question) => ask(question));
  expect(rounds.map(({ questions }) => questions)).toEqual([[1], [2]]);
  rounds[0]?.answer();
  await turn();
  expect(rounds.map(({ questions }) => questions)).toEqual([[1], [2], [3, 4, 5]]);
  const late = ask(6);
  rounds[1]?.answer();
  await turn();
  expect(rounds.at(-1)?.questions).toEqual([6]);
  for (const { answer } of rounds) answer();
  expect(await Promise.all([...answers, late])).toEqual(['1', '2', '3', '4', '5', '6']);
});

test('a question is never answered by a round that began before it', async () => {
  const { rounds, ask } = start();
  const first = ask(1);
  const second = ask(1);
  expect(rounds).toHaveLength(2);
  const third = ask(1);
  expect(rounds).toHaveLength(2);
  rounds[0]?.answer();
  await first;
  await turn();
  expect(rounds).toHaveLength(3);
  rounds[1]?.answer();
  rounds[2]?.answer();
  expect(await Promise.all([second, third])).toEqual(['1', '1']);
});

test('a round that fails fails for those in it, and the next one is asked', async () => {
  const { rounds, ask } = start();
  const failing = [ask(1), ask(2), ask(3)];
  rounds[0]?.fail();
  await expect(failing[0]).rejects.toThrow('gone');
  await turn();
  rounds[1]?.answer();
  rounds[2]?.answer();
  expect(await Promise.all(failing.slice(1))).toEqual(['2', '3']);
});
