// One code-server (the real VS Code: workbench, extension host, files) with folders of its own that go with it.
//
// The profile on disk outlives a `restart()`, the port too: what VS Code keeps in the browser hangs on the origin.

import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runCodeServer, type CodeServer } from '../../tools/codeServer.ts';
import { quietSettings } from '../../tools/editorSettings.ts';
import { installEditor, type EditorInstallation } from '../../tools/installEditor.ts';

export interface ServerOptions {
  /** Unpacked extensions, by folder. */
  readonly extensions?: readonly string[];
  /** User settings on top of `quietSettings`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Settings of scope "machine": a remote window (this is one) takes them from a file of their own. */
  readonly machineSettings?: Readonly<Record<string, unknown>>;
  /** The opened folder: a folder that is copied, or files by relative path. */
  readonly folder?: string | Readonly<Record<string, string>>;
  /** False: the folder is not trusted until the user says so. */
  readonly trusted?: boolean;
  /** Needed for tests in the extension host; hides notification toasts. */
  readonly driver?: boolean;
  /** VS Code's own extensions to load. */
  readonly builtins?: readonly string[];
  /** Added to the environment of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface EditorServer extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Everything below is VS Code's or ours: settings, logs, global storage. */
  readonly profile: string;
  readonly extensions: string;
  /** `HOME` of the server. */
  readonly home: string;
  /** The opened folder. */
  readonly folder: string;
  /** What the server printed so far. */
  output(): string;
  writeSettings(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Ends all processes; the folders and the port stay. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Enough for an editor with highlighting and conflict actions; each of the others costs start-up time. */
const usualBuiltins = [
  'theme-defaults',
  'theme-seti',
  'markdown-basics',
  'yaml',
  'json',
  'javascript',
  'typescript-basics',
  'python',
  'merge-conflict',
];

export async function startEditorServer(options: ServerOptions = {}): Promise<EditorServer> {
  const installation = await installEditor();
  const base = await realpath(await mkdtemp(path.join(os.tmpdir(), 'cuebook-editor-')));
  try {
    const folders = await prepareFolders(base, installation, options);
    return await serverIn(base, folders, installation, options);
  } catch (error) {
    await rm(base, { recursive: true, force: true });
    throw error;
  }
}

interface Folders {
  readonly profile: string;
  readonly extensions: string;
  readonly builtins: string;
  readonly folder: string;
  readonly home: string;
}

async function prepareFolders(
  base: string,
  installation: EditorInstallation,
  options: ServerOptions,
): Promise<Folders> {
  const folders: Folders = {
    profile: path.join(base, 'profile'),
    extensions: path.join(base, 'extensions'),
    builtins: path.join(base, 'builtins'),
    folder: path.join(base, 'folder'),
    home: path.join(base, 'home'),
  };
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder, { recursive: true })));
  await writeFiles(folders.folder, options.folder ?? {});
  await writeJson(path.join(folders.profile, 'Machine', 'settings.json'), options.machineSettings ?? {});
  await Promise.all([
    ...(options.extensions ?? []).map((extension) =>
      symlink(extension, path.join(folders.extensions, path.basename(extension)), 'junction'),
    ),
    ...(options.builtins ?? usualBuiltins).map((name) =>
      symlink(
        path.join(installation.vscode, 'extensions', name),
        path.join(folders.builtins, name),
        'junction',
      ),
    ),
  ]);
  return folders;
}

async function writeFiles(folder: string, files: string | Readonly<Record<string, string>>): Promise<void> {
  if (typeof files === 'string') {
    await cp(files, folder, { recursive: true });
    return;
  }
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(value, null, 2));
}

async function serverIn(
  base: string,
  folders: Folders,
  installation: EditorInstallation,
  options: ServerOptions,
): Promise<EditorServer> {
  const printed: string[] = [];
  let running: CodeServer | null = null;
  let port = 0;
  const start = async () => {
    running = await runCodeServer({
      installation,
      profile: folders.profile,
      extensions: folders.extensions,
      port,
      env: serverEnvironment(folders, options),
      flags: {
        'reconnection-grace-time': '10',
        ...(options.trusted === false ? {} : { 'disable-workspace-trust': true }),
      },
      vscodeOptions: [
        `builtin-extensions-dir=${folders.builtins}`,
        ...(options.driver === true ? ['enable-smoke-test-driver'] : []),
      ],
      print: (line) => printed.push(line),
    });
    port = running.port;
  };
  const stop = async () => {
    await running?.[Symbol.asyncDispose]();
    running = null;
  };
  const writeSettings = (settings: Readonly<Record<string, unknown>>) =>
    writeJson(path.join(folders.profile, 'User', 'settings.json'), { ...quietSettings, ...settings });

  await writeSettings(options.settings ?? {});
  await start();
  return {
    ...folders,
    origin: `http://127.0.0.1:${port}`,
    output: () => printed.join('\n'),
    writeSettings,
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Nothing of the person who runs the tests: no home, no keys, no proxies. */
function serverEnvironment(folders: Folders, options: ServerOptions): NodeJS.ProcessEnv {
  return {
    PATH: [path.dirname(process.execPath), process.env['PATH']].join(path.delimiter),
    HOME: folders.home,
    TMPDIR: os.tmpdir(),
    LANG: 'C.UTF-8',
    XDG_CONFIG_HOME: folders.home,
    XDG_DATA_HOME: folders.home,
    XDG_CACHE_HOME: folders.home,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    ...options.env,
  };
}

/** All files below a folder, as absolute paths. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
