// What a person meets in the first days: the preview, a spending limit, and the quiet offer of a recovery kit.

import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { startModelServer } from '../models/modelServer.ts';
import { addKey, addressesOf, runOnSelection, showLibrary } from './steps.ts';

const body = `---
model: openai/gpt-5-mini
---
system:
You name things.

user:
Name this: {{selection}}
`;

test('the preview shows what would be sent, a limit asks before it is passed, and the kit is offered once there is something to lose', async () => {
  await using models = await startModelServer();
  models.answer({ text: 'A good name.' });
  await using editor = await launchEditor({
    label: 'first-days',
    folder: { 'note.txt': 'a box of pencils\n' },
    machineSettings: addressesOf(models),
  });
  const { window } = editor;
  const step = async (name: string): Promise<unknown> => window.screenshot(`first-days-${name}`);

  await showLibrary(window);
  await window.runCommand('Cuebook: New Prompt…');
  await window.answer('New Prompt', 'namer');
  await window.tab('namer').waitFor();
  await window.typeOver(body);
  await window.save();
  await window.runCommand('Cuebook: Preview Rendered Messages');
  await window.page.getByText('You name things.').nth(1).waitFor();
  await step('01-preview');

  await addKey(window, 'OpenAI', 'sk-proj-firstdays00000000000000000000abcd');
  await window.runCommand('Cuebook: Manage Provider Keys');
  await window.pick('OpenAI', 'OpenAI');
  await window.pick('Set spending limit…', 'limit');
  await window.answer('Spending limit for OpenAI', '0.001');
  await window.page.keyboard.press('Escape');
  await window.openFile('note.txt');
  await window.selectLines(1, 1);
  await runOnSelection(window, 'namer');
  const question = window.dialog('This run would pass your limit');
  await question.waitFor();
  await step('02-limit');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await question.waitFor({ state: 'detached' });
  expect(models.requests().filter(({ method }) => method === 'POST')).toEqual([]);

  await window.page.keyboard.press('Escape');
  await window.selectLines(1, 1);
  await runOnSelection(window, 'namer');
  await question.getByRole('button', { name: 'Run Anyway' }).click();
  await window.webview().getByTestId('answer').getByText('A good name.').waitFor();
  await step('03-answered');

  for (const name of ['second', 'third', 'fourth', 'fifth']) {
    await window.runCommand('Cuebook: New Prompt…');
    await window.answer('New Prompt', name);
    await window.tab(name).waitFor();
  }
  await window.notification('Show Recovery Kit').waitFor();
  await step('04-kit-offered');
  expect(await editor.complaints()).toEqual([]);
});
