import { describe, expect, test } from 'vitest';
import { isCommonPassword } from './commonPasswords.ts';

describe('passwords that are refused', () => {
  test.each([
    ['qwerty123456', 'in the list'],
    ['password1234', 'a listed one with digits'],
    ['P@ssw0rd2024!', 'with look-alikes'],
    ['!!!Letmein!!!', 'with signs around'],
    ['passwordpassword', 'a listed one twice'],
    ['iloveyou12345', 'with a sequence behind'],
    ['111111111111', 'one character'],
    ['abababababab', 'two characters'],
    ['abcdefghijkl', 'the alphabet'],
    ['9876543210987', 'digits in a row, backwards'],
    ['qwertyuiopasdf', 'keys in a row'],
    ['Cuebook2026!', 'the name of this product'],
    ['ana.kovac@example.com', 'the own address'],
    ['Ana.Kovac@example.com1', 'the own address, and a digit'],
  ])('%s: %s', async (password) => {
    expect(await isCommonPassword(password, 'ana.kovac@example.com')).toBe(true);
  });
});

describe('passwords that are taken', () => {
  test.each([
    'quiet otters sort the mail',
    'correct horse battery staple',
    'Tr7!xq_92mLp0',
    '839201746582',
    'ünïcödé wörter hier',
    'password manager of my aunt',
  ])('%s', async (password) => {
    expect(await isCommonPassword(password, 'ana.kovac@example.com')).toBe(false);
  });
});
