import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';

async function openLibrary(window: EditorWindow): Promise<void> {
  await window.page.locator('.activitybar .action-label[aria-label^="Cuebook"]').first().click();
}

async function fromMenu(window: EditorWindow, row: Locator, item: string): Promise<void> {
  await row.click({ button: 'right' });
  // By key: a menu takes no click in the moment after it opened.
  await window.page.locator('.monaco-menu').getByText(item, { exact: true }).hover();
  await window.page.keyboard.press('Enter');
  await window.page.locator('.monaco-menu').waitFor({ state: 'detached' });
}

test('an empty library offers a start, and its tree moves, marks, deletes and restores', async () => {
  await using editor = await launchEditor({ label: 'library-tree' });
  const { window } = editor;
  const { page } = window;
  await openLibrary(window);
  await page.getByText('Import Prompts…').first().waitFor();
  await window.screenshot('library-1-welcome');
  await page.getByText('Add Sample Prompts').first().click();
  await window.tab('review-code').waitFor();

  // A teammate's name is text, whatever it holds.
  await window.runCommand('Cuebook: New Folder…');
  await window.answer('New Folder', '$(trash) <b>');
  const folder = window.treeRow('$(trash) <b>'.replace('$(', '$\u2060('));
  await folder.waitFor();
  expect(await folder.locator('.codicon-trash').count()).toBe(0);

  await window.expandTree(['Personal', 'Samples']);
  const review = window.treeRow(/^review-code/);
  await review.dragTo(folder);
  // Below its folder, which stands above the one it came from. Opened in the moment of the move, the folder is closed again
  // by the tree's refresh: what a person does then is to open it once more.
  await expect
    .poll(
      async () => {
        await window.expandTree(['Personal', '<b>']);
        const [moved, samples] = [
          await review.first().boundingBox(),
          await window.treeRow('Samples').first().boundingBox(),
        ];
        return moved !== null && samples !== null && moved.y < samples.y;
      },
      { timeout: 60_000 },
    )
    .toBe(true);

  const tests = window.treeRow(/^write-tests/).first();
  await tests.hover();
  await tests.locator('[aria-label="Add to Favourites"]').click();
  await window.treeRow('Favourites').waitFor();

  await window.expandTree([/^review-code/, 'Includes']);
  await window
    .treeRow(/^house-style/)
    .first()
    .waitFor();
  await window.screenshot('library-2-tree');

  await fromMenu(window, window.treeRow(/^rewrite-plainly/).first(), 'Move to Trash');
  await window.notification('Moved to the trash').waitFor();
  await page.locator('.pane-header').filter({ hasText: 'Trash' }).click();
  const trashed = window.treeRow(/^rewrite-plainly.*deleted/);
  await fromMenu(window, trashed, 'Restore');
  await trashed.waitFor({ state: 'detached' });
  await window
    .treeRow(/^rewrite-plainly/)
    .first()
    .waitFor();

  await window.runCommand('Cuebook: Search Prompts…');
  await window.pick('commit-message', 'unrelated diff');
  await window.tab('commit-message').waitFor();
  expect(await editor.complaints()).toEqual([]);
});

test('two windows change the same line: both sides in the merge editor, and both windows end with what was chosen', async () => {
  await using editor = await launchEditor({ label: 'library-conflict' });
  const first = editor.window;
  await openLibrary(first);
  await first.runCommand('Cuebook: New Prompt…');
  await first.answer('New Prompt', 'shared');
  await first.tab('shared').waitFor();
  await first.typeOver('one\n\ntwo\n\nthree\n');
  await first.save();

  const second = await editor.openWindow();
  await openLibrary(second);
  await second.treeRow(/^shared/).dblclick();
  await second.tab('shared').waitFor();
  await second.typeOver('one\n\ntwo from the second\n\nthree\n');

  await first.typeOver('one\n\ntwo from the first\n\nthree\n');
  await first.save();
  await second.page.keyboard.press('Control+S');

  await second.page.getByText('Accept Combination').first().waitFor();
  await second.page.getByText('two from the first').first().waitFor();
  await second.screenshot('library-3-merge-editor');
  // The first window has no unsaved edits, so it follows: it shows the conflict too.
  await expect.poll(async () => first.editorText(), { timeout: 60_000 }).toContain('>>>>>>>');
  await second.page.getByText('Accept Combination').first().click();
  await second.page.locator('.editor-actions [aria-label^="Finish Merge"]').click();
  await second.treeRow('two versions to merge').waitFor({ state: 'detached' });

  // VS Code's combination of two insertions at one place.
  const chosen = 'two from the first from the second';
  for (const window of [first, second]) {
    await expect.poll(async () => window.editorText(), { timeout: 60_000 }).toContain(chosen);
  }
  expect(await editor.complaints()).toEqual([]);
});

test('the recovery kit opens a library whose key is gone, and nothing is overwritten before', async () => {
  await using editor = await launchEditor({ label: 'library-recovery' });
  const { window } = editor;
  await openLibrary(window);
  await window.page.getByText('Add Sample Prompts').first().click();
  await window.tab('review-code').waitFor();
  await window.runCommand('Cuebook: Show Recovery Kit');
  const code = /[0-9A-Z]{5}(?:-[0-9A-Z]{1,5})+/.exec(
    await window.dialog('Your recovery kit').innerText(),
  )?.[0];
  expect(code).toBeDefined();
  await window.screenshot('library-4-recovery-kit');
  await window.dialog().getByText('I Have Written It Down').click();

  const stranger = await editor.openStrangerWindow();
  await openLibrary(stranger);
  await stranger.page.getByText('does not hold its key').first().waitFor();
  await stranger.screenshot('library-5-key-missing');
  await stranger.page.getByText('Use Recovery Kit…').first().click();
  await stranger.answer('The code on your sheet', 'WRONG-CODE');
  await stranger.answer('Compare it with your sheet', (code ?? '').toLowerCase());
  await stranger.notification('The library is open again').waitFor();
  await stranger.treeRow('Samples').first().waitFor();
});
