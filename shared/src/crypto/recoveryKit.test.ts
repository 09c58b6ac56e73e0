import * as nodeCrypto from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { idFromBytes, type AccountId } from '../encoding/ids.ts';
import { ascii } from '../encoding/utf8.ts';
import { reveal } from '../util/redacted.ts';
import { openKitBackup, sealKitBackup } from './kitBackup.ts';
import { createKit, kitGroups, parseKit } from './recoveryKit.ts';
import { createSuite } from './suite.ts';

const suite = createSuite(nodeCrypto);
const kit = createKit(suite);
const code = reveal(kit.code);

test('a kit is eight groups of five characters that nobody mistakes for others', () => {
  expect(kitGroups(kit)).toHaveLength(8);
  expect(code).toMatch(/^1[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{5}){7}$/);
});

test('a kit that was read back gives the same keys', () => {
  const read = parseKit(suite, code);
  expect(read.ok && read.value.keys.id).toBe(kit.keys.id);
  expect(read.ok && reveal(read.value.code)).toBe(code);
});

test('case, spaces, dashes, line breaks and look-alike letters are forgiven', () => {
  const typed = [
    code.toLowerCase(),
    code.replaceAll('-', ''),
    code.replaceAll('-', '\n'),
    ` ${code.split('').join(' ')} `,
    code.replaceAll('0', 'o').replaceAll('1', 'l'),
    code.replaceAll('0', 'O').replaceAll('1', 'I'),
    code.replaceAll('-', '–'),
    code.replaceAll('V', 'u'),
  ];
  for (const text of typed) {
    const read = parseKit(suite, text);
    expect(read.ok && read.value.keys.id).toBe(kit.keys.id);
  }
});

test('a wrong, missing, additional or swapped character is found, and the answer does not repeat what was typed', () => {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const characters = code.replaceAll('-', '');
  fc.assert(
    fc.property(fc.nat(38), fc.nat(31), (at, symbol) => {
      const wrong = characters.slice(0, at + 1) + alphabet.charAt(symbol) + characters.slice(at + 2);
      fc.pre(wrong !== characters);
      const read = parseKit(suite, wrong);
      expect(read).toMatchObject({ ok: false, problem: { code: 'kitInvalid' } });
      if (!read.ok) expect(read.problem.message).not.toContain(wrong.slice(1, 6));
    }),
  );
  for (const wrong of ['', characters.slice(1), `${characters}0`, characters.replace(/^1/, '1*')]) {
    expect(parseKit(suite, wrong)).toMatchObject({ ok: false, problem: { code: 'kitInvalid' } });
  }
});

test('a kit of a newer form asks for an update', () => {
  expect(parseKit(suite, `2${code.slice(1)}`)).toMatchObject({ problem: { code: 'newerFormat' } });
});

test('what is sealed to a kit opens with that kit, for that account, and with nothing else', async () => {
  const account = idFromBytes<AccountId>(new Uint8Array(32).fill(1));
  const other = idFromBytes<AccountId>(new Uint8Array(32).fill(2));
  const box = await sealKitBackup(suite, kit.keys, account, ascii('store key'));
  expect(await openKitBackup(suite, kit.keys, account, box)).toEqual({ ok: true, value: ascii('store key') });
  expect(await openKitBackup(suite, kit.keys, other, box)).toMatchObject({ problem: { code: 'wrongKey' } });
  expect(await openKitBackup(suite, createKit(suite).keys, account, box)).toMatchObject({
    problem: { code: 'wrongKey' },
  });
});
