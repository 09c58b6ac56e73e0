import { expect, test } from 'vitest';
import { parseAnswerLink, parsePanelRequest } from './parsePanelRequest.ts';

test('what the panel says is understood', () => {
  const parameters = { temperature: 0.5, maxOutputTokens: null };
  for (const request of [
    { type: 'ready' },
    { type: 'rerun', parameters },
    { type: 'openRun', id: 'a'.repeat(26) },
    { type: 'answerQuestion', questionId: 1, outcome: 'back', text: '' },
  ]) {
    expect(parsePanelRequest(request)).toEqual(request);
  }
});

test.each([
  null,
  'ready',
  { type: 'unknown' },
  { type: 'rerun', parameters: { temperature: 9, maxOutputTokens: null } },
  { type: 'rerun', parameters: { temperature: null, maxOutputTokens: 1.5 } },
  { type: 'openRun', id: '../../x' },
  { type: 'failureAction', id: 'workbench.action.quit' },
  { type: 'copyText', text: 'x'.repeat(1_000_001) },
])('anything else is dropped: %j', (message) => {
  expect(parsePanelRequest(message)).toBeNull();
});

test('only http and https addresses leave the editor', () => {
  expect(parseAnswerLink('https://example.com/a?b=1')).toBe('https://example.com/a?b=1');
  for (const address of [
    'command:workbench.action.quit',
    'javascript:1',
    'file:///etc/passwd',
    'vscode://x/y',
    '/a',
    '',
  ]) {
    expect(parseAnswerLink(address)).toBeNull();
  }
});
