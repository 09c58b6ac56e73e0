// What can go wrong, what a person sees of it, and the tests that show it. docs/failures.md is written from here.

export interface Failure {
  readonly happens: string;
  readonly sees: string;
  readonly tests: readonly ShownBy[];
}

export interface ShownBy {
  readonly file: string;
  /** The beginning of its name. */
  readonly test: string;
}

const inEditors = 'test/e2e/teams.e2e.ts';
const crossed = 'test/convergence/together.test.ts';
const damage = 'test/store/damage.test.ts';

export const FAILURES: readonly Failure[] = [
  {
    happens: 'No network, the server is down, the laptop was asleep',
    sees: 'Editing and running go on; the status bar says "Offline" and how much waits to be sent; it catches up by itself, with jittered back-off of at most fifteen seconds, and at once when the window gets the focus',
    tests: [
      { file: inEditors, test: 'a team is made and joined' },
      { file: 'extension/src/node/serverConnection.test.ts', test: 'pauses grow and are jittered' },
      { file: 'extension/src/node/serverConnection.test.ts', test: 'whoever has reason to think' },
    ],
  },
  {
    happens: 'The connection dies after the server has committed, before it answers',
    sees: 'Nothing: no duplicate, no loss',
    tests: [{ file: 'test/sync/faults.test.ts', test: 'a connection that dies after the server has stored' }],
  },
  {
    happens: 'A process is killed in the middle of a write, on either side',
    sees: 'It starts again with everything that was acknowledged',
    tests: [
      { file: 'test/store/kill.test.ts', test: 'loses nothing that it had acknowledged' },
      { file: 'test/server/crash/kill.test.ts', test: 'nothing acknowledged is lost, and everybody reads' },
      { file: 'test/sync/faults.test.ts', test: 'a server that is killed again and again' },
      { file: 'test/sync/faults.test.ts', test: 'a window that is killed in the middle of pushing' },
    ],
  },
  {
    happens: 'Two VS Code windows on one profile',
    sees: 'Both see the edits of both',
    tests: [
      { file: 'test/store/twoWindows.test.ts', test: "each is told of the other's saves and drafts" },
      { file: 'test/e2e/library.e2e.ts', test: 'two windows change the same line' },
      { file: 'test/sync/libraries.test.ts', test: 'two windows of one library share one session' },
    ],
  },
  {
    happens: 'The same prompt is edited by two people offline',
    sees: 'Different lines merge. For the same lines both versions are kept and shown, "1 to merge" stands in the status bar, and a notification leads to VS Code\'s merge editor',
    tests: [{ file: 'test/sync/team.test.ts', test: 'offline edits merge, a conflict is settled' }],
  },
  {
    happens: 'Renamed here, edited there',
    sees: 'Both: the edit is in the renamed prompt',
    tests: [{ file: crossed, test: 'renamed here, edited there' }],
  },
  {
    happens: 'Deleted here, edited there',
    sees: 'It comes back, or lies in the trash with the edit, as the later one wanted',
    tests: [
      { file: crossed, test: 'deleted here, edited there afterwards' },
      { file: crossed, test: 'edited here, deleted there afterwards' },
    ],
  },
  {
    happens: 'Two prompts are given one path',
    sees: 'Both show, one with a suffix, the same for everybody',
    tests: [{ file: crossed, test: 'two prompts given one path' }],
  },
  {
    happens: 'The server was restored from an older backup',
    sees: '"Sign in again"; the sync log says that it was restored, and when it has again what everybody has; nobody loses anything',
    tests: [
      { file: 'test/sync/restore.test.ts', test: 'a server that was restored from a backup' },
      { file: 'test/e2e/accounts.e2e.ts', test: 'one person on two servers at once' },
    ],
  },
  {
    happens: 'A clock is wrong',
    sees: 'Nothing: order never depends on clocks',
    tests: [{ file: 'test/sync/misfits.test.ts', test: 'a computer whose clock is a year behind' }],
  },
  {
    happens: 'The disk is full',
    sees: 'The save is refused and says so; what was there stays, and it goes on when there is space',
    tests: [{ file: damage, test: 'that becomes full refuses the save' }],
  },
  {
    happens: 'A file of the library is damaged or not its own',
    sees: 'It says what and where; what cannot be read is put aside and never overwritten',
    tests: [
      { file: damage, test: 'whose file is no database says so' },
      { file: damage, test: 'with one damaged record shows all others' },
    ],
  },
  {
    happens: 'The protocol of one side is too old for the other',
    sees: 'The status bar says "Cannot connect", and which side to update; local work goes on',
    tests: [{ file: 'test/sync/misfits.test.ts', test: 'a server that speaks another version' }],
  },
  {
    happens: 'A member is removed while offline, with work that was not sent',
    sees: '"You were removed; what was here stays and can be exported"; the work is in the export',
    tests: [
      { file: 'test/sync/misfits.test.ts', test: 'somebody who is removed while offline' },
      { file: crossed, test: 'removed while offline with unsent work' },
    ],
  },
  {
    happens: 'This device is taken out of the account by another one',
    sees: '"Sign in again"; whoever does is told that the device was taken out, when, and with what; what was here stays and can be exported',
    tests: [{ file: 'test/e2e/accounts.e2e.ts', test: 'a server that nobody vouches for' }],
  },
];

const INTRODUCTION = `# When something goes wrong

What can go wrong, what a person sees of it, and the tests that show it. Written by \`test/failures/failures.test.ts\`, which fails if this
page says something else, or if a test that it names is not there.

`;

export function pageOfFailures(): string {
  const head = '| what happens | what a person sees | shown by |\n| --- | --- | --- |\n';
  return `${INTRODUCTION}${head}${FAILURES.map(rowOf).join('')}`;
}

function rowOf({ happens, sees, tests }: Failure): string {
  const files = [...new Set(tests.map(({ file }) => `\`${file}\``))];
  return `| ${happens} | ${sees} | ${files.join(', ')} |\n`;
}
