// Work that waits until its cause has been quiet for a while; the newest request replaces the older one.

import type { Disposable } from 'vscode';

export interface Delayed extends Disposable {
  /** `isCurrent` answers false once a newer request with the same key came, or all is over. */
  request(key: string, work: (isCurrent: () => boolean) => Promise<void>): void;
  cancel(key: string): void;
}

/** `failed` hears of work that threw, unless it was cancelled meanwhile. */
export function createDelayed(milliseconds: number, failed: (error: unknown) => void): Delayed {
  const waiting = new Map<string, { readonly timer: ReturnType<typeof setTimeout> }>();
  const cancel = (key: string): void => {
    clearTimeout(waiting.get(key)?.timer);
    waiting.delete(key);
  };
  return {
    request: (key, work) => {
      cancel(key);
      const isCurrent = (): boolean => waiting.get(key) === entry;
      const run = async (): Promise<void> => {
        try {
          await work(isCurrent);
        } catch (error) {
          if (isCurrent()) failed(error);
        }
      };
      const entry = { timer: setTimeout(() => void run(), milliseconds) };
      waiting.set(key, entry);
    },
    cancel,
    dispose: () => {
      for (const key of waiting.keys()) cancel(key);
    },
  };
}
