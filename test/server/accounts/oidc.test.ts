import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OIDC_RETURN_PATH } from '@cuebook/server/accounts/api';
import { redact } from '@cuebook/shared/util/redacted';
import { createSampleAccount } from '@cuebook/shared/team/sampleTeam';
import { bind, boxesOf, callerOf, from, openOffice, PUBLIC_ORIGIN, suite, type Office } from './office.ts';
import { signInAtProvider, startProvider, type TestProvider } from './provider.ts';

const BACK = `${PUBLIC_ORIGIN}${OIDC_RETURN_PATH}`;
const EDITOR = 'vscode://cuebook.cuebook/signed-in';

const PEOPLE = {
  ana: { email: 'Ana@Example.com', verified: true },
  mallory: { email: 'ana@example.com', verified: false },
} as const;

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider(BACK, PEOPLE);
});
afterAll(async () => provider[Symbol.asyncDispose]());

const setUp = (): Promise<Office> =>
  openOffice({
    startAt: Date.now(),
    oidc: {
      providers: [
        {
          id: 'company',
          name: 'The Company',
          issuer: provider.issuer,
          clientId: provider.clientId,
          clientSecret: redact(provider.clientSecret),
        },
      ],
      editorOrigins: ['https://code.example.com'],
    },
  });

const newVerifier = (): { readonly codeVerifier: string; readonly codeChallenge: string } => {
  const codeVerifier = randomBytes(32).toString('base64url');
  return { codeVerifier, codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') };
};

type Back = { readonly kind: 'poll' } | { readonly kind: 'uri'; readonly uri: string };

/** From the editor to the provider and back to the server: what a person does in the browser. */
async function goThrough(
  office: Office,
  login: string,
  options: { readonly back?: Back; readonly link?: string; readonly refuse?: boolean } = {},
) {
  const { codeVerifier, codeChallenge } = newVerifier();
  const caller =
    options.link === undefined
      ? ({ kind: 'nobody' } as const)
      : await callerOf(office.accounts, options.link);
  const { url, attempt } = await office.accounts.oidc.start(
    caller,
    {
      provider: 'company',
      codeChallenge,
      back: options.back ?? { kind: 'poll' },
      link: options.link !== undefined,
    },
    from(),
  );
  expect(await office.accounts.oidc.finish({ attempt, codeVerifier }, from())).toEqual({ kind: 'waiting' });
  const returned = await signInAtProvider(url, login, BACK, options.refuse);
  const page = await office.accounts.oidc.handleReturn(returned.searchParams, from());
  return { attempt, codeVerifier, page, query: returned.searchParams };
}

const codeOf = (page: Awaited<ReturnType<typeof goThrough>>['page']): string => {
  if (page.kind !== 'code') throw new Error(`expected a code, not ${JSON.stringify(page)}`);
  return page.code;
};

async function createByTicket(office: Office, ticket: string) {
  const sample = await createSampleAccount(suite);
  const link = await office.accounts.administration.makeOwnerLink();
  const grant = await office.accounts.own.create(
    {
      ground: { kind: 'link', secret: link?.secret ?? '' },
      credentials: { kind: 'ticket', ticket },
      log: sample.history.entries.map(({ bytes }) => bytes),
      boxes: boxesOf(sample),
    },
    from(),
  );
  return { sample, grant };
}

describe('signing in by a provider', () => {
  test('gives a ticket to whoever has no account, and a session to whoever made one with it', async () => {
    await using office = await setUp();
    const first = await goThrough(office, 'ana');
    const { attempt, codeVerifier } = first;
    const returned = codeOf(first.page);
    const needed = await office.accounts.oidc.finish({ attempt, codeVerifier, returned }, from());
    if (needed.kind !== 'accountNeeded') throw new Error(needed.kind);
    expect(needed.email).toBe('ana@example.com');
    const { sample } = await createByTicket(office, needed.ticket);
    const again = await goThrough(office, 'ana');
    const answer = await office.accounts.oidc.finish(
      { attempt: again.attempt, codeVerifier: again.codeVerifier, returned: codeOf(again.page) },
      from(),
    );
    expect(answer).toMatchObject({ kind: 'granted', grant: { account: sample.id, grade: 'signedIn' } });
    expect(await office.ground.database.app`select issuer, subject from account_identities`).toEqual([
      { issuer: provider.issuer, subject: 'ana' },
    ]);
  });

  test('comes back to the editor by its URI, with what only that editor can use', async () => {
    await using office = await setUp();
    const { page, attempt, codeVerifier } = await goThrough(office, 'ana', {
      back: { kind: 'uri', uri: EDITOR },
    });
    if (page.kind !== 'uri') throw new Error(page.kind);
    const uri = new URL(page.uri);
    expect(page.uri.startsWith(`${EDITOR}?`)).toBe(true);
    expect(uri.searchParams.get('attempt')).toBe(attempt);
    const returned = uri.searchParams.get('returned') ?? '';
    await expect(
      office.accounts.oidc.finish({ attempt, ...newVerifier(), returned }, from()),
    ).rejects.toMatchObject({ code: 'ended' });
    await expect(
      office.accounts.oidc.finish({ attempt, codeVerifier, returned }, from()),
    ).resolves.toMatchObject({ kind: 'accountNeeded' });
  });

  test('gives nothing to whoever sent somebody the link of an attempt of their own', async () => {
    await using office = await setUp();
    const { attempt, codeVerifier, page } = await goThrough(office, 'ana');
    const { oidc } = office.accounts;
    // The attacker has the verifier, but not what the person's browser shows.
    expect(await oidc.finish({ attempt, codeVerifier }, from())).toEqual({ kind: 'returnNeeded' });
    for (let tried = 0; tried < 5; tried += 1) {
      await expect(
        oidc.finish({ attempt, codeVerifier, returned: `0000000${tried}` }, from()),
      ).rejects.toMatchObject({ code: 'wrongCode' });
    }
    await expect(
      oidc.finish({ attempt, codeVerifier, returned: codeOf(page) }, from()),
    ).rejects.toMatchObject({ code: 'ended' });
  });

  test('needs an address that the provider has verified', async () => {
    await using office = await setUp();
    const { page, attempt, codeVerifier } = await goThrough(office, 'mallory');
    expect(page).toEqual({ kind: 'failed', reason: 'emailNotVerified' });
    await expect(office.accounts.oidc.finish({ attempt, codeVerifier }, from())).rejects.toMatchObject({
      code: 'refused',
    });
  });

  test('says so when the person refuses at the provider', async () => {
    await using office = await setUp();
    const { page } = await goThrough(office, 'ana', { refuse: true });
    expect(page).toEqual({ kind: 'failed', reason: 'denied' });
  });

  test('takes a return once, and none that it did not ask for', async () => {
    await using office = await setUp();
    const { query, attempt } = await goThrough(office, 'ana');
    const { oidc } = office.accounts;
    expect(await oidc.handleReturn(query, from())).toEqual({ kind: 'failed', reason: 'ended' });
    for (const state of ['', 'x', attempt, `${attempt}.x`, `${'a'.repeat(26)}.x`]) {
      const forged = new URLSearchParams({ state, code: query.get('code') ?? '' });
      expect(await oidc.handleReturn(forged, from())).toEqual({ kind: 'failed', reason: 'ended' });
    }
  });

  test('does not take over an account that has the same address: linking needs its session', async () => {
    await using office = await setUp();
    const owner = await office.owner('ana@example.com');
    const stranger = await goThrough(office, 'ana');
    const needed = await office.accounts.oidc.finish(
      { ...stranger, returned: codeOf(stranger.page) },
      from(),
    );
    expect(needed.kind).toBe('accountNeeded');
    await bind(office.accounts, owner);
    const linking = await goThrough(office, 'ana', { link: owner.grant.accessToken });
    expect(await office.accounts.oidc.finish({ ...linking, returned: codeOf(linking.page) }, from())).toEqual(
      { kind: 'linked' },
    );
    const again = await goThrough(office, 'ana');
    expect(
      await office.accounts.oidc.finish({ ...again, returned: codeOf(again.page) }, from()),
    ).toMatchObject({ kind: 'granted', grant: { account: owner.sample.id } });
    expect(
      await office.accounts.own.about(await callerOf(office.accounts, owner.grant.accessToken)),
    ).toMatchObject({ providers: [{ id: 'company', name: 'The Company' }] });
  });

  test('sends nobody to an address that is no editor', async () => {
    await using office = await setUp();
    const start = (uri: string) =>
      office.accounts.oidc.start(
        { kind: 'nobody' },
        { provider: 'company', codeChallenge: newVerifier().codeChallenge, back: { kind: 'uri', uri } },
        from(),
      );
    for (const uri of [
      'https://evil.example.com/',
      'http://evil.example.com/',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://code.example.com.evil.example.com/',
      'http://127.0.0.1@evil.example.com/',
      'not an address',
    ]) {
      await expect(start(uri)).rejects.toMatchObject({ code: 'malformed', field: 'back.uri' });
    }
    for (const uri of [EDITOR, 'http://127.0.0.1:4711/back', 'https://code.example.com/callback?x=1']) {
      await expect(start(uri)).resolves.toMatchObject({ attempt: expect.stringMatching(/^[a-z2-7]{26}$/) });
    }
  });

  test('is over after ten minutes', async () => {
    await using office = await setUp();
    const { attempt, codeVerifier, page } = await goThrough(office, 'ana');
    office.pass(10 * 60 * 1000);
    await expect(
      office.accounts.oidc.finish({ attempt, codeVerifier, returned: codeOf(page) }, from()),
    ).rejects.toMatchObject({ code: 'ended' });
  });
});
