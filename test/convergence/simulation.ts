// One seed's story: who does what and which message arrives when, all drawn from one generator, so that a seed tells the
// same story each time.

import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { createSuiteFrom } from '@cuebook/shared/crypto/suite';
import type { GroupId, RevisionId } from '@cuebook/shared/encoding/ids';
import { createVerifiers, type Verifiers } from '@cuebook/shared/crypto/verifiers';
import { createFolder, createPrompts } from '@cuebook/shared/replica/creating';
import { currentText, labels, versions, versionText } from '@cuebook/shared/replica/history';
import { amendMessage, moveLabel, renameWorkspace } from '@cuebook/shared/replica/labelling';
import { viewLibrary } from '@cuebook/shared/replica/libraryView';
import { place, purge, restore, trash } from '@cuebook/shared/replica/placing';
import { pendingEntries } from '@cuebook/shared/replica/pushing';
import { resolveConflict, saveText } from '@cuebook/shared/replica/saving';
import {
  addSampleDevice,
  createSampleAccount,
  SampleTeam,
  type SampleAccount,
} from '@cuebook/shared/team/sampleTeam';
import { ModelServer } from './modelServer.ts';
import { SimulatedDevice, type ToClient, type ToServer } from './simulatedDevice.ts';

/** A text that a save took: it must stay to be found. */
interface Promised {
  readonly by: SimulatedDevice;
  readonly id: GroupId;
  readonly revisionId: RevisionId;
  readonly text: string;
}

const MAX_ROUNDS = 400;

/** Five people with eight devices between them, the same ones for every seed. */
export async function createPool(base: Suite): Promise<readonly SampleAccount[]> {
  const suite = withRandom(base, generator(0));
  const pool: SampleAccount[] = [];
  for (let count = 0; count < 5; count++) pool.push(await createSampleAccount(suite));
  for (const account of pool.filter((_, index) => index % 2 === 0)) await addSampleDevice(suite, account);
  return pool;
}

function withRandom(base: Suite, random: () => number): Suite {
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  return createSuiteFrom({ ...base, random: bytes }, base.implementations);
}

export class Simulation {
  readonly #random: () => number;
  readonly #server: ModelServer;
  readonly #team: SampleTeam;
  readonly #owner: SampleAccount;
  readonly #members: readonly SampleAccount[];
  readonly #devices: SimulatedDevice[];
  readonly #suite: Suite;
  readonly #verifiers: Verifiers;
  readonly #promised: Promised[] = [];
  /** What an editor still shows of a prompt, while others go on. */
  readonly #editors = new Map<SimulatedDevice, Map<GroupId, { revisionId: RevisionId; text: string }>>();
  readonly #problems: string[] = [];
  #count = 0;

  private constructor(parts: {
    readonly random: () => number;
    readonly suite: Suite;
    readonly team: SampleTeam;
    readonly members: readonly SampleAccount[];
  }) {
    const { random, suite, team, members } = parts;
    const [owner] = members;
    if (owner === undefined) throw new Error('A team has an owner.');
    this.#random = random;
    this.#suite = suite;
    this.#verifiers = createVerifiers(suite);
    this.#team = team;
    this.#members = members;
    this.#owner = owner;
    this.#server = new ModelServer(suite, team, this.#verifiers);
    this.#devices = members.flatMap((account) =>
      account.devices
        .slice(0, 1 + this.#below(account.devices.length))
        .map((device) => this.#newDevice(account, device)),
    );
  }

  static async start(base: Suite, pool: readonly SampleAccount[], seed: number): Promise<Simulation> {
    const random = generator(seed);
    const suite = withRandom(base, random);
    const members = pool.slice(0, 2 + Math.floor(random() * (pool.length - 1)));
    const [owner] = members;
    if (owner === undefined) throw new Error('A team has an owner.');
    const team = await SampleTeam.create(suite, owner);
    for (const account of members.slice(1)) {
      await team.add(owner, account, random() < 0.5 ? 'editor' : 'admin');
    }
    return new Simulation({ random, suite, team, members });
  }

  async run(): Promise<void> {
    const steps = 60 + this.#below(240);
    for (let step = 0; step < steps; step++) {
      const kind = this.#random();
      if (kind < 0.35) this.#edit(this.#pick(this.#devices));
      else if (kind < 0.99) this.#network(this.#pick(this.#devices));
      else await this.#changeMembers();
    }
  }

  /** Everybody is connected, everything arrives, every conflict is resolved by whoever has it. */
  settle(): void {
    for (const device of this.#devices) device.connect();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      for (const device of this.#devices) {
        device.ask();
        this.#deliverAll(device);
        device.push();
        this.#deliverAll(device);
      }
      if (this.#membersOnline().every((device) => this.#isQuiet(device))) return;
      for (const device of this.#membersOnline()) this.#resolveAll(device);
    }
    this.#problems.push('It does not become quiet.');
  }

  problems(): readonly string[] {
    const members = this.#membersOnline();
    const fresh = this.#newDevice(this.#owner, this.#firstDevice());
    fresh.connect();
    while (fresh.state.feed.seq < this.#server.position.seq) {
      fresh.ask();
      this.#deliverAll(fresh);
    }
    const expected = JSON.stringify(shown(fresh));
    for (const device of members) {
      if (JSON.stringify(shown(device)) !== expected)
        if (JSON.stringify(shown(device)) !== expected)
          this.#problems.push(`${this.#name(device)} sees something else.`);
      device.restart(this.#random() < 0.5);
      if (JSON.stringify(shown(device)) !== expected) {
        this.#problems.push(`${this.#name(device)} sees something else after a restart.`);
      }
    }
    for (const device of [...members, fresh]) {
      for (const { reason } of device.state.quarantine.values()) {
        this.#problems.push(`${this.#name(device)} set a record aside: ${reason}.`);
      }
    }
    this.#checkPromises(fresh);
    return this.#problems;
  }

  #checkPromises(fresh: SimulatedDevice): void {
    for (const { by, id, revisionId, text } of this.#promised) {
      const holder = by.isMember ? fresh : by;
      const isPurged = [holder, by].some((device) => device.state.groups.get(id)?.purged === true);
      if (isPurged) continue;
      const found = versionText(holder.state, holder.ports, { id, revisionId });
      if (found !== text)
        this.#problems.push(`A text saved by ${this.#name(by)} is ${found === null ? 'lost' : 'another'}.`);
      const listed = versions(holder.state, id, { limit: 10_000 }).map((version) => version.revisionId);
      if (listed.filter((each) => each === revisionId).length !== 1) {
        this.#problems.push(
          `A version of ${this.#name(by)} is listed ${listed.includes(revisionId) ? 'twice' : 'never'}.`,
        );
      }
    }
  }

  #edit(device: SimulatedDevice): void {
    this.#count += 1;
    const { state } = device;
    const ids = [...state.groups.values()]
      .filter((group) => group.place !== null)
      .map((group) => group.id)
      .sort();
    const folders = ids.filter((id) => state.groups.get(id)?.kind === 'folder');
    const folderId = this.#random() < 0.3 ? null : this.#pickOr(folders, null);
    // A few prompts that everybody works on, and folders that are moved into each other.
    const busy = ids.slice(0, this.#random() < 0.6 ? 3 : ids.length);
    const id = this.#pickOr(busy, null);
    const moved = this.#random() < 0.5 ? (this.#pickOr(folders, id) ?? id) : id;
    const name = `name${this.#below(4)}`;
    const kind = this.#random();
    if (id === null || kind < 0.08) this.#createPrompt(device, folderId, name);
    else if (kind < 0.13)
      device.run((at, ports) => createFolder(at, ports, { parentId: folderId, name, ifTaken: 'suffix' }));
    else if (kind < 0.62) this.#save(device, id);
    else if (kind < 0.7) device.run((at, ports) => place(at, ports, [{ id, name, ifTaken: 'suffix' }]));
    else if (kind < 0.8)
      device.run((at, ports) => place(at, ports, [{ id: moved ?? id, folderId, ifTaken: 'suffix' }]));
    else if (kind < 0.84) device.run((at, ports) => trash(at, ports, [id]));
    else if (kind < 0.89) device.run((at, ports) => restore(at, ports, [id]));
    else if (kind < 0.9) this.#purge(device, id);
    else if (kind < 0.93) this.#label(device, id);
    else if (kind < 0.95) this.#amend(device, id);
    else if (kind < 0.96) device.run((at, ports) => renameWorkspace(at, ports, name));
    else this.#resolve(device, id);
  }

  #createPrompt(device: SimulatedDevice, folderId: GroupId | null, name: string): void {
    const text = Array.from({ length: 8 }, (_, line) => `line ${line}`).join('\n');
    const made = device.run((at, ports) =>
      createPrompts(at, ports, [{ folderId, name, text, ifTaken: 'suffix' }]),
    );
    for (const created of made?.result ?? []) this.#promised.push({ by: device, ...created, text });
  }

  #save(device: SimulatedDevice, id: GroupId): void {
    const editors = this.#editors.get(device) ?? new Map<GroupId, { revisionId: RevisionId; text: string }>();
    this.#editors.set(device, editors);
    const content = device.state.groups.get(id)?.content;
    if (content === undefined || content === null) return;
    const current = {
      revisionId: content.revisionId,
      text: currentText(device.state, device.ports, id) ?? '',
    };
    const base = editors.get(id) ?? current;
    const lines = base.text.split('\n');
    lines[this.#below(lines.length)] = `line by ${this.#name(device)}, ${this.#count}`;
    const text = lines.join('\n');
    const saved = device.run((at, ports) => saveText(at, ports, { id, text, base: base.revisionId }));
    if (saved === null) return;
    const { mineRevisionId, revisionId, text: headText } = saved.result;
    this.#promised.push({ by: device, id, revisionId: mineRevisionId, text });
    if (this.#random() < 0.2) editors.set(id, base);
    else editors.set(id, { revisionId, text: headText });
    if (this.#random() < 0.5) editors.delete(id);
  }

  #purge(device: SimulatedDevice, id: GroupId): void {
    if (device.account !== this.#owner) return;
    device.run((at, ports) => trash(at, ports, [id]));
    device.run((at, ports) => purge(at, ports, [id]));
  }

  #label(device: SimulatedDevice, id: GroupId): void {
    const revisionId = device.state.groups.get(id)?.content?.revisionId ?? null;
    const label = `label${this.#below(2)}`;
    device.run((at, ports) => moveLabel(at, ports, { id, label, revisionId }));
  }

  #amend(device: SimulatedDevice, id: GroupId): void {
    const revisionId = device.state.groups.get(id)?.content?.revisionId;
    if (revisionId === undefined) return;
    const message = `message ${this.#count}`;
    device.run((at, ports) => amendMessage(at, ports, { id, revisionId, message }));
  }

  #resolve(device: SimulatedDevice, id: GroupId): boolean {
    const text = `resolved by ${this.#name(device)}, ${(this.#count += 1)}\nline\nline\nline`;
    const resolved = device.run((at, ports) => resolveConflict(at, ports, { id, text }));
    if (resolved !== null) {
      this.#promised.push({ by: device, id, revisionId: resolved.result.mineRevisionId, text });
    }
    return resolved !== null;
  }

  #resolveAll(device: SimulatedDevice): void {
    for (const group of device.state.groups.values()) {
      if (group.hasConflict) while (this.#resolve(device, group.id));
    }
  }

  #network(device: SimulatedDevice): void {
    const kind = this.#random();
    if (!device.isOnline) {
      if (kind < 0.12) device.connect();
      else if (kind < 0.16) this.#restart(device);
      return;
    }
    if (kind < 0.02) device.disconnect();
    else if (kind < 0.03) this.#restart(device);
    else if (kind < 0.25) device.push();
    else if (kind < 0.4) device.ask();
    else if (kind < 0.7) this.#deliverToServer(device, this.#random() < 0.1);
    else this.#deliverToClient(device, this.#random() < 0.1);
  }

  #restart(device: SimulatedDevice): void {
    const { isOnline } = device;
    device.restart(this.#random() < 0.5);
    if (!isOnline) device.disconnect();
  }

  /** Somebody is removed, or the key is changed. */
  async #changeMembers(): Promise<void> {
    this.#team.position = this.#server.position;
    const others = this.#members.slice(1).filter((account) => this.#isMember(account));
    const leaving = this.#pickOr(others, null);
    if (leaving === null || this.#random() < 0.5) await this.#team.rotate(this.#owner);
    else await this.#team.remove(this.#owner, leaving.id);
  }

  #deliverToServer(device: SimulatedDevice, twice: boolean): void {
    const message = device.toServer.shift();
    if (message === undefined) return;
    this.#answer(device, message);
    if (twice) this.#answer(device, message);
  }

  #deliverToClient(device: SimulatedDevice, twice: boolean): void {
    const message = device.toClient.shift();
    if (message === undefined) return;
    device.take(message);
    if (twice) device.take(message);
  }

  #deliverAll(device: SimulatedDevice): void {
    while (device.toServer.length > 0 || device.toClient.length > 0) {
      this.#deliverToServer(device, false);
      this.#deliverToClient(device, false);
    }
  }

  #answer(device: SimulatedDevice, message: ToServer): void {
    const { history } = this.#team;
    const answer = (reply: ToClient): void => {
      device.toClient.push(reply);
    };
    if (message.kind === 'read') {
      // Nothing new reaches whoever is no member any more.
      const items = device.isMember ? this.#server.feedAfter(message.after, 1 + this.#below(20)) : [];
      answer({ kind: 'feed', history, items });
    } else {
      const { push, bytes } = message;
      answer({ kind: 'answer', history, push, answer: this.#server.append(push, bytes) });
    }
  }

  #isQuiet(device: SimulatedDevice): boolean {
    return device.state.feed.seq === this.#server.position.seq && pendingEntries(device.state).length === 0;
  }

  #membersOnline(): readonly SimulatedDevice[] {
    return this.#devices.filter((device) => device.isMember);
  }

  #isMember(account: SampleAccount): boolean {
    return this.#devices.some((device) => device.account === account && device.isMember);
  }

  #firstDevice(): DeviceKeys {
    const [device] = this.#owner.devices;
    if (device === undefined) throw new Error('The owner has a device.');
    return device;
  }

  #name(device: SimulatedDevice): string {
    return `device ${this.#devices.indexOf(device)}`;
  }

  #newDevice(account: SampleAccount, device: DeviceKeys): SimulatedDevice {
    const tools = { suite: this.#suite, team: this.#team, verifiers: this.#verifiers };
    return new SimulatedDevice(tools, account, device, this.#clock());
  }

  /** Clocks are wrong: no two devices agree on the time. */
  #clock(): number {
    return 1_600_000_000_000 + this.#below(200_000_000_000);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }

  #pickOr<T>(items: readonly T[], otherwise: T | null): T | null {
    return items.length === 0 ? otherwise : this.#pick(items);
  }
}

/** All that a person can see of a replica. */
function shown({ state, ports }: SimulatedDevice): unknown {
  const view = viewLibrary(state);
  const groups = [...state.groups.values()].filter((group) => group.kind !== null);
  return {
    name: state.workspaceName,
    feed: state.feed,
    ignoredMoves: [...state.ignoredMoves].sort((left, right) => (left.record < right.record ? -1 : 1)),
    paths: [...view.prompts(), ...view.folders()]
      .map((group) => `${group.id} ${view.tree.path(group).join('/')}`)
      .sort(),
    trashed: view
      .trashed()
      .map((group) => group.id)
      .sort(),
    groups: groups
      .map((group) => ({
        id: group.id,
        kind: group.kind,
        createdAt: group.createdAt,
        trashedAt: group.trashedAt,
        conflict: group.hasConflict,
        content: group.content,
        text: currentText(state, ports, group.id),
        labels: labels(state, group.id),
        versions: versions(state, group.id, { limit: 10_000 }),
      }))
      .sort((left, right) => (left.id < right.id ? -1 : 1)),
  };
}

/** Mulberry32: small, and good enough to choose by. */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
