// Exactly who may append what: every kind of author × every kind of entry × every kind of person that it may concern, each
// cell through the real fold, against rules written down here once more in their shortest form. The table that comes
// out is docs/roles.md.

import * as nodeCrypto from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { idToBytes } from '../encoding/ids.ts';
import { extendTeam, latest } from './history.ts';
import { isAtLeast, ROLES, type Role } from './roles.ts';
import { prepareRotation } from './rotation.ts';
import {
  addSampleDevice,
  createSampleAccount,
  SampleTeam,
  signerOf,
  unwrap,
  type SampleAccount,
  type SampleInvite,
} from './sampleTeam.ts';
import type { TeamAction } from './teamEntry.ts';
import { deriveTokenKeys } from './tokenKeys.ts';
import { redact } from '../util/redacted.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const suite = createSuite(nodeCrypto);

const STANDINGS = ['owner', 'admin', 'editor', 'viewer', 'waiting', 'former', 'stranger'] as const;
/** A role; or invited as an editor and not confirmed; or once an editor; or never there. */
type Standing = (typeof STANDINGS)[number];

/** Whom an entry concerns: its author, or somebody else of that standing. */
type Target = 'itself' | Standing;
const TARGETS: readonly Target[] = ['itself', ...STANDINGS];

type Person = Readonly<Record<'author' | 'other', SampleAccount>>;
type Cast = Readonly<Record<Standing, Person>>;

async function createCast(): Promise<Cast> {
  const person = async (): Promise<Person> => ({
    author: await createSampleAccount(suite),
    other: await createSampleAccount(suite),
  });
  const people: Person[] = [];
  for (let count = 0; count < STANDINGS.length; count += 1) people.push(await person());
  return Object.fromEntries(STANDINGS.map((standing, index) => [standing, people[index]])) as Cast;
}

const cast = await createCast();
const team = await SampleTeam.create(suite, cast.owner.author);
await gather();
const start = team.history;
/** One that is open, one that is used up by nobody, and a token, in every cell. */
const prepared = await prepare();

async function gather(): Promise<void> {
  const by = cast.owner.author;
  await team.add(by, cast.owner.other, 'owner');
  for (const role of ['admin', 'editor', 'viewer'] as const) {
    for (const account of [cast[role].author, cast[role].other]) await team.add(by, account, role);
  }
  for (const account of [cast.former.author, cast.former.other]) {
    await team.add(by, account, 'editor');
    unwrap(team.append(account, { type: 'leave' }));
  }
  unwrap(await team.rotate(by));
  const policy = { confirmJoins: true, requireMfa: false, protectedLabels: [] };
  unwrap(team.append(by, { type: 'policy', policy }));
  for (const account of [cast.waiting.author, cast.waiting.other]) {
    const invite = await team.invite({ role: 'editor', withKey: false });
    unwrap(team.append(by, invite.action));
    unwrap(await team.join(account, invite));
  }
}

interface Prepared {
  readonly history: typeof start;
  readonly invite: SampleInvite;
  readonly invites: Readonly<Record<Role, TeamAction>>;
  readonly token: TeamAction;
  readonly revokeToken: TeamAction;
  readonly rotate: TeamAction;
  readonly removals: ReadonlyMap<SampleAccount, TeamAction>;
}

async function prepare(): Promise<Prepared> {
  const by = cast.owner.author;
  const invite = await team.invite({ role: 'viewer', uses: 9 });
  unwrap(team.append(by, invite.action));
  const keys = [1, 2].map((fill) => deriveTokenKeys(suite, redact(new Uint8Array(32).fill(fill))));
  const add = (boxPublic: Uint8Array): TeamAction => ({
    type: 'token',
    change: 'add',
    boxPublic,
    expiresAt: 0,
    boxHash: null,
  });
  const [made, revoked] = keys;
  if (made === undefined || revoked === undefined) throw new Error('two were made');
  unwrap(team.append(by, add(revoked.boxPublic)));
  const previous = team.epochKey(team.state.epoch);
  const rotation = async (without?: SampleAccount) => {
    const given = without === undefined ? { previous } : { previous, without: without.id };
    return (await prepareRotation(suite, team.state, team.accountAt, given)).rotation;
  };
  const removals = new Map<SampleAccount, TeamAction>();
  for (const account of STANDINGS.flatMap((standing) => [cast[standing].author, cast[standing].other])) {
    removals.set(account, { type: 'remove', account: account.id, rotation: await rotation(account) });
  }
  const inviteAs = async (role: Role): Promise<[Role, TeamAction]> => [
    role,
    (await team.invite({ role, withKey: false })).action,
  ];
  const invites = Object.fromEntries(await Promise.all(ROLES.map(inviteAs))) as Record<Role, TeamAction>;
  const revokeToken = { type: 'token', change: 'revoke', token: revoked.id } as const;
  const rotate = { type: 'rotate', rotation: await rotation() } as const;
  return {
    history: team.history,
    invite,
    invites,
    token: add(made.boxPublic),
    revokeToken,
    rotate,
    removals,
  };
}

/** An entry with nobody that it concerns, or with the person that `of` is given. */
interface Row {
  readonly what: string;
  readonly target: Target | null;
  action(author: SampleAccount, target: SampleAccount): TeamAction;
  /** The rule, in its shortest form. */
  allowed(author: Standing, target: Standing): boolean;
}

const isRole = (standing: Standing): standing is Role => ROLES.some((role) => role === standing);
const atLeast =
  (least: Role) =>
  (author: Standing): boolean =>
    isRole(author) && isAtLeast(author, least);

const simple = (what: string, action: Row['action'], allowed: Row['allowed']): Row => ({
  what,
  target: null,
  action,
  allowed,
});
const onEach = (
  what: string,
  action: Row['action'],
  allowed: (author: Standing, target: Standing, isSelf: boolean) => boolean,
): readonly Row[] =>
  TARGETS.map((target) => ({
    what,
    target,
    action,
    allowed: (author, standing) => allowed(author, standing, target === 'itself'),
  }));

const rows: readonly Row[] = [
  simple(
    'create',
    () => createAction(),
    () => false,
  ),
  ...ROLES.map((role) =>
    simple(
      `invite as ${role}`,
      () => prepared.invites[role],
      (author) => atLeast('admin')(author) && isRole(author) && isAtLeast(author, role),
    ),
  ),
  simple(
    'close an invite',
    () => ({ type: 'close', invite: prepared.invite.keys.id, reason: 'withdrawn' }),
    atLeast('admin'),
  ),
  simple(
    'join with an open invite',
    (author) => ({
      type: 'join',
      invite: prepared.invite.keys.id,
      workspace: idToBytes(team.state.id),
      accountHead: latest(author.history).head,
      box: null,
    }),
    (author) => author === 'former' || author === 'stranger',
  ),
  simple(
    'leave',
    () => ({ type: 'leave' }),
    (author) => isRole(author) || author === 'waiting',
  ),
  simple(
    'device, of its own account',
    (author) => ({ type: 'device', accountHead: latest(author.history).head }),
    (author) => isRole(author) || author === 'waiting',
  ),
  simple('rotate', () => prepared.rotate, atLeast('editor')),
  simple(
    'policy',
    () => ({ type: 'policy', policy: { confirmJoins: false, requireMfa: true, protectedLabels: [] } }),
    atLeast('admin'),
  ),
  simple('token, make', () => prepared.token, atLeast('admin')),
  simple('token, revoke', () => prepared.revokeToken, atLeast('admin')),
  simple('delete', () => ({ type: 'delete' }), atLeast('owner')),
  simple(
    'undelete what is not deleted',
    () => ({ type: 'undelete' }),
    () => false,
  ),
  simple('rules', () => ({ type: 'rules', rules: 1 }), atLeast('owner')),
  ...onEach(
    'confirm',
    (_, target) => ({ type: 'confirm', account: target.id }),
    (author, target) => atLeast('admin')(author) && target === 'waiting',
  ),
  ...onEach(
    'remove',
    (_, target) => prepared.removals.get(target) ?? createAction(),
    (author, target, isSelf) =>
      !isSelf &&
      ((author === 'owner' && (isRole(target) || target === 'waiting')) ||
        (author === 'admin' && ['editor', 'viewer', 'waiting'].includes(target))),
  ),
  ...onEach(
    'transfer to',
    (_, target) => ({ type: 'transfer', to: target.id }),
    (author, target, isSelf) => author === 'owner' && !isSelf && isRole(target),
  ),
  ...ROLES.flatMap((role) =>
    onEach(
      `make ${role}`,
      (_, target) => ({ type: 'role', account: target.id, role }),
      (author, target, isSelf) => {
        if (!isRole(target) || target === role) return false;
        if (author === 'owner') return true;
        if (author !== 'admin') return false;
        return isSelf ? role !== 'owner' : ['editor', 'viewer'].includes(target) && role !== 'owner';
      },
    ),
  ),
];

function createAction(): TeamAction {
  const action = start.entries[0]?.body.action;
  if (action === undefined) throw new Error('a log begins');
  return action;
}

function person(
  row: Row,
  author: Standing,
): { readonly by: SampleAccount; readonly target: SampleAccount; readonly standing: Standing } {
  const by = cast[author].author;
  if (row.target === null || row.target === 'itself') return { by, target: by, standing: author };
  return { by, target: cast[row.target].other, standing: row.target };
}

function isTaken(row: Row, author: Standing): boolean {
  const { by, target } = person(row, author);
  const [device] = by.devices;
  if (device === undefined) throw new Error('an account has a device');
  const action = row.action(by, target);
  const signers = [signerOf(device), ...(action.type === 'join' ? [prepared.invite.keys.signer] : [])];
  return extendTeam(team.tools, team.history, [team.compose(by, action, signers)]).ok;
}

describe('who may append what', () => {
  const cells = rows.flatMap((row) =>
    STANDINGS.map((author) => {
      const may = row.allowed(author, person(row, author).standing);
      const whom =
        row.target === null ? '' : row.target === 'itself' ? ', itself' : `, another: ${row.target}`;
      return [author, may ? 'may' : 'may not', `${row.what}${whom}`, row, may] as const;
    }),
  );

  test.each(cells)('%s %s %s', async (author, _, _what, row, may) => {
    team.history = prepared.history;
    for (const standing of STANDINGS) team.accounts.set(cast[standing].author.id, cast[standing].author);
    if (row.what.startsWith('device')) await addSampleDevice(suite, cast[author].author);
    expect(isTaken(row, author)).toBe(may);
  });

  test('a deleted workspace takes one entry from one kind of author', () => {
    team.history = prepared.history;
    unwrap(team.append(cast.owner.author, { type: 'delete' }));
    const taken = rows.flatMap((row) =>
      STANDINGS.filter((author) => isTaken(row, author)).map((author) => `${author}: ${row.what}`),
    );
    expect(taken).toEqual(['owner: undelete what is not deleted']);
  });

  test('the table is the one in docs/roles.md', async () => {
    const line = (row: Row): string => {
      const whom = row.target === null ? '' : row.target;
      const marks = STANDINGS.map((author) =>
        row.allowed(author, person(row, author).standing) ? 'yes' : '',
      );
      return `| ${[row.what, whom, ...marks].join(' | ')} |`;
    };
    const page = [
      '# Who may append what to a team log',
      '',
      'Written by `shared/src/team/roles.test.ts`, which tries every cell through the real fold: do not edit. *waiting*: joined where joins',
      'are confirmed, and not confirmed yet. *former*: left or was removed. There is a second owner; without one, the last owner can',
      'neither leave nor take a lower role, but can transfer. Records are written by editors, admins and owners; purging early takes an admin.',
      '',
      `${rows.length * STANDINGS.length} cells.`,
      '',
      `| entry | whom it concerns | ${STANDINGS.join(' | ')} |`,
      `|---|---|${STANDINGS.map(() => ':-:').join('|')}|`,
      ...rows.map(line),
      '',
    ].join('\n');
    await expect(page).toMatchFileSnapshot('../../../docs/roles.md');
  });
});

describe('the last owner', () => {
  const alone = (): void => {
    team.history = prepared.history;
    unwrap(team.append(cast.owner.other, { type: 'leave' }));
  };
  const role = (to: Role): TeamAction => ({ type: 'role', account: cast.owner.author.id, role: to });

  test('cannot vanish: not by leaving, not by stepping down, not by anybody else', () => {
    alone();
    const by = cast.owner.author;
    expect(team.append(by, { type: 'leave' }).ok).toBe(false);
    for (const to of ['viewer', 'editor', 'admin'] as const) {
      expect(team.append(by, role(to)).ok).toBe(false);
      expect(team.append(cast.admin.author, role(to)).ok).toBe(false);
    }
    const removal = prepared.removals.get(by) ?? createAction();
    for (const standing of STANDINGS) expect(team.append(cast[standing].author, removal).ok).toBe(false);
  });

  test('can transfer to any member, and to nobody else', () => {
    for (const standing of STANDINGS) {
      alone();
      const to = cast[standing].other.id;
      const may = ['admin', 'editor', 'viewer'].includes(standing);
      expect(team.append(cast.owner.author, { type: 'transfer', to }).ok).toBe(may);
    }
  });

  test('is not somebody who only waits to be confirmed', async () => {
    alone();
    const invite = await team.invite({ role: 'owner', withKey: false });
    unwrap(team.append(cast.owner.author, invite.action));
    unwrap(await team.join(cast.stranger.author, invite));
    expect(team.append(cast.owner.author, { type: 'leave' }).ok).toBe(false);
    unwrap(team.append(cast.owner.author, { type: 'confirm', account: cast.stranger.author.id }));
    expect(team.append(cast.owner.author, { type: 'leave' }).ok).toBe(true);
  });
});

describe('several admins at once', () => {
  const late = (by: SampleAccount, action: TeamAction): Uint8Array => team.compose(by, action);

  test('the second entry names a head that is no longer the newest, and is judged anew', () => {
    const removeEach = [
      [cast.owner.author, cast.owner.other],
      [cast.owner.other, cast.owner.author],
    ] as const;
    team.history = prepared.history;
    const entries = removeEach.map(([by, target]) => {
      const removal = prepared.removals.get(target);
      if (removal === undefined) throw new Error('prepared');
      return late(by, removal);
    });
    const [first, second] = entries;
    if (first === undefined || second === undefined) throw new Error('two were made');
    team.history = unwrap(extendTeam(team.tools, team.history, [first]));
    expect(extendTeam(team.tools, team.history, [second])).toMatchObject({
      problem: { code: 'brokenChain' },
    });
    // Composed anew by who is no longer there: refused by the rules.
    const again = prepared.removals.get(cast.owner.author) ?? createAction();
    expect(team.append(cast.owner.other, again)).toMatchObject({ problem: { code: 'notAllowed' } });
  });

  test('both rotate: the second is an epoch that is there already', () => {
    team.history = prepared.history;
    unwrap(team.append(cast.admin.author, prepared.rotate));
    expect(team.append(cast.editor.author, prepared.rotate).ok).toBe(false);
  });

  test('one removes the admin whose invite is being used: the join no longer counts', async () => {
    team.history = prepared.history;
    const invite = await team.invite({ role: 'viewer', withKey: false });
    unwrap(team.append(cast.admin.other, invite.action));
    unwrap(team.append(cast.owner.author, { type: 'role', account: cast.admin.other.id, role: 'editor' }));
    expect((await team.join(cast.stranger.author, invite)).ok).toBe(false);
  });
});

describe('an invite', () => {
  test('lets in exactly as many as it says', async () => {
    for (const uses of [1, 2, 5]) {
      team.history = prepared.history;
      const invite = await team.invite({ role: 'viewer', uses, withKey: false });
      unwrap(team.append(cast.admin.author, invite.action));
      const joiners = [
        ...STANDINGS.slice(5).flatMap((standing) => [cast[standing].author, cast[standing].other]),
        ...(await Promise.all([createSampleAccount(suite), createSampleAccount(suite)])),
      ];
      const outcomes: boolean[] = [];
      for (const joiner of joiners) outcomes.push((await team.join(joiner, invite)).ok);
      expect(outcomes.filter(Boolean).length).toBe(uses);
      expect(outcomes.slice(0, uses).every(Boolean)).toBe(true);
      expect(team.state.invites.has(invite.keys.id)).toBe(false);
    }
  });

  test('ends at its time, to the millisecond', async () => {
    const before = team.now;
    for (const [after, may] of [
      [1000, true],
      [1001, false],
    ] as const) {
      team.history = prepared.history;
      const invite = await team.invite({ role: 'viewer', withKey: false });
      unwrap(team.append(cast.admin.author, invite.action));
      team.now = before + after;
      expect((await team.join(cast.stranger.author, invite)).ok).toBe(may);
      team.now = before;
    }
  });
});
