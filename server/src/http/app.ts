// What is answered over HTTP: calls of procedures without bytes, health, metrics, and the few pages.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { AnyTRPCRouter, TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { PROTOCOL_HEADER } from '@cuebook/shared/protocol/version';
import { reveal, type Redacted } from '@cuebook/shared/util/redacted';
import { OIDC_RETURN_PATH, type Accounts, type OidcReturn } from '../accounts/api.ts';
import type { Caller, Origin } from '../caller.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { Refusal } from '../problems.ts';
import { refusalOf } from '../router/formatError.ts';
import type { RequestContext } from '../router/procedures.ts';
import type { Services } from '../services.ts';
import { isLoopback, type ClientAddress, type FindClient } from './clientAddress.ts';
import { backToEditorPage, codePage, failedPage, invitePage, oneTimePage, type Page } from './pages.ts';
import { isSpoken } from './protocolVersion.ts';
import { refusalHeaders, refusalResponse } from './refusals.ts';
import { createRequestId, REQUEST_ID_HEADER } from './requestId.ts';
import { securityHeaders } from './securityHeaders.ts';

export const CALL_PATH = '/trpc';
/** Of one call over HTTP: what is larger holds bytes, and those go over sockets. */
const MAX_BODY_BYTES = 256 * 1024;

export interface AppDependencies {
  readonly router: AnyTRPCRouter;
  readonly services: Services;
  readonly accounts: Pick<Accounts, 'oidc'>;
  readonly authenticate: (token: string | null, origin: Origin) => Promise<Caller>;
  readonly findClient: FindClient;
  /** Where this server is, as clients name it. */
  readonly publicOrigin: string;
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  /** Who else than this machine itself may read the metrics; null: nobody. */
  readonly metricsToken: Redacted<string> | null;
  readonly onCall: (
    path: string,
    error: TRPCError | undefined,
    requestId: string,
    milliseconds: number,
  ) => void;
  readonly log: Log;
}

export type Readiness = 'ready' | 'draining' | 'databaseUnreachable';

interface Environment {
  readonly Bindings: HttpBindings;
  readonly Variables: { requestId: string; client: ClientAddress; policy: string | undefined };
}
type Request = Context<Environment>;

export function createApp(deps: AppDependencies): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use(describe(deps));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => {
    const status = deps.readiness();
    return c.json({ status }, status === 'ready' ? 200 : 503);
  });
  app.get('/metrics', async (c) => readMetrics(deps, c));
  app.use(requireSecure);
  app.use(`${CALL_PATH}/*`, limitBody, requireProtocol);
  app.on(['GET', 'POST'], `${CALL_PATH}/*`, async (c) => call(deps, c));
  addPages(app, deps);
  app.notFound((c) => refuse(c, new Refusal('notFound', 'There is nothing here.')));
  app.onError((error, c) => answerError(deps, c, error));
  return app;
}

/** Id, client and headers, whatever the answer will be. */
const describe =
  ({ findClient, metrics }: AppDependencies): MiddlewareHandler<Environment> =>
  async (c, next) => {
    c.set('requestId', createRequestId());
    c.set('client', findClient(c.env.incoming));
    await next();
    c.header(REQUEST_ID_HEADER, c.get('requestId'));
    for (const [name, value] of securityHeaders(c.get('client').isSecure, c.get('policy')))
      c.header(name, value);
    metrics.request(routeOf(c.req.path), c.res.status);
  };

/** Few and fixed, so that nobody can grow the metrics. */
const routeOf = (path: string): string =>
  ['/healthz', '/readyz', '/metrics', CALL_PATH, OIDC_RETURN_PATH].find((known) => path.startsWith(known)) ??
  'other';

const refuse = (c: Request, refusal: Refusal): Response => refusalResponse(refusal, c.get('requestId'));

function answerError({ log }: AppDependencies, c: Request, error: unknown): Response {
  if (error instanceof Refusal) return refuse(c, error);
  log.error('An HTTP request failed.', error, { requestId: c.get('requestId') });
  return refuse(c, new Refusal('internal', 'The server failed; its log says how.'));
}

/** Behind a proxy, the client's own way to it must have been TLS too. */
const requireSecure: MiddlewareHandler<Environment> = async (c, next) => {
  if (isTransportAllowed(c.get('client'))) return next();
  return refuse(c, new Refusal('notAllowed', 'Use https. A proxy must be declared to the server.'));
};

export const isTransportAllowed = ({ isSecure, isNear, address }: ClientAddress): boolean =>
  isSecure || (isNear && isLoopback(address));

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) =>
    refuse(c as Request, new Refusal('tooLarge', `A body has at most ${MAX_BODY_BYTES} bytes.`)),
});

const requireProtocol: MiddlewareHandler<Environment> = async (c, next) => {
  // What is compressed could be much larger than it looks; nothing here needs it.
  if (c.req.header('content-encoding') !== undefined) {
    return refuse(c, new Refusal('malformed', 'Content-Encoding is not supported.'));
  }
  const version = c.req.header(PROTOCOL_HEADER);
  if (version !== undefined && !isSpoken(version)) {
    return refuse(c, new Refusal('clientTooOld', 'This version of the protocol is not spoken here.'));
  }
  return next();
};

async function call(deps: AppDependencies, c: Request): Promise<Response> {
  const started = performance.now();
  const origin = originOf(c);
  const caller = await deps.authenticate(bearerOf(c), origin);
  const context: RequestContext = { caller, origin, services: deps.services, socket: null };
  let failure: TRPCError | undefined;
  const response = await fetchRequestHandler({
    endpoint: CALL_PATH,
    req: c.req.raw,
    router: deps.router,
    allowBatching: false,
    createContext: () => context,
    onError: ({ error }) => {
      failure = error;
    },
    responseMeta: ({ errors }) => metaOf(errors[0]),
  });
  const path = c.req.path.slice(CALL_PATH.length + 1);
  deps.onCall(path, failure, origin.requestId, performance.now() - started);
  return response;
}

function metaOf(error: TRPCError | undefined): { status?: number; headers?: Record<string, string> } {
  if (error === undefined) return {};
  const refusal = refusalOf(error);
  return refusal === null
    ? { status: 500 }
    : { status: refusal.status, headers: { ...refusalHeaders(refusal) } };
}

const originOf = (c: Request): Origin => ({
  requestId: c.get('requestId'),
  transport: 'http',
  address: c.get('client').address,
  browserOrigin: c.req.header('origin') ?? null,
});

const bearerOf = (c: Request): string | null =>
  /^Bearer ([\w.~+/-]{1,256})$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? null;

async function readMetrics({ metrics, metricsToken }: AppDependencies, c: Request): Promise<Response> {
  const { address, isNear } = c.get('client');
  const isFromHere = isNear && isLoopback(address);
  if (!isFromHere && !isSameSecret(bearerOf(c), metricsToken)) {
    return refuse(c, new Refusal('notFound', 'There is nothing here.'));
  }
  const { text, contentType } = await metrics.read();
  return c.body(text, 200, { 'Content-Type': contentType });
}

function isSameSecret(given: string | null, expected: Redacted<string> | null): boolean {
  if (given === null || expected === null) return false;
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(reveal(expected)));
}

const ID = '[a-z2-7]{51}[aq]';

function addPages(app: Hono<Environment>, deps: AppDependencies): void {
  app.get(`/join/:workspace{${ID}}/:invite{${ID}}`, (c) =>
    show(c, invitePage(deps.publicOrigin + c.req.path)),
  );
  app.get('/account', (c) => show(c, oneTimePage('account')));
  app.get('/password', (c) => show(c, oneTimePage('password')));
  app.get(OIDC_RETURN_PATH, async (c) => {
    const query = new URL(c.req.url).searchParams;
    return show(c, pageOf(await deps.accounts.oidc.handleReturn(query, originOf(c))));
  });
}

function pageOf(outcome: OidcReturn): Page {
  switch (outcome.kind) {
    case 'uri':
      return backToEditorPage(outcome.uri);
    case 'code':
      return codePage(outcome.code);
    case 'failed':
      return failedPage(outcome.reason);
  }
}

function show(c: Request, page: Page): Response {
  c.set('policy', page.policy);
  return c.html(page.html, page.status);
}
