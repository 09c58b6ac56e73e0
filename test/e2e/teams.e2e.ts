// Two people, two real VS Codes, one real server with its own PostgreSQL: sign up, invite, join, and see each other's
// edits, also after both were without the server.

import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import { startTeamServer, type TeamServer } from '../editor/teamServer.ts';
import type { EditorWindow } from '../editor/window.ts';
import { openPrompt, showLibrary, writePrompt } from './steps.ts';

const password = 'a long enough password 7';

const text = (first: string, second: string): string =>
  `---\ndescription: How we write\n---\n${first}\n\n\n\n${second}\n`;

/** The status bar's entry for teams. */
const status = (window: EditorWindow, words: string): Locator =>
  window.page.locator('.statusbar-item').filter({ hasText: words });

/** From the question for the server's address to the kit, which is written down. */
async function makeAccount(
  window: EditorWindow,
  who: { readonly email: string; readonly name: string },
): Promise<void> {
  await window.answer('Your email address', who.email);
  await window.answer('A password for signing in', password);
  await window.answer('The password once more', password);
  await window.answer('Your name, as members', who.name);
  const kit = window.dialog('Your recovery kit');
  await kit.getByRole('button', { name: 'I Have Written It Down' }).click();
  await kit.waitFor({ state: 'detached' });
}

async function signUpAsOwner(window: EditorWindow, server: TeamServer): Promise<void> {
  await window.runCommand('Cuebook: Sign In to a Server…');
  await window.answer('The address of your Cuebook server', server.address);
  await window.pick('Make an Account');
  await window.pick('I Have a Link of Who Runs the Server');
  await window.answer('The link.', server.ownerCode);
  await makeAccount(window, { email: 'ana@example.com', name: 'Ana' });
}

async function inviteCode(window: EditorWindow): Promise<string> {
  await window.runCommand('Cuebook: Invite to a Team…');
  await window.pick('editor');
  await window.pick('For ten people');
  const dialog = window.dialog('An invite to');
  await dialog.getByRole('button', { name: 'Copy Code' }).click();
  await window.notification('Copied').waitFor();
  return window.page.evaluate(async () => navigator.clipboard.readText());
}

async function join(window: EditorWindow, server: TeamServer, code: string): Promise<void> {
  await window.runCommand('Cuebook: Join a Team…');
  await window.answer('Paste the link or code', code);
  await window.answer('The address of your Cuebook server', server.address);
  await window.dialog('Join a team on').getByRole('button', { name: 'Join' }).click();
  await window.pick('Make an Account');
  await makeAccount(window, { email: 'ben@example.com', name: 'Ben' });
}

async function newEditor(label: string): Promise<Editor> {
  const editor = await launchEditor({ label, folder: { 'notes.txt': 'notes\n' } });
  await showLibrary(editor.window);
  return editor;
}

test('a team is made and joined by invite; edits arrive, merge after both were offline, and end with a removal', async () => {
  await using server = await startTeamServer();
  await using ana = await newEditor('teams-ana');
  await using ben = await newEditor('teams-ben');
  const a = ana.window;
  const b = ben.window;

  await signUpAsOwner(a, server);
  await a.screenshot('teams-01-signed-up');
  await a.runCommand('Cuebook: Create a Team…');
  await a.answer('Its name, as members see it', 'Design');
  await a.notification('The team "Design" is there').waitFor();
  const code = await inviteCode(a);
  await a.screenshot('teams-02-invited');

  await join(b, server, code);
  await b.treeRow('Design').waitFor();
  await b.screenshot('teams-03-joined');

  await writePrompt(a, 'tone', text('Be kind.', 'Be short.'), 'Design');
  await b.treeRow('tone').waitFor();
  await openPrompt(b, 'tone');
  await expect.poll(async () => b.editorText()).toContain('Be kind.');
  await a.typeOver(text('Be kind and clear.', 'Be short.'));
  await a.save();
  await expect.poll(async () => b.editorText()).toContain('Be kind and clear.');
  await b.screenshot('teams-04-followed');

  await server.stop();
  await status(a, 'Offline').waitFor();
  await status(b, 'Offline').waitFor();
  await a.typeOver(text('Be kind and clear, always.', 'Be short.'));
  await a.save();
  await b.typeOver(text('Be kind and clear.', 'Be short and dry.'));
  await b.save();
  await status(b, 'Offline, 1 to send').waitFor();
  await b.screenshot('teams-05-offline');
  await server.start();
  const merged = text('Be kind and clear, always.', 'Be short and dry.');
  await expect.poll(async () => a.editorText()).toBe(merged);
  await expect.poll(async () => b.editorText()).toBe(merged);
  await a.screenshot('teams-06-merged');

  await a.runCommand('Cuebook: Show Members…');
  await a.pick('Ben');
  await a.pick('Remove…');
  await a.dialog('Remove Ben from').getByRole('button', { name: 'Remove' }).click();
  await b.notification('you were removed').waitFor();
  await b.runCommand('Cuebook: Show Sync Log');
  await expect.poll(async () => b.editorText()).toContain('Design: you were removed');
  await b.screenshot('teams-07-removed');
  await openPrompt(a, 'tone');
  await a.typeOver(text('What Ben does not see.', 'Be short and dry.'));
  await a.save();
  await openPrompt(b, 'tone');
  expect(await b.editorText()).toBe(merged);
  await a.setTheme('light');
  await a.runCommand('Cuebook: Show Members…');
  await a.quickInput.getByText('Members of Design').waitFor();
  expect((await a.picks()).join('\n')).not.toContain('Ben');
  await a.screenshot('teams-08-members');
  await a.page.keyboard.press('Escape');
  expect(await ana.complaints()).toEqual([]);
  expect(await ben.complaints()).toEqual([]);
});
