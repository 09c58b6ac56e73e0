// Runs `test/host/*.host.ts` inside the extension host of a real VS Code with the product in it, and ends with exit code
// 1 if one fails. Arguments filter by file name. Files named `*.untrusted.host.ts` run in a folder that is not trusted.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../editor/launchEditor.ts';
import { logComplaints, watchConsole } from '../editor/logs.ts';
import { copyProduct } from '../editor/product.ts';
import { startEditorServer, type EditorServer } from '../editor/server.ts';
import { bundleSuites } from './bundle.ts';
import { readResults, runGroups, type Group, type Outcome } from './groups.ts';
import { resultsVariable } from './results.ts';

const here = import.meta.dirname;
/** The whole of one boot with all its suites; a hang inside is cut here. */
const limitMs = 240_000;

async function runGroup(group: Group): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-host-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [product, suites, server, browser] = await Promise.all([
    copyProduct(folder),
    bundleSuites(group.files),
    startEditorServer({
      driver: true,
      trusted: group.trusted,
      folder: path.join(here, 'workspace'),
      extensions: [path.join(here, 'modelProvider')],
    }).then((started) => stack.use(started)),
    launchBrowser().then((launched) => stack.adopt(launched, async (it) => it.close())),
  ]);
  stack.defer(async () => rm(suites, { force: true }));
  const resultsFile = path.join(folder, 'results.jsonl');
  const page = await browser.newPage();
  const consoleComplaints = watchConsole(page);
  const broken = await runInHost(page, server, {
    extensionDevelopmentPath: remote(server, product),
    extensionTestsPath: remote(server, suites),
    extensionEnvironment: JSON.stringify({ [resultsVariable]: resultsFile }),
  });
  return {
    results: await readResults(resultsFile),
    broken,
    complaints: [...consoleComplaints(), ...(await logComplaints(server.profile))],
  };
}

function remote(server: EditorServer, file: string): string {
  return `vscode-remote://${new URL(server.origin).host}${file}`;
}

/** Null when the suites ran to their end. */
async function runInHost(
  page: Page,
  server: EditorServer,
  payload: Readonly<Record<string, string>>,
): Promise<string | null> {
  const ended = Promise.withResolvers<string | null>();
  const timer = setTimeout(() => ended.resolve(`no end after ${limitMs / 1000} s`), limitMs);
  const said: string[] = [];
  await page.exposeFunction('codeAutomationLog', (type: string, args: readonly unknown[]) => {
    if (type === 'error' || type === 'warn') said.push(args.join(' '));
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => {
    ended.resolve(code === 0 ? null : `the suites could not run:\n${said.join('\n')}`);
  });
  const query = new URLSearchParams({
    folder: server.folder,
    payload: JSON.stringify(Object.entries(payload)),
  });
  await page.goto(`${server.origin}/?${query}`, { timeout: limitMs });
  const broken = await ended.promise;
  clearTimeout(timer);
  return broken;
}

process.exitCode = await runGroups(process.argv.slice(2), runGroup);
