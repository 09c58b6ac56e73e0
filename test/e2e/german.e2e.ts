// Cuebook where VS Code speaks German: what the manifest, the extension host, the workers and the run panel say.

import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';

test('in a German VS Code, views, commands, questions, findings and the run panel are German', async () => {
  // Of VS Code's own extensions only what has no words: their German comes with a language pack, which is not here.
  await using editor = await launchEditor({
    label: 'german',
    language: 'de',
    builtins: ['theme-defaults', 'theme-seti'],
  });
  const { window } = editor;
  const { page } = window;
  await page.locator('.activitybar').getByRole('tab', { name: 'Cuebook' }).click();
  await page.getByRole('button', { name: 'Beispiel-Prompts hinzufügen' }).first().waitFor();
  await window.screenshot('german-1-empty');
  await window.runCommand('Cuebook: Neuer Prompt…');
  await window.answer('Neuer Prompt', 'Gruß');
  await window.tab('Gruß').waitFor();
  await window.typeOver('Grüße {{niemand}}.\n');
  await window.runCommand('View: Toggle Problems');
  await page.getByText('`niemand` ist nicht deklariert.').first().waitFor();
  await window.runCommand('Cuebook: Laufbereich zeigen');
  await window.webview().getByRole('button', { name: 'Prompt ausführen…' }).waitFor();
  await window.screenshot('german-2-panel');
  expect(await editor.complaints()).toEqual([]);
});
