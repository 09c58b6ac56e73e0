import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { bootId, lookAtProcess } from '@cuebook/server/postgres/processes';
import { chooseUser } from '@cuebook/server/postgres/runAs';
import { rotateLog } from '@cuebook/server/postgres/serverLog';
import { withStartLock } from '@cuebook/server/postgres/startLock';
import { existsSync, readFileSync } from 'node:fs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'cuebook-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const me = { pid: process.pid, startedAt: lookAtProcess(process.pid)?.startedAt ?? '', boot: bootId() };

test('one process after the other is let in', async () => {
  const file = path.join(folder, 'one');
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    for (let count = 0; count < 5; count += 1) await turn();
    inside -= 1;
  };
  const results = await Promise.all(Array.from({ length: 8 }, () => withStartLock(file, 10_000, work)));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

test.each([
  ['empty', ''],
  ['not one', 'something else'],
  ['of a process that is no more', JSON.stringify({ ...me, pid: 99_999_999 })],
  ['of a process whose pid is another one now', JSON.stringify({ ...me, startedAt: '1' })],
  ['from before the machine started', JSON.stringify({ ...me, boot: 'another' })],
])('a lock that is %s is stale', async (_, content) => {
  const file = path.join(folder, 'stale');
  writeFileSync(file, content);
  expect(await withStartLock(file, 1000, async () => 'in')).toEqual({ ok: true, value: 'in' });
});

test('a lock of a living process is waited for, and then said to be held', async () => {
  const file = path.join(folder, 'held');
  writeFileSync(file, JSON.stringify(me));
  expect(await withStartLock(file, 60, async () => 'in')).toMatchObject({
    ok: false,
    problem: { code: 'locked' },
  });
});

test('is given back when the work fails', async () => {
  const file = path.join(folder, 'failed');
  await expect(withStartLock(file, 100, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(file)).toBe(false);
});

test('root borrows the user postgres, else nobody, by the ids in the passwd file; others stay themselves', () => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n';
  expect(chooseUser(0, () => `${passwd}postgres:x:70:71::/:/bin/sh`)).toMatchObject({
    value: { uid: 70, gid: 71, name: 'postgres' },
  });
  expect(chooseUser(0, () => passwd)).toMatchObject({ value: { uid: 65_534, gid: 65_533, name: 'nobody' } });
  expect(chooseUser(0, () => 'root:x:0:0::/root:/bin/sh')).toMatchObject({ ok: false });
  expect(chooseUser(1000)).toEqual({ ok: true, value: {} });
});

test('the log is cut when it is large, and a few old ones are kept', () => {
  const file = path.join(folder, 'log');
  for (const content of ['first', 'second', 'third', 'fourth']) {
    writeFileSync(file, content);
    rotateLog(file, 5);
  }
  expect(readFileSync(file, 'utf8')).toBe('');
  const kept = [1, 2, 3, 4].map((number) => existsSync(`${file}.${number}`));
  expect(kept).toEqual([true, true, true, false]);
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('fourth');
  writeFileSync(file, 'tiny');
  rotateLog(file, 5);
  expect(readFileSync(file, 'utf8')).toBe('tiny');
});
