// One client's socket: who it is, what it may still send, and how much waits to be read by it.
//
// A socket begins as nobody's and must say within seconds who it is; until then it may send next to nothing. While a
// client has too many calls going, or does not read what it asked for, nothing more is read from it: the network itself
// holds it back. One that does not come forward again, or is silent, is cut, and finds everything again by its cursor.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import * as z from 'zod/mini';
import { CLOSE_CODES } from '@cuebook/shared/protocol/errors';
import { PROTOCOL_VERSION } from '@cuebook/shared/protocol/version';
import { decodeMessage, WireError } from '@cuebook/shared/protocol/wire';
import type { Caller, Origin } from '../caller.ts';
import type { LiveSocket } from '../liveSocket.ts';
import { Refusal } from '../problems.ts';
import type { RequestContext } from '../router/procedures.ts';
import type { ClientAddress } from './clientAddress.ts';
import type { Peer } from './listener.ts';
import { isSpoken } from './protocolVersion.ts';
import { createRequestId } from './requestId.ts';
import { SocketCalls, type CallsHost, type SocketCallsOptions } from './socketCalls.ts';

export interface ConnectionLimits {
  /** Calls of one socket at a time; while there are so many, nothing more is read from it. */
  readonly calls: number;
  readonly subscriptions: number;
  /** Bytes that wait for a client to read them: from here on nothing more is read from it, and nothing optional sent. */
  readonly waitingBytes: number;
  /** From here on it is cut. A page and an answer of the largest size fit below. */
  readonly mostWaitingBytes: number;
  /** Bytes from somebody who has not said yet who it is. */
  readonly strangerBytes: number;
  /** Until it must have said who it is. */
  readonly helloMs: number;
  /** A silent socket is pinged after this, and cut if it has not answered in as long again. */
  readonly silentMs: number;
  /** One message must have arrived, or what waits must have been read, within this. */
  readonly stalledMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  calls: 32,
  subscriptions: 320,
  waitingBytes: 256 * 1024,
  mostWaitingBytes: 24 * 1024 * 1024,
  strangerBytes: 64 * 1024,
  helloMs: 10_000,
  silentMs: 25_000,
  stalledMs: 30_000,
};

export type CloseReason = keyof typeof CLOSE_CODES;

export interface ConnectionServices {
  readonly limits: ConnectionLimits;
  readonly calls: SocketCallsOptions;
  readonly createContext: (call: Pick<RequestContext, 'caller' | 'origin' | 'socket'>) => RequestContext;
  /** Refuses; see accounts/api.ts, and for browsers access by origin. */
  readonly authenticate: (token: string | null, origin: Origin) => Promise<Caller>;
  /** The caller as it is at this moment. */
  readonly recheck: (caller: Caller) => Promise<Caller>;
  /** Takes a connection of this caller; the result gives it back. */
  readonly attach: (caller: Caller) => () => void;
  /** Bytes that arrived and are no whole message yet, of all sockets: false when there are too many. */
  readonly takeBytes: (bytes: number) => boolean;
  readonly onClosed: (connection: Connection, reason: CloseReason | null) => void;
}

const hello = z.object({
  method: z.literal('connectionParams'),
  data: z.nullable(
    z.object({
      protocol: z.string().check(z.maxLength(16)),
      token: z.optional(z.string().check(z.maxLength(256))),
    }),
  ),
});

interface Handlers {
  readonly data: (this: Duplex, chunk: Uint8Array) => void;
  readonly drain: (this: Duplex) => void;
  readonly message: (this: WebSocket, message: unknown, isBinary: boolean) => void;
  readonly control: (this: WebSocket, data: Buffer) => void;
  readonly error: () => void;
  readonly close: (this: WebSocket) => void;
}

/** Shared by all: handlers of its own would be half a kilobyte of each idle connection. */
let HANDLERS: Handlers;
const connectionOf = new WeakMap<WebSocket | Duplex, Connection>();

export class Connection implements LiveSocket, CallsHost {
  readonly id = createRequestId();
  caller: Caller = { kind: 'nobody' };
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #client: ClientAddress;
  readonly #browserOrigin: string | null;
  readonly #services: ConnectionServices;
  readonly #calls: SocketCalls;
  #detach: () => void = () => {};
  /** `waiting`: for the first message; `recognising`: it came. */
  #state: 'waiting' | 'recognising' | 'open' | 'closed' = 'waiting';
  #reason: CloseReason | null = null;
  /** Bytes since the last whole message, and when the first of them came. */
  #partBytes = 0;
  #partSince = 0;
  #heardAt: number;
  /** 0: no ping is unanswered. */
  #pingedAt = 0;
  #isHeldBack = false;
  readonly #openedAt: number;
  /** When so much began to wait that nothing more is read; 0: it does not. */
  #stalledSince = 0;
  #waiting: ((hasRoom: boolean) => void)[] = [];
  /** Messages that came while the first one was looked at. */
  #early: Uint8Array[] = [];

  constructor(socket: WebSocket, { stream, client, browserOrigin }: Peer, services: ConnectionServices) {
    this.#socket = socket;
    this.#stream = stream;
    this.#client = client;
    this.#browserOrigin = browserOrigin;
    this.#services = services;
    this.#openedAt = performance.now();
    this.#heardAt = this.#openedAt;
    this.#calls = new SocketCalls(services.calls, this);
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  /** A call is not answered yet, or its answer has not left. */
  get isWorking(): boolean {
    return this.#calls.calls > 0 || this.#socket.bufferedAmount > 0;
  }

  get subscriptions(): number {
    return this.#calls.subscriptions;
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get origin(): Origin {
    return {
      requestId: createRequestId(),
      transport: 'socket',
      address: this.#client.address,
      browserOrigin: this.#browserOrigin,
    };
  }

  async present(accessToken: string): Promise<void> {
    const caller = await this.#services.authenticate(accessToken, this.origin);
    if (caller.kind !== 'session') throw new Refusal('unauthenticated', 'This is no access token.');
    const { caller: before } = this;
    if (before.kind === 'token' || (before.kind === 'session' && before.account !== caller.account)) {
      throw new Refusal('unauthenticated', 'The token is of somebody else.');
    }
    if (before.kind === 'nobody') this.#detach = this.#services.attach(caller);
    this.caller = caller;
    if (!this.isOpen) this.#detach();
  }

  hasRoom(): boolean {
    return this.#socket.bufferedAmount < this.#services.limits.waitingBytes;
  }

  async untilRoom(): Promise<boolean> {
    if (!this.isOpen) return false;
    if (this.hasRoom()) return true;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** What is overdue is cut, what is silent is pinged. Called every second or so; `time` in epoch milliseconds. */
  tick(time: number): void {
    // Silence is measured by a clock that nobody sets.
    const now = performance.now();
    const { helloMs, silentMs, stalledMs } = this.#services.limits;
    const isStranger = this.#state === 'waiting' || this.#state === 'recognising';
    if (isStranger && now - this.#openedAt > helloMs) return this.close('tooSlow');
    if (this.caller.kind !== 'nobody' && this.caller.expiresAt <= time) return this.close('sessionEnded');
    if (this.#stalledSince > 0 && now - this.#stalledSince > stalledMs) return this.close('tooSlow');
    if (this.#partBytes > 0 && now - this.#partSince > stalledMs) return this.close('tooSlow');
    // While it is held back because of its calls, a client cannot be heard.
    if (this.#calls.isBusy) this.#hear();
    if (this.#pingedAt > 0) {
      if (now - this.#pingedAt > silentMs) this.close('tooSlow');
    } else if (now - this.#heardAt > silentMs) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  /** Nothing more is read. */
  holdBack(): void {
    this.#isHeldBack = true;
    this.#socket.pause();
  }

  /** With what is still in its way; whoever does not read it is cut a second later. */
  close(reason: CloseReason): void {
    if (!this.isOpen) return;
    this.#reason = reason;
    // A client learns which of the two is too old.
    const said = reason === 'otherVersion' ? `${reason} ${PROTOCOL_VERSION}` : reason;
    this.#socket.close(CLOSE_CODES[reason], said);
    this.#over();
    // The closing handshake needs the other side.
    this.#socket.resume();
    setTimeout(() => this.#socket.terminate(), CLOSING_MS).unref();
  }

  #listen(): void {
    connectionOf.set(this.#socket, this);
    connectionOf.set(this.#stream, this);
    this.#stream.prependListener('data', HANDLERS.data);
    this.#stream.on('drain', HANDLERS.drain);
    this.#socket.on('message', HANDLERS.message);
    this.#socket.on('pong', HANDLERS.control);
    this.#socket.on('ping', HANDLERS.control);
    this.#socket.on('error', HANDLERS.error);
    this.#socket.on('close', HANDLERS.close);
  }

  static {
    // Inside the class, where what is private of a connection can be reached.
    const on = <Rest extends readonly unknown[]>(work: (connection: Connection, ...rest: Rest) => void) =>
      function handler(this: WebSocket | Duplex, ...rest: Rest): void {
        const connection = connectionOf.get(this);
        if (connection !== undefined) work(connection, ...rest);
      };
    HANDLERS = {
      data: on((connection, chunk: Uint8Array) => connection.#count(chunk.length)),
      drain: on((connection) => connection.regulate()),
      // One buffer: `binaryType` is left as it is.
      message: on((connection, message: unknown, isBinary: boolean) =>
        connection.#receive(message as Buffer, isBinary),
      ),
      control: on((connection, data: Buffer) => connection.#hearControl(data.length)),
      // What is wrong with a frame closes the socket by itself.
      error: () => {},
      close: on((connection) => connection.#over()),
    };
  }

  #hear(): void {
    this.#heardAt = performance.now();
    this.#pingedAt = 0;
  }

  /** Its frame is no part of a message, even where it comes in the middle of one. */
  #hearControl(payload: number): void {
    this.#hear();
    const bytes = Math.min(this.#partBytes, CONTROL_FRAME_BYTES + payload);
    this.#partBytes -= bytes;
    this.#services.takeBytes(-bytes);
  }

  /** Before the bytes are taken apart. */
  #count(bytes: number): void {
    if (!this.isOpen) return;
    if (this.#partBytes === 0) this.#partSince = performance.now();
    this.#partBytes += bytes;
    const isTooMuch = this.#state !== 'open' && this.#partBytes > this.#services.limits.strangerBytes;
    if (!this.#services.takeBytes(bytes) || isTooMuch) this.#cut();
  }

  #receive(message: Buffer, isBinary: boolean): void {
    this.#services.takeBytes(-this.#partBytes);
    this.#partBytes = 0;
    this.#hear();
    if (!this.isOpen) return;
    if (!isBinary) return this.#receiveText(message);
    if (this.#state === 'open') return this.#calls.receive(message);
    if (this.#state === 'recognising') return this.#keep(message);
    this.#state = 'recognising';
    // What came with it is kept; more is not read before it is known whose it is.
    this.#socket.pause();
    void this.#recognise(message);
  }

  #receiveText(message: Buffer): void {
    if (message.length === 4 && message.toString() === 'PING') this.send('PONG');
    else if (message.toString('latin1', 0, 4) !== 'PONG') this.close('otherVersion');
  }

  #keep(message: Uint8Array): void {
    this.#early.push(message);
    if (this.#early.length > MOST_EARLY) this.#cut();
  }

  async #recognise(first: Uint8Array): Promise<void> {
    try {
      const params = hello.parse(decodeMessage(first)).data;
      if (params !== null && !isSpoken(params.protocol)) return this.close('otherVersion');
      this.caller = await this.#services.authenticate(params?.token ?? null, this.origin);
      this.#detach = this.#services.attach(this.caller);
    } catch (error) {
      return this.close(reasonOf(error));
    }
    if (!this.isOpen) return this.#detach();
    this.#state = 'open';
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#calls.receive(message);
    this.regulate();
  }

  createContext(): RequestContext {
    return this.#services.createContext({ caller: this.caller, origin: this.origin, socket: this });
  }

  async recheck(context: RequestContext): Promise<RequestContext> {
    return { ...context, caller: await this.#services.recheck(context.caller) };
  }

  send(message: Uint8Array | string): void {
    if (!this.isOpen) return;
    this.#socket.send(message);
    if (this.#socket.bufferedAmount < this.#services.limits.waitingBytes) return;
    if (this.#socket.bufferedAmount > this.#services.limits.mostWaitingBytes) this.#cut();
    else this.regulate();
  }

  /** Reads on, or does not, by what is going on and what waits. */
  regulate(): void {
    if (!this.isOpen) return;
    const hasRoom = this.hasRoom();
    if (hasRoom) this.#stalledSince = 0;
    else if (this.#stalledSince === 0) this.#stalledSince = performance.now();
    if (hasRoom && !this.#calls.isBusy && !this.#isHeldBack) this.#socket.resume();
    else this.#socket.pause();
    if (hasRoom) this.#tellRoom(true);
  }

  #tellRoom(hasRoom: boolean): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const tell of waiting) tell(hasRoom);
  }

  /** At once: what waits is not going to be read. */
  #cut(): void {
    this.#reason ??= 'tooSlow';
    this.#socket.terminate();
    this.#over();
  }

  #over(): void {
    if (!this.isOpen) return;
    this.#state = 'closed';
    this.#services.takeBytes(-this.#partBytes);
    this.#partBytes = 0;
    this.#calls.close();
    this.#detach();
    this.#tellRoom(false);
    this.#services.onClosed(this, this.#reason);
  }
}

const CLOSING_MS = 1000;
/** Head and mask of a client's control frame (RFC 6455 section 5.2). */
const CONTROL_FRAME_BYTES = 6;
const MOST_EARLY = 512;

/** What a socket is closed with when its first message is refused. */
function reasonOf(error: unknown): CloseReason {
  // Not a message of any version that is known.
  if (error instanceof z.core.$ZodError || error instanceof WireError) return 'otherVersion';
  if (!(error instanceof Refusal)) return 'unavailable';
  switch (error.code) {
    case 'unauthenticated':
      return 'sessionEnded';
    case 'addressNotAllowed':
    case 'originNotAllowed':
      return 'notAllowed';
    case 'tooMany':
      return 'tooSlow';
    default:
      return 'unavailable';
  }
}
