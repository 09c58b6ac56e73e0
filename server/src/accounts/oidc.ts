// Signing in by a provider: OpenID Connect, authorization code with PKCE (RFC 7636), in the person's browser.
//
//     client   start: keeps a verifier, sends its hash           → address for the browser, name of the attempt
//     browser  at the provider, back at this server              → the server exchanges the code, and keeps who it is
//     browser  back to the editor by its URI, or a page with a code for the person to type there
//     client   finish: attempt, verifier, what came back         → session, ticket for a new account, or linked
//
// Both halves are needed at the end: the verifier, which only the client has, and what came back by the browser, which
// only the person has. So nobody gets a session by sending somebody a link of their own attempt.
//
// What is sent to the provider (state, nonce, its PKCE verifier) is computed from the attempt's name under the pepper,
// and stored nowhere.

import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { encodeBase64urlNoPadding } from '@oslojs/encoding';
import { email as emailField } from '@cuebook/shared/protocol/fields';
import type { FinishOidcAnswer } from '@cuebook/shared/protocol/session';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import * as client from 'openid-client';
import type { Caller, Origin } from '../caller.ts';
import { Refusal } from '../problems.ts';
import { findByIdentity, linkIdentity, type Identity } from '../store/accountsRows.ts';
import {
  countOidcTry,
  deleteOidcAttempt,
  insertOidcAttempt,
  insertOneTimeSecret,
  putOidcOutcome,
  readOidcAttempt,
  type OidcAttempt,
  type OidcOutcome,
} from '../store/accountsSecrets.ts';
import { readSession } from '../store/accountsSessions.ts';
import { OIDC_RETURN_PATH, type Oidc, type OidcReturn } from './api.ts';
import { recordEverywhere, type Ground } from './ground.ts';
import type { OidcProvider } from './oidcProviders.ts';
import { TICKET_MS } from './oneTimeSecrets.ts';
import { createRowId } from './secrets.ts';
import { admit } from './sessions.ts';

const ATTEMPT_MS = 10 * 60 * 1000;
const MOST_TRIES = 5;
const TIMEOUT_SECONDS = 10;
const EDITOR_SCHEMES = new Set([
  'vscode:',
  'vscode-insiders:',
  'vscodium:',
  'code-oss:',
  'cursor:',
  'windsurf:',
]);
/** RFC 6890: all of 127.0.0.0/8, and ::1. */
const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);

export interface OidcSettings {
  readonly providers: readonly OidcProvider[];
  /** Where an editor in the browser may be returned to: its origins. */
  readonly editorOrigins: readonly string[];
}

type StartInput = Parameters<Oidc['start']>[1];
type FinishInput = Parameters<Oidc['finish']>[0];

export function createOidc(ground: Ground, settings: OidcSettings): Oidc {
  const known = new Map(settings.providers.map((provider) => [provider.id, discoverOnce(provider)]));
  const configurationOf = (id: string): Promise<client.Configuration> => {
    const discover = known.get(id);
    if (discover === undefined)
      throw new Refusal('notFound', 'There is no such provider.', { field: 'provider' });
    return discover();
  };
  return {
    providers: settings.providers.map(({ id, name }) => ({ id, name })),
    start: (caller, input) => start(ground, settings, caller, input, configurationOf),
    handleReturn: (query) => handleReturn(ground, query, configurationOf),
    finish: (input, origin) =>
      ground.guessing.attempt(
        { source: origin.address, subject: null },
        () => finish(ground, input, origin),
        (answer) => answer.kind !== 'waiting',
      ),
  };
}

/** When first needed; asked again if the provider did not answer. */
function discoverOnce(provider: OidcProvider): () => Promise<client.Configuration> {
  let known: Promise<client.Configuration> | null = null;
  return () => {
    known ??= discover(provider).catch((error: unknown) => {
      known = null;
      throw error;
    });
    return known;
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcProvider): Promise<client.Configuration> {
  const address = new URL(issuer);
  const isPlain = address.protocol === 'http:' && isLoopback(address.hostname);
  try {
    return await client.discovery(
      address,
      clientId,
      clientSecret === null ? undefined : reveal(clientSecret),
      clientSecret === null ? client.None() : undefined,
      { timeout: TIMEOUT_SECONDS, ...(isPlain ? { execute: [client.allowInsecureRequests] } : {}) },
    );
  } catch {
    throw new Refusal('unavailable', 'The provider does not answer.', { retryAfterSeconds: 10 });
  }
}

// ——— start

async function start(
  ground: Ground,
  settings: OidcSettings,
  caller: Caller,
  input: StartInput,
  configurationOf: (id: string) => Promise<client.Configuration>,
): ReturnType<Oidc['start']> {
  if (input.link === true && caller.kind !== 'session') {
    throw new Refusal('unauthenticated', 'Linking needs a session.');
  }
  if (input.back.kind === 'uri' && !isEditorAddress(input.back.uri, settings.editorOrigins)) {
    throw new Refusal('malformed', 'Nobody is sent back to this address.', { field: 'back.uri' });
  }
  const configuration = await configurationOf(input.provider);
  const attempt = createRowId();
  const expiresAt = ground.now() + ATTEMPT_MS;
  const { account, session } = caller.kind === 'session' ? caller : { account: null, session: null };
  await insertOidcAttempt(ground.database.app, {
    attempt,
    provider: input.provider,
    codeChallenge: input.codeChallenge,
    backUri: input.back.kind === 'uri' ? input.back.uri : null,
    link: input.link === true && account !== null ? { account, session } : null,
    expiresAt,
  });
  const sent = sentTo(ground, attempt);
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: `${ground.publicOrigin}${OIDC_RETURN_PATH}`,
    scope: 'openid email',
    code_challenge: await client.calculatePKCECodeChallenge(sent.verifier),
    code_challenge_method: 'S256',
    state: sent.state,
    nonce: sent.nonce,
  });
  return { url: url.href, attempt, expiresAt };
}

function isEditorAddress(text: string, origins: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, origin, username } = new URL(text);
  if (username !== '') return false;
  if (EDITOR_SCHEMES.has(protocol)) return true;
  if (protocol === 'http:') return isLoopback(hostname);
  return protocol === 'https:' && origins.includes(origin);
}

const sentTo = (
  ground: Ground,
  attempt: string,
): { readonly state: string; readonly nonce: string; readonly verifier: string } => {
  const derive = (purpose: string): string =>
    encodeBase64urlNoPadding(ground.peppers.derive(`oidc/${purpose}`, attempt));
  return { state: `${attempt}.${derive('state')}`, nonce: derive('nonce'), verifier: derive('verifier') };
};

// ——— back from the provider

async function handleReturn(
  ground: Ground,
  query: URLSearchParams,
  configurationOf: (id: string) => Promise<client.Configuration>,
): Promise<OidcReturn> {
  const attempt = await attemptOf(ground, query.get('state') ?? '');
  if (attempt === null || attempt.outcome !== null) return { kind: 'failed', reason: 'ended' };
  const outcome = await outcomeOf(ground, attempt, query, await configurationOf(attempt.provider));
  if (outcome.kind === 'failed') {
    await putOidcOutcome(ground.database.app, attempt.attempt, outcome, null);
    return outcome;
  }
  const returned = attempt.backUri === null ? createTypedCode() : createRowId();
  const stored = ground.peppers.hash(redact(returned));
  const isFirst = await putOidcOutcome(ground.database.app, attempt.attempt, outcome, stored);
  if (!isFirst) return { kind: 'failed', reason: 'ended' };
  if (attempt.backUri === null) return { kind: 'code', code: returned };
  const uri = new URL(attempt.backUri);
  uri.searchParams.set('attempt', attempt.attempt);
  uri.searchParams.set('returned', returned);
  return { kind: 'uri', uri: uri.href };
}

const CODE_DIGITS = 8;

/** Five tries of a hundred million. */
const createTypedCode = (): string =>
  Array.from({ length: CODE_DIGITS }, () => String(randomInt(10))).join('');

async function attemptOf(ground: Ground, state: string): Promise<OidcAttempt | null> {
  const [name = ''] = state.split('.');
  if (!sameText(state, sentTo(ground, name).state)) return null;
  return readOidcAttempt(ground.database.app, name, ground.now());
}

const sameText = (left: string, right: string): boolean =>
  timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest());

async function outcomeOf(
  ground: Ground,
  attempt: OidcAttempt,
  query: URLSearchParams,
  configuration: client.Configuration,
): Promise<OidcOutcome> {
  if (query.has('error')) return { kind: 'failed', reason: 'denied' };
  const sent = sentTo(ground, attempt.attempt);
  try {
    const tokens = await client.authorizationCodeGrant(
      configuration,
      new URL(`${ground.publicOrigin}${OIDC_RETURN_PATH}?${query.toString()}`),
      {
        pkceCodeVerifier: sent.verifier,
        expectedState: sent.state,
        expectedNonce: sent.nonce,
        idTokenExpected: true,
      },
    );
    const claims = tokens.claims();
    if (claims === undefined) return { kind: 'failed', reason: 'provider' };
    const told = await withEmail(configuration, claims, tokens.access_token);
    const email = emailField.safeParse(told.email);
    if (!email.success || told.email_verified !== true) return { kind: 'failed', reason: 'emailNotVerified' };
    const { iss: issuer, sub: subject } = claims;
    return { kind: 'identity', identity: { issuer, subject, provider: attempt.provider, email: email.data } };
  } catch {
    // Whatever a provider says in its errors is for nobody here to read.
    return { kind: 'failed', reason: 'provider' };
  }
}

interface EmailClaims {
  readonly email?: unknown;
  readonly email_verified?: unknown;
}

/** Many providers leave the address out of the token; then it is asked for. */
async function withEmail(
  configuration: client.Configuration,
  claims: client.IDToken,
  accessToken: string,
): Promise<EmailClaims> {
  if (claims['email'] !== undefined || configuration.serverMetadata().userinfo_endpoint === undefined) {
    return claims as EmailClaims;
  }
  return client.fetchUserInfo(configuration, accessToken, claims.sub);
}

// ——— finish

const over = (): Refusal => new Refusal('ended', 'The attempt is unknown, over, or somebody else’s.');

async function finish(ground: Ground, input: FinishInput, origin: Origin): Promise<FinishOidcAnswer> {
  const attempt = await readOidcAttempt(ground.database.app, input.attempt, ground.now());
  if (attempt === null) throw over();
  const challenge = encodeBase64urlNoPadding(createHash('sha256').update(input.codeVerifier).digest());
  if (!sameText(challenge, attempt.codeChallenge)) throw over();
  const { outcome } = attempt;
  if (outcome === null) return { kind: 'waiting' };
  if (outcome.kind === 'failed') {
    await deleteOidcAttempt(ground.database.app, attempt.attempt);
    throw new Refusal('refused', `The provider has not signed anybody in: ${outcome.reason}.`);
  }
  if (input.returned === undefined) return { kind: 'returnNeeded' };
  await requireReturned(ground, attempt, input.returned);
  return attempt.link === null
    ? signInAs(ground, attempt, outcome.identity, input.code, origin)
    : link(ground, attempt, outcome.identity, origin);
}

async function requireReturned(ground: Ground, attempt: OidcAttempt, returned: string): Promise<void> {
  const text = redact(returned.replaceAll(/[\s-]/g, ''));
  if (attempt.returned !== null && ground.peppers.matches(text, attempt.returned)) return;
  if ((await countOidcTry(ground.database.app, attempt.attempt)) >= MOST_TRIES) {
    await deleteOidcAttempt(ground.database.app, attempt.attempt);
  }
  throw new Refusal('wrongCode', 'This is not what the page has shown.', { field: 'returned' });
}

async function signInAs(
  ground: Ground,
  attempt: OidcAttempt,
  identity: Identity,
  code: string | undefined,
  origin: Origin,
): Promise<FinishOidcAnswer> {
  const known = await findByIdentity(ground.database.app, identity);
  if (known === null) return giveTicket(ground, attempt, identity);
  const tried = { source: origin.address, subject: `code/${known.account}` };
  const answer = await ground.guessing.attempt(
    tried,
    () => admit(ground, known.account, code, origin),
    ({ kind }) => kind === 'granted',
  );
  if (answer.kind === 'granted') await deleteOidcAttempt(ground.database.app, attempt.attempt);
  return answer;
}

async function giveTicket(
  ground: Ground,
  attempt: OidcAttempt,
  identity: Identity,
): Promise<FinishOidcAnswer> {
  const { text, prefix, hash, pepper } = ground.secrets.make('ticket');
  const expiresAt = ground.now() + TICKET_MS;
  await ground.database.transact({}, async (sql) => {
    if (!(await deleteOidcAttempt(sql, attempt.attempt))) throw over();
    await insertOneTimeSecret(sql, {
      prefix,
      hash,
      pepper,
      purpose: 'identity',
      account: null,
      identity,
      expiresAt,
    });
  });
  return { kind: 'accountNeeded', ticket: reveal(text), email: identity.email };
}

async function link(
  ground: Ground,
  attempt: OidcAttempt,
  identity: Identity,
  origin: Origin,
): Promise<FinishOidcAnswer> {
  if (attempt.link === null) throw over();
  const { account, session } = attempt.link;
  await ground.database.transact({ account }, async (sql) => {
    if ((await readSession(sql, account, session)) === null) throw over();
    if (!(await deleteOidcAttempt(sql, attempt.attempt))) throw over();
    if (!(await linkIdentity(sql, account, identity, ground.now()))) {
      throw new Refusal('conflict', 'Another account is linked to this one of the provider.');
    }
  });
  const details = { provider: identity.provider };
  await recordEverywhere(ground, { what: 'account.providerLinked', account, origin, details });
  return { kind: 'linked' };
}
