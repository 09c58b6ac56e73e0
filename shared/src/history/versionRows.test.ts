// Forged, altered and misplaced records, made with real seals and signatures: what of a history is shown, and as whose.

import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createGroupKeys, deriveStreamKey } from '../crypto/groupKeys.ts';
import { createSuite } from '../crypto/suite.ts';
import {
  type FeedHash,
  idFromBytes,
  type AccountId,
  type DeviceId,
  type EntryHash,
  type GroupId,
  type RecordId,
  type RevisionId,
  type WorkspaceId,
} from '../encoding/ids.ts';
import type { ContentPayload, Payload } from '../record/payload.ts';
import { roleOfPayload } from '../record/streams.ts';
import { createTestStore, createTestWindow, type TestStore, type TestWindow } from '../replica/fixture.ts';
import { amendMessage, moveLabel } from '../replica/labelling.ts';
import { openStreams } from '../replica/packedStreams.ts';
import type { RecordPort } from '../replica/ports.ts';
import { receive, settle } from '../replica/receive.ts';
import { createRecordPort } from '../replica/recordPort.ts';
import { saveText } from '../replica/saving.ts';
import { emptyReplica, type ReplicaState, type Stream } from '../replica/state.ts';
import { redact } from '../util/redacted.ts';
import { fail, succeed } from '../util/result.ts';
import { originRuns, originsOf } from './blame.ts';
import { finished } from './fixture.ts';
import { labelNow, labelRows } from './labelHistory.ts';
import { createTextIndex } from './textIndex.ts';
import { versionGraph } from './versionGraph.ts';
import { historyEntries, rowContext, rowOf } from './versionRows.ts';
import { storedText } from '../replica/storedText.ts';

const suite = createSuite(nodeCrypto);
const id = <Id extends WorkspaceId | AccountId | DeviceId | EntryHash>(): Id =>
  idFromBytes<Id>(suite.random(32));

interface Person {
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly records: RecordPort;
  readonly window: TestWindow;
}

/** A workspace whose members are all but `mallory`, who has its keys all the same. */
class Team {
  /** If set, nobody else moves any label. */
  onlyMover: AccountId | null = null;
  readonly workspace = id<WorkspaceId>();
  readonly #epochKey = redact(suite.random(32));
  readonly #publicKeys = new Map<DeviceId, Uint8Array>();
  readonly #accounts = new Map<DeviceId, AccountId>();
  readonly #present = { epoch: 1, teamLog: { index: 0, hash: id<EntryHash>() } };
  readonly ana = this.#join(true);
  readonly store: TestStore = createTestStore(this.ana.records);
  readonly people = {
    ana: this.open(this.ana),
    ben: this.open(this.#join(true)),
    mallory: this.open(this.#join(false)),
  };

  #join(isMember: boolean): Pick<Person, 'account' | 'device' | 'records'> {
    const [account, device, seed] = [id<AccountId>(), id<DeviceId>(), suite.random(32)];
    if (isMember) {
      this.#publicKeys.set(device, suite.ed25519PublicKey(seed));
      this.#accounts.set(device, account);
    }
    return { account, device, records: this.port(account, device, seed) };
  }

  port(author: AccountId, device: DeviceId, seed: Uint8Array): RecordPort {
    return createRecordPort(suite, {
      workspace: this.workspace,
      author,
      device,
      sign: suite.ed25519Signer(seed),
      groupKeys: createGroupKeys(suite, this.workspace, new Map([[1, this.#epochKey]])),
      streamKey: deriveStreamKey(suite, this.workspace, this.#epochKey),
      present: () => this.#present,
      payloadPolicy: {
        protectsLabels: () => this.onlyMover !== null,
        mayMoveLabel: (account) => this.onlyMover === null || this.onlyMover === account,
        mayShareKey: () => false,
      },
      signerOf: ({ header }) => {
        const key = this.#publicKeys.get(header.device);
        return key !== undefined && this.#accounts.get(header.device) === header.author
          ? succeed(key)
          : fail('notAllowed', 'Nobody who may write here.');
      },
    });
  }

  open(person: Pick<Person, 'account' | 'device' | 'records'>): Person {
    return { ...person, window: createTestWindow(suite, person.records, this.store) };
  }

  /** A record after the head of its stream, into the store as it is. */
  put(
    person: Person,
    group: GroupId,
    payload: Payload,
    change = (bytes: Uint8Array): Uint8Array => bytes,
  ): RecordId {
    const state = person.window.catchUp();
    const stream = person.records.streamOf(group, roleOfPayload(payload));
    const head = streamsIn(state, group).find((one) => one.id === stream)?.head ?? null;
    const sealed = person.records.seal({
      group,
      role: roleOfPayload(payload),
      parents: head === null ? [] : [head],
      counter: 1000 + this.store.rows.length,
      flag: 'none',
      seen: state.feed,
      payload,
    });
    const bytes = change(sealed.bytes);
    // What is altered is another record: its id is its hash.
    const parsed = person.records.parse(bytes);
    if (!parsed.ok) throw new Error('it still reads as a record');
    this.store.insert([{ header: parsed.value, bytes }], []);
    return parsed.value.id;
  }

  /** The server has placed the last record: what only a payload tells is judged where a record stands, not before. */
  place(): void {
    const last = this.store.rows.at(-1);
    if (last === undefined) throw new Error('something was written');
    const feedHash = idFromBytes<FeedHash>(suite.random(32));
    this.store.rows[this.store.rows.length - 1] = { ...last, feed: { seq: 1, feedHash } };
  }
}

const streamsIn = (state: ReplicaState, group: GroupId): readonly Stream[] => {
  const streams = state.groups.get(group)?.streams;
  return streams === undefined ? [] : [...openStreams(streams).values()];
};

const content = (text: string, revisionId = idFromBytes<RevisionId>(suite.random(16))): ContentPayload => ({
  kind: 'content',
  revisionId,
  revisionKind: 'save',
  text,
  message: 'I, Ana, approve this.',
  savedAt: 1,
  restoredFrom: null,
  references: [],
});

function look(state: ReplicaState, group: GroupId) {
  const streams = streamsIn(state, group);
  const stream = streams.find(({ kind }) => kind === 'content');
  if (stream === undefined) throw new Error('a prompt has versions');
  const graph = versionGraph(stream);
  const messages = streams.find(({ kind }) => kind === 'message');
  const context = rowContext(graph, { messages, quarantine: state.quarantine });
  return { graph, streams, rows: historyEntries(stream).map((entry) => rowOf(context, entry)) };
}

function save(window: TestWindow, prompt: { readonly id: GroupId }, text: string, message = '') {
  const base = window.catchUp().groups.get(prompt.id)?.content?.revisionId ?? null;
  return window.run((state, ports) => saveText(state, ports, { id: prompt.id, text, base, message })).result;
}

const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);

test('a version with a broken signature is untrusted, keeps its number, and is nobody’s', () => {
  const { people, put } = bound(new Team());
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\nb\n' });
  put(ben, prompt.id, content('a\nforged\nb\n'), flipped);
  save(ana.window, prompt, 'a\nb\nc\n');
  const { rows, graph } = look(ben.window.catchUp(), prompt.id);
  expect(rows).toMatchObject([
    { trust: 'verified', number: 3, author: ana.account },
    { trust: 'untrusted', number: 2, why: 'badSignature' },
    { trust: 'verified', number: 1, author: ana.account },
  ]);
  expect(Object.keys(rows[1] ?? {}).toSorted()).toEqual(['number', 'record', 'trust', 'why']);
  const read = (record: RecordId): string | null => storedText(ben.window.ports, record);
  const head = graph.stream.head ?? ('' as RecordId);
  const runs = originRuns(
    finished(createTextIndex(), (index) => originsOf(index, graph, { record: head, read })),
  );
  expect(
    runs.map(({ first, count, record }) => [first, count, graph.entries.get(record ?? head)?.number]),
  ).toEqual([
    [0, 2, 1],
    [2, 1, 3],
  ]);
});

test('who has the keys and is no member can write nothing that is shown as anybody’s, whatever name is in it', () => {
  const team = new Team();
  const { people, put } = bound(team);
  const { ana, mallory } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  const asAna = team.open({ ...ana, records: team.port(ana.account, mallory.device, suite.random(32)) });
  const withAnasDevice = team.open({ ...ana, records: team.port(ana.account, ana.device, suite.random(32)) });
  for (const forger of [mallory, asAna, withAnasDevice]) put(forger, prompt.id, content('a\nforged\n'));
  const { rows } = look(ana.window.catchUp(), prompt.id);
  expect(
    rows
      .filter((row) => row.trust === 'untrusted')
      .map(({ why }) => why)
      .toSorted(),
  ).toEqual(['badSignature', 'notAllowed', 'notAllowed']);
  expect(rows.filter((row) => row.trust !== 'untrusted')).toMatchObject([{ number: 1, author: ana.account }]);
});

test('a version under the id of another member’s version is untrusted, and the other one stays as it is', () => {
  const { people, put } = bound(new Team());
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  put(ben, prompt.id, content('a\nas if by Ana\n', prompt.revisionId));
  const { rows, graph } = look(ana.window.catchUp(), prompt.id);
  expect(rows).toMatchObject([
    { trust: 'untrusted', number: 2, why: 'impostor' },
    { trust: 'verified', number: 1, author: ana.account, revisionId: prompt.revisionId },
  ]);
  expect(graph.byRevision.get(prompt.revisionId)?.author).toBe(ana.account);
});

test('until its signature is checked a version has no author, and becomes untrusted if it does not hold', () => {
  const { people, put, store, workspace } = bound(new Team());
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  put(ben, prompt.id, content('a\nforged\n'), flipped);
  const ports = ana.window.ports;
  let { state } = receive(emptyReplica(workspace), ports, store.rows, { verify: 'later' });
  expect(look(state, prompt.id).rows).toMatchObject([
    { trust: 'checking', number: 2, author: null, device: null },
    { trust: 'checking', number: 1, author: null },
  ]);
  ({ state } = settle(state, ports, [...state.unchecked.keys()]));
  expect(look(state, prompt.id).rows).toMatchObject([
    { trust: 'untrusted', number: 2, why: 'badSignature' },
    { trust: 'verified', number: 1, author: ana.account },
  ]);
});

test('the same records in any order of arrival are the same history, once each has its place in the feed', () => {
  const { people, put, store, workspace } = bound(new Team());
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  save(ben.window, prompt, 'a\nb\n');
  put(ben, prompt.id, content('forged'), flipped);
  save(ana.window, prompt, 'a\nb\nc\n');
  const ports = ana.window.ports;
  const placed = store.rows.map((row, at) => ({ ...row, feed: { seq: at + 1, feedHash: `${at}` as never } }));
  const rowsOf = (rows: typeof placed): unknown =>
    look(receive(emptyReplica(workspace), ports, rows, { verify: 'now' }).state, prompt.id).rows;
  const expected = rowsOf(placed);
  expect(expected).toHaveLength(4);
  expect(rowsOf(placed.toReversed())).toEqual(expected);
  expect(rowsOf([...placed.slice(2), ...placed.slice(0, 2)])).toEqual(expected);
});

test('only the author amends a message: what others say about a version is not shown as its author’s words', () => {
  const { people, put } = bound(new Team());
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n', message: 'first' });
  const { revisionId } = prompt;
  const amended = (message: string) => ({ id: prompt.id, revisionId, message });
  expect(ben.window.refusal((state, ports) => amendMessage(state, ports, amended('Ben')))).toBe('notAllowed');
  put(ben, prompt.id, { kind: 'message', revisionId, message: 'put into her mouth', savedAt: 2 });
  expect(look(ana.window.catchUp(), prompt.id).rows).toMatchObject([{ message: 'first', isAmended: false }]);
  ana.window.run((state, ports) => amendMessage(state, ports, amended('better')));
  put(ben, prompt.id, { kind: 'message', revisionId, message: 'again', savedAt: 3 });
  expect(look(ben.window.catchUp(), prompt.id).rows).toMatchObject([{ message: 'better', isAmended: true }]);
});

test('a label’s moves are listed with who made them; a forged one is untrusted and moves nothing', () => {
  const { people, put } = bound(new Team());
  const { ana, ben, mallory } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  const second = save(ben.window, prompt, 'b\n');
  const move = (revisionId: RevisionId | null) => ({
    id: prompt.id,
    label: 'production',
    revisionId,
    message: 'go',
  });
  ana.window.run((state, ports) => moveLabel(state, ports, move(prompt.revisionId)));
  ben.window.run((state, ports) => moveLabel(state, ports, move(second.revisionId)));
  const forged = {
    kind: 'label',
    name: 'production',
    revisionId: prompt.revisionId,
    message: '',
    savedAt: 9,
  } as const;
  put(mallory, prompt.id, forged);
  const state = ana.window.catchUp();
  const stream = look(state, prompt.id).streams.find(({ kind }) => kind === 'label');
  if (stream === undefined) throw new Error('the label is there');
  expect(labelNow(stream)).toMatchObject({ revisionId: second.revisionId, author: ben.account });
  expect(labelRows(stream, state.quarantine)).toMatchObject([
    { trust: 'untrusted', why: 'notAllowed' },
    { trust: 'verified', revisionId: second.revisionId, author: ben.account, message: 'go' },
    { trust: 'verified', revisionId: prompt.revisionId, author: ana.account },
  ]);
});

test('a protected label is moved by whom the team lets move it: others are refused here, and what they write anyway is untrusted', () => {
  const team = new Team();
  const { people, put } = bound(team);
  const { ana, ben } = people;
  const prompt = ana.window.prompt({ name: 'x', text: 'a\n' });
  const second = save(ben.window, prompt, 'b\n');
  team.onlyMover = ana.account;
  const move = (revisionId: RevisionId) => ({ id: prompt.id, label: 'production', revisionId });
  expect(ben.window.refusal((state, ports) => moveLabel(state, ports, move(second.revisionId)))).toBe(
    'notAllowed',
  );
  ana.window.run((state, ports) => moveLabel(state, ports, move(prompt.revisionId)));
  const forced = { kind: 'label', name: 'production', message: '', savedAt: 9 } as const;
  put(ben, prompt.id, { ...forced, revisionId: second.revisionId });
  team.place();
  const state = ana.window.catchUp();
  const stream = look(state, prompt.id).streams.find(({ kind }) => kind === 'label');
  if (stream === undefined) throw new Error('the label is there');
  expect(labelNow(stream)).toMatchObject({ revisionId: prompt.revisionId, author: ana.account });
  // What has no place in the feed yet comes after all that has.
  expect(labelRows(stream, state.quarantine)).toMatchObject([
    { trust: 'verified', revisionId: prompt.revisionId },
    { trust: 'untrusted', why: 'notAllowed' },
  ]);
});

function bound(team: Team) {
  const { people, store, workspace } = team;
  return { people, store, workspace, put: team.put.bind(team) };
}
