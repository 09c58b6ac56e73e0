// The history of a prompt as a person meets it: save with a few words, see who wrote a line and why, look at the change,
// name a version, bring an earlier one back.

import type { Locator } from 'playwright-core';
import { expect, test, vi } from 'vitest';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';
import { startServerProcess } from '../sync/serverProcess.ts';
import { openPrompt, showLibrary, writePrompt } from './steps.ts';
import { startTeamOfTwo, statusEntry } from './teamSteps.ts';

const text = (tone: string, length: string): string =>
  `---\ndescription: How we answer\n---\n${tone}\n\nAlways say where a figure comes from.\n\n${length}\n`;

/** In a message: nothing of it may become an icon, a tag or a link. */
const hostile = 'Dry $(trash) <b>now</b> [x](command:y)';

/** What stands beside or before the lines: pseudo-elements, which no text of the page has. */
async function besideLines(window: EditorWindow): Promise<readonly string[]> {
  return window.page
    .locator('.editor-group-container.active .view-line span[class*="ced-"]')
    .evaluateAll((spans) =>
      spans.flatMap((span) =>
        (['::before', '::after'] as const)
          .map((pseudo) => getComputedStyle(span, pseudo).content)
          .filter((content) => content !== 'none' && content !== 'normal')
          .map((content) => content.replaceAll(/^"|"$/g, '').replaceAll('\u00A0', ' ')),
      ),
    );
}

async function saveWithMessage(window: EditorWindow, message: string): Promise<void> {
  await window.runCommand('Cuebook: Save with Message…');
  await window.answer('Save with Message', message);
}

async function fromMenu(window: EditorWindow, row: Locator, item: string): Promise<void> {
  const entry = window.page.locator('.monaco-menu').getByText(item, { exact: true });
  // An editor that opens meanwhile takes the focus, and the menu closes: then again.
  await vi.waitFor(
    async () => {
      await row.click({ button: 'right' });
      await entry.hover({ timeout: 5_000 });
    },
    { timeout: 60_000 },
  );
  // By key: a menu takes no click in the moment after it opened.
  await window.page.keyboard.press('Enter');
  await window.page.locator('.monaco-menu').waitFor({ state: 'detached' });
}

/** Puts the caret into a line by its text. */
async function caretIn(window: EditorWindow, line: string): Promise<void> {
  await window.page
    .locator('.editor-group-container.active .view-line')
    .filter({ hasText: line })
    .first()
    .click({ position: { x: 40, y: 8 } });
}

/** The mouse over what stands beside the line with the caret. */
async function hoverBeside(window: EditorWindow): Promise<Locator> {
  const hover = window.page.locator('.monaco-hover:not(.hidden)').filter({ hasText: 'Show Change' });
  await expect
    .poll(async () => {
      const spans = window.page.locator('.editor-group-container.active .view-line span[class*="ced-"]');
      const box = await spans.last().boundingBox();
      if (box === null) return false;
      await window.page.mouse.move(box.x + box.width - 60, box.y + box.height / 2);
      await window.page.mouse.move(box.x + box.width - 50, box.y + box.height / 2 + 1);
      return hover.isVisible();
    })
    .toBe(true);
  return hover;
}

test('edit, save with a message, see who wrote a line, look at the change, label it, restore an earlier version', async () => {
  await using editor = await launchEditor({ label: 'history', folder: { 'notes.txt': 'notes\n' } });
  const { window } = editor;
  const { page } = window;
  const step = async (name: string) => window.screenshot(`history-${name}`);
  await showLibrary(window);
  const first = text('Be kind.', 'Answer in one line.');
  // Version 1 is what a new prompt begins with.
  await writePrompt(window, 'tone', first);

  await window.typeOver(text('Be kind and clear.', 'Answer in one line.'));
  await saveWithMessage(window, 'Clearer words');
  await page.locator('.pane-header').filter({ hasText: 'Versions' }).click();
  await window.treeRow('v3 · Clearer words').waitFor();
  await step('01-versions');

  await caretIn(window, 'Be kind and clear.');
  await expect
    .poll(async () => (await besideLines(window)).join('\n'))
    .toMatch(/You, .* · v3 · Clearer words/);
  await step('02-beside-the-line');
  const hover = await hoverBeside(window);
  await hover.getByText('Be kind and clear.').first().waitFor();
  await step('03-hover');
  await hover.getByText('Show Change').click();
  await window.tab(/v2 ↔ v3/).waitFor();
  await step('04-diff');
  await page.keyboard.press('Control+F4');

  await window.tab('tone').first().click();
  await fromMenu(window, window.treeRow('v3 · Clearer words'), 'Set Label…');
  await window.pick('production');
  await window.answer('Why does “production” move?', 'Reviewed');
  await window.treeRow('v3 · production · Clearer words').waitFor();

  await window.typeOver(text('Be kind and clear.', 'Answer in two dry lines.'));
  await caretIn(window, 'Answer in two dry lines.');
  await expect.poll(async () => (await besideLines(window)).join('\n')).toContain('You, not saved yet');
  await step('05-not-saved');
  await saveWithMessage(window, hostile);
  const newest = window.treeRow('v4 · Dry');
  await newest.waitFor();
  expect((await newest.innerText()).replaceAll('\u2060', '')).toContain(hostile);
  expect(await newest.locator('.codicon-trash, b').count()).toBe(0);
  await fromMenu(window, newest, 'Set Label…');
  await window.pick('production');
  await window.answer('Why does “production” move?', '');
  await window.treeRow('v4 · production · Dry').waitFor();
  await window.runCommand('Cuebook: Show Label History…');
  await expect
    .poll(async () => (await window.picks()).join('\n'))
    .toMatch(/to v4[\s\S]*to v3[\s\S]*Reviewed/);
  await step('06-label-history');
  await page.keyboard.press('Escape');

  await window.runCommand('Cuebook: Toggle Authors of All Lines');
  await window.runCommand('Cuebook: Toggle Version Summary above the Text');
  await page.locator('.codelens-decoration').filter({ hasText: 'v4 · You' }).waitFor();
  await expect
    .poll(async () => (await besideLines(window)).filter((each) => /^v\d · You, /.test(each)).length)
    .toBeGreaterThan(3);
  await step('07-all-lines-dark');
  await window.setTheme('light');
  await step('08-all-lines-light');

  await fromMenu(window, window.treeRow('v2 · Saved'), 'Restore This Version');
  await window.treeRow('v5 · Restored v2').waitFor();
  await expect.poll(async () => window.editorText()).toMatch(/Be kind\.$/m);
  await expect.poll(async () => window.editorText()).toContain('Answer in one line.');
  await step('09-restored');

  await window.runCommand('Cuebook: Find the Version That Introduced a Text…');
  await window.quickInput.locator('input').fill('two dry lines');
  await expect
    .poll(async () => (await window.picks()).join('\n'))
    .toMatch(/v5[\s\S]*removed[\s\S]*v4[\s\S]*introduced/);
  await step('10-introduced');
  await window.pick('introduced');
  await window.tab(/v3 ↔ v4/).waitFor();

  await window.runCommand('Cuebook: Toggle Authors of All Lines');
  await fromMenu(window, window.treeRow(/^tone/).first(), 'Move to Trash');
  await page.locator('.pane-header').filter({ hasText: 'Trash' }).click();
  await fromMenu(window, window.treeRow(/^tone.*deleted/), 'Show Versions');
  await window.treeRow('v5 · Restored v2').waitFor();
  await step('11-versions-of-what-was-deleted');
  expect(await editor.complaints()).toEqual([]);
});

test('any two versions and any two prompts side by side, a label taken off, and a save that asks what it is for', async () => {
  await using editor = await launchEditor({
    label: 'history-compare',
    folder: { 'notes.txt': 'notes\n' },
    settings: { 'cuebook.history.askMessage': true },
  });
  const { window } = editor;
  const { page } = window;
  await showLibrary(window);
  await window.runCommand('Cuebook: New Prompt…');
  await window.answer('Slashes make folders', 'letter');
  await window.untilText((shown) => shown.includes('Explain what this does'));
  await page.locator('.pane-header').filter({ hasText: 'Versions' }).click();
  for (const [tone, message] of [
    ['Be kind.', 'Kind'],
    ['Be brief.', 'Brief'],
    ['Be dry.', ''],
  ] as const) {
    await window.typeOver(text(tone, 'Answer in one line.'));
    await page.keyboard.press('Control+S');
    await window.answer('Save with Message', message);
    await window.treeRow(message === '' ? 'v4 · Saved' : message).waitFor();
  }

  await window.treeRow('v4 · Saved').click();
  await window.tab('v3 ↔ v4').waitFor();
  await window.treeRow('v2 · Kind').click({ modifiers: ['Control'] });
  await fromMenu(window, window.treeRow('v2 · Kind'), 'Compare Versions');
  await window.tab('v2 ↔ v4').waitFor();
  await page.locator('.editor.modified').getByText('Be dry.').waitFor();
  await page.locator('.editor.original').getByText('Be kind.').waitFor();
  await window.screenshot('history-14-any-two');

  await window.runCommand('Cuebook: New Prompt…');
  await window.answer('Slashes make folders', 'note');
  await window.tab('note').waitFor();
  // A row that comes moves the others under the mouse.
  await window.treeRow(/^note/).waitFor();
  await fromMenu(window, window.treeRow(/^letter/).first(), 'Compare with Another Prompt…');
  await window.pick('note', 'note');
  await window.tab('letter ↔ note').waitFor();
  await window.screenshot('history-15-two-prompts');

  await window.tab('letter.cue.md').click();
  // Ends the selection of two.
  await window.treeRow('v3 · Brief').click();
  await window.tab('v2 ↔ v3').waitFor();
  await fromMenu(window, window.treeRow('v3 · Brief'), 'Set Label…');
  await window.pick('staging');
  await window.answer('Why does “staging” move?', '');
  await window.treeRow('v3 · staging · Brief').waitFor();
  await window.runCommand('Cuebook: Remove Label…');
  await window.treeRow('v3 · Brief').waitFor();
  expect(await editor.complaints()).toEqual([]);
});

async function newEditor(label: string): Promise<Editor> {
  const editor = await launchEditor({
    label,
    folder: { 'notes.txt': 'notes\n' },
    builtins: ['theme-defaults'],
  });
  await showLibrary(editor.window);
  return editor;
}

/** The versions whose message is one of these, with who wrote them; each once. */
async function writersOf(window: EditorWindow, messages: readonly string[]): Promise<readonly string[]> {
  const rows = await window.page.locator('.pane-body .monaco-list-row').allInnerTexts();
  const found = messages.flatMap((message) =>
    rows.filter((row) => row.includes(message)).map((row) => `${/You|Ana|Ben/.exec(row)?.[0]}: ${message}`),
  );
  return [...new Set(found)];
}

/** Only admins move it from now on. */
async function protectLabel(window: EditorWindow, name: string): Promise<void> {
  await window.runCommand('Cuebook: Team Settings…');
  await window.pick('Protected Labels…');
  await window.pick('Protect a Label…');
  await window.answer('The label that only some may move', name);
  await window.pick('Admins and Owners');
}

/** What is drawn behind a row's name: who has it open, and whether there is something that was not seen. */
async function badgeOf(row: Locator): Promise<string> {
  const icons = row.locator('.monaco-icon-label');
  const badges = await icons.evaluateAll((labels) =>
    labels.flatMap((label) =>
      [label, ...label.querySelectorAll('*')].map((each) => getComputedStyle(each, '::after').content),
    ),
  );
  return badges.join(' ');
}

test('two authors: who changed a line is named, and what was not seen is marked until it is looked at', async () => {
  await using server = await startServerProcess();
  await using ana = await newEditor('history-ana');
  await using ben = await newEditor('history-ben');
  const a = ana.window;
  const b = ben.window;
  await startTeamOfTwo(server, a, b);
  await writePrompt(a, 'tone', text('Be kind.', 'Answer in one line.'), 'Team of two');
  await b.treeRow('tone').waitFor();
  await writePrompt(a, 'other', 'Something else.\n', 'Team of two');

  await openPrompt(b, 'tone');
  await expect.poll(async () => b.editorText()).toContain('Be kind.');
  await b.typeOver(text('Be kind and clear.', 'Answer in one line.'));
  await saveWithMessage(b, 'Clearer words');
  const row = a.treeRow(/^tone/).first();
  await expect.poll(async () => badgeOf(row)).toContain('◆');
  await a.screenshot('history-12-not-seen');
  await fromMenu(a, row, 'Show Changes since I Last Looked');
  await a.tab(/since you last looked/).waitFor();
  await a.screenshot('history-13-since-last-looked');
  await a.page.getByRole('tab', { name: 'tone.cue.md', exact: true }).click();
  await caretIn(a, 'Be kind and clear.');
  await expect.poll(async () => (await besideLines(a)).join('\n')).toMatch(/Ben, .* · v3 · Clearer words/);
  await expect.poll(async () => badgeOf(row)).not.toContain('◆');

  // Apart, both go on: the merge says what each brought.
  await server.stop();
  await statusEntry(a, 'Offline').waitFor();
  await statusEntry(b, 'Offline').waitFor();
  await a.typeOver(text('Be kind and clear.', 'Answer in two lines.'));
  await saveWithMessage(a, 'Room for a second line');
  await b.typeOver(text('Be kind, clear and dry.', 'Answer in one line.'));
  await saveWithMessage(b, 'Drier');
  await server.start();
  await a.page.locator('.pane-header').filter({ hasText: 'Versions' }).click();
  const merge = a.treeRow('Merged').first();
  await merge.waitFor();
  await a.expandTree(['Merged', 'What was here', 'What was brought in']);
  await expect
    .poll(async () => writersOf(a, ['Room for a second line', 'Drier']))
    .toEqual(['You: Room for a second line', 'Ben: Drier']);
  await a.screenshot('history-16-merge');
  await a.setTheme('light');
  await a.screenshot('history-17-merge-light');

  await protectLabel(a, 'production');
  await b.page.locator('.pane-header').filter({ hasText: 'Versions' }).click();
  await fromMenu(b, b.treeRow('Clearer words').first(), 'Set Label…');
  await b.pick('production');
  await b.notification('The label “production” is protected: only admins').waitFor();
  await b.screenshot('history-18-protected-label');
  expect(await ana.complaints()).toEqual([]);
  expect(await ben.complaints()).toEqual([]);
});
