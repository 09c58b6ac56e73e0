// Asks a procedure as somebody, and says how it was answered: let in or not, and why not. What is sent is complete up to
// where access is decided and nonsense after it, so that nothing is changed by whoever is let in.

import { TRPCClientError, type TRPCUntypedClient } from '@trpc/client';
import { getUntypedClient } from '@trpc/client';
import type { AppRouter } from '@cuebook/server/router/index';
import type { ErrorCode } from '@cuebook/shared/protocol/errors';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { connect, type TestClient } from '../client.ts';
import type { CallerFacts } from './callers.ts';

export type ProcedureKind = 'query' | 'mutation' | 'subscription';

/** `yes`: past the door. `closed`: not even the connection. Else the code of the refusal. */
export type Outcome = 'yes' | 'closed' | ErrorCode;

/** What says that somebody may not, as opposed to "not like this". */
const DOOR: ReadonlySet<string> = new Set([
  'unauthenticated',
  'deviceNeeded',
  'secondFactorNeeded',
  'scopeMissing',
  'addressNotAllowed',
  'originNotAllowed',
  'notAllowed',
  'notFound',
  'socketNeeded',
] satisfies ErrorCode[]);

const NONSENSE = {
  nonsense: true,
  secret: 1,
  refreshToken: 1,
  accessToken: 1,
  password: 1,
  code: 1,
} as const;

/** Without a workspace too, for procedures that name none: their inputs are complete nonsense. */
export const inputFor = (workspace: WorkspaceId): Readonly<Record<string, unknown>> => ({
  workspace,
  ...NONSENSE,
});

const outcomeOf = (code: unknown): Outcome =>
  typeof code === 'string' && DOOR.has(code) ? (code as ErrorCode) : 'yes';

/** One socket a caller. */
export function askOnSocket(
  url: string,
  caller: CallerFacts,
): {
  readonly ask: (path: string, kind: ProcedureKind) => Promise<Outcome>;
  /** The whole refusal, but for what differs from call to call. */
  readonly refusalAbout: (path: string, kind: ProcedureKind, workspace: WorkspaceId) => Promise<unknown>;
  readonly client: TestClient;
} {
  const client = connect(url, {
    ...(caller.token === null ? {} : { token: caller.token }),
    ...(caller.browserOrigin === undefined ? {} : { socket: { origin: caller.browserOrigin } }),
  });
  const untyped = getUntypedClient(client.api);
  const closed = client.closed.then((): Outcome => 'closed');
  return {
    client,
    ask: (path, kind) => Promise.race([closed, outcome(untyped, path, kind, inputFor(caller.workspace))]),
    refusalAbout: (path, kind, workspace) =>
      call(untyped, path, kind, inputFor(workspace)).then(
        () => null,
        ({ message, data }: TRPCClientError<AppRouter>) => ({ message, data: { ...data, requestId: '' } }),
      ),
  };
}

async function outcome(
  client: TRPCUntypedClient<AppRouter>,
  path: string,
  kind: ProcedureKind,
  input: unknown,
): Promise<Outcome> {
  try {
    await call(client, path, kind, input);
    return 'yes';
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error;
    const data: unknown = error.data;
    if (typeof data !== 'object' || data === null || !('code' in data)) return 'closed';
    if (data.code === 'internal') throw new Error(`${path} failed inside`, { cause: error });
    return outcomeOf(data.code);
  }
}

async function call(
  client: TRPCUntypedClient<AppRouter>,
  path: string,
  kind: ProcedureKind,
  input: unknown,
): Promise<void> {
  if (kind === 'subscription') await begin(client, path, input);
  else await (kind === 'query' ? client.query(path, input) : client.mutation(path, input));
}

/** Resolves with the first message, or rejects. */
const begin = (client: TRPCUntypedClient<AppRouter>, path: string, input: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    const subscription = client.subscription(path, input, {
      onData: () => done(resolve),
      onComplete: () => done(resolve),
      onError: (error) => done(() => reject(error)),
    });
    function done(settle: () => void): void {
      setImmediate(() => subscription.unsubscribe());
      settle();
    }
  });

/** One request. */
export async function askOverHttp(
  url: string,
  caller: CallerFacts,
  path: string,
  kind: ProcedureKind,
): Promise<Outcome> {
  const input = JSON.stringify(inputFor(caller.workspace));
  const isQuery = kind === 'query';
  const response = await fetch(`${url}/trpc/${path}${isQuery ? `?input=${encodeURIComponent(input)}` : ''}`, {
    method: isQuery ? 'GET' : 'POST',
    headers: {
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      ...(caller.token === null ? {} : { authorization: `Bearer ${caller.token}` }),
      ...(caller.browserOrigin === undefined ? {} : { origin: caller.browserOrigin }),
      ...(isQuery ? {} : { 'content-type': 'application/json' }),
    },
    ...(isQuery ? {} : { body: input }),
  });
  return response.ok ? 'yes' : outcomeOf(codeIn(await response.json()));
}

function codeIn(body: unknown): unknown {
  const found = JSON.stringify(body).matchAll(/"code":"([A-Za-z]+)"/g);
  return [...found].map(([, code]) => code).find((code) => code !== undefined && /^[a-z]/.test(code));
}
