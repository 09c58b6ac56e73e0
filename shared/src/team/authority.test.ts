import * as nodeCrypto from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import { idFromBytes, type FeedHash, type GroupId, type RecordId, type StreamId } from '../encoding/ids.ts';
import { FEED_START, nextPosition } from '../record/feed.ts';
import type { FeedPosition, GroupFlag, RecordHeader } from '../record/header.ts';
import { judgeRecord, mayMoveLabel, mayShareProviderKey, type AuthorityProblem } from './authority.ts';
import { latest, stateBeforeSeq } from './history.ts';
import {
  addSampleDevice,
  createSampleAccount,
  revokeSampleDevice,
  SampleTeam,
  unwrap,
} from './sampleTeam.ts';

const suite = createSuite(nodeCrypto);
const owner = await createSampleAccount(suite);
const editor = await createSampleAccount(suite);
const second = await addSampleDevice(suite, editor);
const team = await SampleTeam.create(suite, owner);
await team.add(owner, editor, 'editor');

const positions: FeedPosition[] = [FEED_START];
/** Records are appended in between: the feed goes on by one, and the next entry stands after it. */
function feedGoesOn(): FeedPosition {
  const record = idFromBytes<RecordId>(new Uint8Array(32).fill(positions.length));
  team.position = nextPosition(suite, team.position, record);
  positions.push(team.position);
  return team.position;
}
const tools = {
  accountAt: team.accountAt,
  feedHashAt: (seq: number): FeedHash | null => positions[seq]?.feedHash ?? null,
};

const [first] = editor.devices;
if (first === undefined) throw new Error('an account has a device');

function header(change: Partial<RecordHeader> = {}): RecordHeader {
  return {
    flag: 'none',
    workspace: team.state.id,
    group: idFromBytes<GroupId>(new Uint8Array(16)),
    stream: idFromBytes<StreamId>(new Uint8Array(16)),
    parents: [],
    epoch: 1,
    author: editor.id,
    device: first?.id ?? second.id,
    counter: 1,
    teamLog: { index: 0, hash: team.history.entries[0]?.hash ?? team.state.head.hash },
    seen: FEED_START,
    salt: new Uint8Array(32),
    commitment: new Uint8Array(32),
    ...change,
  };
}
const judge = (seq: number, change: Partial<RecordHeader> = {}): AuthorityProblem['code'] | 'counts' => {
  const verdict = judgeRecord(tools, team.history, header(change), seq);
  return verdict.ok ? 'counts' : verdict.problem.code;
};

describe('a record and an entry that were written at the same time', () => {
  // Each entry stands after record 1 of its own stretch of the feed. A record with the Seq before it was first and
  // counts; the same record with the Seq after it came second.
  const start = team.history;
  const begin = (): void => {
    team.history = start;
    positions.splice(1);
    team.position = FEED_START;
    feedGoesOn();
  };
  const rows = [
    ['remove', 'notMember', async () => unwrap(await team.remove(owner, editor.id))],
    ['leave', 'notMember', async () => unwrap(team.append(editor, { type: 'leave' }))],
    [
      'role to viewer',
      'mayNotWrite',
      async () => unwrap(team.append(owner, { type: 'role', account: editor.id, role: 'viewer' })),
    ],
    ['rotate', 'oldEpoch', async () => unwrap(await team.rotate(owner))],
    ['delete', 'workspaceDeleted', async () => unwrap(team.append(owner, { type: 'delete' }))],
    ['transfer', 'counts', async () => unwrap(team.append(owner, { type: 'transfer', to: editor.id }))],
    [
      'policy',
      'counts',
      async () =>
        unwrap(
          team.append(owner, {
            type: 'policy',
            policy: { confirmJoins: true, requireMfa: true, protectedLabels: [] },
          }),
        ),
    ],
  ] as const;
  test.each(rows)('after %s: %s; before it: counts', async (_, after, entry) => {
    begin();
    await entry();
    expect(judge(1)).toBe('counts');
    expect(judge(2)).toBe(after);
  });

  test('after a device was revoked: neither that device nor anybody else, until a new key is there', async () => {
    begin();
    const account = await createSampleAccount(suite);
    const lost = await addSampleDevice(suite, account);
    await team.add(owner, account, 'editor');
    feedGoesOn();
    await revokeSampleDevice(suite, account, lost);
    unwrap(team.append(account, { type: 'device', accountHead: latest(account.history).head }));
    feedGoesOn();
    const byLost = { author: account.id, device: lost.id };
    expect(judge(2, byLost)).toBe('counts');
    expect(judge(3, byLost)).toBe('deviceRevoked');
    expect(judge(3)).toBe('rotationOwed');
    unwrap(await team.rotate(editor));
    expect(judge(3)).toBe('rotationOwed');
    expect(judge(4)).toBe('oldEpoch');
    expect(judge(4, { epoch: 2 })).toBe('counts');
    expect(judge(4, { ...byLost, epoch: 2 })).toBe('deviceRevoked');
    expect(judge(3, { epoch: 2 })).toBe('rotationOwed');
  });
});

describe('a record', () => {
  const start = team.history;
  const judged = (change: Partial<RecordHeader>): ReturnType<typeof judge> => {
    team.history = start;
    return judge(1, change);
  };

  test('by somebody who never was a member, or by a device that is not the author’s, does not count', async () => {
    const stranger = await createSampleAccount(suite);
    expect(judged({ author: stranger.id })).toBe('notMember');
    expect(judged({ author: owner.id })).toBe('deviceRevoked');
    expect(judged({ device: editor.kit.keys.id })).toBe('deviceRevoked');
    expect(judged({ device: second.id })).toBe('counts');
  });

  test('of another workspace or a future epoch does not count', () => {
    expect(judged({ workspace: idFromBytes(new Uint8Array(32)) })).toBe('otherWorkspace');
    expect(judged({ epoch: 2 })).toBe('oldEpoch');
  });

  test.each<[GroupFlag, 'counts' | 'mayNotPurge']>([
    ['none', 'counts'],
    ['trash', 'counts'],
    ['restore', 'counts'],
    ['purge', 'mayNotPurge'],
  ])('with the flag %s by an editor: %s', (flag, verdict) => expect(judged({ flag })).toBe(verdict));

  test('with the flag purge by an owner counts', () => {
    const [device] = owner.devices;
    expect(judged({ flag: 'purge', author: owner.id, device: device?.id ?? second.id })).toBe('counts');
  });

  test('whose author saw another team log or feed shows that the server forked them', () => {
    const other = new Uint8Array(32).fill(77);
    expect(judged({ teamLog: { index: 1, hash: idFromBytes(other) } })).toBe('unknownLogHead');
    expect(judged({ teamLog: { index: 99, hash: team.state.head.hash } })).toBe('unknownLogHead');
    expect(judged({ seen: { seq: 0, feedHash: idFromBytes(other) } })).toBe('unknownFeed');
    expect(judged({ seen: { seq: 1, feedHash: positions[1]?.feedHash ?? FEED_START.feedHash } })).toBe(
      'unknownFeed',
    );
    expect(judged({ teamLog: team.state.head })).toBe('counts');
  });

  test('before the workspace existed does not count', () => {
    expect(stateBeforeSeq(team.history, 0)).toBeNull();
    team.history = start;
    expect(judge(0)).toBe('otherWorkspace');
  });
});

test('a protected label is moved by whom the policy lets, at that place', () => {
  const tag = new Uint8Array(16).fill(1);
  const policy = {
    confirmJoins: false,
    requireMfa: false,
    protectedLabels: [{ tag, least: 'admin' }],
  } as const;
  expect(mayMoveLabel(team.state, editor.id, tag)).toBe(true);
  const after = unwrap(team.append(owner, { type: 'policy', policy }));
  expect(mayMoveLabel(after, editor.id, tag)).toBe(false);
  expect(mayMoveLabel(after, editor.id, new Uint8Array(16))).toBe(true);
  expect(mayMoveLabel(after, owner.id, tag)).toBe(true);
});

test('a provider key is shared by whom was an admin at that place', () => {
  expect(mayShareProviderKey(team.state, owner.id)).toBe(true);
  expect(mayShareProviderKey(team.state, editor.id)).toBe(false);
  const promoted = unwrap(team.append(owner, { type: 'role', account: editor.id, role: 'admin' }));
  expect(mayShareProviderKey(promoted, editor.id)).toBe(true);
  expect(mayShareProviderKey(promoted, first?.id as string as typeof editor.id)).toBe(false);
});
