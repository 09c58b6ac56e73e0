import { expect, test } from 'vitest';
import type { WorkspaceId, WorkspaceSummary } from '../../library/api.ts';
import { whereabouts } from './workspaceWords.ts';

const workspace = (id: string, more: Partial<WorkspaceSummary>): WorkspaceSummary => ({
  id: id as WorkspaceId,
  kind: 'personal',
  name: 'Personal',
  server: null,
  promptCount: 0,
  ...more,
});
const t = (text: string): string => text;

test('the only personal prompts need no place, unless they are on a server', () => {
  const local = workspace('a', {});
  expect(whereabouts(local, [local], t)).toBe('');
  const online = workspace('a', { server: 'https://cuebook.example.com' });
  expect(whereabouts(online, [online], t)).toBe('cuebook.example.com');
});

test('two personal workspaces are told apart by where they are', () => {
  const local = workspace('a', {});
  const online = workspace('b', { server: 'http://127.0.0.1:4810' });
  const all = [local, online, workspace('c', { kind: 'team', name: 'Design', server: 'https://x.example' })];
  expect(all.map((one) => whereabouts(one, all, t))).toEqual(['on this computer only', '127.0.0.1:4810', '']);
});

test('two teams of one name are told apart by their servers', () => {
  const all = ['https://one.example', 'https://two.example'].map((server) =>
    workspace(server, { kind: 'team', name: 'Design', server }),
  );
  expect(all.map((one) => whereabouts(one, all, t))).toEqual(['one.example', 'two.example']);
});
