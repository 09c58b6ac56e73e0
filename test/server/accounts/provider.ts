// A real OpenID Connect provider on loopback, and a browser that signs in there.

import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider, type Configuration } from 'oidc-provider';

export interface TestProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Whom the provider knows, by the subject, which is what is typed into its form. */
export interface Known {
  readonly email: string;
  readonly verified: boolean;
}

export async function startProvider(
  redirectUri: string,
  people: Readonly<Record<string, Known>>,
  more: Configuration = {},
  host = '127.0.0.1',
): Promise<TestProvider> {
  const [clientId, clientSecret] = ['cuebook', 'a secret between the two of them'];
  let handle: RequestListener = (_, response) => {
    response.end();
  };
  const server = createServer((request, response) => {
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    cookies: { keys: ['for tests'] },
    findAccount: (_, id) => {
      const known = people[id];
      return known === undefined
        ? undefined
        : {
            accountId: id,
            claims: () => ({ sub: id, email: known.email, email_verified: known.verified }),
          };
    },
    ...more,
  });
  const answer = provider.callback();
  handle = (request, response) => void answer(request, response);
  return {
    issuer,
    clientId,
    clientSecret,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Follows the address through the provider's forms, as `login`; gives the address it was sent back to. */
export async function signInAtProvider(
  start: string,
  login: string,
  backTo: string,
  refuse = false,
): Promise<URL> {
  const cookies = new Map<string, string>();
  let next: { readonly url: string; readonly form?: URLSearchParams } = { url: start };
  for (let step = 0; step < 20; step += 1) {
    if (next.url.startsWith(backTo)) return new URL(next.url);
    const response = await fetch(next.url, {
      method: next.form === undefined ? 'GET' : 'POST',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(next.form === undefined ? {} : { body: next.form }),
      redirect: 'manual',
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const location = response.headers.get('location');
    next =
      location === null
        ? fillIn(await response.text(), next.url, login, refuse)
        : { url: new URL(location, next.url).href };
  }
  throw new Error('the provider goes round in circles');
}

function fillIn(
  page: string,
  at: string,
  login: string,
  refuse: boolean,
): { readonly url: string; readonly form?: URLSearchParams } {
  const abort = /href="([^"]*\/abort)"/.exec(page)?.[1];
  if (refuse && abort !== undefined) return { url: new URL(abort, at).href };
  const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
  const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
  if (action === undefined || prompt === undefined)
    throw new Error(`no form in ${page.replaceAll(/<style>.*<\/style>/gs, '')}`);
  const fields = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
  return { url: new URL(action, at).href, form: new URLSearchParams(fields) };
}
