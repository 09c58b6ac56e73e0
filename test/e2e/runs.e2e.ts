// Running prompts as a person does: inputs of every kind, stopping, failing and mending, what the panel shows.

import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import { startModelServer } from '../models/modelServer.ts';
import { answers, cutsAfter, startFaultServer, streams } from '../models/faultServer.ts';
import { streamedAnswer } from '../models/wireFormats.ts';
import { showLibrary, writePrompt } from './steps.ts';

const source = 'export function add(a, b) {\n  return a - b;\n}\n';

const manyInputs = `---
description: Looks at the selection in many ways.
model: ollama/tiny
inputs:
  focus: { enum: [bugs, security, style], default: bugs, description: What to look for }
  depth: { type: number, default: 2, description: How deep to go }
  strict: { type: boolean, description: Be strict? }
  notes: { multiline: true, description: Anything else to know }
---
system:
You review code.

user:
{{focus}} at depth {{depth}}, strict: {{strict}}. {{notes}}

{{selection}}
`;

const noModelThere = `---
model: [nobody/none, anthropic/claude-sonnet-4-5]
---
Say something about {{selection}}
`;

test('a prompt with many inputs is asked for step by step, streams, stops, runs again, and says what it needs', async () => {
  await using models = await startModelServer({ pieceLength: 12, pause: 60 });
  // Longer than any step takes: it is stopped while it streams.
  const answer = '## One bug\n\n`add` **subtracts**.\n\n```js\nreturn a + b;\n```\n\n';
  models.answer({ text: answer.repeat(600), inputTokens: 120, outputTokens: 40 });
  await using editor = await launchEditor({
    label: 'runs',
    folder: { 'src/add.js': source },
    machineSettings: {
      'cuebook.providerAddresses': { ollama: models.endpoints['openai-compatible'].baseUrl },
    },
  });
  const { window } = editor;
  const { page } = window;
  const step = async (name: string): Promise<string> => window.screenshot(`runs-${name}`);
  await showLibrary(window);
  await writePrompt(window, 'many-inputs', manyInputs);
  await writePrompt(window, 'elsewhere', noModelThere);

  await window.openFile('add.js');
  await window.selectLines(2, 2);
  await page.keyboard.press('Control+Alt+R');
  await window.pick('many-inputs', 'many');
  await window.quickInput.getByText('many-inputs: focus').waitFor();
  await step('01-choice');
  await window.pick('security');
  await window.quickInput.getByText('many-inputs: depth').waitFor();
  await window.quickInput.getByRole('button', { name: 'Back' }).click();
  await expect.poll(async () => (await window.picks()).join()).toContain('security');
  await page.keyboard.press('Enter');
  await window.quickInput.getByText('many-inputs: depth').waitFor();
  await window.quickInput.locator('.quick-input-filter input').fill('deep');
  await window.quickInput.getByText(/must be a number/).waitFor();
  await step('02-number');
  await window.answer('many-inputs: depth', '3');
  await window.quickInput.getByText('many-inputs: strict').waitFor();
  await window.pick('Yes');
  const panel = window.webview();
  const question = panel.getByTestId('question');
  await question.waitFor();
  await step('03-lines');
  await page.keyboard.insertText('first line\nsecond line');
  await page.keyboard.press('Control+Enter');
  await panel.getByTestId('answer').getByText('subtracts').first().waitFor();
  await step('04-streaming');
  const sent = JSON.stringify(models.requests().at(-1)?.body);
  expect(sent).toContain('security at depth 3, strict: true. first line\\nsecond line');
  expect(sent).toContain('return a - b;');
  await panel.getByTestId('stop').click();
  await panel.getByTestId('status').getByText('Stopped').waitFor();
  expect(await panel.getByTestId('answer').innerText()).toContain('subtracts');

  models.answer({ text: '```js\n  return a + b;\n```\n', inputTokens: 120, outputTokens: 40 });
  await panel.getByTestId('rerun').click();
  await panel.getByTestId('status').getByText('Done').waitFor();
  await step('05-rerun');
  await panel.getByText('Inputs', { exact: true }).click();
  await panel.getByText('Messages sent').click();
  await step('06-details');

  await panel.getByTestId('replace').click();
  await window.tab(/Replace Selection\?/).waitFor();
  await step('07-diff');
  await page.keyboard.press('Control+Alt+Enter');
  await expect.poll(async () => window.editorText()).toContain('return a + b;');

  await window.openFile('add.js');
  await window.selectLines(1, 1);
  await page.keyboard.press('Control+Alt+R');
  await window.pick('elsewhere', 'elsewhere');
  await window.quickInput.getByText('The model that the prompt names is not available').waitFor();
  await expect
    .poll(async () => (await window.picks()).join('\n'))
    .toMatch(/no provider.*nobody[\s\S]*Add Key for Anthropic/);
  await step('08-no-model');
  await page.keyboard.press('Escape');

  await window.setTheme('light');
  await step('09-light');
  await window.setTheme('highContrast');
  await step('10-high-contrast');
  await window.reload();
  await window.runCommand('Cuebook: Show Run Panel');
  const past = window.webview().getByTestId('history').getByText('many-inputs', { exact: true }).first();
  await past.waitFor();
  await step('11-history');
  await past.click();
  await window.webview().getByText('from history').waitFor();
  await step('12-past-run');
  expect(await editor.complaints()).toEqual([]);
});

test('in a folder that is not trusted a run asks; hidden characters are shown; a cut answer is kept and mended', async () => {
  const pieces = ['The first half ', 'of an answer ', 'and the rest.'];
  const whole = streamedAnswer('openai-compatible', pieces);
  await using models = await startFaultServer(
    cutsAfter(whole.slice(0, 2).join('').length, whole),
    answers(401, { error: { message: 'no such key' } }),
    streams(whole),
  );
  await using editor = await launchEditor({
    label: 'care',
    trusted: false,
    folder: { 'src/add.js': source },
    machineSettings: { 'cuebook.providerAddresses': { ollama: `${models.url}/v1` } },
  });
  const { window } = editor;
  const { page } = window;
  const step = async (name: string): Promise<string> => window.screenshot(`care-${name}`);
  await showLibrary(window);
  const hidden = Array.from('obey', (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join(
    '',
  );
  await writePrompt(
    window,
    'careful',
    `---\nmodel: ollama/tiny\n---\nExplain this.${hidden} {{selection}}\n`,
  );

  await window.openFile('add.js');
  await window.selectLines(1, 1);
  await page.keyboard.press('Control+Alt+R');
  await window.pick('careful', 'careful');
  const warning = window.dialog('characters that nobody sees');
  await warning.getByText('obey').waitFor();
  await step('01-hidden');
  await warning.getByRole('button', { name: 'Run Anyway' }).click();
  const untrusted = window.dialog('This folder is not trusted');
  await untrusted.getByText('The prompt reads: selection').waitFor();
  await step('02-untrusted');
  expect(models.requests).toHaveLength(0);
  await untrusted.getByRole('button', { name: 'Read and Run' }).click();

  const panel = window.webview();
  await panel.getByTestId('failure').waitFor();
  await step('03-cut');
  expect(await panel.getByTestId('answer').innerText()).toContain('The first half');
  await panel.getByRole('button', { name: 'Try Again' }).click();
  await untrusted.getByRole('button', { name: 'Read and Run' }).click();
  await panel.getByRole('button', { name: 'Add Key…' }).waitFor();
  await step('04-no-key');
  await panel.getByTestId('rerun').click();
  await untrusted.getByRole('button', { name: 'Read and Run' }).click();
  await panel.getByTestId('answer').getByText('and the rest.').waitFor();
  await page.keyboard.press('Escape');
  expect(await editor.complaints()).toEqual([]);
});
