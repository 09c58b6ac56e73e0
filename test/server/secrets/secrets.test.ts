import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { generateHOTP } from '@oslojs/otp';
import { describe, expect, test } from 'vitest';
import { OIDC_RETURN_PATH } from '@cuebook/server/accounts/api';
import { base32ToBytes } from '@cuebook/shared/encoding/base32';
import { writeSecret } from '@cuebook/shared/protocol/secretText';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { signInAtProvider, startProvider } from '../accounts/provider.ts';
import { connect, Person, WireTeam } from '../client.ts';
import { suite } from '../store/world.ts';
import { startTestServer, TEST_ORIGIN, type TestServer } from '../testServer.ts';
import { dump, formsFor, search, type Secret } from './dump.ts';

describe('the search', () => {
  test('finds a planted secret in every kind of column, in the log, and in every form', async () => {
    await using server = await startTestServer();
    const planted: Secret = { what: 'planted', value: 'cb_live_a secret that was planted here' };
    const forms = formsFor(planted);
    const owner = server.database.connectAs('owner');
    await owner`create table planted (form text, as_bytes bytea, as_text text, as_list text[], as_json jsonb)`;
    for (const { form, bytes } of forms) {
      const isText = Buffer.from(bytes.toString('utf8')).equals(bytes) && !bytes.includes(0);
      const text = isText ? `before ${bytes.toString('utf8')} after` : null;
      const around = Buffer.concat([randomBytes(7), bytes, randomBytes(5)]);
      await owner`insert into planted values (${form}, ${around}, ${text}, ${text === null ? null : [text]},
        ${text === null ? null : owner.json({ deep: { text } })})`;
    }
    await owner.end();
    const seen = search(await dump(server), [planted]);
    for (const { form } of forms) {
      expect(seen.filter((sighting) => sighting.form === form).map(({ place }) => place)).toContain(
        'planted.as_bytes',
      );
    }
    for (const column of ['as_text', 'as_list', 'as_json']) {
      expect(seen.map(({ place }) => place)).toContain(`planted.${column}`);
    }
    const line = { place: 'log', bytes: Buffer.from(`{"msg":"${String(planted.value)}"}`) };
    expect(search([line], [planted])).toMatchObject([{ place: 'log' }]);
  });
});

/** Everything that has to do with accounts, once; and what was secret in it. */
async function live(server: TestServer, issuerSecret: string): Promise<readonly Secret[]> {
  const secrets: Secret[] = [];
  const note = (what: string, value: string | Uint8Array): void => {
    secrets.push({ what, value });
    const payload = typeof value === 'string' ? /^cb_[a-z]+_(.{48})$/.exec(value)?.[1] : undefined;
    if (payload === undefined) return;
    secrets.push({ what: `${what}, its bytes`, value: Buffer.from(payload, 'base64url').subarray(0, 32) });
  };
  const noteGrant = (what: string, { grant }: Pick<Person, 'grant'>): void => {
    note(`${what}: access token`, grant.accessToken);
    note(`${what}: refresh token`, grant.refreshToken);
  };
  const { administration } = server.composition.accounts;
  const unused = await administration.makeOwnerLink();
  note('owner link', unused?.secret ?? '');
  await using owner = await Person.owner(server);
  noteGrant('owner', owner);
  note('password', owner.password);
  const link = await owner.api.server.makeLink.mutate({ kind: 'newAccount' });
  note('link for an account', link.secret);
  await using mate = await Person.signUp(server, { kind: 'link', secret: link.secret });
  noteGrant('mate', mate);
  const unusedLink = await owner.api.server.makeLink.mutate({ kind: 'newAccount' });
  note('link that nobody used', unusedLink.secret);
  const reset = await owner.api.server.makeLink.mutate({ kind: 'resetPassword', email: mate.email });
  note('reset link', reset.secret);

  const refreshed = await owner.api.session.refresh.mutate({ refreshToken: owner.grant.refreshToken });
  await owner.present(refreshed);
  noteGrant('owner, refreshed', owner);

  const factor = await owner.api.account.startSecondFactor.mutate();
  const key = base32ToBytes(factor.secret.toLowerCase()) ?? new Uint8Array();
  note('second factor, as text', factor.secret);
  note('second factor', key);
  const code = generateHOTP(key, BigInt(Math.floor(Date.now() / 30_000)), 6);
  const { codes } = await owner.api.account.confirmSecondFactor.mutate({ code });
  for (const recovery of codes) {
    note('recovery code', recovery);
    note('recovery code, plain', recovery.replaceAll('-', ''));
  }

  const team = await WireTeam.create(server, owner);
  await team.add(mate);
  const auth = reveal(writeSecret(suite, 'live', suite.random(32)));
  note('machine token', auth);
  await owner.api.token.create.mutate({
    workspace: team.id,
    token: null,
    auth,
    name: 'deploy',
    scopes: ['records:read'],
    expiresAt: Date.now() + 60_000,
    addresses: [],
    origins: [],
  });
  await using machine = connect(server.url, { token: auth });
  await machine.api.workspace.readBoxes.query({ workspace: team.id });

  const wrong = 'a password in the wrong field';
  note('password typed as an address', wrong);
  note('wrong password', `${wrong}, twice`);
  await using stranger = connect(server.url);
  await expect(
    stranger.api.session.signIn.mutate({
      email: `${wrong.replaceAll(' ', '.')}@example.com`,
      password: `${wrong}, twice`,
    }),
  ).rejects.toThrow('wrong');
  note('password typed as an address', `${wrong.replaceAll(' ', '.')}@example.com`);
  // A token that is presented wrongly, too, is somebody's.
  const mistyped = `${auth.slice(0, -1)}${auth.endsWith('A') ? 'B' : 'A'}`;
  note('mistyped token', mistyped);
  await fetch(`${server.url}/trpc/server.info`, { headers: { authorization: `Bearer ${mistyped}` } });
  await fetch(`${server.url}/trpc/server.info?token=${auth}`);

  note('ticket', await ticketOf(server));
  note('secret between server and provider', issuerSecret);
  await owner.api.account.export.mutate();
  const peppers = await readFile(server.pepperFile, 'utf8');
  note('pepper', Buffer.from(peppers.slice(peppers.indexOf(':') + 1).trim(), 'base64'));
  return secrets;
}

async function ticketOf(server: TestServer): Promise<string> {
  await using client = connect(server.url);
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const { url, attempt } = await client.api.session.startOidc.mutate({
    provider: 'company',
    codeChallenge,
    back: { kind: 'uri', uri: 'vscode://cuebook.cuebook/signed-in' },
  });
  const back = await signInAtProvider(url, 'ana', `${TEST_ORIGIN}${OIDC_RETURN_PATH}`);
  const page = await fetch(`${server.url}${OIDC_RETURN_PATH}${back.search}`, { redirect: 'manual' });
  const shown = `${page.headers.get('location') ?? ''} ${await page.text()}`;
  const returned = /returned=([a-z2-7]{26})/.exec(shown)?.[1];
  if (returned === undefined) throw new Error(`nothing came back: ${shown}`);
  const answer = await client.api.session.finishOidc.mutate({ attempt, codeVerifier, returned });
  if (answer.kind !== 'accountNeeded') throw new Error(answer.kind);
  return answer.ticket;
}

describe('what a server keeps', () => {
  test('holds no password, token, link, code or key, in any table and any line of the log, in any form', async () => {
    await using provider = await startProvider(`${TEST_ORIGIN}${OIDC_RETURN_PATH}`, {
      ana: { email: 'ana@example.com', verified: true },
    });
    const { issuer, clientId, clientSecret } = provider;
    await using server = await startTestServer({
      oidc: {
        providers: [{ id: 'company', name: 'Company', issuer, clientId, clientSecret: redact(clientSecret) }],
        editorOrigins: [],
      },
    });
    const secrets = await live(server, clientSecret);
    expect(secrets.length).toBeGreaterThan(40);
    const cells = await dump(server);
    // The search has looked where there was something to find.
    for (const place of [
      'sessions.session',
      'session_tokens.hash',
      'second_factors.sealed',
      'audit.what',
      'log',
    ]) {
      expect(cells.map((cell) => cell.place)).toContain(place);
    }
    expect(search(cells, secrets)).toEqual([]);
  });
});
