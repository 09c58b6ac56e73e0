// One seed's story: who does what and which message arrives when, all drawn from one generator, so that a seed tells the
// same story each time.

import type { DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { AccountId, RecordId, WorkspaceId } from '@cuebook/shared/encoding/ids';
import { labelTag } from '@cuebook/shared/record/labelTag';
import type { ServerMessage } from '@cuebook/shared/client/messages';
import { mayEdit } from '@cuebook/shared/client/standing';
import { accountOf } from '@cuebook/shared/client/state';
import { extendAccount, latest, type AccountHistory } from '@cuebook/shared/team/history';
import { createInviteSecret, deriveInviteKeys } from '@cuebook/shared/team/invite';
import { following } from '@cuebook/shared/team/log';
import { accountLog } from '@cuebook/shared/team/accountEntry';
import { activeDevice } from '@cuebook/shared/team/accountFold';
import { isAtLeast, type Role } from '@cuebook/shared/team/roles';
import { sampleTools, signerOf, unwrap, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { currentMember } from '@cuebook/shared/team/teamState';
import { prepareGeneration, sealUserKey } from '@cuebook/shared/team/userKeys';
import { pendingEntries } from '@cuebook/shared/replica/pushing';
import { Chance } from './chance.ts';
import { deliverAll, deliverToServer, waiting } from './delivery.ts';
import { firstDevice, register, type Founding, type Setting } from './founding.ts';
import { LABELS, People } from './editing.ts';
import type { EventCounts, EventName } from './events.ts';
import {
  changeRole,
  invite,
  join,
  leave,
  protect,
  remove,
  rotate,
  transfer,
  type Invitation,
} from './membership.ts';
import { ModelServer, type Backup } from './modelServer.ts';
import { generator } from './seeded.ts';
import { SimulatedDevice, type Channel } from './simulatedDevice.ts';

const MAX_ROUNDS = 60;
const ROUNDS_OF_HEALING = 4;
const MAX_REPLICAS = 8;

export interface Story {
  readonly seed: number;
  /** False: as the story went before provider keys were shared. */
  readonly sharesKeys: boolean;
}

export class Simulation {
  readonly chance: Chance;
  readonly people: People;
  readonly server: ModelServer;
  readonly devices: SimulatedDevice[] = [];
  readonly events: EventCounts = new Map();
  readonly problems: string[] = [];
  /** What the server said that it had stored. */
  readonly acknowledged = new Set<RecordId>();
  readonly suite: Suite;
  readonly #setting: Setting;
  readonly #workspace: WorkspaceId;
  /** Devices that knew more than the server when its healing was closed: for them it shows another past. */
  readonly forsaken = new Set<SimulatedDevice>();
  #step = 0;
  #backup: Backup | null = null;
  #sparesUsed = 0;
  /** Step until which a device stays offline. */
  readonly #offlineUntil = new Map<SimulatedDevice, number>();

  private constructor(setting: Setting, founding: Founding, { seed, sharesKeys }: Story) {
    const random = generator(seed);
    this.chance = new Chance(random);
    this.suite = setting.suite(random);
    this.#setting = setting;
    this.people = new People(this.chance, sharesKeys);
    this.server = new ModelServer(this.suite, founding.server);
    this.#workspace = founding.workspace;
  }

  static async start(setting: Setting, story: Story): Promise<Simulation> {
    const founding = await setting.founding(story.seed);
    const simulation = new Simulation(setting, founding, story);
    for (const known of founding.devices) {
      const device = simulation.#newDevice(known.account, known.device);
      await device.load(known);
      simulation.devices.push(device);
      device.connect();
    }
    return simulation;
  }

  async run(): Promise<void> {
    const steps = 60 + this.chance.below(240);
    for (this.#step = 0; this.#step < steps; this.#step++) {
      const kind = this.chance.next();
      this.#operate();
      if (kind < 0.3) this.#edit();
      else if (kind < 0.94) await this.#network(this.chance.pick(this.devices));
      else await this.#changeTeam();
    }
  }

  /** Everybody is connected, everything arrives, every conflict is resolved by whoever has it. */
  async settle(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (round >= ROUNDS_OF_HEALING && this.server.isHealing) this.#closeHealing();
      for (const device of this.devices) {
        if (round > 1 && this.#isIdle(device)) continue;
        if (!device.isOnline) device.connect();
        device.ask();
        this.#hintBoxes(device);
        await this.deliverAll(device);
        device.push();
        await this.deliverAll(device);
      }
      if (this.members().every((device) => this.isQuiet(device))) return;
      for (const device of this.members()) {
        if (device.state.feed.feedHash === this.server.position.feedHash) this.#resolveAll(device);
      }
    }
    if (!this.server.hasOrphanedDeletions()) this.problems.push('It does not become quiet.');
  }

  /** Devices that count at the end: of members, not revoked, and not left behind by a restore. */
  members(): readonly SimulatedDevice[] {
    return this.devices.filter(
      (device) => this.isMember(device) && !this.forsaken.has(device) && !this.#isBereft(device),
    );
  }

  /**
   * A restored server has lost boxes. Epoch keys are sealed anew by whoever has them; but nobody can seal what no member
   * has any more, and nobody knows that another device of theirs never got its user key.
   */
  #isBereft(device: SimulatedDevice): boolean {
    if (!this.server.wasRestored || device.keys?.epochs.has(this.server.team.epoch) === true) return false;
    const { epoch } = this.server.team;
    // Who is left with another past seals nothing any more.
    const isKnown = this.devices.some(
      (each) => this.isMember(each) && !this.forsaken.has(each) && each.keys?.epochs.has(epoch) === true,
    );
    const generation = this.server.accountState(device.account.id)?.generation ?? 0;
    return !isKnown || !device.userKeys.has(generation);
  }

  isMember(device: SimulatedDevice): boolean {
    return this.server.isActive(device.caller) && this.server.isMember(device.account.id);
  }

  /** A viewer's work stays where it is. */
  mayWrite(device: SimulatedDevice): boolean {
    const member = currentMember(this.server.team, device.account.id);
    const isEditor = member !== null && isAtLeast(member.role, 'editor');
    return isEditor && this.members().includes(device);
  }

  isQuiet(device: SimulatedDevice): boolean {
    const isSent = !this.mayWrite(device) || pendingEntries(device.state).length === 0;
    const knowsTeam = device.team?.head.hash === this.server.team.head.hash;
    return isSent && knowsTeam && device.isQuiet(this.server.position) && !this.server.team.rotationOwed;
  }

  /** Has nothing to say to anybody. */
  #isIdle(device: SimulatedDevice): boolean {
    if (!this.isMember(device)) return device.intents.length === 0;
    const isNeeded = this.members().some((each) => each.standing === 'waitsForKey');
    return !isNeeded && !this.server.isHealing && this.isQuiet(device);
  }

  name(device: SimulatedDevice): string {
    return `device ${this.devices.indexOf(device)}`;
  }

  /** Another replica of a member, from nothing; null if nobody is left whom the server shows what they know. */
  async fresh(): Promise<SimulatedDevice | null> {
    for (const member of this.members()) {
      const fresh = this.#newDevice(member.account, member.device);
      fresh.connect();
      await this.deliverAll(fresh);
      // A restored server may have lost boxes that this device itself has opened.
      const hasKey = fresh.keys?.epochs.has(this.server.team.epoch) === true;
      if (hasKey || !this.server.wasRestored) return fresh;
    }
    return this.members()[0] ?? null;
  }

  async deliverAll(device: SimulatedDevice): Promise<void> {
    await deliverAll(
      this.server,
      device,
      (answer) => this.#noteAnswer(answer),
      (message) => this.#noteTaken(message),
    );
  }

  count(name: EventName): void {
    this.events.set(name, (this.events.get(name) ?? 0) + 1);
  }

  /** What whoever runs the server does: a backup now and then, and once it has to be brought back. */
  #operate(): void {
    const { chance, server } = this;
    if (this.#backup === null) {
      if (chance.isBelow(0.003)) this.#backup = server.backup();
    } else if (!server.wasRestored && chance.isBelow(0.008)) {
      this.count('server restored from an older backup');
      server.restore(this.#backup);
      for (const device of this.devices) if (device.isOnline) device.disconnect();
    } else if (server.isHealing && chance.isBelow(0.02) && (server.isHealed() || chance.isBelow(0.1))) {
      this.#closeHealing();
    }
  }

  #closeHealing(): void {
    const { server } = this;
    const { seq } = server.position;
    for (const device of this.devices) {
      const isLonger = (device.team?.head.index ?? 0) > server.team.head.index;
      const knowsMore = [...device.client.accounts.values()].some(
        ({ entries, states }) =>
          entries.length - 1 > (server.accountState(accountOfLog(states))?.head.index ?? -1),
      );
      if (device.state.feed.seq <= seq && !isLonger && !knowsMore) continue;
      this.forsaken.add(device);
      this.count('back only after healing was closed');
    }
    server.closeHealing();
  }

  #edit(): void {
    const { chance } = this;
    const editors = this.devices.filter((device) => mayEdit(device.standing));
    const device = chance.pickOr<SimulatedDevice | null>(editors, null);
    if (device === null) return;
    if (chance.isBelow(0.08)) this.people.moveIntoEachOther(device, chance.pick(editors));
    else this.people.edit(device);
  }

  #resolveAll(device: SimulatedDevice): void {
    const before = this.people.promised.length;
    this.people.resolveAll(device);
    if (this.people.promised.length > before) this.count('conflict resolved');
  }

  async #network(device: SimulatedDevice): Promise<void> {
    const { chance } = this;
    const kind = chance.next();
    if (!device.isOnline) {
      if ((this.#offlineUntil.get(device) ?? 0) > this.#step) return;
      if (kind < 0.15) device.connect();
      else if (kind < 0.2) await this.#restart(device);
      return;
    }
    if (kind < 0.02) this.#disconnect(device);
    else if (kind < 0.03) {
      await this.#restart(device);
      device.connect();
    } else if (kind < 0.18) device.push();
    else if (kind < 0.3) device.ask();
    else if (kind < 0.33) this.#hintBoxes(device);
    else await this.#deliver(device);
  }

  #disconnect(device: SimulatedDevice): void {
    if (device.toServer.length > 0 || waiting(device).length > 0) this.count('connection lost');
    device.disconnect();
    if (this.chance.isBelow(0.3)) {
      this.count('offline for long');
      this.#offlineUntil.set(device, this.#step + 60 + this.chance.below(120));
    }
  }

  async #restart(device: SimulatedDevice): Promise<void> {
    const fromSnapshot = this.chance.isBelow(0.5);
    await device.restart(fromSnapshot);
    this.count(fromSnapshot ? 'restart from a snapshot' : 'restart from the records alone');
  }

  /** A few messages, in an order that a socket may give them. */
  async #deliver(device: SimulatedDevice): Promise<void> {
    const { chance } = this;
    for (let count = 1 + chance.below(8); count > 0; count--) {
      const twice = chance.isBelow(0.05);
      const channels = waiting(device);
      const channel = chance.pickOr<Channel | null>(channels, null);
      if (device.toServer.length > 0 && (channel === null || chance.isBelow(0.5))) {
        const index = chance.isBelow(0.7) ? 0 : chance.below(device.toServer.length);
        if (index > 0) this.count('requests overtake each other');
        this.#deliverToServer(device, index, twice);
      } else if (channel !== null) {
        if (channel === 'answers' && channels.includes('feed')) this.count('answer overtakes the feed');
        await this.#deliverToClient(device, channel, twice);
      }
    }
  }

  #deliverToServer(device: SimulatedDevice, index: number, twice: boolean): void {
    if (twice) this.count('message delivered twice');
    for (const answer of deliverToServer(this.server, device, index, twice ? 2 : 1)) this.#noteAnswer(answer);
  }

  #noteAnswer(answer: ServerMessage): void {
    if (answer.kind === 'pushed') this.#countAnswer(answer.answer.kind);
    if (answer.kind === 'teamAppended' && answer.answer === 'behind') {
      this.count('two entries at once: the second judged anew');
    }
  }

  #countAnswer(kind: string): void {
    if (kind === 'behind') this.count('push was behind');
    if (kind === 'oldEpoch') this.count('push under an old key');
    if (kind === 'rotationOwed') this.count('push while a key was owed');
    if (kind === 'gone') this.count('push of a purged prompt');
    if (kind === 'notAllowed') this.count('push by somebody who may not write');
  }

  async #deliverToClient(device: SimulatedDevice, channel: Channel, twice: boolean): Promise<void> {
    const message = device.toClient[channel].shift();
    if (message === undefined) return;
    if (twice) this.count('message delivered twice');
    this.#noteTaken(message);
    for (let time = 0; time < (twice ? 2 : 1); time++) await device.take(message);
    if (device.state.ignoredMoves.length > 0) this.count('folders moved into each other');
    if (device.rescues > 0) this.count('purged while others had pending work');
  }

  #noteTaken(message: ServerMessage): void {
    if (message.kind !== 'pushed' || message.answer.kind !== 'stored') return;
    for (const { id } of message.answer.places) this.acknowledged.add(id);
  }

  #hintBoxes(device: SimulatedDevice): void {
    if (device.isOnline && this.isMember(device)) device.toClient.hints.push(this.server.boxesWanted());
  }

  /** Somebody does something to the team; now and then two do at once. */
  async #changeTeam(): Promise<void> {
    const online = this.members().filter((device) => device.isOnline && device.keys !== null);
    for (let count = this.chance.isBelow(0.2) ? 2 : 1; count > 0; count--) {
      const device = this.chance.pickOr<SimulatedDevice | null>(online, null);
      if (device !== null) await this.#changeTeamAs(device);
    }
  }

  async #changeTeamAs(device: SimulatedDevice): Promise<void> {
    const { chance } = this;
    const members = [...(device.team?.members.values() ?? [])].filter((each) => each.endedAt === null);
    const other = chance.pickOr(members, null)?.account;
    if (other === undefined) return;
    const kind = chance.next();
    if (kind < 0.1) await device.intend(counted(remove(other), () => this.#countRemoval(other)));
    else if (kind < 0.17) await device.intend(counted(leave, () => this.count('member left')));
    else if (kind < 0.25) await device.intend(counted(rotate(), () => this.count('key changed')));
    else if (kind < 0.45) await this.#changeRole(device, other);
    else if (kind < 0.48) {
      await device.intend(counted(transfer(other), () => this.count('ownership transferred')));
    } else if (kind < 0.56) await this.#protect(device);
    else if (kind < 0.7) await this.#invite(device);
    else if (kind < 0.85) await this.#addDevice(device);
    else await this.#revokeDevice(device);
  }

  #countRemoval(account: AccountId): void {
    this.count('member removed');
    const hadWork = this.devices.some(
      (device) => device.account.id === account && pendingEntries(device.state).length > 0,
    );
    if (hadWork) this.count('member removed with pending work');
  }

  async #changeRole(device: SimulatedDevice, other: AccountId): Promise<void> {
    const viewers = [...this.server.team.members.values()].filter(
      (member) => member.role === 'viewer' && member.endedAt === null,
    );
    const role = this.chance.pick<Role>(
      viewers.length > 0 ? ['editor', 'admin'] : ['viewer', 'viewer', 'editor'],
    );
    const viewer = this.chance.pickOr(
      viewers.map(({ account }) => account),
      other,
    );
    const before = currentMember(this.server.team, viewer)?.role;
    await device.intend(
      counted(changeRole(viewer, role), () => {
        if (role === 'viewer') this.count('demoted to viewer');
        else if (before === 'viewer') this.count('promoted');
        else if (role === 'editor' && before === 'admin') this.#shareUnknowing(viewer);
      }),
    );
  }

  /** Somebody shares a key who has not heard yet that they are no admin any more. */
  #shareUnknowing(account: AccountId): void {
    const device = this.devices.find((each) => each.account.id === account && this.isMember(each));
    if (device !== undefined) this.people.shareKey(device);
  }

  async #protect(device: SimulatedDevice): Promise<void> {
    const { keys } = device;
    if (keys === null) return;
    const chosen = LABELS.filter(() => this.chance.isBelow(0.5));
    const tags = chosen.map((label) => labelTag(keys.streamKey, label));
    const protectedLabels = tags.map((tag) => ({ tag, least: 'admin' as const }));
    await device.intend(
      counted(protect(protectedLabels), () => {
        if (tags.length > 0) this.count('label protected');
      }),
    );
  }

  /** Somebody who was never here, or is no member any more. */
  async #invite(device: SimulatedDevice): Promise<void> {
    const { chance } = this;
    const guests = this.#setting.accounts.filter((account) => !this.server.isMember(account.id));
    const former = guests.filter((account) => this.server.team.members.has(account.id));
    const guest = chance.pickOr<SampleAccount | null>(chance.isBelow(0.5) ? former : guests, null);
    if (guest === null) return;
    const keys = deriveInviteKeys(this.suite, createInviteSecret(this.suite));
    const role = chance.pick<Role>(['viewer', 'editor', 'editor', 'admin']);
    const invitation: Invitation = { keys, role, carriesKey: chance.isBelow(0.5), box: null };
    await device.intend(invite(invitation, () => this.#accept(guest, invitation)));
  }

  #accept(guest: SampleAccount, invitation: Invitation): void {
    const known = this.devices.filter(({ account }) => account === guest);
    if (known.length === 0) {
      if (this.devices.length >= MAX_REPLICAS) return;
      register(this.server, guest);
      this.#start(guest, firstDevice(guest));
    }
    this.server.welcome(guest.id);
    const device = this.devices.find((each) => each.account === guest && this.server.isActive(each.caller));
    if (device === undefined) return;
    const again = this.server.team.members.has(guest.id);
    device.intents.push(
      counted(join(invitation), () => {
        this.count(again ? 'joined again' : 'joined late');
        if (!invitation.carriesKey) this.count('joined without a key, sealed by a member');
      }),
    );
    if (!device.isOnline) device.connect();
    device.ask();
  }

  /** The device approves another of the same person. */
  async #addDevice(device: SimulatedDevice): Promise<void> {
    const spare = this.#setting.spares[this.#sparesUsed];
    const state = accountOf(device.client, device.account.id);
    const { userKeys } = device;
    const key = state === null ? undefined : userKeys.get(state.generation);
    if (spare === undefined || this.devices.length >= MAX_REPLICAS || key === undefined || state === null) {
      return;
    }
    this.#sparesUsed += 1;
    const content = { ...following(state.head), at: this.chance.time() };
    const entry = accountLog.compose(this.suite, { ...content, body: { type: 'add', device: spare } }, [
      signerOf(device.device),
      signerOf(spare),
    ]);
    const box = await sealUserKey(this.suite, state, key, spare);
    const request = { kind: 'appendAccount', entries: [entry.bytes], boxes: [box] } as const;
    const [answer] = this.server.answer(device.caller, request) ?? [];
    if (answer?.kind !== 'accountAppended' || answer.answer !== 'stored') return;
    this.count('device added');
    device.toClient.answers.push(answer);
    this.#start(device.account, spare);
  }

  /** With the kit: the person has lost another device. */
  async #revokeDevice(device: SimulatedDevice): Promise<void> {
    const ownAccount = device.client.accounts.get(device.account.id);
    const state = accountOf(device.client, device.account.id);
    const { userKeys } = device;
    const lost = this.devices.find(
      (each) =>
        each.account === device.account &&
        each !== device &&
        state !== null &&
        activeDevice(state, each.device.id) !== null,
    );
    if (lost === undefined || state === null || ownAccount === undefined) return;
    if (!userKeys.has(state.generation)) return;
    const kit = [signerOf(device.account.kit.keys)];
    const at = this.chance.time();
    const body = { type: 'revoke', device: lost.device.id } as const;
    const revoke = accountLog.compose(this.suite, { ...following(state.head), at, body }, kit);
    const revoked = unwrap(extendAccount(sampleTools(this.suite), ownAccount, [revoke.bytes]));
    const next = await prepareGeneration(this.suite, latest(revoked), userKeys);
    const content = { ...following(latest(revoked).head), at, body: next.action };
    const generation = accountLog.compose(this.suite, content, kit);
    const entries = [revoke.bytes, generation.bytes];
    const request = { kind: 'appendAccount', entries, boxes: next.boxes } as const;
    const [answer] = this.server.answer(device.caller, request) ?? [];
    if (answer?.kind !== 'accountAppended' || answer.answer !== 'stored') return;
    this.count('device revoked');
    device.toClient.answers.push(answer);
    lost.disconnect();
  }

  #start(account: SampleAccount, keys: DeviceKeys): void {
    const device = this.#newDevice(account, keys);
    this.devices.push(device);
    device.connect();
  }

  #newDevice(account: SampleAccount, keys: DeviceKeys): SimulatedDevice {
    const setting = { suite: this.suite, workspace: this.#workspace, time: this.chance.time() };
    const device = new SimulatedDevice(setting, account, keys);
    device.onDuty = (duty) => {
      if (duty === 'rotate') this.count('owed key changed by somebody else');
    };
    return device;
  }
}

const accountOfLog = (states: AccountHistory['states']): AccountId => {
  const [first] = states;
  if (first === undefined) throw new Error('A log that is known has an entry.');
  return first.id;
};

const counted = <T extends { done?(): void }>(intent: T, done: () => void): T => ({ ...intent, done });
