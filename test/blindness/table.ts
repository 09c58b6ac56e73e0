// The table of lies: all rows, by what the server lies about, and the page that is written from them.

import { KEYS } from './lies/keys.ts';
import type { Lie } from './lies/lie.ts';
import { MEMBERS } from './lies/members.ts';
import { ORDER } from './lies/order.ts';
import { PAST } from './lies/past.ts';
import { RECORDS } from './lies/records.ts';
import { WITHHELD } from './lies/withheld.ts';

export const LIES: readonly { readonly about: string; readonly rows: readonly Lie[] }[] = [
  { about: 'Held back', rows: WITHHELD },
  { about: 'Order and repetition', rows: ORDER },
  { about: 'The past', rows: PAST },
  { about: 'Keys', rows: KEYS },
  { about: 'Members', rows: MEMBERS },
  { about: 'Records', rows: RECORDS },
];

const INTRODUCTION = `# Table of lies

What a server can say that is not so, what a person sees of it, and when. Each row is a test (\`test/blindness/lies\`) in which a lying
server talks to the client engine of the product (\`shared/src/client\`) in real formats; this page is written by the test, which fails if the page says
something else. Where the codes are empty nothing is detected, and the test shows that nothing is forged either.

Codes are those of \`shared/src/client/alarms.ts\` and, for records that are set aside, of \`QuarantineReason\`. The last column is what the
client may still do (\`shared/src/client/standing.ts\`): \`writes\`, or \`alarmed\`, which is read-only.
`;

export function tableOfLies(): string {
  const parts = LIES.map(({ about, rows }) => `\n## ${about}\n\n${HEAD}${rows.map(rowOf).join('')}`);
  return `${INTRODUCTION}${parts.join('')}`;
}

const HEAD = '| the lie | what a person sees | codes | when | then |\n| --- | --- | --- | --- | --- |\n';

const rowOf = ({ lie, sees, codes, when, standing }: Lie): string =>
  `| ${lie} | ${sees} | ${codes.map((code) => `\`${code}\``).join(', ')} | ${when} | ${standing} |\n`;
