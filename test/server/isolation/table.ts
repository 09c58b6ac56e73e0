// docs/isolation.md: what was answered, for people to read.

import type { Outcome } from './asking.ts';
import { CALLERS, type CallerName } from './callers.ts';

export interface Answered {
  readonly path: string;
  readonly overHttp: boolean;
  readonly answers: Readonly<Record<CallerName, Outcome>>;
}

const SHORT: Readonly<Partial<Record<Outcome, string>>> = {
  yes: '**yes**',
  unauthenticated: '401',
  deviceNeeded: 'device',
  secondFactorNeeded: '2nd factor',
  scopeMissing: 'scope',
  notAllowed: 'role',
  notFound: '404',
};

export function writeTable(answered: readonly Answered[]): string {
  const shown = CALLERS.filter((caller) => answered.some(({ answers }) => answers[caller] !== 'closed'));
  const shutOut = CALLERS.filter((caller) => !shown.includes(caller));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    '# Who may call what',
    '',
    'Written by `test/server/isolation` from what a real server answered: every procedure of the router, asked by every kind of',
    'caller about one workspace, on a socket and, where there is a mark, over HTTP as well. The test fails if an answer is not the one',
    'that its rules expect, if a procedure has no row, or if this page differs.',
    '',
    '- **yes**: let in. *401*: sign in. *device*: the session is not bound to a device. *2nd factor*: the workspace asks for one.',
    '- *scope*: not for this machine token. *role*: a member, but not with this role. *404*: such a workspace does not exist for this caller.',
    `- Never connected at all, and over HTTP refused with 401 or 403 whatever they ask: ${shutOut.join(', ')}.`,
    '',
    line(['procedure', 'HTTP', ...shown]),
    line(['---', '---', ...shown.map(() => '---')]),
    ...answered.map(({ path, overHttp, answers }) =>
      line([
        `\`${path}\``,
        overHttp ? '✓' : '',
        ...shown.map((caller) => SHORT[answers[caller]] ?? answers[caller]),
      ]),
    ),
    '',
  ].join('\n');
}
