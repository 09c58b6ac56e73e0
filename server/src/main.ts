// The sync server's composition root. It starts, answers `/healthz` and stops; sync itself is not built yet.

import { createServer } from './http/listener.ts';
import { parseConfig } from './config.ts';

const config = parseConfig(process.env);
if (!config.ok) {
  process.stderr.write(`cuebook-server: ${config.problem}\n`);
  process.exit(2);
}

const server = await createServer(config.value);
process.stdout.write(`cuebook-server listens on ${server.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
