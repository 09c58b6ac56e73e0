// A line to a server that reads what goes over it, and can keep back what is asked or answered: for orders of messages
// that are rare. What follows what is kept back goes on.

import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import * as z from 'zod/mini';
import { MAX_MESSAGE_BYTES } from '@cuebook/shared/protocol/limits';
import { decodeMessage } from '@cuebook/shared/protocol/wire';
import type { Path } from '../../extension/src/node/serverCalls.ts';

export interface Post extends AsyncDisposable {
  readonly port: number;
  /** Where it leads to. */
  leadTo(port: number): void;
  /** Keeps back, from now on, the questions or the answers of one procedure, of who is connected or of who will be. */
  hold(what: HoldOptions): Hold;
  /** How far the subscriptions of anybody have been told that a feed goes. */
  readonly toldSeq: number;
}

export interface HoldOptions {
  readonly path: Path;
  readonly side: 'questions' | 'answers';
  readonly of: 'connected' | 'coming';
  /** Those after so many go through. */
  readonly most?: number;
}

export interface Hold {
  /** How many are kept back at the moment. */
  readonly held: number;
  /** How far the subscriptions over these connections have been told that a feed goes. */
  readonly toldSeq: number;
  /** Lets everything go, in its order, and keeps nothing back any more. */
  release(): void;
}

interface Passage {
  readonly number: number;
  readonly near: WebSocket;
  readonly far: WebSocket;
  /** Of questions by their ids. */
  readonly paths: Map<number, string>;
  toldSeq: number;
}

interface Rule extends HoldOptions {
  readonly isMeant: (passage: Passage) => boolean;
  readonly kept: (() => void)[];
  left: number;
}

const question = z.object({ id: z.int(), params: z.object({ path: z.string() }) });
const answer = z.object({ id: z.int() });
const told = z.object({
  result: z.object({ data: z.object({ kind: z.literal('items'), end: z.object({ seq: z.int() }) }) }),
});

export async function openPost(): Promise<Post> {
  const passages: Passage[] = [];
  const rules = new Set<Rule>();
  let target = 0;
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MAX_MESSAGE_BYTES });
  await once(server, 'listening');
  server.on('connection', (near, request) => {
    const far = new WebSocket(`ws://127.0.0.1:${target}${request.url ?? ''}`, { perMessageDeflate: false });
    const passage: Passage = { number: passages.length, near, far, paths: new Map(), toldSeq: 0 };
    passages.push(passage);
    carry(passage, rules);
  });
  const furthest = (of: readonly Passage[]): number => Math.max(0, ...of.map(({ toldSeq }) => toldSeq));
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port;
    },
    hold(what) {
      const { length } = passages;
      const isMeant = ({ number }: Passage): boolean => number < length === (what.of === 'connected');
      const rule: Rule = { ...what, isMeant, kept: [], left: what.most ?? Infinity };
      rules.add(rule);
      return {
        get held() {
          return rule.kept.length;
        },
        get toldSeq() {
          return furthest(passages.filter(isMeant));
        },
        release() {
          rules.delete(rule);
          for (const send of rule.kept.splice(0)) send();
        },
      };
    },
    get toldSeq() {
      return furthest(passages);
    },
    async [Symbol.asyncDispose]() {
      for (const { near, far } of passages) {
        near.terminate();
        far.terminate();
      }
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function carry(passage: Passage, rules: ReadonlySet<Rule>): void {
  const { near, far, paths } = passage;
  const opened = once(far, 'open');
  opened.catch(() => near.terminate());
  near.on('message', (bytes: Buffer, binary) => {
    const asked = question.safeParse(read(bytes, binary));
    if (asked.success) paths.set(asked.data.id, asked.data.params.path);
    const path = asked.success ? asked.data.params.path : undefined;
    // Before the first message there is nothing to be overtaken.
    pass(passage, rules, { path, side: 'questions' }, () => {
      void opened.then(() => far.send(bytes, { binary })).catch(() => undefined);
    });
  });
  far.on('message', (bytes: Buffer, binary) => {
    const message = read(bytes, binary);
    const to = answer.safeParse(message);
    const path = to.success ? paths.get(to.data.id) : undefined;
    pass(passage, rules, { path, side: 'answers' }, () => {
      const items = told.safeParse(message);
      if (items.success && path === 'record.follow') {
        passage.toldSeq = Math.max(passage.toldSeq, items.data.result.data.end.seq);
      }
      near.send(bytes, { binary });
    });
  });
  near.on('close', () => far.terminate());
  far.on('close', () => near.terminate());
  for (const socket of [near, far]) socket.on('error', () => undefined);
}

function pass(
  passage: Passage,
  rules: ReadonlySet<Rule>,
  { path, side }: { readonly path: string | undefined; readonly side: HoldOptions['side'] },
  send: () => void,
): void {
  const rule = [...rules].find(
    (one) => one.path === path && one.side === side && one.left > 0 && one.isMeant(passage),
  );
  if (rule === undefined) return send();
  rule.left -= 1;
  rule.kept.push(send);
}

function read(bytes: Buffer, isBinary: boolean): unknown {
  return isBinary ? decodeMessage(bytes) : null;
}
