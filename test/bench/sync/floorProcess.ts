// What is possible at best: a bare `ws` server that writes what it gets to PostgreSQL by group commit, and sends it on.
//
//     first byte of a message   0 stay silent   1 pass on to the others   2 save, answer   3 save, pass on to all
//                             4 send back as many bytes as the next four say, a mebibyte at a time

import { redact } from '@cuebook/shared/util/redacted';
import { openDatabase, type Sql } from '@cuebook/server/store/database';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Asked, DatabaseFacts, Told } from './processes.ts';

const MEBIBYTE = 1024 * 1024;

const tell = (message: Told): void => void process.send?.(message);

async function start({ at, user, password, name }: DatabaseFacts): Promise<void> {
  const database = openDatabase({
    address: { kind: 'embedded', at, user, password: redact(password), name },
    connections: 2,
  });
  const sql = database.connectAs('owner');
  // The driver knows array types once it has connected.
  await sql`select 1`;
  const save = createGroupCommit(sql);
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  server.on('connection', (socket) =>
    socket.on('message', (data) => answer(server, socket, { save, message: data as Buffer })),
  );
  server.on('listening', () => {
    const address = server.address();
    if (typeof address === 'object')
      tell({ kind: 'ready', url: `http://127.0.0.1:${address?.port}`, origin: '' });
  });
}

interface Incoming {
  readonly save: (message: Buffer, done: () => void) => void;
  readonly message: Buffer;
}

function answer(server: WebSocketServer, socket: WebSocket, { save, message }: Incoming): void {
  const toAll = (): void => {
    for (const each of server.clients) if (each !== socket) each.send(message);
  };
  switch (message[0]) {
    case 1:
      toAll();
      return;
    case 2:
      save(message, () => socket.send(message.subarray(0, 8)));
      return;
    case 3:
      save(message, toAll);
      return;
    case 4:
      for (let left = message.readUInt32BE(1); left > 0; left -= MEBIBYTE) {
        socket.send(Buffer.alloc(Math.min(left, MEBIBYTE)));
      }
      return;
    default:
  }
}

function createGroupCommit(sql: Sql): Incoming['save'] {
  let waiting: { readonly message: Buffer; readonly done: () => void }[] = [];
  let isWriting = false;
  const write = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await sql`insert into floor (body) select unnest(${sql.array(
        group.map(({ message }) => message),
        17,
      )}::bytea[])`;
      for (const { done } of group) done();
    }
    isWriting = false;
  };
  return (message, done) => {
    waiting.push({ message, done });
    if (!isWriting) void write();
  };
}

process.on('message', (message: Asked) => {
  if (message.kind === 'start') void start(message.database);
  else {
    for (let round = 0; round < 4; round += 1) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    tell({ kind: 'memory', bytes: heapUsed + external });
  }
});
