// A server process that is started, asked, killed and started again.

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NumberedCall, StoreCall, StoreReply } from './storeProcess.ts';

/** What became of a call: an answer, a refusal, or nobody knows, because the process or its database ended. */
export type Outcome =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown' };

export class ServerInProcess {
  readonly #directory: string;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #child: ChildProcess | null = null;
  #ready: Promise<string>;
  #number = 0;
  kills = 0;
  /** It has ended though nobody killed it. */
  hasCrashed = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#ready = this.#start();
  }

  /** The database's incarnation, once it runs. */
  get ready(): Promise<string> {
    return this.#ready;
  }

  async call(call: StoreCall): Promise<Outcome> {
    await this.#ready;
    const child = this.#child;
    if (child?.connected !== true) return { kind: 'unknown' };
    this.#number += 1;
    const number = this.#number;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#waiting.set(number, resolve);
    child.send({ number, call } satisfies NumberedCall, (error) => {
      if (error !== null) this.#settle(number, { kind: 'unknown' });
    });
    return promise;
  }

  /** At once, and started again. */
  async killAndRestart(): Promise<void> {
    await this.#ready;
    const child = this.#child;
    if (child === null) return;
    this.kills += 1;
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    this.#forget();
    this.#ready = this.#start();
    await this.#ready;
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.#child?.once('exit', resolve));
    await this.call({ do: 'end' });
    await gone;
  }

  async #start(): Promise<string> {
    const script = fileURLToPath(new URL('./storeProcess.ts', import.meta.url));
    const child = spawn(process.execPath, [script, this.#directory], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    const started = Promise.withResolvers<string>();
    child.on('message', (message: StoreReply | { readonly ready: string }) => {
      if ('ready' in message) started.resolve(message.ready);
      else if ('value' in message) this.#settle(message.number, { kind: 'answer', value: message.value });
      else this.#settle(message.number, { kind: 'refused', code: message.refusal });
    });
    child.once('exit', (code) => {
      this.hasCrashed = code !== 0;
      started.reject(new Error('The server process ended before it was ready.'));
      this.#forget();
    });
    started.promise.catch(() => {});
    return started.promise;
  }

  #forget(): void {
    for (const number of this.#waiting.keys()) this.#settle(number, { kind: 'unknown' });
  }

  #settle(number: number, outcome: Outcome): void {
    this.#waiting.get(number)?.(outcome);
    this.#waiting.delete(number);
  }
}
