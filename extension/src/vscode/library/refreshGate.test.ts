import { expect, test } from 'vitest';
import { createRefreshGate } from './refreshGate.ts';

function fixture() {
  let refreshes = 0;
  const timers = new Set<() => void>();
  const gate = createRefreshGate(
    () => {
      refreshes += 1;
    },
    (task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
  );
  const quiet = (): void => {
    for (const task of timers) {
      timers.delete(task);
      task();
    }
  };
  return { gate, quiet, timers, refreshes: () => refreshes };
}

test('a tree that is quiet refreshes at once', () => {
  const { gate, refreshes } = fixture();
  gate.request();
  expect(refreshes()).toBe(1);
});

test('changes while rows are being asked for become one refresh afterwards', () => {
  const { gate, quiet, refreshes } = fixture();
  gate.request();
  const answered = gate.asked();
  gate.request();
  gate.request();
  quiet();
  expect(refreshes()).toBe(1);
  answered();
  quiet();
  expect(refreshes()).toBe(2);
  quiet();
  expect(refreshes()).toBe(2);
});

test('the next level of rows is waited for', () => {
  const { gate, quiet, refreshes } = fixture();
  gate.asked()();
  gate.request();
  const second = gate.asked();
  quiet();
  expect(refreshes()).toBe(0);
  second();
  quiet();
  expect(refreshes()).toBe(1);
});

test('nothing refreshes after the end', () => {
  const { gate, quiet, timers, refreshes } = fixture();
  gate.asked()();
  gate.request();
  gate.dispose();
  quiet();
  expect(timers.size).toBe(0);
  expect(refreshes()).toBe(0);
});
