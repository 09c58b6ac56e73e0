import { expect, test } from 'vitest';
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { Person } from '../client.ts';
import { startTestServer, type TestServer } from '../testServer.ts';

const signIn = (server: TestServer, email: string): Promise<Response> =>
  fetch(`${server.url}/trpc/session.signIn`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) },
    body: JSON.stringify({ email, password: 'not the password at all' }),
  });

const bodyOf = async (response: Response): Promise<string> =>
  (await response.text()).replaceAll(/"requestId":"[a-z2-7]+"/g, '');

test('over HTTP an unknown account and a wrong password get the same answer, and the 21st failure a 429 with Retry-After', async () => {
  await using server = await startTestServer();
  await using owner = await Person.owner(server);
  const wrong = await signIn(server, owner.email);
  const unknown = await signIn(server, 'nobody@example.com');
  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  expect(await bodyOf(unknown)).toBe(await bodyOf(wrong));
  const headersOf = (response: Response): readonly string[] =>
    [...response.headers.keys()].filter((name) => name !== 'date').sort();
  expect(headersOf(unknown)).toEqual(headersOf(wrong));
  for (let failure = 3; failure <= 20; failure += 1) {
    expect((await signIn(server, `nobody${failure}@example.com`)).status).toBe(401);
  }
  const refused = await signIn(server, 'somebody@example.com');
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
});
