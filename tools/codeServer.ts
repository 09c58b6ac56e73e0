// Runs code-server on given folders, for `npm start` and for the tests. Listens on the loopback interface only.

import path from 'node:path';
import { createInterface } from 'node:readline';
import type { EditorInstallation } from './installEditor.ts';
import { spawnOnLeash, type Leashed } from './leash.ts';

export interface CodeServerOptions {
  readonly installation: EditorInstallation;
  /** `--user-data-dir`: settings, logs, global storage. */
  readonly profile: string;
  readonly extensions: string;
  /** 0: any free one. What VS Code keeps in the browser (secrets, state) hangs on the address, port included. */
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** More flags of code-server, by name; `true` for one without a value. */
  readonly flags?: Readonly<Record<string, string | true>>;
  /** Options that go through to VS Code's own server. */
  readonly vscodeOptions?: readonly string[];
  /** Gets each line that the server prints. */
  readonly print?: (line: string) => void;
}

export interface CodeServer extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** Resolves when the server and all that it started are gone. */
  readonly ended: Promise<void>;
}

/** Resolves when the server listens; rejects with what it printed if it ends before. */
export async function runCodeServer(options: CodeServerOptions): Promise<CodeServer> {
  const { installation } = options;
  const leashed = spawnOnLeash(installation.node, [installation.entry, ...serverArguments(options)], {
    cwd: options.profile,
    env: options.env,
  });
  try {
    const port = await listeningPort(leashed, options.print ?? (() => {}));
    return {
      origin: `http://127.0.0.1:${port}`,
      port,
      ended: leashed.ended,
      [Symbol.asyncDispose]: async () => leashed[Symbol.asyncDispose](),
    };
  } catch (error) {
    await leashed[Symbol.asyncDispose]();
    throw error;
  }
}

function serverArguments(options: CodeServerOptions): readonly string[] {
  const flags: Readonly<Record<string, string | true>> = {
    // A path that is not there yet: code-server writes its defaults to it, and everything that counts is a flag.
    config: path.join(options.profile, 'code-server.yaml'),
    auth: 'none',
    'bind-addr': `127.0.0.1:${options.port}`,
    'user-data-dir': options.profile,
    'extensions-dir': options.extensions,
    'disable-telemetry': true,
    'disable-update-check': true,
    'disable-getting-started-override': true,
    ...options.flags,
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, value],
    ),
    ...(options.vscodeOptions ?? []).flatMap((option) => ['--vscode-option', option]),
  ];
}

async function listeningPort(leashed: Leashed, print: (line: string) => void): Promise<number> {
  const { stdout, stderr } = leashed.process;
  if (stdout === null || stderr === null) throw new Error('The server was started without pipes.');
  const seen: string[] = [];
  return new Promise<number>((resolve, reject) => {
    const read = (line: string) => {
      print(line);
      if (seen.length < 200) seen.push(line);
      const port = /HTTP server listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    createInterface(stdout).on('line', read);
    createInterface(stderr).on('line', read);
    leashed.process.once('exit', () => {
      reject(new Error(`code-server ended before it listened:\n${seen.join('\n')}`));
    });
  });
}
