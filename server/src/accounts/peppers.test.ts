import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { redact } from '@cuebook/shared/util/redacted';
import { peppersFromFile, peppersFromText, type KeptPeppers } from './peppers.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cuebook-peppers-'));
  file = path.join(folder, 'deep', 'peppers');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): KeptPeppers {
  const peppers = peppersFromFile(file);
  if (!peppers.ok) throw new Error(peppers.problem.message);
  return peppers.value;
}

const token = redact('cb_live_something');

describe('the file of peppers', () => {
  test('is made at the first start, for its owner alone, and read at the next', () => {
    const stored = open().hash(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['peppers']);
    expect(open().matches(token, stored)).toBe(true);
    expect(open().matches(redact('cb_live_something else'), stored)).toBe(false);
  });

  test('says what is wrong with it', () => {
    open();
    for (const content of ['', 'x', '1:short', `1:${'A'.repeat(43)}=\n1:${'B'.repeat(43)}=`]) {
      writeFileSync(file, content);
      expect(peppersFromFile(file)).toMatchObject({ ok: false, problem: { code: 'malformed' } });
    }
  });

  test('gives another hash under every pepper and for every use', () => {
    const [first, other] = [open(), peppersFromText(redact(`1:${Buffer.alloc(32, 7).toString('base64')}`))];
    if (!other.ok) throw new Error(other.problem.message);
    expect(first.hash(token).hash).not.toEqual(other.value.hash(token).hash);
    expect(first.derive('a', 'x')).not.toEqual(first.derive('b', 'x'));
  });
});

describe('rotating', () => {
  test('hashes what is new under the new pepper, and goes on to know what was made under the old', () => {
    const peppers = open();
    const old = peppers.hash(token);
    expect(peppers.rotate()).toBe(2);
    expect(peppers.hash(token).pepper).toBe(2);
    expect(peppers.matches(token, old)).toBe(true);
    expect(peppers.isOld(old.pepper)).toBe(true);
    peppers.drop([1, 2]);
    expect(peppers.numbers()).toEqual([2]);
    expect(peppers.matches(token, old)).toBe(false);
  });

  test('is seen by another process that meets the new number', () => {
    const [one, another] = [open(), open()];
    one.rotate();
    expect(another.matches(token, one.hash(token))).toBe(true);
    expect(another.hash(token).pepper).toBe(2);
  });
});

describe('what is sealed', () => {
  test('opens in its own place alone, unchanged', () => {
    const peppers = open();
    const secret = Buffer.from('a second factor');
    const stored = peppers.seal('one', secret);
    expect(Buffer.from(stored.sealed).includes(secret)).toBe(false);
    expect(peppers.open('one', stored)).toEqual(secret);
    expect(peppers.open('two', stored)).toBeNull();
    const bent = Uint8Array.from(stored.sealed, (byte, index) => (index === 20 ? byte ^ 1 : byte));
    expect(peppers.open('one', { ...stored, sealed: bent })).toBeNull();
    expect(peppers.open('one', { ...stored, sealed: bent.subarray(0, 5) })).toBeNull();
    expect(readFileSync(file, 'utf8')).not.toContain('factor');
  });
});
