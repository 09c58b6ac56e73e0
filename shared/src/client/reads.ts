// Which reads are under way on this connection, so that nothing is asked twice, and nothing is asked again of a server
// that has answered without bringing anything.

import type { WorkspaceId } from '../encoding/ids.ts';
import type { Request } from './messages.ts';
import type { ClientState } from './state.ts';

/** Requests that are answered by what is asked for. */
export type Read = Extract<
  Request,
  {
    readonly kind: 'readEnds' | 'readAccountLog' | 'readTeamLog' | 'readFeed' | 'readBoxes' | 'readUserBoxes';
  }
>;

const keyOf = (read: Read): string =>
  read.kind === 'readAccountLog'
    ? `${read.kind} ${read.account}`
    : `${read.kind} ${read.kind === 'readUserBoxes' ? '' : read.workspace}`;

/** Those of the requests that are not reads, or not under way yet; and notes that they are. */
export function readOnce(
  state: ClientState,
  requests: readonly Request[],
): { readonly state: ClientState; readonly requests: readonly Request[] } {
  const reads = new Map(state.reads);
  const fresh = requests.filter((request) => {
    if (!isRead(request)) return true;
    const key = keyOf(request);
    if (reads.has(key)) return false;
    reads.set(key, 'asked');
    return true;
  });
  return { state: { ...state, reads }, requests: fresh };
}

/** An answer has come; `gained`: it brought something. Else the same is not asked again until the server moves. */
export function answeredRead(state: ClientState, read: Read, gained: boolean): ClientState {
  const reads = new Map(state.reads);
  if (gained) reads.delete(keyOf(read));
  else reads.set(keyOf(read), 'exhausted');
  return { ...state, reads };
}

export function isExhausted(state: ClientState, read: Read): boolean {
  const known = state.reads.get(keyOf(read));
  return known === 'exhausted' || known === 'reported';
}

/** That it brought nothing has been said. */
export const reported = (state: ClientState, read: Read): ClientState => ({
  ...state,
  reads: new Map(state.reads).set(keyOf(read), 'reported'),
});

export const isReported = (state: ClientState, read: Read): boolean =>
  state.reads.get(keyOf(read)) === 'reported';

/** The server has moved: what brought nothing before may bring something now. */
export function forgetExhausted(state: ClientState, workspace: WorkspaceId): ClientState {
  const isStale = (key: string, value: string): boolean =>
    value !== 'asked' && (key.endsWith(workspace) || key.startsWith('readAccountLog'));
  const reads = new Map([...state.reads].filter(([key, value]) => !isStale(key, value)));
  return { ...state, reads };
}

function isRead(request: Request): request is Read {
  switch (request.kind) {
    case 'readEnds':
    case 'readAccountLog':
    case 'readTeamLog':
    case 'readFeed':
    case 'readBoxes':
    case 'readUserBoxes':
      return true;
    case 'push':
    case 'appendTeam':
    case 'appendAccount':
    case 'putBoxes':
    case 'reportBox':
    case 'readWanted':
    case 'offerPin':
    case 'heal':
    case 'healAccountLog':
      return false;
  }
}
