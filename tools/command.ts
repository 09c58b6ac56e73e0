// Runs a command of this repository to its end.

import { spawn } from 'node:child_process';
import { repositoryRoot } from './root.ts';

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output and error, in the order of arrival. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Also shown while it runs. */
  readonly show?: boolean;
}

/** Never rejects: a command that cannot be started is a failed one. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryRoot,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (options.show === true) process.stdout.write(text);
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', (error) => {
      output += error.message;
      resolve(1);
    });
  });
  return { ok: code === 0, output };
}

/** As `runCommand`, for steps without which nothing further makes sense. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { ok, output } = await runCommand(command, args, options);
  if (!ok) throw new Error(`${[command, ...args].join(' ')} failed:\n${output}`);
  return output;
}
