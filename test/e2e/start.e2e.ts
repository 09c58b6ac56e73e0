import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { spawnOnLeash } from '../../tools/leash.ts';
import { repositoryRoot } from '../../tools/root.ts';
import { launchBrowser } from '../editor/launchEditor.ts';

test('npm start opens a VS Code with Cuebook installed and says what to click first', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-start-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const start = stack.use(
    spawnOnLeash(process.execPath, ['tools/start.ts', '--browser', '--folder', folder], {
      cwd: repositoryRoot,
      env: process.env,
    }),
  );
  const { stdout, stderr } = start.process;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const printed: string[] = [];
  createInterface(stderr).on('line', (line) => printed.push(line));
  const address = new Promise<string>((resolve) => {
    createInterface(stdout).on('line', (line) => {
      printed.push(line);
      const url = /http:\/\/127\.0\.0\.1:\S+/.exec(line)?.[0];
      if (url !== undefined) resolve(url);
    });
  });
  const url = await Promise.race([address, once(start.process, 'exit').then(() => null)]);
  if (url === null) throw new Error(`npm start ended:\n${printed.join('\n')}`);

  const browser = stack.adopt(await launchBrowser(), async (it) => it.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.locator('.activitybar').getByRole('tab', { name: 'Cuebook' }).click();
  await page.getByText('Add Sample Prompts').first().waitFor();
  expect(printed.join('\n')).toContain('Add Sample Prompts');
  expect(await page.locator('.explorer-viewlet, .composite.title').first().innerText()).toMatch(/cuebook/i);
});
