// A client for tests: tRPC's own, over a real socket in the encoding of protocol/wire.ts, and people who use it.
//
//     await using owner = await Person.owner(server);              // signed up by the owner's link, device-bound
//     await using mate = await Person.join(server, owner);         // by a link of the owner's
//     const team = await WireTeam.create(server, owner);           // workspace on the server
//     await team.add(mate, 'editor');
//     const sealed = team.seal(owner.account, { group, stream }); await team.append(owner, [sealed]);
//     await using seen = follow(mate.client, team); await seen.until((messages) => …);

import { createHash } from 'node:crypto';
import { createTRPCClient, createWSClient, TRPCClientError, wsLink, type TRPCClient } from '@trpc/client';
import type { AppInputs, AppOutputs, AppRouter } from '@cuebook/server/router/index';
import { challengeMessage } from '@cuebook/shared/crypto/challenge';
import { idToBytes, type AccountId, type RecordId, type WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { ErrorData } from '@cuebook/shared/protocol/errors';
import type { FollowMessage } from '@cuebook/shared/protocol/record';
import type { Grant } from '@cuebook/shared/protocol/session';
import type { EpochBoxMessage, TeamAppend } from '@cuebook/shared/protocol/workspace';
import { PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { wireEncoder, wireTransformer } from '@cuebook/shared/protocol/wire';
import type { SealedRecord } from '@cuebook/shared/record/seal';
import type { Role } from '@cuebook/shared/team/roles';
import { createSampleAccount, SampleTeam, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { latest } from '@cuebook/shared/team/history';
import { WebSocket, type ClientOptions } from 'ws';
import { suite, TeamOnServer, type Draft } from './store/world.ts';
import type { TestServer } from './testServer.ts';

export interface TestClient extends AsyncDisposable {
  readonly api: TRPCClient<AppRouter>;
  /** The code that the server closed the socket with. */
  readonly closed: Promise<number>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly token?: string;
  readonly protocol?: number | string;
  /** Of the WebSocket itself: headers, origin, certificate authority. */
  readonly socket?: ClientOptions;
}

/** Does not connect again by itself. */
export function connect(url: string, options: ConnectOptions = {}): TestClient {
  const closed = Promise.withResolvers<number>();
  class Socket extends WebSocket {
    constructor(address: string) {
      super(address, options.socket ?? {});
    }
  }
  const client = createWSClient({
    url: `${url.replace(/^http/, 'ws')}/trpc`,
    WebSocket: Socket as unknown as typeof globalThis.WebSocket,
    connectionParams: {
      protocol: String(options.protocol ?? PROTOCOL_VERSION),
      ...(options.token === undefined ? {} : { token: options.token }),
    },
    experimental_encoder: wireEncoder,
    retryDelayMs: (attempt) => (attempt === 0 ? 0 : NEVER_MS),
    onClose: (cause) => {
      closed.resolve(cause?.code ?? 0);
      void client.close();
    },
  });
  const close = async (): Promise<void> => client.close();
  return {
    api: createTRPCClient<AppRouter>({ links: [wsLink({ client, transformer: wireTransformer })] }),
    closed: closed.promise,
    close,
    [Symbol.asyncDispose]: close,
  };
}

const NEVER_MS = 2 ** 30;

/** The error's data as the protocol defines it, of a call that must fail. */
export async function refusalOf(call: Promise<unknown>): Promise<ErrorData> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TRPCClientError && error.data !== null && error.data !== undefined) {
      return error.data as ErrorData;
    }
    throw error;
  }
  throw new Error('The call was answered; it was to be refused.');
}

const PASSWORD = 'correct horse battery staple 4810';

/** Somebody with an account on the server, a device-bound session and a live socket. */
export class Person implements AsyncDisposable {
  readonly server: TestServer;
  readonly account: SampleAccount;
  readonly email: string;
  readonly password = PASSWORD;
  client: TestClient;
  grant: Grant;

  private constructor(
    server: TestServer,
    account: SampleAccount,
    session: { readonly email: string; readonly client: TestClient; readonly grant: Grant },
  ) {
    this.server = server;
    this.account = account;
    this.email = session.email;
    this.client = session.client;
    this.grant = session.grant;
  }

  /** The server's owner. */
  static async owner(server: TestServer): Promise<Person> {
    const link = await server.composition.accounts.administration.makeOwnerLink();
    if (link === null) throw new Error('the server has an owner already');
    return Person.signUp(server, { kind: 'link', secret: link.secret });
  }

  /** By a link that the owner made. */
  static async join(server: TestServer, owner: Person): Promise<Person> {
    const { secret } = await owner.api.server.makeLink.mutate({ kind: 'newAccount' });
    return Person.signUp(server, { kind: 'link', secret });
  }

  static async signUp(server: TestServer, ground: AppInputs['account']['create']['ground']): Promise<Person> {
    const account = await createSampleAccount(suite);
    const email = `${account.id.slice(0, 12)}@example.com`;
    const client = connect(server.url);
    const { grant } = await client.api.account.create.mutate({
      ground,
      credentials: { kind: 'password', email, password: PASSWORD },
      log: account.history.entries.map(({ bytes }) => bytes),
      boxes: account.boxes.map(({ recipient, bytes }) => ({
        device: recipient,
        generation: latest(account.history).generation,
        box: bytes,
      })),
    });
    const person = new Person(server, account, { email, client, grant });
    await person.present(grant);
    await person.bind();
    return person;
  }

  get api(): TestClient['api'] {
    return this.client.api;
  }

  get id(): AccountId {
    return this.account.id;
  }

  /** Signs in again on a new socket, bound to one of its devices: as another computer would. */
  async another(device = 0, server = this.server): Promise<Person> {
    const client = connect(server.url);
    const answer = await client.api.session.signIn.mutate({ email: this.email, password: this.password });
    if (answer.kind !== 'granted') throw new Error(`not granted: ${answer.kind}`);
    const { grant } = answer;
    const person = new Person(server, this.account, { email: this.email, client, grant });
    await person.present(grant);
    await person.bind(device);
    return person;
  }

  /** The same session on another socket, of this server or one beside it. */
  connect(server = this.server): TestClient {
    return connect(server.url, { token: this.grant.accessToken });
  }

  /** The socket goes on as this grant's. */
  async present(grant: Grant): Promise<void> {
    await this.api.session.present.mutate({ accessToken: grant.accessToken });
    this.grant = grant;
  }

  /** The device signs the server's challenge; the session is device-bound from then on. */
  async bind(device = 0): Promise<void> {
    const keys = this.account.devices[device];
    if (keys === undefined) throw new Error('no such device');
    const { challenge, session } = await this.api.session.challenge.mutate();
    const origin = this.server.publicOrigin;
    const signature = keys.sign(challengeMessage({ origin, challenge, session }));
    const expected = createHash('sha256').update(this.grant.accessToken, 'ascii').digest();
    if (!expected.equals(session)) throw new Error('the challenge is not of this session');
    await this.present(await this.api.session.bindDevice.mutate({ device: keys.id, signature }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

/** A workspace on the server and as its members know it, changed over the wire only. */
export class WireTeam {
  readonly owner: Person;
  readonly #team: SampleTeam;
  readonly #sealing: TeamOnServer;
  #stored = 0;
  #storedBoxes = 0;

  private constructor(server: TestServer, owner: Person, team: SampleTeam) {
    this.owner = owner;
    this.#team = team;
    this.#sealing = new TeamOnServer(server.composition.store, team, owner.account);
  }

  static async create(server: TestServer, owner: Person): Promise<WireTeam> {
    const sample = await SampleTeam.create(suite, owner.account);
    const team = new WireTeam(server, owner, sample);
    team.#kept(await owner.api.workspace.create.mutate(team.pending()));
    return team;
  }

  get id(): WorkspaceId {
    return this.#team.state.id;
  }

  /** What its members hold in their heads: keys, log, who is who. */
  get sample(): SampleTeam {
    return this.#team;
  }

  /** Entries and boxes that were appended to `sample` and not sent yet. */
  pending(inviteBoxes: readonly EpochBoxMessage[] = []): TeamAppend {
    const { entries } = this.#team.history;
    const before = entries[this.#stored - 1];
    const boxes = this.#team.boxes.slice(this.#storedBoxes).map((box): EpochBoxMessage => ({
      epoch: box.epoch,
      recipient: { kind: 'member', account: box.recipient as AccountId, generation: box.generation },
      box: box.bytes,
    }));
    return {
      workspace: this.id,
      expectedHead: before === undefined ? null : { index: before.index, hash: before.hash },
      entries: entries.slice(this.#stored).map(({ bytes }) => bytes),
      boxes: [...boxes, ...inviteBoxes],
    };
  }

  /** Sends what is pending. */
  async push(author: Person, inviteBoxes: readonly EpochBoxMessage[] = []): Promise<void> {
    this.#kept(await author.api.workspace.appendLog.mutate(this.pending(inviteBoxes)));
  }

  /** Invited by the owner and joined, by somebody who has an account. */
  async add(joiner: Person, role: Role = 'editor'): Promise<void> {
    await this.catchUp();
    this.#team.now = Date.now();
    const withKey = !this.#team.state.policy.confirmJoins;
    const invite = await this.#team.invite({ role, withKey });
    const invited = this.#team.append(this.owner.account, {
      ...invite.action,
      expiresAt: Date.now() + 3_600_000,
    });
    if (!invited.ok) throw new Error(invited.problem.message);
    const { keys, box, action } = invite;
    await this.push(
      this.owner,
      box === null ? [] : [{ epoch: action.epoch, recipient: { kind: 'invite', invite: keys.id }, box }],
    );
    const { challenge } = await joiner.api.account.inviteChallenge.mutate();
    const origin = joiner.server.publicOrigin;
    const session = idToBytes(keys.id);
    const signature = keys.signer.sign(challengeMessage({ origin, challenge, session }));
    const joined = await this.#team.join(joiner.account, invite);
    if (!joined.ok) throw new Error(joined.problem.message);
    const proof = { invite: keys.id, challenge, signature };
    this.#kept(await joiner.api.workspace.join.mutate({ append: this.pending(), proof }));
  }

  /** Removed by the owner, with a new epoch for everybody else. */
  async remove(member: Person): Promise<void> {
    await this.catchUp();
    this.#team.now = Date.now();
    const removed = await this.#team.remove(this.owner.account, member.id);
    if (!removed.ok) throw new Error(removed.problem.message);
    await this.push(this.owner);
  }

  /** The next entries stand at the feed's end. */
  async catchUp(): Promise<void> {
    const { feed } = await this.owner.api.workspace.head.query({ workspace: this.id });
    this.#team.position = feed;
  }

  seal(author: SampleAccount, draft: Draft, device = 0): SealedRecord {
    return this.#sealing.seal(author, draft, device);
  }

  async append(
    author: { readonly api: TestClient['api'] },
    records: readonly SealedRecord[],
    expectedHead?: RecordId | null,
  ): Promise<AppOutputs['record']['append']> {
    const [first] = records;
    if (first === undefined) throw new Error('nothing to append');
    const { group, stream, parents } = first.header;
    return author.api.record.append.mutate({
      workspace: this.id,
      group,
      stream,
      expectedHead: expectedHead === undefined ? (parents[0] ?? null) : expectedHead,
      records: records.map(({ bytes }) => bytes),
    });
  }

  #kept(answer: AppOutputs['workspace']['appendLog']): void {
    if (answer.kind !== 'stored') throw new Error(`not stored: ${answer.kind}`);
    this.#stored = this.#team.history.entries.length;
    this.#storedBoxes = this.#team.boxes.length;
  }
}

export interface Following extends AsyncDisposable {
  readonly messages: readonly FollowMessage[];
  /** Resolves when it holds; it is looked at after each message. Rejects if the subscription fails first. */
  until(holds: (messages: readonly FollowMessage[]) => boolean): Promise<void>;
  /** Resolves when the server has said that nothing follows. */
  readonly completed: Promise<void>;
  stop(): void;
}

export async function follow(
  client: Pick<TestClient, 'api'>,
  team: Pick<WireTeam, 'id'>,
  from: { readonly seq?: number; readonly logFrom?: number; readonly incarnation?: string } = {},
): Promise<Following> {
  const incarnation = from.incarnation ?? (await client.api.server.info.query()).incarnation;
  const messages: FollowMessage[] = [];
  const waiting = new Set<() => void>();
  const completed = Promise.withResolvers<void>();
  let failure: unknown = null;
  const look = (): void => {
    for (const each of waiting) each();
  };
  const subscription = client.api.record.follow.subscribe(
    {
      workspace: team.id,
      after: { incarnation, seq: from.seq ?? 0 },
      logFrom: from.logFrom ?? 0,
    },
    {
      onData: (message) => {
        messages.push(message);
        look();
      },
      onError: (error) => {
        failure = error;
        look();
      },
      onComplete: () => completed.resolve(),
    },
  );
  const stop = (): void => subscription.unsubscribe();
  return {
    messages,
    completed: completed.promise,
    until: async (holds) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (failure !== null) reject(failure);
          else if (holds(messages)) resolve();
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
    stop,
    [Symbol.asyncDispose]: async () => stop(),
  };
}

/** The Seqs of all items among these messages, in the order in which they came. */
export const seqsOf = (messages: readonly FollowMessage[]): readonly number[] =>
  messages.flatMap((message) => (message.kind === 'items' ? message.items.map(({ seq }) => seq) : []));
