// VS Code's own models, offered by a second extension, as the user meets them: the question for consent and its refusal,
// a quota that is used up, and no models at all are three different things, each with what to do.

import path from 'node:path';
import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { showLibrary, writePrompt } from './steps.ts';

const prompt = (model: string): string => `---\nmodel: vscode/guarded/${model}\n---\nExplain {{selection}}\n`;

test('a refused consent, a used up quota and no models are told apart, and a consent that is given runs', async () => {
  await using editor = await launchEditor({
    label: 'editor-models',
    folder: { 'src/add.js': 'export const add = (a, b) => a + b;\n' },
    extensions: [path.join(import.meta.dirname, 'guardedModels')],
  });
  const { window } = editor;
  const { page } = window;
  const step = async (name: string): Promise<string> => window.screenshot(`editor-models-${name}`);
  const run = async (name: string): Promise<void> => {
    await window.openFile('add.js');
    await window.selectLines(1, 1);
    await page.keyboard.press('Control+Alt+R');
    await window.pick(name, name);
  };
  await showLibrary(window);
  await writePrompt(window, 'guarded', prompt('private'));
  await writePrompt(window, 'spent', prompt('spent'));

  await run('guarded');
  const consent = window.dialog('wants to access the language models provided by Guarded Models');
  await consent.waitFor();
  await step('01-consent');
  await consent.getByRole('button', { name: 'Cancel' }).click();
  const panel = window.webview();
  const failure = panel.getByTestId('failure');
  await failure.getByText('Cuebook was not allowed to use').waitFor();
  await step('02-refused');
  await panel.getByTestId('rerun').click();
  await consent.getByRole('button', { name: 'Allow' }).click();
  await panel.getByTestId('answer').getByText('Explain export const add').waitFor();
  await step('03-allowed');

  await run('spent');
  await failure.getByText('The quota for').waitFor();
  await step('04-quota');
  expect(await failure.innerText()).not.toContain('Key');

  await window.runCommand('Guarded Models: Withdraw All Models');
  await run('guarded');
  await window.quickInput.getByText('The model that the prompt names is not available').waitFor();
  await expect.poll(async () => (await window.picks()).join('\n')).toContain('VS Code offers no models');
  await step('05-no-models');
  await page.keyboard.press('Escape');
  expect(await editor.complaints()).toEqual([]);
});
