// `npm start`: opens VS Code with Cuebook installed, in a profile that is kept below `.cache/` and never the user's own.
//
// Desktop VS Code where `code` is on the PATH; otherwise a real VS Code in the browser. Options:
//   --browser        the browser even where there is a desktop VS Code
//   --folder DIR     keep profile and sample project there

import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCodeServer, type CodeServer } from './codeServer.ts';
import { mustRun, runCommand } from './command.ts';
import { quietSettings } from './editorSettings.ts';
import { installEditor, type EditorInstallation } from './installEditor.ts';
import { buildExtension, packageExtension } from './package.ts';
import { cacheFolder } from './root.ts';

interface Profile {
  readonly data: string;
  readonly extensions: string;
}

const whatToDoFirst = `
  1. Click the Cuebook icon in the bar at the left, then "Add Sample Prompts".
  2. Open src/cart.ts in the Explorer and select the function "total".
  3. Press F1, type "Cuebook: Run Prompt on Selection", and pick a prompt.
     Without a provider key Cuebook says how to add one; keys stay in VS Code's secret storage.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { browser: { type: 'boolean', default: false }, folder: { type: 'string' } },
  });
  const folder = path.resolve(values.folder ?? path.join(cacheFolder, 'start'));
  const project = path.join(folder, 'sample-shop');
  if (!existsSync(project)) {
    await cp(path.join(import.meta.dirname, 'sampleProject'), project, { recursive: true });
  }
  console.log('Building Cuebook …');
  await buildExtension();
  const vsix = await packageExtension();
  if (!values.browser && (await hasDesktop()))
    await startDesktop(path.join(folder, 'desktop'), vsix, project);
  else await startBrowser(path.join(folder, 'browser'), vsix, project);
}

/** VS Code's desktop does not run as root without further ado, and over SSH `code` stands for another machine's. */
async function hasDesktop(): Promise<boolean> {
  if (process.getuid?.() === 0 || process.env['SSH_CONNECTION'] !== undefined) return false;
  return (await runCommand('code', ['--version'])).ok;
}

async function startDesktop(folder: string, vsix: string, project: string): Promise<void> {
  const profile = await prepareProfile(folder);
  const own = ['--user-data-dir', profile.data, '--extensions-dir', profile.extensions];
  await mustRun('code', [...own, '--install-extension', vsix, '--force']);
  await mustRun('code', [...own, '--disable-workspace-trust', '--new-window', project]);
  console.log(`\nVS Code is open, with a profile of its own in ${folder}.\n${whatToDoFirst}`);
}

async function startBrowser(folder: string, vsix: string, project: string): Promise<void> {
  const installation = await installEditor((line) => console.log(`${line} …`));
  const profile = await prepareProfile(folder);
  const flags = {
    config: path.join(profile.data, 'code-server.yaml'),
    'user-data-dir': profile.data,
    'extensions-dir': profile.extensions,
    'install-extension': vsix,
  };
  const named = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  await mustRun(installation.node, [installation.entry, ...named, '--force']);
  await using server = await runOnUsualPort(folder, installation, profile);
  console.log(`
Cuebook runs in a real VS Code. Open this address in a browser on this machine:

  ${server.origin}/?folder=${encodeURIComponent(project)}
${whatToDoFirst}
Ctrl+C ends it. Prompts, settings and keys are kept for the next start in ${folder}
and, as VS Code does in a browser, in the browser's storage of this address.
`);
  await Promise.race([server.ended, untilInterrupted()]);
}

async function prepareProfile(folder: string): Promise<Profile> {
  const profile = { data: path.join(folder, 'data'), extensions: path.join(folder, 'extensions') };
  const settings = path.join(profile.data, 'User', 'settings.json');
  await mkdir(path.dirname(settings), { recursive: true });
  await mkdir(profile.extensions, { recursive: true });
  if (!existsSync(settings)) await writeFile(settings, `${JSON.stringify(quietSettings, null, 2)}\n`);
  return profile;
}

/** In a browser VS Code's secrets hang on the address: the port of the first start is kept for the next ones. */
async function runOnUsualPort(
  folder: string,
  installation: EditorInstallation,
  profile: Profile,
): Promise<CodeServer> {
  const remembered = path.join(folder, 'port');
  const usual = existsSync(remembered) ? Number(await readFile(remembered, 'utf8')) : 0;
  const run = async (port: number) =>
    runCodeServer({
      installation,
      profile: profile.data,
      extensions: profile.extensions,
      port,
      env: process.env,
      flags: { 'disable-workspace-trust': true },
    });
  try {
    const server = await run(usual);
    await writeFile(remembered, String(server.port));
    return server;
  } catch (error) {
    if (usual === 0) throw error;
    console.log(
      `Port ${usual} of the last start is taken: provider keys entered there are not visible here.`,
    );
    return run(0);
  }
}

async function untilInterrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
}

await main();
