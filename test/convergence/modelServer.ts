// A server as the replica may rely on it, in memory: appends that are all or nothing, one order, places handed out in
// commit order, compare-and-append per stream, judged by the real team log. No network, no accounts, no disk.

import type { Suite } from '@cuebook/shared/crypto/suite';
import type { Verifiers } from '@cuebook/shared/crypto/verifiers';
import type { GroupId, RecordId, StreamId } from '@cuebook/shared/encoding/ids';
import { FEED_START, nextPosition } from '@cuebook/shared/record/feed';
import { parseRecord, type FeedPosition, type RecordHeader } from '@cuebook/shared/record/header';
import { tombstoneOf } from '@cuebook/shared/record/tombstone';
import { recordIdOf, verifyRecord } from '@cuebook/shared/record/verify';
import type { FeedItem } from '@cuebook/shared/replica/feed';
import type { Push, PushAnswer } from '@cuebook/shared/replica/pushing';
import { judgeAuthor } from '@cuebook/shared/team/authority';
import type { SampleTeam } from '@cuebook/shared/team/sampleTeam';

interface Sent {
  readonly id: RecordId;
  readonly header: RecordHeader;
  readonly bytes: Uint8Array;
}

export class ModelServer {
  readonly #suite: Suite;
  readonly #team: SampleTeam;
  readonly #verifiers: Verifiers;
  readonly #items: FeedItem[] = [];
  readonly #places = new Map<RecordId, number>();
  readonly #heads = new Map<StreamId, RecordId>();
  readonly #groups = new Map<GroupId, RecordId[]>();
  readonly #purged = new Set<GroupId>();
  #position: FeedPosition = FEED_START;

  constructor(suite: Suite, team: SampleTeam, verifiers: Verifiers) {
    this.#suite = suite;
    this.#team = team;
    this.#verifiers = verifiers;
  }

  get position(): FeedPosition {
    return this.#position;
  }

  feedAfter(seq: number, limit: number): readonly FeedItem[] {
    return this.#items.slice(seq, seq + limit);
  }

  append(push: Push, bytes: readonly Uint8Array[]): PushAnswer {
    const sent = bytes.map((each) => this.#read(each));
    if (sent.every(({ id }) => this.#places.has(id))) return this.#stored(sent);
    const [first] = sent;
    if (first === undefined || this.#purged.has(first.header.group)) return { kind: 'gone' };
    for (const record of sent) {
      const refusal = this.#refusal(record);
      if (refusal !== null) return refusal;
    }
    if ((this.#heads.get(push.stream) ?? null) !== push.expectedHead) return { kind: 'behind' };
    this.#check(push, sent);
    for (const record of sent) this.#commit(record);
    const last = sent.at(-1);
    if (last !== undefined) this.#heads.set(push.stream, last.id);
    return this.#stored(sent);
  }

  #read(bytes: Uint8Array): Sent {
    const parsed = parseRecord(bytes);
    if (!parsed.ok) throw new Error(`A client sent what is no record: ${parsed.problem.message}`);
    return { id: recordIdOf(this.#suite, parsed.value), header: parsed.value.header, bytes };
  }

  #stored(sent: readonly Sent[]): PushAnswer {
    return { kind: 'stored', places: sent.map(({ id }) => ({ id, seq: this.#places.get(id) ?? 0 })) };
  }

  #refusal({ header, bytes }: Sent): PushAnswer | null {
    const judged = judgeAuthor(this.#team, this.#team.state, header);
    if (!judged.ok) return { kind: judged.problem.code === 'oldEpoch' ? 'oldEpoch' : 'notAllowed' };
    const verifier = this.#verifiers.of(judged.value.signPublic);
    const parsed = parseRecord(bytes);
    if (verifier === null || !parsed.ok || !verifyRecord(this.#suite, parsed.value, verifier)) {
      throw new Error('A client sent what its device did not sign.');
    }
    return null;
  }

  /** What a real server refuses as malformed; a client of ours never sends it. */
  #check(push: Push, sent: readonly Sent[]): void {
    const earlier = new Set<RecordId>();
    for (const { id, header } of sent) {
      if (header.stream !== push.stream || header.group !== push.group) throw new Error('Another stream.');
      for (const parent of header.parents) {
        if (!earlier.has(parent) && !this.#places.has(parent)) throw new Error('A parent is missing.');
      }
      if (this.#places.has(id)) throw new Error('A record is sent twice.');
      earlier.add(id);
    }
    const last = sent.at(-1)?.header;
    if ((last?.parents[0] ?? null) !== push.expectedHead)
      throw new Error('The last does not follow the head.');
  }

  #commit({ id, header, bytes }: Sent): void {
    this.#position = nextPosition(this.#suite, this.#position, id);
    this.#team.position = this.#position;
    this.#places.set(id, this.#position.seq);
    this.#items.push({ seq: this.#position.seq, id, bytes });
    this.#groups.set(header.group, [...(this.#groups.get(header.group) ?? []), id]);
    if (header.flag === 'purge') this.#purge(header.group, id);
  }

  #purge(group: GroupId, by: RecordId): void {
    this.#purged.add(group);
    for (const id of this.#groups.get(group) ?? []) {
      const index = (this.#places.get(id) ?? 0) - 1;
      const item = this.#items[index];
      const parsed = item === undefined || id === by ? null : parseRecord(item.bytes);
      if (item === undefined || parsed?.ok !== true) continue;
      this.#items[index] = { ...item, bytes: tombstoneOf(this.#suite, parsed.value) };
    }
  }
}
