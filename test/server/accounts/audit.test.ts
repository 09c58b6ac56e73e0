import { expect, test } from 'vitest';
import { writeSecret } from '@cuebook/shared/protocol/secretText';
import { deriveTokenKeys } from '@cuebook/shared/team/tokenKeys';
import { unwrap } from '@cuebook/shared/team/sampleTeam';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import { redact, reveal } from '@cuebook/shared/util/redacted';
import { connect, Person, WireTeam } from '../client.ts';
import { suite } from '../store/world.ts';
import { startTestServer } from '../testServer.ts';

async function change(team: WireTeam, by: Person, action: TeamAction): Promise<void> {
  await team.catchUp();
  unwrap(team.sample.append(by.account, action));
  await team.push(by);
}

test('the security log of a workspace tells sign-ins, members, tokens and exports, to its admins', async () => {
  await using server = await startTestServer();
  await using owner = await Person.owner(server);
  await using mate = await Person.join(server, owner);
  const team = await WireTeam.create(server, owner);
  await team.add(mate);
  await change(team, owner, { type: 'role', account: mate.id, role: 'admin' });
  await using again = await mate.another();
  await again.api.account.export.mutate();
  await again.api.session.signOut.mutate();
  await owner.api.token.create.mutate({
    workspace: team.id,
    token: null,
    auth: reveal(writeSecret(suite, 'live', suite.random(32))),
    name: 'watch',
    scopes: ['audit:read'],
    expiresAt: Date.now() + 60_000,
    addresses: [],
    origins: [],
  });
  const rows = await mate.api.audit.read.query({ workspace: team.id, before: null, limit: 100 });
  const told = rows.map(({ what, account }) => `${what} by ${account === mate.id ? 'mate' : 'owner'}`);
  for (const expected of [
    'team.create by owner',
    'team.invite by owner',
    'team.join by mate',
    'team.role by owner',
    'signIn by mate',
    'session.deviceBound by mate',
    'account.exported by mate',
    'signOut by mate',
    'token.created by owner',
  ]) {
    expect(told).toContain(expected);
  }
  expect(rows.find(({ what }) => what === 'team.role')?.details).toEqual({
    account: mate.id,
    role: 'admin',
  });
  for (const row of rows.filter(({ what }) => !what.startsWith('team.'))) {
    expect(row.address).toBe('127.0.0.1');
    expect(row.requestId).toMatch(/^[a-z2-7]{26}$/);
  }
});

test('a machine token ends in the moment in which the team log takes it back', async () => {
  await using server = await startTestServer();
  await using owner = await Person.owner(server);
  const team = await WireTeam.create(server, owner);
  const keys = deriveTokenKeys(suite, redact(suite.random(32)));
  const { boxPublic } = keys;
  await change(team, owner, { type: 'token', change: 'add', boxPublic, expiresAt: 0, boxHash: null });
  const auth = reveal(writeSecret(suite, 'live', reveal(keys.auth)));
  await owner.api.token.create.mutate({
    workspace: team.id,
    token: keys.id,
    auth,
    name: 'deploy',
    scopes: ['log:read'],
    expiresAt: Date.now() + 60_000,
    addresses: [],
    origins: [],
  });
  await using machine = connect(server.url, { token: auth });
  await machine.api.workspace.head.query({ workspace: team.id });
  await change(team, owner, { type: 'token', change: 'revoke', token: keys.id });
  expect(await machine.closed).toBe(4401);
  await using late = connect(server.url, { token: auth });
  void late.api.workspace.head.query({ workspace: team.id }).catch(() => undefined);
  expect(await late.closed).toBe(4401);
  expect(await owner.api.token.list.query({ workspace: team.id })).toEqual([]);
});
