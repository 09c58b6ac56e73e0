// What a replica makes of a feed that is not as it should be: what it sees, and when it finds out.

import * as nodeCrypto from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { deriveStreamKey } from '@cuebook/shared/crypto/groupKeys';
import { createVerifiers } from '@cuebook/shared/crypto/verifiers';
import type { RecordId } from '@cuebook/shared/encoding/ids';
import { takeFeed, type FeedItem } from '@cuebook/shared/replica/feed';
import { currentText, labels } from '@cuebook/shared/replica/history';
import { moveLabel } from '@cuebook/shared/replica/labelling';
import { settleAcknowledged } from '@cuebook/shared/replica/pushing';
import { retryMissingKeys } from '@cuebook/shared/replica/receive';
import { compareWithServer } from '@cuebook/shared/replica/serverHead';
import { labelTag } from '@cuebook/shared/record/labelTag';
import type { SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { ModelServer } from './modelServer.ts';
import { createPool } from './simulation.ts';
import { exchange, openStage as open, save, write, type Stage } from './stage.ts';

const suite = createSuite(nodeCrypto);
const verifiers = createVerifiers(suite);
let pool: readonly SampleAccount[];
beforeAll(async () => {
  pool = await createPool(suite);
});

const openStage = (): Promise<Stage> => open(suite, pool);

test('items that do not follow each other are not taken, and items that were taken are passed over', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  const items = stage.server.feedAfter(0, 10);
  const gapped = takeFeed(stage.ben.state, stage.ben.ports, items.slice(1));
  expect(gapped).toMatchObject({ gap: true, arrived: [] });
  expect(gapped.state.feed.seq).toBe(0);
  const twice = takeFeed(stage.ben.state, stage.ben.ports, [...items, ...items]);
  expect(twice).toMatchObject({ gap: false });
  expect(twice.arrived).toHaveLength(2);
  expect(twice.state.feed).toEqual(stage.server.position);
});

test('a record with one bit flipped is set aside, and the feed goes on behind it', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  const id = write(stage.ana, 'b', 'two\n');
  exchange(stage, stage.ana);
  const items = stage.server.feedAfter(0, 10).map((item, index) => {
    const at = item.bytes.length - 100;
    return index === 1 ? { ...item, bytes: item.bytes.with(at, (item.bytes[at] ?? 0) ^ 1) } : item;
  });
  const history = stage.team.history;
  stage.ben.take({ kind: 'feed', history, items });
  expect([...stage.ben.state.quarantine.values()].map((record) => record.reason)).toEqual(['malformed']);
  expect(currentText(stage.ben.state, stage.ben.ports, id)).toBe('two\n');
});

test('a server that shows less than before is rolled back; one that shows something else has forked', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  const earlier = stage.ana.state.feed;
  write(stage.ana, 'b', 'two\n');
  exchange(stage, stage.ana);
  const { state } = stage.ana;
  const hashAt = (seq: number): typeof earlier.feedHash | null =>
    seq === earlier.seq ? earlier.feedHash : null;
  expect(compareWithServer(state, state.feed, hashAt)).toEqual({ kind: 'same' });
  expect(compareWithServer(state, earlier, hashAt)).toEqual({ kind: 'rollback', missing: 2 });
  const other = { ...earlier, feedHash: state.feed.feedHash };
  expect(compareWithServer(state, other, hashAt)).toEqual({ kind: 'fork' });
  expect(compareWithServer(state, { ...state.feed, feedHash: earlier.feedHash }, hashAt)).toEqual({
    kind: 'fork',
  });
  expect(compareWithServer(state, { ...state.feed, seq: 99 }, hashAt)).toEqual({ kind: 'ahead' });
});

test('when a server has shown two members two feeds, the first record that crosses over gives it away', async () => {
  const stage = await openStage();
  const forked = new ModelServer(suite, stage.team, verifiers);
  write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  write(stage.ben, 'b', 'one\n');
  exchange({ ...stage, server: forked }, stage.ben);
  // From here on the server mixes: what Ana writes next, having seen her feed, is put behind Ben's.
  const id = write(stage.ana, 'c', 'one\n');
  exchange(stage, stage.ana);
  const crossing = stage.server.feedAfter(2, 1).map((item) => ({ ...item, seq: 3 }));
  stage.ben.take({ kind: 'feed', history: stage.team.history, items: crossing });
  expect([...stage.ben.state.quarantine.values()].map((record) => record.reason)).toContain('otherView');
  expect(stage.ben.state.groups.get(id)?.place ?? null).toBe(null);
});

test('a record of a removed member that is put in after the removal never counts', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  exchange(stage, stage.ben);
  const late = write(stage.ben, 'late', 'late\n');
  const kept = [...stage.ben.rows].slice(-2);
  const { owner } = stage;
  await stage.team.remove(owner, stage.benAccount.id);
  const { history } = stage.team;
  const items = kept.map(({ id, bytes }, index) => ({ seq: 3 + index, id, bytes }));
  stage.ana.take({ kind: 'feed', history, items });
  expect([...stage.ana.state.quarantine.values()].map((record) => record.reason)).toEqual([
    'notAllowed',
    'notAllowed',
  ]);
  expect(stage.ana.state.groups.get(late)?.content ?? null).toBe(null);
});

test('a move of a label that was protected before it got its place counts for nobody, not even its author', async () => {
  const stage = await openStage();
  const id = write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  exchange(stage, stage.ben);
  const revisionId = stage.ben.state.groups.get(id)?.content?.revisionId ?? null;
  const move = { id, label: 'production', revisionId };
  const { owner } = stage;
  expect(stage.ben.run((state, ports) => moveLabel(state, ports, move))).not.toBe(null);
  const tag = labelTag(deriveStreamKey(suite, stage.team.state.id, stage.team.epochKey(1)), 'production');
  const policy = { ...stage.team.state.policy, protectedLabels: [{ tag, least: 'admin' as const }] };
  stage.team.position = stage.server.position;
  expect(stage.team.append(owner, { type: 'policy', policy }).ok).toBe(true);
  exchange(stage, stage.ben);
  exchange(stage, stage.ana);
  for (const { state } of [stage.ana, stage.ben]) {
    expect(labels(state, id)).toEqual([]);
    expect([...state.quarantine.values()].map((record) => record.reason)).toEqual(['notAllowed']);
  }
  expect(stage.ben.run((state, ports) => moveLabel(state, ports, move))).toBe(null);
  stage.ana.run((state, ports) => moveLabel(state, ports, move));
  exchange(stage, stage.ana);
  exchange(stage, stage.ben);
  expect(labels(stage.ben.state, id)).toMatchObject([{ name: 'production', revisionId }]);
});

test('what the server acknowledged and then left out of the feed is noticed when the feed is past its place', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  stage.ana.push();
  const pushed = stage.ana.toServer.find((message) => message.kind === 'push');
  if (pushed?.kind !== 'push') throw new Error('Nothing is pushed.');
  const answer = { kind: 'stored', places: pushed.push.records.map((id) => ({ id, seq: 1 })) } as const;
  stage.ana.take({ kind: 'answer', history: stage.team.history, push: pushed.push, answer });
  write(stage.ben, 'b', 'one\n');
  exchange(stage, stage.ben);
  const taken = takeFeed(stage.ana.state, stage.ana.ports, stage.server.feedAfter(0, 10));
  expect(settleAcknowledged(stage.ana.session, taken.state).broken).toEqual(pushed.push.records);
});

test('a record whose key is not here yet is set aside, and opens once the key has come', async () => {
  const stage = await openStage();
  const id = write(stage.ana, 'a', 'one\n');
  exchange(stage, stage.ana);
  exchange(stage, stage.ben);
  const { owner } = stage;
  await stage.team.rotate(owner);
  stage.ana.learn(stage.team.history);
  save(stage.ana, id, 'two\n');
  exchange(stage, stage.ana);
  const items: readonly FeedItem[] = stage.server.feedAfter(2, 10);
  stage.ben.history = stage.team.history;
  const taken = takeFeed(stage.ben.state, stage.ben.ports, items);
  expect(taken.quarantined.map((record) => record.reason)).toEqual(['keyMissing']);
  expect(currentText(taken.state, stage.ben.ports, id)).toBe('one\n');
  stage.ben.learn(stage.team.history);
  const bytes = new Map(items.map((item) => [item.id, item.bytes]));
  const ports = {
    ...stage.ben.ports,
    readRecord: (record: RecordId) => bytes.get(record) ?? stage.ben.ports.readRecord(record),
  };
  const retried = retryMissingKeys(taken.state, ports);
  expect(currentText(retried.state, ports, id)).toBe('two\n');
  expect(retried.state.quarantine.size).toBe(0);
});
