import * as nodeCrypto from 'node:crypto';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { AccountId, FeedHash } from '@cuebook/shared/encoding/ids';
import { createTestRecordPort, createTestStore, createTestWindow } from '@cuebook/shared/replica/fixture';
import { receive } from '@cuebook/shared/replica/receive';
import { saveText } from '@cuebook/shared/replica/saving';
import { emptyReplica } from '@cuebook/shared/replica/state';
import { expect, test } from 'vitest';
import { withNews } from './unread.ts';

const suite = createSuite(nodeCrypto);

function feedOfTwoEdits() {
  const records = createTestRecordPort(suite);
  const store = createTestStore(records);
  const window = createTestWindow(suite, records, store);
  const old = window.prompt({ name: 'old', text: 'one' });
  const rowsBefore = store.rows.length;
  const change = { id: old.id, text: 'two', base: old.revisionId };
  window.run((state, ports) => saveText(state, ports, change));
  const fresh = window.prompt({ name: 'fresh', text: 'new' });
  const placed = store.rows.map((row, at) => ({
    ...row,
    feed: { seq: at + 1, feedHash: `${at}` as FeedHash },
  }));
  const verify = { verify: 'now' } as const;
  const before = receive(
    emptyReplica(records.workspace),
    window.ports,
    placed.slice(0, rowsBefore),
    verify,
  ).state;
  const { state: after, texts } = receive(before, window.ports, placed.slice(rowsBefore), verify);
  return { before, after, texts, old, fresh, author: records.author };
}

test('what others changed is unread, with the version that was shown before; what is new has none', () => {
  const { before, after, texts, old, fresh } = feedOfTwoEdits();
  const unread = withNews([], { before, after }, { texts, own: new Set<AccountId>() });
  expect(unread).toEqual([
    { id: old.id, since: old.revisionId },
    { id: fresh.id, since: null },
  ]);
});

test('what is unread already keeps the version from which on it is', () => {
  const { before, after, texts, old, fresh } = feedOfTwoEdits();
  const known = withNews([], { before, after }, { texts, own: new Set<AccountId>() });
  expect(withNews(known, { before, after }, { texts: [old.id, fresh.id], own: new Set() })).toBe(known);
});

test('what this user’s own accounts wrote, here or elsewhere, is not unread', () => {
  const { before, after, texts, author } = feedOfTwoEdits();
  expect(withNews([], { before, after }, { texts, own: new Set([author]) })).toEqual([]);
});
