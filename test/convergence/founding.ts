// Teams as they are when a story begins: founded by an owner, joined by the others through real invites, with a few
// prompts and folders that everybody has. Made once for each number of members; every story starts from a copy.

import type { ClientState } from '@cuebook/shared/client/state';
import { createDeviceSeed, deriveDeviceKeys, type DeviceKeys } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { createFolder, createPrompts } from '@cuebook/shared/replica/creating';
import type { StoredRow } from '@cuebook/shared/replica/receive';
import type { ReplicaState } from '@cuebook/shared/replica/state';
import { createSampleAccount, SampleTeam, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { deliverAll } from './delivery.ts';
import { ModelServer, type Backup } from './modelServer.ts';
import { cheapSuite, exactSuite, generator, noSecrets, type Random } from './seeded.ts';
import { SimulatedDevice } from './simulatedDevice.ts';

const ACCOUNTS = 7;
const SPARES = 8;
const FEWEST = 2;

export interface Founding {
  readonly workspace: WorkspaceId;
  readonly server: Backup;
  readonly devices: readonly FoundingDevice[];
}

export interface FoundingDevice {
  readonly account: SampleAccount;
  readonly device: DeviceKeys;
  readonly client: ClientState;
  readonly replica: ReplicaState;
  readonly rows: readonly StoredRow[];
}

/** The same people for every seed. */
export interface Setting {
  suite(random: Random): Suite;
  readonly accounts: readonly SampleAccount[];
  /** Keys of devices that accounts may get later. */
  readonly spares: readonly DeviceKeys[];
  /** The one that a seed begins with: of two members, of three, and so on. */
  founding(seed: number): Promise<Founding>;
}

/** `cheap`: with stand-ins for what is dear to compute (seeded.ts); `exact`: with the product's suite. */
export async function createSetting(base: Suite, kind: 'cheap' | 'exact'): Promise<Setting> {
  const secrets = noSecrets();
  const suiteOf = (random: Random): Suite =>
    kind === 'cheap' ? cheapSuite(base, secrets, random) : exactSuite(base, random);
  const suite = suiteOf(generator(0));
  const accounts: SampleAccount[] = [];
  for (let count = 0; count < ACCOUNTS; count++) accounts.push(await createSampleAccount(suite));
  const spares = Array.from({ length: SPARES }, () => deriveDeviceKeys(suite, createDeviceSeed(suite)));
  const foundings = new Map<number, Promise<Founding>>();
  const founding = (seed: number): Promise<Founding> => {
    const count = FEWEST + (seed % (ACCOUNTS + 1 - FEWEST));
    // With chance of its own, so that a seed's story does not hang on which seeds came before.
    const known = foundings.get(count) ?? found(suiteOf(generator(-count)), accounts.slice(0, count));
    foundings.set(count, known);
    return known;
  };
  return { suite: suiteOf, accounts, spares, founding };
}

async function found(suite: Suite, accounts: readonly SampleAccount[]): Promise<Founding> {
  const [owner, ...others] = accounts;
  if (owner === undefined) throw new Error('A team has an owner.');
  const team = await SampleTeam.create(suite, owner);
  for (const [index, account] of others.entries()) {
    await team.add(owner, account, index % 3 === 1 ? 'admin' : 'editor');
  }
  const server = new ModelServer(suite);
  for (const account of accounts) register(server, account);
  server.create(
    team.history.entries.map((entry) => entry.bytes),
    team.boxes,
  );
  const workspace = team.state.id;
  const devices = accounts.map((account, index) => {
    const setting = { suite, workspace, time: 1_700_000_000_000 + index * 1_000_000 };
    return new SimulatedDevice(setting, account, firstDevice(account));
  });
  await writeFirst(server, devices);
  return {
    workspace,
    server: server.backup(),
    devices: devices.map(({ account, device, client, state: replica, rows }) => ({
      account,
      device,
      client,
      replica,
      rows,
    })),
  };
}

async function writeFirst(server: ModelServer, devices: readonly SimulatedDevice[]): Promise<void> {
  const [first] = devices;
  if (first === undefined) throw new Error('A team has an owner.');
  first.connect();
  await deliverAll(server, first);
  for (const name of ['folder', 'other folder']) {
    first.run((at, ports) => createFolder(at, ports, { parentId: null, name, ifTaken: 'suffix' }));
  }
  const text = Array.from({ length: 8 }, (_, line) => `line ${line}`).join('\n');
  const prompts = ['one', 'two'].map((name) => ({ folderId: null, name, text, ifTaken: 'suffix' as const }));
  first.run((at, ports) => createPrompts(at, ports, prompts));
  for (const device of devices) {
    if (device !== first) device.connect();
    await deliverAll(server, device);
    while (device.push()) await deliverAll(server, device);
    device.ask();
    await deliverAll(server, device);
    device.disconnect();
  }
}

export function register(server: ModelServer, account: SampleAccount): void {
  const entries = account.history.entries.map((entry) => entry.bytes);
  server.register(account.id, entries, account.boxes);
}

export function firstDevice(account: SampleAccount): DeviceKeys {
  const [device] = account.devices;
  if (device === undefined) throw new Error('An account has a device.');
  return device;
}
