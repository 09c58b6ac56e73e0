import { expect, test } from 'vitest';
import { findHidden } from '../language/hiddenFinding.ts';
import { careFor, type CareNeeds } from './care.ts';
import { emptyMemory } from './promptMemory.ts';

const needs: CareNeeds = {
  memory: { ...emptyMemory, fingerprint: 'old' },
  fingerprint: 'new',
  hidden: null,
  workspaceKind: 'team',
  confirmChanged: 'team',
  unsaved: false,
};

test('a team’s prompt that changed since the last run is asked about', () => {
  expect(careFor(needs)).toEqual({ hidden: null, changed: 'ask' });
});

test('the first run and an unchanged prompt ask nothing', () => {
  expect(careFor({ ...needs, memory: emptyMemory }).changed).toBe('no');
  expect(careFor({ ...needs, fingerprint: 'old' }).changed).toBe('no');
});

test('one’s own prompt is only said to have changed, as is a text that is being edited', () => {
  expect(careFor({ ...needs, workspaceKind: 'personal' }).changed).toBe('say');
  expect(careFor({ ...needs, unsaved: true }).changed).toBe('say');
});

test('the setting asks always or never', () => {
  expect(careFor({ ...needs, workspaceKind: 'personal', confirmChanged: 'always' }).changed).toBe('ask');
  expect(careFor({ ...needs, confirmChanged: 'never' }).changed).toBe('no');
});

test('hidden characters are reported until this very text was allowed', () => {
  const found = findHidden(['Hi\u200B', 'x\u{E0068}\u{E0069}'], false);
  const { hidden } = careFor({ ...needs, hidden: found });
  expect(hidden).toMatchObject({ count: 3, spelled: 'hi', inInputs: false });
  expect(
    careFor({ ...needs, hidden: found, memory: { ...emptyMemory, allowedHidden: 'new' } }).hidden,
  ).toBeNull();
  expect(
    careFor({ ...needs, hidden: found, memory: { ...emptyMemory, allowedHidden: 'old' } }).hidden,
  ).not.toBeNull();
});

test('ordinary text, emoji and other scripts hide nothing', () => {
  expect(findHidden(['Grüße 👩‍💻 日本語 नमस्ते\r\n\t'], false)).toBeNull();
});
