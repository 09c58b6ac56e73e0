import { expect, test } from 'vitest';
import type { PromptId } from '../../library/api.ts';
import { createIdleDrafts, idleMilliseconds } from './idleDrafts.ts';

const one = 'one' as PromptId;
const two = 'two' as PromptId;

function fixture() {
  const tasks: { run: () => void; milliseconds: number; stopped: boolean }[] = [];
  const committed: PromptId[] = [];
  const drafts = createIdleDrafts({
    schedule(run, milliseconds) {
      const task = { run, milliseconds, stopped: false };
      tasks.push(task);
      return () => {
        task.stopped = true;
      };
    },
    commit: (id) => committed.push(id),
  });
  const elapse = (): void => {
    for (const task of tasks.splice(0)) if (!task.stopped) task.run();
  };
  return { drafts, tasks, committed, elapse };
}

test('a draft becomes a version after idle minutes', () => {
  const { drafts, tasks, committed, elapse } = fixture();
  drafts.touched(one);
  expect(tasks[0]?.milliseconds).toBe(idleMilliseconds);
  expect(drafts.has(one)).toBe(true);
  elapse();
  expect(committed).toEqual([one]);
  expect(drafts.has(one)).toBe(false);
});

test('typing on starts the idle time again, and makes one version', () => {
  const { drafts, committed, elapse } = fixture();
  drafts.touched(one);
  drafts.touched(one);
  drafts.touched(two);
  elapse();
  expect(committed).toEqual([one, two]);
});

test('an explicit save leaves nothing to be made into a version', () => {
  const { drafts, committed, elapse } = fixture();
  drafts.touched(one);
  drafts.settled(one);
  drafts.touched(two);
  drafts.dispose();
  elapse();
  expect(committed).toEqual([]);
});
