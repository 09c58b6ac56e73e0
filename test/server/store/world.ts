// A store with people in it, for tests: real logs, real seals, and a clock and sessions that a test moves.

import * as nodeCrypto from 'node:crypto';
import type { Author, Hint, NewAccount, Store } from '@cuebook/server/store/api';
import { createStore } from '@cuebook/server/store/createStore';
import type { Database } from '@cuebook/server/store/database';
import type { SessionChecks } from '@cuebook/server/store/dependencies';
import { createGroupKeys } from '@cuebook/shared/crypto/groupKeys';
import { createSuite, type Suite } from '@cuebook/shared/crypto/suite';
import {
  idFromBytes,
  type AccountId,
  type DeviceId,
  type GroupId,
  type RecordId,
  type StreamId,
  type TokenId,
  type WorkspaceId,
} from '@cuebook/shared/encoding/ids';
import { idToBytes } from '@cuebook/shared/encoding/ids';
import type { AppendAnswer } from '@cuebook/shared/protocol/record';
import type { EpochBoxMessage, TeamAppendAnswer } from '@cuebook/shared/protocol/workspace';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { FeedPosition, GroupFlag } from '@cuebook/shared/record/header';
import { sealRecord, type SealedRecord } from '@cuebook/shared/record/seal';
import { latest } from '@cuebook/shared/team/history';
import {
  createSampleAccount,
  SAMPLE_TIME,
  SampleTeam,
  type SampleAccount,
} from '@cuebook/shared/team/sampleTeam';
import type { LogHead } from '@cuebook/shared/record/header';

export const suite: Suite = createSuite(nodeCrypto);

export const newGroup = (): GroupId => idFromBytes<GroupId>(suite.random(16));
export const newStream = (): StreamId => idFromBytes<StreamId>(suite.random(16));

export interface World {
  readonly store: Store;
  readonly hints: Hint[];
  /** All others hold. */
  endSession(author: Author): Promise<void>;
  /** What a revocation in an account log has ended. */
  readonly endedDevices: DeviceId[];
  /** What a revocation in a team log has ended. */
  readonly endedTokens: TokenId[];
  now: number;
  /** An account whose log is stored. */
  account(): Promise<SampleAccount>;
  /** A team whose log is stored, owned by a new account. */
  team(): Promise<TeamOnServer>;
}

export interface WorldOptions {
  readonly healingMs?: number;
}

export async function createWorld(database: Database, options: WorldOptions = {}): Promise<World> {
  const hints: Hint[] = [];
  const endedSessions = new Set<string>();
  const endedDevices: DeviceId[] = [];
  const endedTokens: TokenId[] = [];
  const sessions: SessionChecks = {
    areLive: async (_, authors) => authors.map(({ session }) => !endedSessions.has(session)),
    endOfDevices: async (_, _account, devices) => void endedDevices.push(...devices),
    endOfTokens: async (_, _workspace, tokens) => void endedTokens.push(...tokens),
  };
  const now = (): number => world.now;
  const store = await createStore({
    database,
    primitives: suite,
    sessions,
    hints: { publish: (hint) => void hints.push(hint) },
    now,
    ...options,
  });
  const world: World = {
    store,
    hints,
    endedDevices,
    endedTokens,
    now: SAMPLE_TIME,
    async endSession({ account, session }) {
      endedSessions.add(session);
      await database.app`delete from sessions where account = ${idToBytes(account)} and session = ${session}`;
    },
    async account() {
      const account = await createSampleAccount(suite);
      await storeAccount(store, account);
      return account;
    },
    async team() {
      const owner = await world.account();
      const team = new TeamOnServer(store, await SampleTeam.create(suite, owner), owner);
      await team.push(owner);
      return team;
    },
  };
  return world;
}

/** With a session of its first device, where an append looks for it that is done in one statement. */
export async function storeAccount(store: Store, account: SampleAccount): Promise<void> {
  const { session, device } = authorOf(account);
  await store.accountLogs.create(newAccountOf(account), async (sql) => {
    await sql`
      insert into sessions (account, session, device, second_factor, created_at, last_used_at)
      values (${idToBytes(account.id)}, ${session}, ${idToBytes(device)}, false, ${SAMPLE_TIME}, ${SAMPLE_TIME})`;
  });
}

export const newAccountOf = (account: SampleAccount): NewAccount => ({
  account: account.id,
  entries: account.history.entries.map(({ bytes }) => bytes),
  boxes: account.boxes.map(({ recipient, bytes }) => ({
    device: recipient,
    generation: latest(account.history).generation,
    box: bytes,
  })),
  kitBackup: null,
  join: null,
});

export const authorOf = (account: SampleAccount, device = 0): Author => {
  const keys = account.devices[device];
  if (keys === undefined) throw new Error('no such device');
  return { account: account.id, device: keys.id, session: `session of ${keys.id}` };
};

export interface Draft {
  readonly group: GroupId;
  readonly stream: StreamId;
  readonly parents?: readonly RecordId[];
  readonly flag?: GroupFlag;
  readonly payload?: Uint8Array;
  readonly seen?: FeedPosition;
  readonly teamLog?: LogHead;
}

/** A team on both sides: as its members know it, and in the store. */
export class TeamOnServer {
  readonly #store: Store | null;
  readonly team: SampleTeam;
  readonly owner: SampleAccount;
  #stored = 0;
  #storedBoxes = 0;
  #counter = 0;

  /** `store`: null for a team whose store is in another process. */
  constructor(store: Store | null, team: SampleTeam, owner: SampleAccount) {
    this.#store = store;
    this.team = team;
    this.owner = owner;
  }

  /** The same team by way of another store. */
  continueFrom(other: TeamOnServer): void {
    this.#stored = other.#stored;
    this.#storedBoxes = other.#storedBoxes;
  }

  get store(): Store {
    if (this.#store === null) throw new Error('the store is in another process');
    return this.#store;
  }

  get id(): WorkspaceId {
    return this.team.state.id;
  }

  get cursor(): { readonly incarnation: string; readonly seq: number } {
    return { incarnation: this.store.incarnation, seq: 0 };
  }

  /** Sends what was appended to the team since. */
  async push(author: SampleAccount, inviteBoxes: readonly EpochBoxMessage[] = []): Promise<TeamAppendAnswer> {
    const { entries } = this.team.history;
    const before = entries[this.#stored - 1];
    const answer = await this.store.workspaces.appendLog(authorOf(author), {
      workspace: this.id,
      expectedHead: before === undefined ? null : { index: before.index, hash: before.hash },
      entries: entries.slice(this.#stored).map(({ bytes }) => bytes),
      boxes: [...this.team.boxes.slice(this.#storedBoxes).map(asMessage), ...inviteBoxes],
    });
    if (answer.kind === 'stored') {
      this.#stored = entries.length;
      this.#storedBoxes = this.team.boxes.length;
    }
    return answer;
  }

  /** Somebody with a stored account, invited and joined. */
  async add(joiner: SampleAccount, role: 'viewer' | 'editor' | 'admin' | 'owner' = 'editor'): Promise<void> {
    const invite = await this.team.invite({ role });
    const invited = this.team.append(this.owner, invite.action);
    if (!invited.ok) throw new Error(invited.problem.message);
    const { keys, box, action } = invite;
    const boxes: EpochBoxMessage[] =
      box === null ? [] : [{ epoch: action.epoch, recipient: { kind: 'invite', invite: keys.id }, box }];
    await this.push(this.owner, boxes);
    const joined = await this.team.join(joiner, invite);
    if (!joined.ok) throw new Error(joined.problem.message);
    await this.push(joiner);
  }

  /** Takes over where the feed ends, as a client that has read it would. */
  async catchUp(): Promise<FeedPosition> {
    const { feed } = await this.store.workspaces.head(this.id);
    this.team.position = feed;
    return feed;
  }

  seal(author: SampleAccount, draft: Draft, device = 0): SealedRecord {
    const keys = author.devices[device];
    if (keys === undefined) throw new Error('no such device');
    const { id, epoch, head } = this.team.state;
    const groupKeys = createGroupKeys(suite, id, this.team.epochKeys);
    const group = groupKeys.keyOf(idToBytes(draft.group), epoch);
    if (group === null) throw new Error('no such epoch');
    this.#counter += 1;
    return sealRecord(
      suite,
      {
        group,
        sign: keys.sign,
      },
      {
        flag: draft.flag ?? 'none',
        workspace: id,
        group: draft.group,
        stream: draft.stream,
        parents: draft.parents ?? [],
        epoch,
        author: author.id,
        device: keys.id,
        counter: this.#counter,
        teamLog: draft.teamLog ?? head,
        seen: draft.seen ?? FEED_START,
      },
      draft.payload ?? suite.random(100),
    );
  }

  append(
    author: SampleAccount,
    records: readonly SealedRecord[],
    expectedHead?: RecordId | null,
  ): Promise<AppendAnswer> {
    const [first] = records;
    if (first === undefined) throw new Error('nothing to append');
    const { group, stream } = first.header;
    return this.store.records.append(authorOf(author), {
      workspace: this.id,
      group,
      stream,
      expectedHead: expectedHead === undefined ? (records.at(-1)?.header.parents[0] ?? null) : expectedHead,
      records: records.map(({ bytes }) => bytes),
    });
  }
}

const asMessage = (box: SampleTeam['boxes'][number]): EpochBoxMessage => ({
  epoch: box.epoch,
  recipient: { kind: 'member', account: box.recipient as AccountId, generation: box.generation },
  box: box.bytes,
});
