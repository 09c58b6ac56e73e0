// The table of who × what × epoch. Everybody is given everything that is stored anywhere, also what an honest server has
// deleted (all logs, all boxes that were ever made, all records), and tries every key that they ever held, and every key
// that they find with it, on everything: boxes, older keys under newer ones, records.

import * as nodeCrypto from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { BoxPlace } from '../crypto/box.ts';
import type { DeviceKeys } from '../crypto/deviceKeys.ts';
import { createGroupKeys } from '../crypto/groupKeys.ts';
import { sealKitBackup } from '../crypto/kitBackup.ts';
import { openBox, openPreviousKey } from '../crypto/open.ts';
import { createKit } from '../crypto/recoveryKit.ts';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, idToBytes, type GroupId, type StreamId } from '../encoding/ids.ts';
import { ascii } from '../encoding/utf8.ts';
import { FEED_START } from '../record/feed.ts';
import { parseRecord, type ParsedRecord } from '../record/header.ts';
import { openRecord } from '../record/open.ts';
import { sealRecord } from '../record/seal.ts';
import { bytesToHex } from '../util/bytes.ts';
import { redact, reveal, type Redacted } from '../util/redacted.ts';
import { latest } from './history.ts';
import { sealToToken } from './rotation.ts';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  SampleTeam,
  signerOf,
  unwrap,
  type SampleAccount,
  type SampleInvite,
} from './sampleTeam.ts';
import { deriveTokenKeys, type TokenKeys } from './tokenKeys.ts';
import { prepareGeneration, userBoxSecret } from './userKeys.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const suite = createSuite(nodeCrypto);
const make = (): Promise<SampleAccount> => createSampleAccount(suite);
const first = (account: SampleAccount): DeviceKeys => {
  const [device] = account.devices;
  if (device === undefined) throw new Error('an account has a device');
  return device;
};

// ---- what happened

interface Sealed {
  /** The public key that it was sealed to. */
  readonly to: Uint8Array;
  readonly place: BoxPlace;
  readonly bytes: Uint8Array;
}

const names = [
  'owner',
  'editor',
  'viewer',
  'demoted',
  'removed',
  'returned',
  'leaver',
  'careful',
  'newcomer',
  'waiting',
  'unsealed',
  'stranger',
  'elsewhere',
] as const;
type Name = (typeof names)[number];
const people = {} as Record<Name, SampleAccount>;
for (const name of names) people[name] = await make();
const lost = await addSampleDevice(suite, people.editor);
const oldKit = people.careful.kit.keys;
const tokenOf = (fill: number): TokenKeys => deriveTokenKeys(suite, redact(new Uint8Array(32).fill(fill)));
const tokens = { reading: tokenOf(1), notReading: tokenOf(2), revoked: tokenOf(3) };

const team = await SampleTeam.create(suite, people.owner);
const otherTeam = await SampleTeam.create(suite, people.elsewhere);
const extraBoxes: Sealed[] = [];

async function addToken(token: TokenKeys, reads: boolean): Promise<void> {
  const boxHash = reads ? new Uint8Array(32) : null;
  const add = { type: 'token', change: 'add', boxPublic: token.boxPublic, expiresAt: 0, boxHash } as const;
  unwrap(team.append(people.owner, add));
  if (!reads) return;
  const { epoch } = team.state;
  const given = { epoch, key: team.epochKey(epoch), token: token.id };
  team.boxes.push((await sealToToken(suite, team.state, given)).stored);
}

async function openInvite(options: Parameters<SampleTeam['invite']>[0]): Promise<SampleInvite> {
  const invite = await team.invite(options);
  unwrap(team.append(people.owner, invite.action));
  if (invite.box === null) return invite;
  const { epoch } = invite.action;
  const recipient = idToBytes(invite.keys.id);
  const place = {
    purpose: 'inviteKey',
    place: idToBytes(team.state.id),
    epoch,
    recipient,
    generation: 0,
  } as const;
  extraBoxes.push({ to: invite.keys.boxPublic, place, bytes: invite.box });
  return invite;
}

// Epoch 1: all of the first members; a token that reads and one that does not; an invite of several uses.
for (const [name, role] of [
  ['editor', 'editor'],
  ['viewer', 'viewer'],
  ['demoted', 'admin'],
  ['removed', 'editor'],
  ['returned', 'editor'],
  ['leaver', 'admin'],
  ['careful', 'editor'],
] as const) {
  await team.add(people.owner, people[name], role);
}
await addToken(tokens.reading, true);
await addToken(tokens.notReading, false);
const inviteWithoutKey = await openInvite({ role: 'viewer', uses: 3 });
// Epochs 2 and 3 begin with removals. In 3 an invite with the key is made, and withdrawn unused; a token begins to read.
unwrap(await team.remove(people.owner, people.removed.id));
unwrap(await team.remove(people.owner, people.returned.id));
const withdrawn = await openInvite({ role: 'editor' });
unwrap(team.append(people.owner, { type: 'close', invite: withdrawn.keys.id, reason: 'withdrawn' }));
await addToken(tokens.revoked, true);
// Epoch 4 after somebody left and somebody lost rights; epoch 5 after a device was revoked and a kit replaced.
unwrap(team.append(people.owner, { type: 'role', account: people.demoted.id, role: 'viewer' }));
unwrap(team.append(people.leaver, { type: 'leave' }));
unwrap(await team.rotate(people.editor));
await revokeSampleDevice(suite, people.editor, lost);
await replaceKit(people.careful);
for (const account of [people.editor, people.careful]) {
  unwrap(team.append(account, { type: 'device', accountHead: latest(account.history).head }));
}
unwrap(await team.rotate(people.owner));
// Epoch 6 after a token was revoked. Then some join: with a key, before anybody sealed one, and to be confirmed.
unwrap(team.append(people.owner, { type: 'token', change: 'revoke', token: tokens.revoked.id }));
unwrap(await team.rotate(people.editor));
await team.add(people.owner, people.newcomer, 'viewer');
await team.add(people.owner, people.returned, 'viewer');
unwrap(await team.join(people.unsealed, await openInvite({ role: 'viewer', uses: 2 })));
const policy = { confirmJoins: true, requireMfa: false, protectedLabels: [] };
unwrap(team.append(people.owner, { type: 'policy', policy }));
unwrap(await team.join(people.waiting, await openInvite({ role: 'editor', withKey: false })));

async function replaceKit(account: SampleAccount): Promise<void> {
  const kit = createKit(suite).keys;
  const body = { type: 'replaceKit', kit } as const;
  unwrap(appendToAccount(suite, account, body, [signerOf(account.kit.keys), signerOf(kit)]));
  const next = await prepareGeneration(suite, latest(account.history), account.userKeys);
  unwrap(appendToAccount(suite, account, next.action, [signerOf(first(account))]));
  account.userKeys = new Map(account.userKeys).set(next.action.generation, next.key);
  account.boxes.push(...next.boxes);
}

// ---- what there is to open

const group = idFromBytes<GroupId>(new Uint8Array(16).fill(5));

function recordOf(of: SampleTeam, epoch: number): ParsedRecord {
  const owner = of === team ? people.owner : people.elsewhere;
  const draft = {
    flag: 'none',
    workspace: of.state.id,
    group,
    stream: idFromBytes<StreamId>(new Uint8Array(16)),
    parents: [],
    epoch,
    author: owner.id,
    device: first(owner).id,
    counter: epoch,
    teamLog: of.state.head,
    seen: FEED_START,
  } as const;
  const key = createGroupKeys(suite, of.state.id, of.epochKeys).keyOf(idToBytes(group), epoch);
  if (key === null) throw new Error('the team has all keys');
  const keys = { group: key, sign: first(owner).sign };
  return unwrap(parseRecord(sealRecord(suite, keys, draft, ascii(`text of epoch ${epoch}`)).bytes));
}

const records: readonly (readonly [what: string, record: ParsedRecord])[] = [
  ...[1, 2, 3, 4, 5, 6].map((epoch) => [String(epoch), recordOf(team, epoch)] as const),
  ['other workspace', recordOf(otherTeam, 1)],
];
const backup = await sealKitBackup(suite, people.owner.kit.keys, people.owner.id, new Uint8Array(64).fill(1));
const backupPlace: BoxPlace = {
  purpose: 'kitBackup',
  place: idToBytes(people.owner.id),
  epoch: 0,
  recipient: idToBytes(people.owner.kit.keys.id),
  generation: 0,
};

/** Every box that was ever made, with the place that it is bound to, which everybody knows. */
const boxes: readonly Sealed[] = [
  ...extraBoxes,
  ...names.flatMap((name) => userBoxesOf(people[name])),
  ...[team, otherTeam].flatMap((of) => of.boxes.map((box, index) => epochBoxOf(of, box, index))),
];

function userBoxesOf(account: SampleAccount): readonly Sealed[] {
  const { devices } = latest(account.history);
  return account.boxes.flatMap(({ recipient, bytes }) =>
    [1, 2].map((generation) => {
      const to = devices.get(recipient)?.boxPublic ?? new Uint8Array();
      const at = { place: idToBytes(account.id), epoch: 0, recipient: idToBytes(recipient), generation };
      return { to, place: { purpose: 'userKey', ...at }, bytes };
    }),
  );
}

function epochBoxOf(of: SampleTeam, box: SampleTeam['boxes'][number], index: number): Sealed {
  const { epoch, generation, bytes } = box;
  const create = of.history.entries[0]?.body.action;
  if (create?.type !== 'create') throw new Error('a log begins');
  const recipient = idToBytes(box.recipient as DeviceKeys['id']);
  const usual = { epoch, generation, recipient, place: idToBytes(of.state.id) };
  const token = Object.values(tokens).find(({ id }) => id === box.recipient);
  if (token !== undefined) return { to: token.boxPublic, place: { ...usual, purpose: 'tokenKey' }, bytes };
  const account = Object.values(people).find(({ id }) => id === box.recipient);
  const to = account && latest(account.history).userPublics.get(generation);
  if (to === undefined) throw new Error('sealed to an account');
  const isFirst = index === 0;
  const place: BoxPlace = isFirst
    ? { ...usual, purpose: 'firstEpochKey', place: create.nonce }
    : { ...usual, purpose: 'epochKey' };
  return { to, place, bytes };
}

/** What stands in logs: older keys of both lines under newer ones. */
const olderKeys = [
  ...team.history.entries.flatMap(({ body: { action } }) =>
    action.type === 'rotate' || action.type === 'remove'
      ? [['epochPrevious', action.rotation.previous] as const]
      : [],
  ),
  ...names.flatMap((name) =>
    people[name].history.entries.flatMap(({ body }) =>
      body.type === 'generation' && body.previous !== null ? [['userPrevious', body.previous] as const] : [],
    ),
  ),
];

// ---- trying everything

interface Knowledge {
  /** X25519 secrets. */
  readonly secrets?: readonly Redacted<Uint8Array>[];
  /** 32 bytes of any kind, which may be a user key or an epoch key. */
  readonly keys?: readonly Redacted<Uint8Array>[];
}

/** All keys that can be reached. */
async function closure({
  secrets = [],
  keys = [],
}: Knowledge): Promise<ReadonlyMap<string, Redacted<Uint8Array>>> {
  const known = new Map<string, Redacted<Uint8Array>>();
  const triedSecrets = new Set<string>();
  const queue = [...keys];
  const secretQueue = [...secrets];
  while (queue.length > 0 || secretQueue.length > 0) {
    const secret = secretQueue.pop();
    if (secret !== undefined) {
      const name = bytesToHex(reveal(secret));
      if (!triedSecrets.has(name)) queue.push(...(await openedWith(secret)));
      triedSecrets.add(name);
      continue;
    }
    const key = queue.pop();
    if (key === undefined || known.has(bytesToHex(reveal(key)))) continue;
    known.set(bytesToHex(reveal(key)), key);
    for (const [line, sealed] of olderKeys) {
      const older = openPreviousKey(suite, line, key, sealed);
      if (older.ok) queue.push(older.value);
    }
    // If it is a user key it gives a secret, of the one generation or the other.
    secretQueue.push(...[1, 2].map((generation) => userBoxSecret(suite, key, generation)));
  }
  return known;
}

/**
 * What opens with a secret: every box that was sealed to its public half, at every place it may be bound to, and some
 * others, to be sure. (That no other ever opens is what HPKE promises; crypto/vectors.test.ts looks into that.)
 */
async function tryBoxes(secret: Redacted<Uint8Array>): Promise<readonly Redacted<Uint8Array>[]> {
  const own = bytesToHex(suite.hpke.publicKey(reveal(secret)));
  const tried = boxes.filter(({ to }, index) => bytesToHex(to) === own || index % 40 === 7);
  const found: Redacted<Uint8Array>[] = [];
  for (const { place, bytes } of tried) {
    const opened = await openBox(suite, secret, place, bytes);
    if (opened.ok) found.push(redact(opened.value));
  }
  return found;
}

const alreadyTried = new Map<string, Promise<readonly Redacted<Uint8Array>[]>>();

/** Once for each secret, whoever has it. */
function openedWith(secret: Redacted<Uint8Array>): Promise<readonly Redacted<Uint8Array>[]> {
  const name = bytesToHex(reveal(secret));
  const before = alreadyTried.get(name) ?? tryBoxes(secret);
  alreadyTried.set(name, before);
  return before;
}

async function opens(knowledge: Knowledge): Promise<readonly string[]> {
  const keys = [...(await closure(knowledge)).values()];
  const opened = records.flatMap(([what, record]) => {
    const tried = keys.map((key) => {
      const epochs = new Map([[record.epoch, key]]);
      return createGroupKeys(suite, record.header.workspace, epochs).keyOf(record.groupBytes, record.epoch);
    });
    return tried.some((key) => key !== null && openRecord(suite, key, record).ok) ? [what] : [];
  });
  const all = [...(knowledge.secrets ?? []), ...keys];
  for (const secret of all) {
    if ((await openBox(suite, secret, backupPlace, backup)).ok) return [...opened, "owner's backup"];
  }
  return opened;
}

// ---- the table

const device = (name: Name): Knowledge => ({ secrets: [first(people[name]).boxSecret] });
const secretOf = ({ boxSecret }: Pick<DeviceKeys, 'boxSecret'>): Knowledge => ({ secrets: [boxSecret] });
const everything = ['1', '2', '3', '4', '5', '6'];

const table: readonly (readonly [who: string, opens: readonly string[], Knowledge])[] = [
  ['the owner', everything, device('owner')],
  ["the owner's recovery kit", [...everything, "owner's backup"], secretOf(people.owner.kit.keys)],
  ['an editor', everything, device('editor')],
  ['a viewer', everything, device('viewer')],
  ['an admin who was made viewer', everything, device('demoted')],
  ['who joined last', everything, device('newcomer')],
  ['who was removed, and invited again', everything, device('returned')],
  ['a token that reads', everything, secretOf(tokens.reading)],
  ['a token that does not read', [], secretOf(tokens.notReading)],
  ['a token that was revoked', ['1', '2', '3', '4', '5'], secretOf(tokens.revoked)],
  ['who was removed', ['1'], device('removed')],
  ['who left', ['1', '2', '3'], device('leaver')],
  ['a device that was revoked', ['1', '2', '3', '4'], secretOf(lost)],
  ['a kit that was replaced', ['1', '2', '3', '4'], secretOf(oldKit)],
  ['who has an invite that was withdrawn, with its key', ['1', '2', '3'], secretOf(withdrawn.keys)],
  ['who has an invite without a key, and has not joined', [], secretOf(inviteWithoutKey.keys)],
  ['who joined, and to whom nobody has sealed a key yet', [], device('unsealed')],
  ['who joined, and waits to be confirmed', [], device('waiting')],
  ['who found the key of epoch 2', ['1', '2'], { keys: [team.epochKey(2)] }],
  ['who found the key of epoch 1', ['1'], { keys: [team.epochKey(1)] }],
  ['the owner of another workspace', ['other workspace'], device('elsewhere')],
  ['a stranger with an account', [], device('stranger')],
  ['the server', [], {}],
  [
    'the server, with what it is sent: what tokens authenticate with, commitments and hashes in the logs',
    [],
    {
      keys: [
        tokens.reading.auth,
        tokens.revoked.auth,
        redact(team.state.commitment),
        redact(idToBytes(team.state.id)),
        redact(idToBytes(team.state.head.hash)),
      ],
      secrets: [redact(idToBytes(people.owner.id)), tokens.reading.auth],
    },
  ],
  [
    'everybody outside together: removed, left, revoked, withdrawn, waiting, strangers, the server',
    ['1', '2', '3', '4', '5', 'other workspace'],
    {
      secrets: [
        lost,
        oldKit,
        tokens.revoked,
        tokens.notReading,
        withdrawn.keys,
        inviteWithoutKey.keys,
        first(people.removed),
        first(people.leaver),
        first(people.waiting),
        first(people.unsealed),
        first(people.stranger),
        first(people.elsewhere),
      ].map(({ boxSecret }) => boxSecret),
    },
  ],
];

describe('with everything that was ever stored anywhere', () => {
  test.each(table)('%s opens %j and nothing else', async (_, expected, knowledge) => {
    expect(await opens(knowledge)).toEqual(expected);
  });

  test('the table is the one in docs/who-opens-what.md', async () => {
    const columns = [...records.map(([what]) => what), "owner's backup"];
    const line = ([who, expected]: (typeof table)[number]): string =>
      `| ${[who, ...columns.map((what) => (expected.includes(what) ? 'yes' : ''))].join(' | ')} |`;
    const page = [
      '# Who opens what',
      '',
      'Written by `shared/src/team/whoOpensWhat.test.ts`, which tries every row: do not edit. Everybody is given everything that was ever stored anywhere, as if they colluded with',
      'the server and it had deleted nothing, and tries every key that they ever held, and all that they find with it. The numbers are the epochs of one team: 2 and 3 begin when',
      'somebody is removed, 4 after somebody left, 5 after a device was revoked and a kit replaced, 6 after a token was revoked. The invite was made in 3 and withdrawn unused; one of',
      'those removed was invited again in 6.',
      '',
      `| who | ${columns.join(' | ')} |`,
      `|---|${columns.map(() => ':-:').join('|')}|`,
      ...table.map(line),
      '',
    ].join('\n');
    await expect(page).toMatchFileSnapshot('../../../docs/who-opens-what.md');
  });

  test('the team is at the epoch that the table ends with', () => {
    expect(team.state.epoch).toBe(6);
    expect(team.state.rotationOwed).toBe(false);
  });
});

describe('a member by the usual way', () => {
  test('finds the same keys: all, or none', async () => {
    for (const name of ['owner', 'editor', 'viewer', 'demoted', 'newcomer', 'returned', 'careful'] as const) {
      expect(await team.epochsFor(people[name], first(people[name]))).toEqual([1, 2, 3, 4, 5, 6]);
    }
    for (const name of ['unsealed', 'waiting', 'stranger'] as const) {
      expect(await team.epochsFor(people[name], first(people[name]))).toEqual([]);
    }
  });

  test('gets the keys once another member has sealed them', async () => {
    const kept = [...team.boxes];
    await team.sealTo(people.unsealed);
    expect(await team.epochsFor(people.unsealed, first(people.unsealed))).toEqual([1, 2, 3, 4, 5, 6]);
    team.boxes.splice(0, team.boxes.length, ...kept);
  });
});

describe('a box', () => {
  test('that is missing or holds another key is noticed, and what is sealed anew is taken', async () => {
    const { newcomer, viewer } = people;
    const kept = [...team.boxes];
    const mine = team.boxes.find((box) => box.recipient === newcomer.id);
    team.boxes.splice(0, team.boxes.length, ...kept.filter((box) => box.recipient !== newcomer.id));
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([]);
    // A server that hands out the box of another epoch or person instead.
    const theirs = kept.find((box) => box.recipient === viewer.id && box.epoch === 6);
    if (mine === undefined || theirs === undefined) throw new Error('no box');
    team.boxes.push({ ...theirs, recipient: newcomer.id }, { ...mine, epoch: 3 });
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([]);
    await team.sealTo(newcomer);
    expect(await team.epochsFor(newcomer, first(newcomer))).toEqual([1, 2, 3, 4, 5, 6]);
    team.boxes.splice(0, team.boxes.length, ...kept);
  });
});
