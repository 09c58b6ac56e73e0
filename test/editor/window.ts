// One window of VS Code in a browser, and what a person does in it: by the same keys, menus and texts.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { artefactsFolder } from '../../tools/root.ts';
import type { EditorServer } from './server.ts';
import { watchConsole, type LogLine } from './logs.ts';

/** How long a step may take on a machine where others work too. */
const patience = 120_000;

export type Theme = 'dark' | 'light' | 'highContrast' | 'highContrastLight';

const themes: Readonly<Record<Theme, { readonly label: string; readonly workbenchClass: string }>> = {
  dark: { label: 'Dark Modern', workbenchClass: 'vs-dark' },
  light: { label: 'Light Modern', workbenchClass: 'vs' },
  highContrast: { label: 'Dark High Contrast', workbenchClass: 'hc-black' },
  highContrastLight: { label: 'Light High Contrast', workbenchClass: 'hc-light' },
};

export interface EditorWindow {
  readonly page: Page;
  /** The box at the top in which commands, picks and inputs appear. */
  readonly quickInput: Locator;
  /** Runs a command by its title from the palette. Waits for a command whose extension is still loading. */
  runCommand(title: string): Promise<void>;
  /** Types into the open quick pick if `typed` is given, and takes the row that shows `label`. */
  pick(label: string | RegExp, typed?: string): Promise<void>;
  /** The rows of the open quick pick. */
  picks(): Promise<readonly string[]>;
  /** Answers the input box that shows `question` in its title or text. */
  answer(question: string | RegExp, text: string): Promise<void>;
  /** Answers VS Code's own dialog for folders, whose button is named `button`. */
  pickFolder(folder: string, button: string): Promise<void>;
  openFile(name: string): Promise<void>;
  /** Editors by their tab's title, as far as they are shown. */
  tab(title: string | RegExp): Locator;
  /** The visible lines of the active editor. */
  editorText(): Promise<string>;
  /** Waits until the active editor shows a text that fits; fails with the one that it shows. */
  untilText(fits: (text: string) => boolean): Promise<void>;
  /** Replaces the text of the active editor by pasting (typing would be indented). */
  typeOver(text: string): Promise<void>;
  selectLines(first: number, last: number): Promise<void>;
  save(): Promise<void>;
  /** Texts of the notifications that are shown. */
  notifications(): Promise<readonly string[]>;
  notification(text: string | RegExp): Locator;
  dialog(text?: string | RegExp): Locator;
  /** A row of a tree view by its label. */
  treeRow(label: string | RegExp): Locator;
  /** Opens these rows, each below the one before. A refresh moves rows under the mouse: it looks until all are open. */
  expandTree(labels: readonly (string | RegExp)[]): Promise<void>;
  /** The contents of a webview; the only one, or the one with this title. */
  webview(): FrameLocator;
  setTheme(theme: Theme): Promise<void>;
  /** Saves `artefacts/screenshots/<name>.png` and returns its path. */
  screenshot(name: string): Promise<string>;
  reload(): Promise<void>;
  /** The page anew, without asking what was in it: as after a crash of everything behind it. */
  reopen(): Promise<void>;
  /** Warnings and errors of the page's console, VS Code's own noise taken out. */
  consoleComplaints(): readonly LogLine[];
}

export async function openWindow(page: Page, server: EditorServer): Promise<EditorWindow> {
  page.setDefaultTimeout(patience);
  const consoleComplaints = watchConsole(page);
  await page.goto(`${server.origin}/?folder=${encodeURIComponent(server.folder)}`);
  await waitUntilReady(page);
  return createWindow(page, consoleComplaints);
}

/** The workbench is there and its extension host has answered: the status bar's progress of activation is over. */
async function waitUntilReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 2 * patience });
  await page.locator('.monaco-workbench .part.editor').waitFor();
}

function createWindow(page: Page, consoleComplaints: () => readonly LogLine[]): EditorWindow {
  const quickInput = page.locator('.quick-input-widget');
  const field = quickInput.locator('.quick-input-filter input');
  const rows = quickInput.locator('.monaco-list-row');
  const activeEditor = page.locator('.editor-group-container.active .editor-instance').last();
  const window: EditorWindow = {
    page,
    quickInput,
    async runCommand(title) {
      const row = rows.filter({ has: page.getByText(title, { exact: true }) }).first();
      await retry(async () => {
        await closeQuickInput();
        await page.keyboard.press('F1');
        await field.waitFor({ timeout: 5_000 });
        await field.fill(`>${title}`, { timeout: 5_000 });
        await row.click({ timeout: 5_000 });
      });
    },
    async pick(label, typed) {
      await quickInput.waitFor();
      if (typed !== undefined) await field.fill(typed);
      await rows.filter({ hasText: label }).first().click();
    },
    async picks() {
      await rows.first().waitFor();
      return (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim());
    },
    async answer(question, text) {
      // The box of the step before is the same element: its words tell which question is being asked.
      const box = quickInput.filter({ hasText: question });
      await box.waitFor();
      await field.fill(text);
      await page.keyboard.press('Enter');
      await box.waitFor({ state: 'hidden' });
    },
    async pickFolder(folder, button) {
      const accept = quickInput.getByRole('button', { name: button, exact: true });
      const entry = rows.filter({ hasText: path.basename(folder) });
      await accept.waitFor();
      await rows.first().waitFor();
      // While it lists a folder it completes what is typed, and an answer is ignored: typed again until it is taken.
      await retry(async () => {
        await field.fill(`${path.dirname(folder)}/`, { timeout: 2_000 });
        await entry.waitFor({ timeout: 5_000 });
        await field.fill(`${folder}/`, { timeout: 2_000 });
        await entry.waitFor({ state: 'hidden', timeout: 5_000 });
        await accept.click({ timeout: 2_000 });
        await quickInput.waitFor({ state: 'hidden', timeout: 5_000 });
      });
    },
    async openFile(name) {
      await retry(async () => {
        await closeQuickInput();
        await page.keyboard.press('Control+P');
        await field.waitFor({ timeout: 5_000 });
        await field.fill(name, { timeout: 5_000 });
        await rows
          .filter({ hasText: path.basename(name) })
          .first()
          .click({ timeout: 5_000 });
      });
      await window.tab(path.basename(name)).waitFor();
      await activeEditor.locator('.view-lines').first().waitFor();
    },
    tab: (title) => page.locator('.tabs-container .tab').filter({ hasText: title }),
    async editorText() {
      const lines = activeEditor.locator('.view-line');
      await lines.first().waitFor();
      const placed = await lines.evaluateAll((elements) =>
        elements.map((element) => ({
          top: Number.parseFloat((element as HTMLElement).style.top),
          text: (element.textContent ?? '').replaceAll('\u00A0', ' '),
        })),
      );
      return placed
        .sort((a, b) => a.top - b.top)
        .map((line) => line.text)
        .join('\n');
    },
    async untilText(fits) {
      await retry(async () => {
        const text = await window.editorText();
        if (!fits(text)) throw new Error(`the editor shows:\n${text}`);
      }, 50);
    },
    async typeOver(text) {
      await focusEditor();
      await page.keyboard.press('Control+A');
      await page.evaluate(async (pasted) => navigator.clipboard.writeText(pasted), text);
      await page.keyboard.press('Control+V');
      await page.locator('.editor-group-container.active .tab.active.dirty').waitFor();
    },
    async selectLines(first, last) {
      await focusEditor();
      await page.keyboard.press('Control+Home');
      for (let line = 1; line < first; line += 1) await page.keyboard.press('ArrowDown');
      for (let line = first; line <= last; line += 1) await page.keyboard.press('Shift+ArrowDown');
    },
    async save() {
      await page.keyboard.press('Control+S');
      await page.locator('.editor-group-container.active .tab.active.dirty').waitFor({ state: 'detached' });
    },
    async notifications() {
      const texts = await page.locator('.notification-list-item-message').allInnerTexts();
      return texts.map((text) => text.trim());
    },
    notification: (text) => page.locator('.notification-list-item').filter({ hasText: text }),
    dialog: (text) => {
      const dialogs = page.locator('.monaco-dialog-box');
      return text === undefined ? dialogs : dialogs.filter({ hasText: text });
    },
    treeRow: (label) => page.locator('.pane-body .monaco-list-row').filter({ hasText: label }),
    async expandTree(labels) {
      await retry(async () => {
        for (const label of labels) {
          const row = window.treeRow(label).first();
          const collapsed = row.and(page.locator('[aria-expanded="false"]'));
          await row.waitFor({ timeout: 5_000 });
          if (await collapsed.isVisible()) {
            await collapsed.locator('.monaco-tl-twistie').click({ timeout: 5_000 });
          }
          await row.and(page.locator('[aria-expanded="true"]')).waitFor({ timeout: 5_000 });
        }
      });
    },
    webview: () => page.frameLocator('iframe.webview.ready').frameLocator('#active-frame'),
    async setTheme(theme) {
      const { label, workbenchClass } = themes[theme];
      await window.runCommand('Preferences: Color Theme');
      await window.pick(label, label);
      await page.locator(`.monaco-workbench.${workbenchClass}`).waitFor();
      await quickInput.waitFor({ state: 'hidden' });
    },
    async screenshot(name) {
      const file = path.join(artefactsFolder, 'screenshots', `${name}.png`);
      await mkdir(path.dirname(file), { recursive: true });
      // As it is to be seen: what is fading in is there.
      await page.screenshot({ path: file, animations: 'disabled' });
      return file;
    },
    async reload() {
      const loaded = page.waitForEvent('load');
      await window.runCommand('Developer: Reload Window');
      await loaded;
      await waitUntilReady(page);
    },
    async reopen() {
      await page.goto(page.url());
      await waitUntilReady(page);
    },
    consoleComplaints,
  };
  /** Only if it is open: in an editor Escape gives up the selection. */
  async function closeQuickInput(): Promise<void> {
    if (await quickInput.isVisible()) await page.keyboard.press('Escape');
  }
  async function focusEditor(): Promise<void> {
    // Not the lines themselves: scrolled, their corner is outside of the window.
    await activeEditor
      .locator('.editor-scrollable')
      .first()
      .click({ position: { x: 2, y: 2 } });
  }
  return window;
}

/** VS Code's quick input can close by itself while extensions load: what a person does then is to try again. */
async function retry(step: () => Promise<void>, pauseMs = 0): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      await step();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(pauseMs);
    }
  }
}
