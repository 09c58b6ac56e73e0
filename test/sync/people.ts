// People with computers: each computer is a folder with a library and a keyring, and its windows are processes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { LibraryResult, PromptId, WorkspaceId } from '../../extension/src/library/api.ts';
import type {
  AccountId,
  NetworkWay,
  TeamsResult,
  TeamSummary,
  WorkspaceSync,
} from '../../extension/src/library/teams.ts';
import { bundleWindow, startWindow, type TestWindow, type WindowBundle } from '../store/startWindow.ts';
import type { ServerProcess } from './serverProcess.ts';

export const PASSWORD = 'a long enough password';

/** How a computer reaches the network: absent, directly. */
export interface ComputerWay {
  readonly way: NetworkWay;
  readonly authority?: string;
}

export interface Ground extends AsyncDisposable {
  readonly folder: string;
  /** A computer that was never used. */
  computer(name: string, way?: ComputerWay): Computer;
}

export async function createGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'cuebook-sync-'));
  const bundle = await bundleWindow(folder);
  const computers: Computer[] = [];
  return {
    folder,
    computer(name, way) {
      const made = new Computer(bundle, folder, name, way);
      computers.push(made);
      return made;
    },
    async [Symbol.asyncDispose]() {
      for (const computer of computers) await computer.shutDown();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

export class Computer {
  readonly name: string;
  readonly folder: string;
  readonly #bundle: WindowBundle;
  readonly #secrets: string;
  readonly #windows: TestWindow[] = [];
  readonly #way: ComputerWay | undefined;
  #clockOffset: number | undefined;
  #main: TestWindow;

  constructor(bundle: WindowBundle, folder: string, name: string, way?: ComputerWay) {
    this.#way = way;
    this.name = name;
    this.#bundle = bundle;
    this.folder = join(folder, name);
    this.#secrets = join(folder, `${name}.secrets`);
    this.#main = this.window();
  }

  get calls(): TestWindow['calls'] {
    return this.#main.calls;
  }

  get teams(): TestWindow['teams'] {
    return this.#main.teams;
  }

  get log(): readonly string[] {
    return this.#main.log;
  }

  /** Another window of the same library. */
  window(): TestWindow {
    const { folder } = this;
    const way = this.#way;
    const window = startWindow({
      bundle: this.#bundle,
      folder,
      secretsFile: this.#secrets,
      ...way,
      ...(this.#clockOffset !== undefined && { clockOffset: this.#clockOffset }),
    });
    this.#windows.push(window);
    return window;
  }

  /** kill -9 of all windows, then one is opened again; from then on with a clock that is wrong by so much. */
  async restart(clockOffset?: number): Promise<void> {
    await this.shutDown();
    this.#clockOffset = clockOffset;
    this.#main = this.window();
    await this.#main.calls.status();
  }

  async shutDown(): Promise<void> {
    for (const window of this.#windows.splice(0)) await window.kill();
  }

  async signUp(server: ServerProcess, ground: Parameters<TestWindow['teams']['signUp']>[0]['ground']) {
    return got(
      await this.teams.signUp({
        server: server.address,
        ground,
        credentials: { kind: 'password', email: `${this.name}@example.com`, password: PASSWORD },
        displayName: this.name,
        deviceName: `${this.name}'s computer`,
      }),
    );
  }

  async account(): Promise<AccountId> {
    const { accounts } = got(await this.teams.overview());
    const account = accounts.find(({ server }) => server !== null);
    if (account === undefined) throw new Error(`${this.name} is on no server`);
    return account.id;
  }

  async team(id: WorkspaceId): Promise<TeamSummary> {
    const team = got(await this.teams.overview()).teams.find((one) => one.id === id);
    if (team === undefined) throw new Error(`${this.name} does not see this team`);
    return team;
  }

  async sync(id: WorkspaceId): Promise<WorkspaceSync> {
    return (await this.team(id)).sync;
  }

  /** Until nothing is on its way in either direction. */
  async settled(id: WorkspaceId): Promise<void> {
    await expect
      .poll(async () => this.sync(id), { message: this.name })
      .toEqual({ kind: 'live', pending: 0 });
  }

  async create(workspaceId: WorkspaceId, name: string, text: string): Promise<PromptId> {
    const [made] = got(await this.calls.createPrompts([{ workspaceId, folderId: null, name, text }]));
    if (made === undefined) throw new Error('not made');
    return made.id;
  }

  async save(id: PromptId, text: string) {
    const { revisionId } = got(await this.calls.read(id));
    return got(await this.calls.save(id, { text, base: revisionId }));
  }

  async text(id: PromptId): Promise<string | null> {
    const read = await this.calls.read(id);
    return read.ok ? read.value.text : null;
  }

  /** Paths and texts of a team's prompts, to be compared. */
  async contents(workspaceId: WorkspaceId): Promise<Readonly<Record<string, string>>> {
    const prompts = got(await this.calls.list({ limit: 5000 })).filter(
      (prompt) => prompt.workspaceId === workspaceId,
    );
    const texts: Record<string, string> = {};
    for (const { path, id } of prompts) texts[path] = (await this.text(id)) ?? '';
    return texts;
  }
}

export function got<T>(result: LibraryResult<T> | TeamsResult<T>): T {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.message}`);
  return result.value;
}

export function problemOf(result: LibraryResult<unknown> | TeamsResult<unknown>): string {
  if (result.ok) throw new Error('this should not have worked');
  return result.problem.code;
}

/** Invites somebody new, who signs up by the invite. */
export async function inviteNew(
  server: ServerProcess,
  host: Computer,
  guest: Computer,
  workspace: WorkspaceId,
  role: 'editor' | 'viewer' = 'editor',
): Promise<void> {
  const expiresAt = Date.now() + 3_600_000;
  const invite = got(await host.teams.invite({ workspace, role, uses: 1, expiresAt }));
  await guest.signUp(server, { kind: 'invite', text: invite.link });
}
