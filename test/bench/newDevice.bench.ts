// A new device of somebody with 10,000 prompts, as the product does it: from the recovery kit until all are listed, and
// until every signature is checked. Real server with its PostgreSQL, real library in its own process with its worker and
// its disk; no editor. The floor is checking as many signatures on one thread, and nothing else.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LibraryResult, PromptId, WorkspaceId } from '../../extension/src/library/api.ts';
import type { TeamsResult } from '../../extension/src/library/teams.ts';
import type { Figure } from '../../tools/figure.ts';
import { bundleWindow, startWindow, type TestWindow } from '../store/startWindow.ts';
import { startServerProcess } from '../sync/serverProcess.ts';
import { bareVerification } from './sync/bareVerification.ts';

export const prefix = 'sync.newDevice';

const PROMPTS = 10_000;
const AT_ONCE = 500;
const RUNS = 3;
const PASSWORD = 'a long enough password';
const EMAIL = 'ana@example.com';
const pollMs = 100;

export async function figures(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-bench-'));
  try {
    await using server = await startServerProcess();
    const bundle = await bundleWindow(folder);
    const open = (name: string): TestWindow =>
      startWindow({
        bundle,
        folder: path.join(folder, name),
        secretsFile: path.join(folder, `${name}.secrets`),
      });
    await using first = open('first');
    const filled = await fill(first);
    const kit = got(await first.calls.recoveryKit());
    const { account } = got(
      await first.teams.signUp({
        server: server.address,
        ground: { kind: 'link', text: server.ownerLink },
        credentials: { kind: 'password', email: EMAIL, password: PASSWORD },
        displayName: 'Ana',
        deviceName: 'first',
      }),
    );
    got(await first.teams.attachPersonal(filled.workspace, account));
    await until(async () => isSent(first, filled.workspace));

    const [listed, verified, floors]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run < RUNS; run += 1) {
      await using device = open(`device${run}`);
      const { address } = server;
      got(
        await device.teams.signIn({ server: address, email: EMAIL, password: PASSWORD, deviceName: 'new' }),
      );
      const started = performance.now();
      got(await device.teams.enrolWithKit(account, kit.code));
      await until(async () => got(await device.calls.paths()).length === PROMPTS);
      listed.push(performance.now() - started);
      await until(async () => isVerified(device, filled.last));
      await until(async () => (await verifiedOf(device)) === PROMPTS);
      verified.push(performance.now() - started);
      floors.push(bareVerification(PROMPTS));
    }
    const [floor, measured] = [median(floors), median(verified)];
    return [
      { figure: 'sync.newDevice.listed', value: median(listed), unit: 'ms', runs: RUNS },
      { figure: 'sync.newDevice.verified', value: measured, unit: 'ms', runs: RUNS },
      {
        figure: 'sync.newDevice.verified.ratio',
        value: measured / floor,
        unit: 'x',
        floor,
        measured,
        runs: RUNS,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Two tags, as no list is longer than half of them. */
const TAGS = ['even', 'odd'] as const;

async function fill({ calls }: TestWindow) {
  const status = await calls.status();
  const [personal] = status.kind === 'ready' ? status.workspaces : [];
  if (personal === undefined) throw new Error('a library begins with a workspace');
  const text = (index: number): string =>
    `---\ndescription: Prompt number ${index}\ntags: [${TAGS[index % 2] ?? ''}]\n---\n`.padEnd(
      1024,
      'Say why. ',
    );
  let last: PromptId | null = null;
  for (let from = 0; from < PROMPTS; from += AT_ONCE) {
    const made = got(
      await calls.createPrompts(
        Array.from({ length: AT_ONCE }, (_, index) => ({
          workspaceId: personal.id,
          folderId: null,
          path: [`Folder ${Math.floor((from + index) / 100)}`],
          name: `Prompt ${from + index}`,
          text: text(from + index),
        })),
      ),
    );
    last = made.at(-1)?.id ?? null;
  }
  if (last === null) throw new Error('nothing was written');
  return { workspace: personal.id, last };
}

async function isSent({ teams }: TestWindow, workspace: WorkspaceId): Promise<boolean> {
  const team = got(await teams.overview()).teams.find(({ id }) => id === workspace);
  return team?.sync.kind === 'live' && team.sync.pending === 0;
}

const isVerified = async ({ calls }: TestWindow, id: PromptId): Promise<boolean> =>
  got(await calls.prompt(id)).verified;

async function verifiedOf({ calls }: TestWindow): Promise<number> {
  const lists = await Promise.all(
    TAGS.map(async (tag) => got(await calls.list({ tag, limit: PROMPTS / TAGS.length }))),
  );
  return lists.flat().filter(({ verified }) => verified).length;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
}

function got<T>(result: LibraryResult<T> | TeamsResult<T>): T {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.message}`);
  return result.value;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
