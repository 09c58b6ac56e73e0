// `npm run audit`: asks the package registry for known vulnerabilities in what is installed. Exit code 1 if there are
// some, 2 if nobody answered: then nothing is known, which is not the same as "none". No part of `npm test`.

import { runCommand } from './command.ts';

const { ok, output } = await runCommand('npx', ['-y', 'pnpm@12.21.0', 'audit', '--audit-level', 'moderate']);
const isUnanswered =
  /AUDIT_BAD_RESPONSE|AUDIT_ENDPOINT|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|fetch failed/.test(output);
if (ok) console.log(`${output.trim()}\nNo known vulnerability of level moderate or above.`);
else if (isUnanswered)
  console.log('Not checked: the package registry does not answer questions about vulnerabilities from here.');
else console.log(output.trim());
process.exitCode = ok ? 0 : isUnanswered ? 2 : 1;
