import { describe, expect, test } from 'vitest';
import { writeSecret } from '@cuebook/shared/protocol/secretText';
import { reveal } from '@cuebook/shared/util/redacted';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { Origin, SessionCaller } from '@cuebook/server/caller';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { bind, from, openOffice, suite, type Office } from './office.ts';

const newAuth = (): string => reveal(writeSecret(suite, 'live', suite.random(32)));
const someWorkspace = (): WorkspaceId => bytesToBase32(suite.random(32)) as WorkspaceId;
const DAY = 24 * 60 * 60 * 1000;

async function setUp(office: Office): Promise<{
  readonly caller: SessionCaller;
  readonly workspace: WorkspaceId;
  readonly create: (more?: {
    readonly addresses?: readonly string[];
    readonly origins?: readonly string[];
    readonly auth?: string;
    readonly expiresAt?: number;
  }) => Promise<{ readonly auth: string; readonly id: string }>;
}> {
  const caller = await bind(office.accounts, await office.owner());
  const workspace = someWorkspace();
  return {
    caller,
    workspace,
    async create({ auth = newAuth(), ...more } = {}) {
      const row = await office.accounts.tokens.create(
        caller,
        {
          workspace,
          token: null,
          auth,
          name: 'deploy',
          scopes: ['records:read'],
          expiresAt: office.now() + DAY,
          addresses: [],
          origins: [],
          ...more,
        },
        from(),
      );
      return { auth, id: row.id };
    },
  };
}

describe('a machine token', () => {
  test('is known by its text, with its workspace and scopes, until it expires', async () => {
    await using office = await openOffice();
    const { workspace, create } = await setUp(office);
    const { auth, id } = await create();
    const caller = await office.accounts.authentication.authenticate(auth, from());
    expect(caller).toEqual({
      kind: 'token',
      token: id,
      workspace,
      scopes: ['records:read'],
      expiresAt: office.now() + DAY,
    });
    expect(await office.accounts.authentication.recheck(caller)).toBe(caller);
    office.pass(DAY);
    await expect(office.accounts.authentication.authenticate(auth, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    expect(await office.accounts.authentication.recheck(caller)).toEqual({ kind: 'nobody' });
  });

  test('that nobody made is nobody’s, and so is one of another kind', async () => {
    await using office = await openOffice();
    const { create } = await setUp(office);
    const { auth } = await create();
    for (const wrong of [newAuth(), auth.slice(0, -1), auth.replace('cb_live_', 'cb_access_'), 'x', '']) {
      await expect(office.accounts.authentication.authenticate(wrong, from())).rejects.toMatchObject({
        code: 'unauthenticated',
      });
    }
  });

  test('works from its addresses alone, IPv4 inside IPv6 included', async () => {
    await using office = await openOffice();
    const { create } = await setUp(office);
    const { auth } = await create({ addresses: ['198.51.100.0/24', '2001:db8::7'] });
    const authenticate = (text: string, origin: Origin) =>
      office.accounts.authentication.authenticate(text, origin);
    for (const address of ['198.51.100.200', '::ffff:198.51.100.1', '2001:db8::7']) {
      await expect(authenticate(auth, from(address))).resolves.toMatchObject({ kind: 'token' });
    }
    for (const address of ['198.51.101.1', '2001:db8::8']) {
      await expect(authenticate(auth, from(address))).rejects.toMatchObject({
        code: 'addressNotAllowed',
        status: 403,
      });
    }
  });

  test('works in no browser unless its origin is allowed', async () => {
    await using office = await openOffice();
    const { create } = await setUp(office);
    const { auth } = await create({ origins: ['https://tools.example.com'] });
    const browser = (browserOrigin: string) =>
      office.accounts.authentication.authenticate(auth, from('192.0.2.1', { browserOrigin }));
    await expect(browser('https://tools.example.com')).resolves.toMatchObject({ kind: 'token' });
    await expect(browser('https://evil.example.com')).rejects.toMatchObject({ code: 'originNotAllowed' });
  });

  test('is rotated side by side: both go on until the old one is revoked', async () => {
    await using office = await openOffice();
    const { caller, workspace, create } = await setUp(office);
    const old = await create({ addresses: ['192.0.2.0/24'] });
    const auth = newAuth();
    const row = await office.accounts.tokens.rotate(
      caller,
      { workspace, id: old.id, auth, expiresAt: office.now() + 2 * DAY },
      from(),
    );
    expect(row).toMatchObject({ name: 'deploy', addresses: ['192.0.2.0/24'], lastUsedAt: null });
    for (const text of [old.auth, auth]) {
      await expect(office.accounts.authentication.authenticate(text, from())).resolves.toMatchObject({
        kind: 'token',
      });
    }
    await office.accounts.tokens.revoke(caller, workspace, old.id, from());
    await expect(office.accounts.authentication.authenticate(old.auth, from())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(office.accounts.authentication.authenticate(auth, from())).resolves.toMatchObject({
      kind: 'token',
    });
  });

  test('is over at once when it is revoked, and everybody is told', async () => {
    await using office = await openOffice();
    const { caller, workspace, create } = await setUp(office);
    const { auth, id } = await create();
    const live = await office.accounts.authentication.authenticate(auth, from());
    await office.accounts.tokens.revoke(caller, workspace, id, from());
    expect(await office.accounts.authentication.recheck(live)).toEqual({ kind: 'nobody' });
    expect(await office.accounts.authentication.stillValid([live])).toEqual([false]);
    expect(office.hints).toContainEqual({ kind: 'revoked', account: null, workspace });
    await expect(office.accounts.tokens.revoke(caller, workspace, id, from())).rejects.toMatchObject({
      code: 'notFound',
    });
  });

  test('of another workspace can neither be listed, rotated nor revoked', async () => {
    await using office = await openOffice();
    const { caller, create } = await setUp(office);
    const { id, auth } = await create();
    const other = someWorkspace();
    const { tokens } = office.accounts;
    expect(await tokens.list(other)).toEqual([]);
    await expect(tokens.revoke(caller, other, id, from())).rejects.toMatchObject({ code: 'notFound' });
    await expect(
      tokens.rotate(caller, { workspace: other, id, auth: newAuth(), expiresAt: office.now() + DAY }, from()),
    ).rejects.toMatchObject({ code: 'notFound' });
    await expect(office.accounts.authentication.authenticate(auth, from())).resolves.toMatchObject({
      kind: 'token',
    });
  });

  test('is listed with its public beginning and when it was last used', async () => {
    await using office = await openOffice();
    const { workspace, create } = await setUp(office);
    const { auth } = await create();
    expect(await office.accounts.tokens.list(workspace)).toMatchObject([
      { prefix: auth.slice(0, 16), lastUsedAt: null },
    ]);
    office.pass(5000);
    await office.accounts.authentication.authenticate(auth, from());
    expect(await office.accounts.tokens.list(workspace)).toMatchObject([{ lastUsedAt: office.now() }]);
  });

  test('moves under the new pepper when it is used, and then the old pepper can go', async () => {
    await using office = await openOffice();
    const { workspace, create, caller } = await setUp(office);
    const { auth } = await create();
    const { administration, authentication } = office.accounts;
    expect(await administration.rotatePepper()).toEqual({ version: 2, dropped: [] });
    await authentication.authenticate(auth, from());
    await office.accounts.sessions.signOut(caller, from());
    expect(await administration.rotatePepper()).toEqual({ version: 3, dropped: [1] });
    await expect(authentication.authenticate(auth, from())).resolves.toMatchObject({ workspace });
  });

  test.each([
    [{ addresses: ['300.1.1.1'] }, 'addresses'],
    [{ origins: ['https://a.example.com/path'] }, 'origins'],
    [{ auth: 'cb_live_mistyped' }, 'auth'],
    [{ expiresAt: 0 }, 'expiresAt'],
    [{ expiresAt: Number.MAX_SAFE_INTEGER }, 'expiresAt'],
  ])('with %j is refused, naming the field', async (more, field) => {
    await using office = await openOffice();
    const { create } = await setUp(office);
    await expect(create(more)).rejects.toMatchObject({ code: 'malformed', field });
  });
});
