// Two members with a device each, and a server, for tests that tell one story.

import type { Suite } from '@cuebook/shared/crypto/suite';
import type { GroupId } from '@cuebook/shared/encoding/ids';
import { createPrompts } from '@cuebook/shared/replica/creating';
import type { ReplicaPorts } from '@cuebook/shared/replica/ports';
import { saveText } from '@cuebook/shared/replica/saving';
import { createSampleAccount, SampleTeam } from '@cuebook/shared/team/sampleTeam';
import { deliverAll } from './delivery.ts';
import { firstDevice, register } from './founding.ts';
import type { Intent } from './membership.ts';
import { ModelServer } from './modelServer.ts';
import { SimulatedDevice } from './simulatedDevice.ts';

export interface Stage {
  readonly server: ModelServer;
  /** The owner's. */
  readonly ana: SimulatedDevice;
  /** An editor's. */
  readonly ben: SimulatedDevice;
}

/** Both know the team; there is nothing in the library yet. */
export async function openStage(suite: Suite): Promise<Stage> {
  const owner = await createSampleAccount(suite);
  const other = await createSampleAccount(suite);
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, other, 'editor');
  const server = new ModelServer(suite);
  for (const account of [owner, other]) register(server, account);
  server.create(
    team.history.entries.map((entry) => entry.bytes),
    team.boxes,
  );
  const setting = { suite, workspace: team.state.id, time: 1 };
  const ana = new SimulatedDevice(setting, owner, firstDevice(owner));
  const ben = new SimulatedDevice(setting, other, firstDevice(other));
  const stage = { server, ana, ben };
  for (const device of [ana, ben]) {
    device.connect();
    await deliverAll(server, device);
  }
  return stage;
}

export function portsOf({ ports }: SimulatedDevice): ReplicaPorts {
  if (ports === null) throw new Error('This device has no key.');
  return ports;
}

export function write(device: SimulatedDevice, name: string, text: string): GroupId {
  const prompt = { folderId: null, name, text, ifTaken: 'suffix' } as const;
  const made = device.run((state, ports) => createPrompts(state, ports, [prompt]));
  const id = made?.result[0]?.id;
  if (id === undefined) throw new Error('Not made.');
  return id;
}

export function save(device: SimulatedDevice, id: GroupId, text: string): void {
  const base = device.state.groups.get(id)?.content?.revisionId ?? null;
  device.run((state, ports) => saveText(state, ports, { id, text, base }));
}

/** Sends all that the device has, and takes everything up to the server's end. */
export async function exchange({ server }: Stage, device: SimulatedDevice): Promise<void> {
  do {
    device.ask();
    await deliverAll(server, device);
  } while (device.push());
}

/** Does something to the team, at once. */
export async function act({ server }: Stage, device: SimulatedDevice, intent: Intent): Promise<void> {
  device.ask();
  await deliverAll(server, device);
  await device.intend(intent);
  await deliverAll(server, device);
  if (device.intents.length > 0) throw new Error(`${intent.name} was not done.`);
}
