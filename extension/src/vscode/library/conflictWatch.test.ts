import { expect, test } from 'vitest';
import type { LibraryCalls, LibraryChange, PromptId, PromptSummary } from '../../library/api.ts';
import { watchConflicts } from './conflictWatch.ts';

const id = 'p' as PromptId;

function stage() {
  const told: PromptId[] = [];
  let hasConflict = false;
  let listener: (change: LibraryChange) => void = () => undefined;
  const watch = watchConflicts(
    {
      onDidChange: (listen) => {
        listener = listen;
        return () => (listener = () => undefined);
      },
      prompt: (async () => ({
        ok: true,
        value: { hasConflict } as PromptSummary,
      })) satisfies LibraryCalls['prompt'],
    },
    (one) => told.push(one),
  );
  const change = async (
    conflict: boolean,
    texts: LibraryChange['texts'] = [{ id, mtime: 1 }],
  ): Promise<void> => {
    hasConflict = conflict;
    listener({ origin: 'here', texts, tree: true, runs: false, status: false });
    await Promise.resolve();
    await Promise.resolve();
  };
  return { told, change, watch };
}

test('a conflict is told once, and again only after it was settled', async () => {
  const { told, change } = stage();
  await change(false);
  expect(told).toEqual([]);
  await change(true);
  await change(true);
  expect(told).toEqual([id]);
  await change(false);
  await change(true);
  expect(told).toEqual([id, id]);
});

test('a conflict that shows only after the text was checked is told then', async () => {
  const { told, change } = stage();
  await change(false);
  await change(true, []);
  expect(told).toEqual([id]);
});

test('what a save has told is not told again; after the end nothing is', async () => {
  const { told, change, watch } = stage();
  watch.knows(id);
  await change(true);
  expect(told).toEqual([]);
  await change(false);
  watch.dispose();
  await change(true);
  expect(told).toEqual([]);
});
