// A process that starts the embedded PostgreSQL, says so, and goes on until it is ended. Arguments: directory, umask.

import { startEmbedded } from '@cuebook/server/postgres/embedded';

const [directory = '', umask] = process.argv.slice(2);
if (umask !== undefined) process.umask(Number.parseInt(umask, 8));
const started = await startEmbedded({ directory });
process.stdout.write(`${JSON.stringify(started.ok ? { pid: started.value.pid } : started.problem)}\n`);
if (!started.ok) process.exit(1);
setInterval(() => {}, 60_000);
