// Typed calls between the extension host and a worker thread, both ways, over a message port. One line of set-up each
// side; what crosses is structured-cloned. Calls never time out by themselves: whoever knows the end of the worker
// (`worker.on('exit')`) closes the channel, which rejects every call that is still waiting.

import { createBirpc, type BirpcReturn } from 'birpc';

/** What a `Worker` and a `MessagePort` (`parentPort`) have in common. */
export interface ChannelPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Calls of the other side; `channel.$close(error)` rejects what is waiting and stops listening. */
export type WorkerChannel<Remote extends object, Local extends object> = BirpcReturn<Remote, Local>;

/** `local` are the functions that the other side may call. */
export function openWorkerChannel<Remote extends object, Local extends object>(
  port: ChannelPort,
  local: Local,
): WorkerChannel<Remote, Local> {
  return createBirpc<Remote, Local>(local, {
    post: (message: unknown) => port.postMessage(message),
    on: (listener) => port.on('message', listener),
    off: (listener) => port.off('message', listener),
    bind: 'functions',
    timeout: -1,
  });
}
