// Who writes, out of who asks.

import type { Caller, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import type { Author } from '../store/api.ts';

/** For procedures whose access rule lets sessions only in. */
export function sessionOf(caller: Caller): SessionCaller {
  if (caller.kind === 'session') return caller;
  throw new Refusal('scopeMissing', 'No machine token may call this.');
}

/** For procedures whose access rule lets device-bound sessions only in. */
export function authorOf(caller: Caller): Author {
  const { session, account, device } = sessionOf(caller);
  if (device === null) throw new Refusal('deviceNeeded', 'The session is not bound to a device.');
  return { session, account, device };
}
