// A provider key that a team shares, as people see it: shared, agreed to at its address, used, moved to another address and
// asked about again, withdrawn; and the other rows of the team's settings.

import { expect, test } from 'vitest';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';
import { startFaultServer, streams, type FaultServer } from '../models/faultServer.ts';
import { streamedAnswer } from '../models/wireFormats.ts';
import { startServerProcess } from '../sync/serverProcess.ts';
import { showLibrary, writePrompt } from './steps.ts';
import { shareKey, startTeamOfTwo, teamSettings } from './teamSteps.ts';

const team = 'Team of two';
const [firstKey, secondKey] = ['sk-team-first-0123456789abcdef', 'sk-team-second-0123456789abcd'];
const answer = 'Hello from the model.';
const startModel = async (): Promise<FaultServer> =>
  startFaultServer(streams(streamedAnswer('openai-compatible', [answer])));
const addressOf = ({ url }: FaultServer): string => `${url}/v1`;
const keysSeenBy = ({ requests }: FaultServer): readonly unknown[] =>
  requests.map(({ headers }) => headers.authorization);

test('a key that a team shares is used by a member who agreed to its address, and asked about again at another', async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startServerProcess());
  const [near, far] = [stack.use(await startModel()), stack.use(await startModel())];
  const [first, second] = [stack.use(await open('keys-ana')), stack.use(await open('keys-ben'))];
  const [a, b] = [first.window, second.window];
  await startTeamOfTwo(server, a, b);
  await writePrompt(a, 'greet', '---\nmodel: ours/tiny\n---\nSay hello.\n', team);
  await lookAtSettings(a);

  await shareKey(a, { provider: 'ours', address: addressOf(near), key: firstKey }, async (step) =>
    a.screenshot(`keys-04-${step}`),
  );
  await b.treeRow('greet').waitFor();
  await run(b);
  const question = b.dialog(`Run with the key that “${team}” shares for ours?`);
  await question.getByText(addressOf(near)).waitFor();
  await b.screenshot('keys-05-question');
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(near.requests).toHaveLength(0);
  await run(b);
  await question.getByRole('button', { name: 'Use the Team’s Key' }).click();
  await answered(b);
  // Agreed to once, it is not asked again.
  await run(b);
  await expect.poll(() => keysSeenBy(near)).toEqual([`Bearer ${firstKey}`, `Bearer ${firstKey}`]);
  await answered(b);
  expect(await b.page.locator('body').innerText()).not.toContain(firstKey);

  await b.setTheme('light');
  await shareKey(a, { provider: 'ours', address: addressOf(far), key: secondKey });
  await expect.poll(async () => keyRows(b)).toContain(addressOf(far));
  await run(b);
  await question.getByText(addressOf(far)).waitFor();
  await b.screenshot('keys-06-moved-light');
  await question.getByRole('button', { name: 'Use the Team’s Key' }).click();
  await expect.poll(() => keysSeenBy(far)).toEqual([`Bearer ${secondKey}`]);
  await answered(b);

  await withdraw(a);
  await expect.poll(async () => keyRows(b)).toBe('');
  await b.screenshot('keys-09-none-light');
  await run(b);
  await b.quickInput.getByText('The model that the prompt names is not available').waitFor();
  await b.screenshot('keys-10-withdrawn-light');
  await b.page.keyboard.press('Escape');
  expect(far.requests).toHaveLength(1);
  expect(await first.complaints()).toEqual([]);
  expect(await second.complaints()).toEqual([]);
});

async function open(label: string): Promise<Editor> {
  const editor = await launchEditor({ label, folder: { 'notes.txt': 'notes\n' } });
  await showLibrary(editor.window);
  return editor;
}

async function run(window: EditorWindow): Promise<void> {
  await window.runCommand('Cuebook: Run Prompt…');
  await window.pick('greet', 'greet');
}

async function answered(window: EditorWindow): Promise<void> {
  const panel = window.webview();
  await panel.getByTestId('answer').getByText(answer).waitFor();
  await panel.getByTestId('status').getByText('Done').waitFor();
}

/** What a member is shown of the team's keys; empty if there are none. */
async function keyRows(window: EditorWindow): Promise<string> {
  await teamSettings(window, 'Provider Keys of the Team…');
  const none = window.notification('This team shares no provider key');
  const title = window.quickInput.getByText('Provider Keys of the Team', { exact: true });
  await none.or(title).first().waitFor();
  if (!(await title.isVisible())) return '';
  const rows = (await window.picks()).join('\n');
  await window.page.keyboard.press('Escape');
  return rows;
}

async function lookAtSettings(window: EditorWindow): Promise<void> {
  await window.runCommand('Cuebook: Team Settings…');
  await window.quickInput.getByText('Protected Labels…').waitFor();
  await window.screenshot('keys-01-settings');
  await window.pick('What the Team Asks of People…');
  await window.quickInput.getByText('An admin confirms newcomers').waitFor();
  await window.screenshot('keys-02-policy');
  await window.page.keyboard.press('Escape');
  await teamSettings(window, 'Compare What Two Members See…');
  const dialog = window.dialog('What you see of');
  await dialog.waitFor();
  await window.screenshot('keys-03-compare');
  await window.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function withdraw(window: EditorWindow): Promise<void> {
  await teamSettings(window, 'Provider Keys of the Team…');
  await window.quickInput.getByText('sk-team-sec').waitFor();
  await window.screenshot('keys-07-row');
  await window.pick('ours');
  await window.pick('Withdraw the Key…');
  const dialog = window.dialog('Withdraw the key for ours?');
  await dialog.waitFor();
  await window.screenshot('keys-08-withdraw');
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await dialog.waitFor({ state: 'detached' });
}
