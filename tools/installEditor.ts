// Brings a real VS Code onto a machine that has only npm: code-server, into `.cache/editor-<version>`.
//
// It lies outside the workspace's own dependencies because its install scripts do not work unattended and because
// nobody who only builds Cuebook needs its 800 MB. An installation is made in a folder of its own and renamed into
// place as the last step: an interrupted one is never taken for a finished one, and of two that run at once one wins.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from './root.ts';
import { nativeWatchdogInJavaScript, spdlogInJavaScript } from './nativeStandIns.ts';

export const editorVersion = '4.139.1';
const editorNodeMajor = 24;
const editorNodeVersion = '24.21.0';
/** Raised when what is pruned or patched below changes. */
const recipe = 1;

export interface EditorInstallation {
  /** The Node that this code-server is built for. */
  readonly node: string;
  /** code-server's entry script. */
  readonly entry: string;
  /** VS Code's own folder, with `extensions/` and `product.json`. */
  readonly vscode: string;
}

/** Resolves with the installation, making it first if it is not there. `log` gets one line per step. */
export async function installEditor(log: (line: string) => void = () => {}): Promise<EditorInstallation> {
  const folder = path.join(cacheFolder, `editor-${editorVersion}-${recipe}`);
  if (!existsSync(folder)) await makeInstallation(folder, log);
  return installationAt(folder);
}

function installationAt(folder: string): EditorInstallation {
  const modules = path.join(folder, 'node_modules');
  const codeServer = path.join(modules, 'code-server');
  return {
    node: needsOwnNode() ? path.join(modules, nodePackage(), 'bin', 'node') : process.execPath,
    entry: path.join(codeServer, 'out', 'node', 'entry.js'),
    vscode: path.join(codeServer, 'lib', 'vscode'),
  };
}

async function makeInstallation(folder: string, log: (line: string) => void): Promise<void> {
  await removeAbandoned();
  const staging = `${folder}.tmp-${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    await writeFile(path.join(staging, 'package.json'), '{ "private": true }\n');
    const vscode = path.join(staging, 'node_modules', 'code-server', 'lib', 'vscode');
    log(`installing code-server ${editorVersion} (once, about a minute)`);
    await npmInstall(staging, [
      `code-server@${editorVersion}`,
      ...(needsOwnNode() ? [`${nodePackage()}@${editorNodeVersion}`] : []),
    ]);
    log('installing what VS Code itself needs');
    await npmInstall(vscode, ['--omit=dev']);
    await npmInstall(path.join(vscode, 'extensions'), ['--omit=dev']);
    await prune(vscode);
    const native = path.join(vscode, 'node_modules', '@vscode');
    await writeFile(path.join(native, 'spdlog', 'index.js'), spdlogInJavaScript);
    await writeFile(path.join(native, 'native-watchdog', 'index.js'), nativeWatchdogInJavaScript);
    await rename(staging, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Staging folders name the process that fills them; what a dead one left is 800 MB of nothing. */
async function removeAbandoned(): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const names = await readdir(cacheFolder);
  const abandoned = names.filter((name) => {
    const pid = /^editor-.*\.tmp-(\d+)$/.exec(name)?.[1];
    return pid !== undefined && !isAlive(Number(pid));
  });
  await Promise.all(
    abandoned.map((name) => rm(path.join(cacheFolder, name), { recursive: true, force: true })),
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function needsOwnNode(): boolean {
  return Number(process.versions.node.split('.')[0]) !== editorNodeMajor;
}

function nodePackage(): string {
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

/** Scripts stay off: code-server's own fails without its sources, and nothing that we use is built by one. */
async function npmInstall(cwd: string, args: readonly string[]): Promise<void> {
  const fixed = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const child = spawn('npm', [...fixed, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code} in ${cwd}:\n${errors}`);
}

/** Half of it serves other platforms, or features that neither a test nor a look at Cuebook touches. */
async function prune(vscode: string): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  const others = async (folder: string) =>
    (await readdir(folder).catch(() => []))
      .filter((name) => /^(linux|darwin|win32|alpine)/.test(name) && !name.startsWith(platform))
      .map((name) => path.join(folder, name));
  const modules = path.join(vscode, 'node_modules');
  const ripgrep = path.join(modules, '@vscode', 'ripgrep-universal', 'bin');
  const unneeded = [
    ...(await others(path.join(modules, 'node-pty', 'prebuilds'))),
    ...(await others(ripgrep)),
    path.join(modules, 'node-pty', 'third_party'),
    path.join(modules, '@microsoft', 'mxc-sdk'),
    path.join(modules, '@vscode', 'windows-process-tree'),
    path.join(modules, '@vscode', 'windows-registry'),
    path.join(modules, '@github'),
    path.join(vscode, 'extensions', 'copilot'),
    path.join(vscode, 'extensions', 'mermaid-markdown-features'),
  ];
  await Promise.all(unneeded.map((folder) => rm(folder, { recursive: true, force: true })));
}

if (import.meta.main) {
  const started = Date.now();
  const { entry } = await installEditor(console.log);
  console.log(`${path.relative(process.cwd(), entry)} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
}
