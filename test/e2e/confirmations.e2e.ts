// What a run asks before anything is sent: a prompt that was changed since it was last run, and a text that is longer
// than the model takes.

import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { startModelServer } from '../models/modelServer.ts';
import { addKey, addressesOf, showLibrary, writePrompt } from './steps.ts';

const short = '---\nmodel: openai/gpt-4\n---\nExplain this.\n\n{{selection}}\n';
/** Some 17,000 tokens: twice what the model takes. */
const longSource = `export const words = [\n${"  'some', 'words', 'of', 'a', 'long', 'list',\n".repeat(900)}];\n`;

test('a changed prompt is asked about and shown, and a text that is too long offers another model', async () => {
  await using models = await startModelServer();
  models.answer({ text: 'It adds.', inputTokens: 20, outputTokens: 3 });
  await using editor = await launchEditor({
    label: 'confirmations',
    folder: { 'add.js': 'export const add = (a, b) => a + b;\n', 'words.js': longSource },
    settings: { 'cuebook.run.confirmChanged': 'always' },
    machineSettings: addressesOf(models),
  });
  const { window } = editor;
  const { page } = window;
  const step = async (name: string): Promise<string> => window.screenshot(`confirmations-${name}`);
  const run = async (file: string): Promise<void> => {
    await window.openFile(file);
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Control+Alt+R');
    await window.pick('explain', 'explain');
  };
  await showLibrary(window);
  await addKey(window, 'OpenAI', 'sk-proj-confirmations-0123456789abcdef');
  await writePrompt(window, 'explain', short);

  await run('add.js');
  const panel = window.webview();
  await panel.getByTestId('status').getByText('Done').waitFor();
  await window.tab('explain').click();
  await window.typeOver(short.replace('Explain this.', 'Explain this, and say what is wrong.'));
  await window.save();
  await run('add.js');
  const changed = window.dialog('was changed since you last ran it');
  await changed.waitFor();
  await step('01-changed');
  await changed.getByRole('button', { name: 'Show Changes' }).click();
  await window.tab('Since the last run').waitFor();
  await page.locator('.view-line').filter({ hasText: 'and say what is wrong' }).waitFor();
  await step('02-changes');
  expect(models.requests()).toHaveLength(1);
  await window.tab('Since the last run').click();
  await page.keyboard.press('Control+F4');
  await run('add.js');
  await changed.getByRole('button', { name: 'Run the New Text' }).click();
  await expect.poll(() => models.requests().length).toBe(2);
  expect(JSON.stringify(models.requests().at(-1)?.body)).toContain('say what is wrong');

  await window.setTheme('light');
  await run('words.js');
  const tooLong = window.dialog('and openai/gpt-4 takes 8,192');
  await tooLong.waitFor();
  await step('03-too-long');
  await tooLong.getByRole('button', { name: 'Choose Another Model' }).click();
  await window.quickInput.getByText(/A model that takes [\d,]+ tokens/).waitFor();
  await expect.poll(async () => (await window.picks()).join('\n')).toContain('openai/o3');
  expect((await window.picks()).join('\n')).not.toContain('davinci');
  await step('04-another-model');
  expect(models.requests()).toHaveLength(2);
  await window.pick('openai/gpt-4.1-mini', 'gpt-4.1-mini');
  await expect.poll(() => models.requests().length).toBe(3);
  expect(JSON.stringify(models.requests().at(-1)?.body)).toContain('gpt-4.1-mini');
  await panel.getByTestId('status').getByText('Done').waitFor();
  expect(await editor.complaints()).toEqual([]);
});
