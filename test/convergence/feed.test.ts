// What a replica makes of a feed that is not as it should be: what it sees, and when it finds out.

import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { takeFeed, type FeedItem } from '@cuebook/shared/replica/feed';
import { currentText, labels } from '@cuebook/shared/replica/history';
import { moveLabel } from '@cuebook/shared/replica/labelling';
import { settleAcknowledged } from '@cuebook/shared/replica/pushing';
import { retryMissingKeys } from '@cuebook/shared/replica/receive';
import { compareWithServer } from '@cuebook/shared/replica/serverHead';
import { labelTag } from '@cuebook/shared/record/labelTag';
import { deliverAll } from './delivery.ts';
import { protect, remove, rotate } from './membership.ts';
import { ModelServer } from './modelServer.ts';
import type { SimulatedDevice } from './simulatedDevice.ts';
import { act, exchange, openStage as open, portsOf, save, write, type Stage } from './stage.ts';

const suite = createSuite(nodeCrypto);

const openStage = (): Promise<Stage> => open(suite);

test('items that do not follow each other are not taken, and items that were taken are passed over', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  const items = stage.server.feedAfter(0, 10);
  const gapped = takeFeed(stage.ben.state, portsOf(stage.ben), items.slice(1));
  expect(gapped).toMatchObject({ gap: true, arrived: [] });
  expect(gapped.state.feed.seq).toBe(0);
  const twice = takeFeed(stage.ben.state, portsOf(stage.ben), [...items, ...items]);
  expect(twice).toMatchObject({ gap: false });
  expect(twice.arrived).toHaveLength(2);
  expect(twice.state.feed).toEqual(stage.server.position);
});

test('a record with one bit flipped is set aside, and the feed goes on behind it', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  const id = write(stage.ana, 'b', 'two\n');
  await exchange(stage, stage.ana);
  const items = stage.server.feedAfter(0, 10).map((item, index) => {
    const at = item.bytes.length - 100;
    return index === 1 ? { ...item, bytes: item.bytes.with(at, (item.bytes[at] ?? 0) ^ 1) } : item;
  });
  await page(stage, stage.ben, items);
  expect([...stage.ben.state.quarantine.values()].map((record) => record.reason)).toEqual(['malformed']);
  expect(currentText(stage.ben.state, portsOf(stage.ben), id)).toBe('two\n');
});

test('a server that shows less than before is rolled back; one that shows something else has forked', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  const earlier = stage.ana.state.feed;
  write(stage.ana, 'b', 'two\n');
  await exchange(stage, stage.ana);
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
  const forked = new ModelServer(suite, stage.server.backup());
  write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  write(stage.ben, 'b', 'one\n');
  await exchange({ ...stage, server: forked }, stage.ben);
  // From here on the server mixes: what Ana writes next, having seen her feed, is put behind Ben's.
  const id = write(stage.ana, 'c', 'one\n');
  await exchange(stage, stage.ana);
  const crossing = stage.server.feedAfter(2, 1).map((item) => ({ ...item, seq: 3 }));
  const taken = takeFeed(stage.ben.state, portsOf(stage.ben), crossing);
  expect(taken.quarantined.map((record) => record.reason)).toContain('otherView');
  expect(taken.state.groups.get(id)?.place ?? null).toBe(null);
});

test('a record of a removed member that is put in after the removal never counts', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  await exchange(stage, stage.ben);
  const late = write(stage.ben, 'late', 'late\n');
  const kept = [...stage.ben.rows].slice(-2);
  await act(stage, stage.ana, remove(stage.ben.account.id));
  const items = kept.map(({ id, bytes }, index) => ({ seq: 3 + index, id, bytes }));
  const taken = takeFeed(stage.ana.state, portsOf(stage.ana), items);
  expect(taken.quarantined.map((record) => record.reason)).toEqual(['notAllowed', 'notAllowed']);
  expect(taken.state.groups.get(late)?.content ?? null).toBe(null);
});

test('a move of a label that was protected before it got its place counts for nobody, not even its author', async () => {
  const stage = await openStage();
  const id = write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  await exchange(stage, stage.ben);
  const revisionId = stage.ben.state.groups.get(id)?.content?.revisionId ?? null;
  const move = { id, label: 'production', revisionId };
  expect(stage.ben.run((state, ports) => moveLabel(state, ports, move))).not.toBe(null);
  stage.ben.push();
  const { keys } = stage.ana;
  if (keys === null) throw new Error('An owner has keys.');
  const tag = labelTag(keys.streamKey, 'production');
  await act(stage, stage.ana, protect([{ tag, least: 'admin' }]));
  await exchange(stage, stage.ben);
  await exchange(stage, stage.ana);
  for (const { state } of [stage.ana, stage.ben]) {
    expect(labels(state, id)).toEqual([]);
    expect([...state.quarantine.values()].map((record) => record.reason)).toEqual(['notAllowed']);
  }
  expect(stage.ben.run((state, ports) => moveLabel(state, ports, move))).toBe(null);
  stage.ana.run((state, ports) => moveLabel(state, ports, move));
  await exchange(stage, stage.ana);
  await exchange(stage, stage.ben);
  expect(labels(stage.ben.state, id)).toMatchObject([{ name: 'production', revisionId }]);
});

test('what the server acknowledged and then left out of the feed is noticed when the feed is past its place', async () => {
  const stage = await openStage();
  write(stage.ana, 'a', 'one\n');
  stage.ana.push();
  const pushed = stage.ana.toServer.map(({ request }) => request).find(({ kind }) => kind === 'push');
  if (pushed?.kind !== 'push') throw new Error('Nothing is pushed.');
  const { push, workspace } = pushed;
  const answer = { kind: 'stored', places: push.records.map((id) => ({ id, seq: 1 })) } as const;
  await stage.ana.take({ kind: 'pushed', workspace, push, answer });
  write(stage.ben, 'b', 'one\n');
  await exchange(stage, stage.ben);
  const taken = takeFeed(stage.ana.state, portsOf(stage.ana), stage.server.feedAfter(0, 10));
  expect(settleAcknowledged(stage.ana.session, taken.state).broken).toEqual(push.records);
});

test('a record whose key is not here yet is set aside, and opens once the key has come', async () => {
  const stage = await openStage();
  const id = write(stage.ana, 'a', 'one\n');
  await exchange(stage, stage.ana);
  await exchange(stage, stage.ben);
  const before = stage.ben.keys;
  await act(stage, stage.ana, rotate());
  save(stage.ana, id, 'two\n');
  await exchange(stage, stage.ana);
  const items: readonly FeedItem[] = stage.server.feedAfter(2, 10);
  const { state } = stage.ben;
  stage.ben.ask();
  await deliverAll(stage.server, stage.ben);
  const ports = portsOf(stage.ben);
  stage.ben.keys = before;
  const taken = takeFeed(state, portsOf(stage.ben), items);
  expect(taken.quarantined.map((record) => record.reason)).toEqual(['keyMissing']);
  expect(currentText(taken.state, ports, id)).toBe('one\n');
  const retried = retryMissingKeys(taken.state, ports);
  expect(currentText(retried.state, ports, id)).toBe('two\n');
  expect(retried.state.quarantine.size).toBe(0);
});

/** A page of the feed, whatever its items are. */
async function page({ server }: Stage, device: SimulatedDevice, items: readonly FeedItem[]): Promise<void> {
  const { workspace, known } = device;
  const { incarnation, position: feed, isHealing } = server;
  const ends = { incarnation, isHealing, feed, teamLog: known.ends?.teamLog ?? null };
  await device.take({ kind: 'feed', workspace, items, ends });
}
