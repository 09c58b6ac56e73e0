// Two members with a device each, and a server, for tests that tell one story.

import type { Suite } from '@cuebook/shared/crypto/suite';
import { createVerifiers } from '@cuebook/shared/crypto/verifiers';
import type { GroupId } from '@cuebook/shared/encoding/ids';
import { createPrompts } from '@cuebook/shared/replica/creating';
import { saveText } from '@cuebook/shared/replica/saving';
import { SampleTeam, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { ModelServer } from './modelServer.ts';
import { SimulatedDevice } from './simulatedDevice.ts';

export interface Stage {
  readonly team: SampleTeam;
  readonly server: ModelServer;
  readonly ana: SimulatedDevice;
  readonly ben: SimulatedDevice;
  readonly owner: SampleAccount;
  readonly benAccount: SampleAccount;
}

export async function openStage(suite: Suite, pool: readonly SampleAccount[]): Promise<Stage> {
  const verifiers = createVerifiers(suite);
  const [owner, other] = pool;
  const [first] = owner?.devices ?? [];
  const [second] = other?.devices ?? [];
  if (owner === undefined || other === undefined || first === undefined || second === undefined) {
    throw new Error('The pool has people with devices.');
  }
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, other, 'editor');
  const tools = { suite, team, verifiers };
  return {
    team,
    server: new ModelServer(suite, team, verifiers),
    ana: new SimulatedDevice(tools, owner, first, 1),
    ben: new SimulatedDevice(tools, other, second, 1),
    owner,
    benAccount: other,
  };
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

/** Sends all that the device has, and takes the feed up to the server's end. */
export function exchange({ team, server }: Stage, device: SimulatedDevice): void {
  const { history } = team;
  for (device.push(); device.toServer.length > 0; device.push()) {
    for (const message of device.toServer.splice(0)) {
      if (message.kind !== 'push') continue;
      const answer = server.append(message.push, message.bytes);
      device.take({ kind: 'answer', history, push: message.push, answer });
    }
  }
  device.take({ kind: 'feed', history, items: server.feedAfter(device.state.feed.seq, 1000) });
}
