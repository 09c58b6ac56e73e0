// Everybody who may knock: people of a team and of others, with whole and with lost rights, and machine tokens. Made on a
// real server, over its own procedures.

import { writeSecret } from '@cuebook/shared/protocol/secretText';
import type { TokenScope } from '@cuebook/shared/protocol/token';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { createDeviceSeed, deriveDeviceKeys, type DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import { latest } from '@cuebook/shared/team/history';
import { appendToAccount, signerOf, unwrap } from '@cuebook/shared/team/sampleTeam';
import type { TeamAction } from '@cuebook/shared/team/teamEntry';
import { prepareGeneration } from '@cuebook/shared/team/userKeys';
import { reveal } from '@cuebook/shared/util/redacted';
import { connect, Person, WireTeam } from '../client.ts';
import { suite } from '../store/world.ts';
import { startTestServer, type TestServer } from '../testServer.ts';

/** In the order in which the table shows them. */
export const CALLERS = [
  'nobody',
  'signed in only',
  'viewer',
  'editor',
  'admin',
  'owner',
  'waits for confirmation',
  'removed member',
  'owner of another team',
  "server's owner",
  'without second factor',
  'token records:read',
  'token records:write',
  'token log:read',
  'token audit:read',
  "another team's token",
  'revoked device',
  'expired token',
  'revoked token',
  'wrong address',
  'wrong origin',
] as const;
export type CallerName = (typeof CALLERS)[number];

export interface CallerFacts {
  readonly token: string | null;
  /** The one that is asked about. */
  readonly workspace: WorkspaceId;
  /** As a browser sends it. */
  readonly browserOrigin?: string;
}

export interface World extends AsyncDisposable {
  readonly server: TestServer;
  readonly callers: Readonly<Record<CallerName, CallerFacts>>;
}

const MINUTE = 60_000;
const ALLOWED_ORIGIN = 'https://tools.example.com';

export async function createWorld(): Promise<World> {
  await using made = new AsyncDisposableStack();
  let lateBy = 0;
  const server = made.use(await startTestServer({ now: () => Date.now() - lateBy }));
  const serverOwner = made.use(await Person.owner(server));
  const someone = async (): Promise<Person> => made.use(await Person.join(server, serverOwner));

  const owner = await someone();
  const team = await WireTeam.create(server, owner);
  const people = { viewer: await someone(), editor: await someone(), admin: await someone() };
  for (const role of ['viewer', 'editor', 'admin'] as const) await team.add(people[role], role);
  const removed = await someone();
  await team.add(removed, 'editor');
  await team.remove(removed);
  const other = await someone();
  const otherTeam = await WireTeam.create(server, other);
  const strict = await someone();
  const strictTeam = await WireTeam.create(server, strict);
  await setPolicy(strictTeam, strict, { requireMfa: true });
  await setPolicy(team, owner, { confirmJoins: true });
  const waiting = await someone();
  await team.add(waiting, 'editor');

  const token = async (by: Person, workspace: WorkspaceId, more: TokenFacts): Promise<string> =>
    createToken(by, workspace, more);
  const scoped = (scope: TokenScope): Promise<string> => token(owner, team.id, { scopes: [scope] });
  const revokedToken = await token(owner, team.id, { scopes: ['records:read'], revoked: true });

  lateBy = 20 * MINUTE;
  const expired = await signInOnly(server, owner);
  lateBy = 0;

  const at = (text: string | null, workspace = team.id): CallerFacts => ({ token: text, workspace });
  const of = (person: Person): CallerFacts => at(person.grant.accessToken);
  const callers: World['callers'] = {
    nobody: at(null),
    'signed in only': at(await signInOnly(server, owner)),
    viewer: of(people.viewer),
    editor: of(people.editor),
    admin: of(people.admin),
    owner: of(owner),
    'waits for confirmation': of(waiting),
    'removed member': of(removed),
    'owner of another team': of(other),
    "server's owner": of(serverOwner),
    'without second factor': at(strict.grant.accessToken, strictTeam.id),
    'token records:read': at(await scoped('records:read')),
    'token records:write': at(await scoped('records:write')),
    'token log:read': at(await scoped('log:read')),
    'token audit:read': at(await scoped('audit:read')),
    "another team's token": at(await token(other, otherTeam.id, { scopes: ALL_SCOPES })),
    'revoked device': at(await onRevokedDevice(made, owner)),
    'expired token': at(expired),
    'revoked token': at(revokedToken),
    'wrong address': at(await token(owner, team.id, { scopes: ALL_SCOPES, addresses: ['203.0.113.0/24'] })),
    'wrong origin': {
      ...at(await token(owner, team.id, { scopes: ALL_SCOPES, origins: [ALLOWED_ORIGIN] })),
      browserOrigin: 'https://evil.example.com',
    },
  };
  const owned = made.move();
  return { server, callers, [Symbol.asyncDispose]: async () => owned.disposeAsync() };
}

async function setPolicy(
  team: WireTeam,
  owner: Person,
  policy: { readonly confirmJoins?: boolean; readonly requireMfa?: boolean },
): Promise<void> {
  await team.catchUp();
  const action: TeamAction = {
    type: 'policy',
    policy: { confirmJoins: false, requireMfa: false, protectedLabels: [], ...policy },
  };
  unwrap(team.sample.append(owner.account, action));
  await team.push(owner);
}

const ALL_SCOPES: readonly TokenScope[] = ['records:read', 'records:write', 'log:read', 'audit:read'];

interface TokenFacts {
  readonly scopes: readonly TokenScope[];
  readonly addresses?: readonly string[];
  readonly origins?: readonly string[];
  readonly revoked?: boolean;
}

async function createToken(by: Person, workspace: WorkspaceId, facts: TokenFacts): Promise<string> {
  const auth = reveal(writeSecret(suite, 'live', suite.random(32)));
  const { scopes, addresses = [], origins = [] } = facts;
  const expiresAt = Date.now() + 60 * MINUTE;
  const { id } = await by.api.token.create.mutate({
    workspace,
    token: null,
    auth,
    name: 'of a test',
    scopes: [...scopes],
    expiresAt,
    addresses: [...addresses],
    origins: [...origins],
  });
  if (facts.revoked === true) await by.api.token.revoke.mutate({ workspace, id });
  return auth;
}

async function signInOnly(server: TestServer, person: Person): Promise<string> {
  await using client = connect(server.url);
  const answer = await client.api.session.signIn.mutate({ email: person.email, password: person.password });
  if (answer.kind !== 'granted') throw new Error(answer.kind);
  return answer.grant.accessToken;
}

/** A second device of this person, added, bound, and revoked by the kit. */
async function onRevokedDevice(made: AsyncDisposableStack, person: Person): Promise<string> {
  const device = deriveDeviceKeys(suite, createDeviceSeed(suite));
  const [first] = person.account.devices;
  if (first === undefined) throw new Error('an account has a device');
  await changeAccount(person, [{ type: 'add', device }], [first, device]);
  person.account.devices.push(device);
  const second = made.use(await person.another(1));
  const { account } = person;
  const kit = [account.kit.keys];
  const before = account.history.entries.length;
  unwrap(
    appendToAccount(suite, account, { type: 'revoke', device: device.id }, kit.map(signerOf), Date.now()),
  );
  const next = await prepareGeneration(suite, latest(account.history), account.userKeys);
  unwrap(appendToAccount(suite, account, next.action, kit.map(signerOf), Date.now()));
  await pushAccount(
    person,
    before,
    next.boxes.map(({ recipient, bytes }) => ({
      device: recipient,
      generation: next.action.generation,
      box: bytes,
    })),
  );
  return second.grant.accessToken;
}

async function changeAccount(
  person: Person,
  actions: readonly Parameters<typeof appendToAccount>[2][],
  signers: readonly DeviceKeys[],
): Promise<void> {
  const before = person.account.history.entries.length;
  for (const action of actions) {
    unwrap(appendToAccount(suite, person.account, action, signers.map(signerOf), Date.now()));
  }
  await pushAccount(person, before, []);
}

async function pushAccount(
  person: Person,
  before: number,
  boxes: Parameters<Person['api']['account']['appendLog']['mutate']>[0]['boxes'],
): Promise<void> {
  const { entries } = person.account.history;
  const head = entries[before - 1];
  if (head === undefined) throw new Error('a log begins with its creation');
  const answer = await person.api.account.appendLog.mutate({
    expectedHead: { index: head.index, hash: head.hash },
    entries: entries.slice(before).map(({ bytes }) => bytes),
    boxes,
  });
  if (answer.kind !== 'stored') throw new Error(answer.kind);
}
