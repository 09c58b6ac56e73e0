import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { startModelServer } from '../models/modelServer.ts';
import { realPrompts } from './realPrompts.ts';
import { addKey, addressesOf, importFolder, openPrompt, runOnSelection, showLibrary } from './steps.ts';

const source = `export function total(lines) {
  let sum = 0;
  for (const line of lines) sum = sum + line.price * line.count;
  return sum;
}
`;

const refactored = `export function total(lines) {
  return lines.reduce((sum, { price, count }) => sum + price * count, 0);
}
`;

const edited = `---
description: Refactor what is selected.
model: openai/gpt-5-mini
inputs:
  focus: { description: What matters most, required: true }
---
Refactor this for {{focus}}. Answer with the code only.

{{selection}}
`;

const openaiKey = 'sk-proj-journey-openai-0123456789abcdefxyz9';
const anthropicKey = 'sk-ant-journey-anthropic-0123456789abcdefqrs7';

test('from an empty profile to a reloaded window: import, edit, run on a selection, replace, and all of it is still there', async () => {
  await using models = await startModelServer({ pieceLength: 4, pause: 120 });
  models.answer({ text: `\`\`\`ts\n${refactored}\`\`\`\n`, inputTokens: 120, outputTokens: 40 });
  const real = await realPrompts();
  await using editor = await launchEditor({
    label: 'journey',
    folder: { 'src/cart.ts': source },
    machineSettings: addressesOf(models),
  });
  const { window } = editor;
  const step = async (name: string) => window.screenshot(`journey-${name}`);

  await showLibrary(window);
  await window.page.getByRole('button', { name: 'Import Prompts…' }).waitFor();
  await step('01-empty');

  await importFolder(window, real.folder);
  const about = window.dialog('double braces');
  if (real.count > 10) await about.getByRole('button', { name: 'Make Them Inputs' }).click();
  await window.tab('Import report').waitFor();
  await expect.poll(async () => window.editorText()).toContain(`${real.count} prompts imported.`);
  await window.treeRow('Personal').waitFor();
  await step('02-imported');

  await openPrompt(window, 'review-and-refactor');
  await step('03-opened');
  await window.typeOver(edited);
  await window.save();
  expect(await window.editorText()).toBe(edited);
  await step('04-saved');

  await addKey(window, 'OpenAI', openaiKey);
  await addKey(window, 'Anthropic', anthropicKey);

  await window.openFile('cart.ts');
  await window.selectLines(1, 5);
  await runOnSelection(window, 'review-and-refactor');
  await window.answer(/What matters most|focus/, 'brevity');
  const panel = window.webview();
  await panel.getByTestId('stop').waitFor();
  await panel.getByTestId('answer').getByText('export function').waitFor();
  await step('05-streaming');
  await panel.getByTestId('replace').waitFor();
  await step('06-answered');
  const sent = models.requests().at(-1);
  expect(sent?.path).toMatch(/\/v1\/(responses|chat\/completions)/);
  expect(JSON.stringify(sent?.body)).toContain('Refactor this for brevity');
  expect(JSON.stringify(sent?.body)).toContain('sum = sum + line.price');

  await panel.getByTestId('replace').click();
  await window.tab(/Replace Selection\?/).waitFor();
  await step('07-diff');
  await window.runCommand('Cuebook: Accept Replacement');
  await window.tab(/Replace Selection\?/).waitFor({ state: 'detached' });
  await expect.poll(async () => window.editorText()).toBe(refactored);
  await window.save();
  expect(await readFile(path.join(editor.server.folder, 'src', 'cart.ts'), 'utf8')).toBe(refactored);
  await step('08-replaced');

  await openPrompt(window, 'review-and-refactor');
  await window.typeOver(edited.replace('openai/gpt-5-mini', 'anthropic/claude-sonnet-4-5'));
  await window.save();
  await window.openFile('cart.ts');
  await window.selectLines(1, 3);
  await runOnSelection(window, 'review-and-refactor');
  await window.answer(/What matters most|focus/, 'clarity');
  await expect.poll(() => models.requests().at(-1)?.path, { timeout: 30_000 }).toContain('/v1/messages');
  await panel.getByTestId('replace').waitFor();
  await step('09-anthropic');

  await window.reload();
  await window.tab('review-and-refactor').click();
  await expect.poll(async () => window.editorText()).toContain('model: anthropic/claude-sonnet-4-5');
  await window.runCommand('Cuebook: Manage Provider Keys');
  const rows = async (): Promise<string> => (await window.picks()).join('\n');
  await expect.poll(rows).toMatch(/OpenAI.*sk-proj.*…xyz9/);
  expect(await rows()).toMatch(/Anthropic.*sk-ant.*…qrs7/);
  await step('10-keys-after-reload');
  await window.page.keyboard.press('Escape');
  await window.runCommand('Cuebook: Show Run Panel');
  const history = window.webview().getByTestId('history');
  await expect
    .poll(async () => history.innerText())
    .toMatch(/anthropic\/claude-sonnet-4-5[\s\S]*openai\/gpt-5-mini/);
  await step('11-history-after-reload');

  expect(await editor.complaints()).toEqual([]);
});
