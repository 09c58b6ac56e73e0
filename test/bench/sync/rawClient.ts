// A client as light as it can be: the wire's messages over `ws`, without tRPC's client.

import { decodeMessage, encodeMessage } from '@cuebook/shared/protocol/wire';
import { WebSocket } from 'ws';

interface Answer {
  readonly id: number;
  readonly result?: { readonly type: string; readonly data?: unknown };
  readonly error?: { readonly message: string };
}

export class RawClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(data: unknown): void; reject(error: Error): void }>();
  #id = 0;
  /** Sees each message before it is decoded; true: it was taken. */
  onMessage: (message: Buffer) => boolean = () => false;
  onData: (data: unknown) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (message: Buffer) => {
      if (!this.onMessage(message)) this.#receive(decodeMessage(message) as Answer);
    });
  }

  static async open(url: string, token: string): Promise<RawClient> {
    const socket = await openSocket(`${url}/trpc`);
    socket.send(encodeMessage({ method: 'connectionParams', data: { protocol: '1', token } }));
    return new RawClient(socket);
  }

  async call(method: 'query' | 'mutation', path: string, input: unknown): Promise<unknown> {
    this.#id += 1;
    const id = this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(encodeMessage({ id, method, params: { path, input } }));
    });
  }

  subscribe(path: string, input: unknown): void {
    this.#id += 1;
    this.#socket.send(encodeMessage({ id: this.#id, method: 'subscription', params: { path, input } }));
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      if (error !== undefined) throw new Error(error.message);
      if (result?.type === 'data') this.onData(result.data);
      return;
    }
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result?.data);
    else waiting.reject(new Error(error.message));
  }
}

/** `url` as for HTTP. */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}
