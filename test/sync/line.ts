// The line between computers and a server, which can be cut, or lose what the server answers.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Line extends AsyncDisposable {
  readonly port: number;
  /** Where it leads to. */
  leadTo(port: number): void;
  /** From now on nothing that the server says arrives over what is open now; what is said to it does. */
  loseAnswers(): void;
  /** Ends what is open. */
  cut(): void;
}

export async function openLine(): Promise<Line> {
  const open = new Set<{ readonly near: Socket; readonly far: Socket; isDeaf: boolean }>();
  let target = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair = { near, far, isDeaf: false };
    open.add(pair);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (!pair.isDeaf) near.write(bytes);
    });
    const end = (): void => {
      near.destroy();
      far.destroy();
      open.delete(pair);
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const { near, far } of open) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(port) {
      target = port;
    },
    loseAnswers() {
      for (const pair of open) pair.isDeaf = true;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
