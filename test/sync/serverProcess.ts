// The real server as a process of its own, with its embedded PostgreSQL, at one address that it keeps when it is killed
// and started again.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '@cuebook/server/postgres/embedded';
import { openDatabase, type Sql } from '@cuebook/server/store/database';
import type { Line } from './line.ts';
import type { ServerAddress } from '../../extension/src/library/teams.ts';

export interface ServerProcess extends AsyncDisposable {
  readonly address: ServerAddress;
  readonly port: number;
  /** Its database and what else it keeps. */
  readonly dataFolder: string;
  /** Of the process that runs now; 0 for none. */
  readonly pid: number;
  /** The owner's one-time code of the first start. */
  readonly ownerLink: string;
  /** kill -9, without a word to anybody. */
  kill(): Promise<void>;
  /** Asks it to stop, and waits. */
  stop(): Promise<void>;
  /** Again, at the same address with the same data. */
  start(): Promise<void>;
  /** Writes a backup; the server may be running. */
  backup(): Promise<void>;
  /** While it is stopped: an empty database, and the backup read into it. */
  restore(): Promise<void>;
  /** While it is stopped: what somebody with the database does to it. */
  change(work: (sql: Sql) => Promise<unknown>): Promise<void>;
  /** From the next start on. */
  useCertificate(issued: { readonly certificate: string; readonly key: string }): void;
  readonly output: readonly string[];
}

const main = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));

export interface ServerOptions {
  /** Stands between the server and everybody: its address is the server's. */
  readonly line?: Pick<Line, 'port' | 'leadTo'>;
  readonly environment?: Readonly<Record<string, string>>;
  /** How it is reached, where something else stands in front of it. */
  readonly origin?: string;
  /** Speaks TLS with this, as `origin`. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly origin?: string };
}

export async function startServerProcess({
  line,
  tls,
  origin,
  environment = {},
}: ServerOptions = {}): Promise<ServerProcess> {
  const data = mkdtempSync(join(tmpdir(), 'cuebook-server-'));
  // As root, PostgreSQL runs as another user, who has to come through.
  chmodSync(data, 0o711);
  const port = await freePort();
  line?.leadTo(port);
  const scheme = tls === undefined ? 'http' : 'https';
  const address = (origin ?? tls?.origin ?? `${scheme}://127.0.0.1:${line?.port ?? port}`) as ServerAddress;
  const certificate = tls === undefined ? {} : writeCertificate(data, tls);
  const output: string[] = [];
  let child: ChildProcess | null = null;
  const launch = (...command: readonly string[]): ChildProcess =>
    spawn(process.execPath, [main, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        // What this machine sets for the tests themselves is no option of a server.
        PATH: process.env['PATH'],
        CUEBOOK_DATA: data,
        CUEBOOK_PORT: String(port),
        CUEBOOK_ORIGIN: address,
        CUEBOOK_READS_PER_MINUTE: '1000000',
        CUEBOOK_WRITES_PER_MINUTE: '1000000',
        CUEBOOK_SECRETS_PER_MINUTE: '1000000',
        CUEBOOK_DRAIN_SECONDS: '1',
        ...certificate,
        ...environment,
      },
    });
  const run = async (...command: readonly string[]): Promise<void> => {
    const [code] = (await once(launch(...command), 'exit')) as [number];
    if (code !== 0) throw new Error(`cuebook-server ${command.join(' ')} ended with ${code}`);
  };
  const start = async (): Promise<void> => {
    const started = launch('serve');
    child = started;
    await listening(started, output);
  };
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null) return;
    const gone = once(ending, 'exit');
    ending.kill(signal);
    await gone;
  };
  await start();
  return {
    address,
    port,
    dataFolder: data,
    output,
    get pid() {
      return child?.pid ?? 0;
    },
    get ownerLink() {
      const link = /cb_link_[\w-]+/.exec(output.join('\n'))?.[0];
      if (link === undefined) throw new Error('the server shows a link at its first start');
      return link;
    },
    start,
    backup: async () => run('backup', join(data, 'backup')),
    async restore() {
      rmSync(join(data, 'postgres'), { recursive: true, force: true });
      await run('restore', join(data, 'backup'));
    },
    change: async (work) => changeDatabase(join(data, 'postgres'), work),
    useCertificate: (issued) => void writeCertificate(data, issued),
    kill: async () => end('SIGKILL'),
    stop: async () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      rmSync(data, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

async function listening(child: ChildProcess, output: string[]): Promise<void> {
  const seen = output.length;
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      output.push(chunk.toString());
      // What is printed with the first line comes with it or right behind it.
      const text = output.slice(seen).join('');
      if (text.includes('listens on') && (!text.includes('no owner') || /cb_link_[\w-]+/.test(text))) {
        resolve();
      }
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the server ended (${code}): ${output.join('')}`)));
  });
}

async function changeDatabase(directory: string, work: (sql: Sql) => Promise<unknown>): Promise<void> {
  const started = await startEmbedded({ directory });
  if (!started.ok) throw new Error(started.problem.message);
  const { address: at, user, password } = started.value;
  const sql = openDatabase({ address: { kind: 'embedded', at, user, password, name: 'cuebook' } }).connectAs(
    'owner',
  );
  await work(sql);
  await sql.end();
  await started.value.stop();
}

function writeCertificate(
  folder: string,
  { certificate, key }: { readonly certificate: string; readonly key: string },
): Readonly<Record<string, string>> {
  const [certificateFile, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  writeFileSync(certificateFile, certificate);
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { CUEBOOK_TLS_CERT: certificateFile, CUEBOOK_TLS_KEY: keyFile };
}

/** Free at this moment. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}
