// The suites of `main.ts` in desktop VS Code, on machines that may download one: `node test/host/electron.ts [filter…]`.
// CUEBOOK_VSCODE_VERSION chooses the version; without it the oldest that the manifest supports is used.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { repositoryRoot } from '../../tools/root.ts';
import { logComplaints } from '../editor/logs.ts';
import { copyProduct } from '../editor/product.ts';
import { bundleSuites } from './bundle.ts';
import { readResults, runGroups, type Group, type Outcome } from './groups.ts';
import { resultsVariable } from './results.ts';

const here = import.meta.dirname;

async function runGroup(group: Group): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-host-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const suites = await bundleSuites(group.files);
  stack.defer(async () => rm(suites, { force: true }));
  const profile = path.join(folder, 'profile');
  const resultsFile = path.join(folder, 'results.jsonl');
  const broken = await runTests({
    version: process.env['CUEBOOK_VSCODE_VERSION'] ?? (await oldestSupported()),
    extensionDevelopmentPath: [await copyProduct(folder), path.join(here, 'modelProvider')],
    extensionTestsPath: suites,
    extensionTestsEnv: { [resultsVariable]: resultsFile },
    launchArgs: [
      path.join(here, 'workspace'),
      `--user-data-dir=${profile}`,
      ...(group.trusted ? ['--disable-workspace-trust'] : []),
    ],
  }).then(
    () => null,
    (error: unknown) => String(error),
  );
  return { results: await readResults(resultsFile), broken, complaints: await logComplaints(profile) };
}

async function oldestSupported(): Promise<string> {
  const manifest = JSON.parse(
    await readFile(path.join(repositoryRoot, 'extension', 'package.json'), 'utf8'),
  ) as {
    readonly engines: { readonly vscode: string };
  };
  return manifest.engines.vscode.replace(/^\^/, '');
}

process.exitCode = await runGroups(process.argv.slice(2), runGroup);
