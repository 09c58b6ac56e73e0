// The stage of every row: Ana owns a team, Ben edits in it, Cleo is an admin, and all three are in sync with a server
// that holds one prompt by Ana. Mallory has an account and nothing else.

import type { Suite } from '@cuebook/shared/crypto/suite';
import type { GroupId } from '@cuebook/shared/encoding/ids';
import { createSampleAccount, SampleTeam, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { TestClient } from './client.ts';
import { TestServer } from './server.ts';

export interface People {
  readonly ana: SampleAccount;
  readonly ben: SampleAccount;
  readonly cleo: SampleAccount;
  readonly mallory: SampleAccount;
}

export interface World {
  readonly suite: Suite;
  readonly people: People;
  readonly server: TestServer;
  readonly ana: TestClient;
  readonly ben: TestClient;
  readonly cleo: TestClient;
  /** Ana's first prompt. */
  readonly prompt: GroupId;
  /** A device of an account that has nothing on its disk yet. */
  readonly fresh: (account: SampleAccount) => TestClient;
}

/** Made once; each story begins with a copy. */
export async function createWorld(suite: Suite): Promise<World> {
  const people: People = {
    ana: await createSampleAccount(suite),
    ben: await createSampleAccount(suite),
    cleo: await createSampleAccount(suite),
    mallory: await createSampleAccount(suite),
  };
  const team = await SampleTeam.create(suite, people.ana);
  await team.add(people.ana, people.ben, 'editor');
  await team.add(people.ana, people.cleo, 'admin');
  const workspace = team.state.id;
  const server = new TestServer(suite, workspace);
  for (const account of Object.values(people)) server.learn(account);
  server.log = team.history.entries.map(({ bytes }) => bytes);
  server.boxes = [...team.boxes];
  const fresh = (account: SampleAccount): TestClient => new TestClient(suite, account, { workspace });
  const [ana, ben, cleo] = [fresh(people.ana), fresh(people.ben), fresh(people.cleo)];
  await ana.sync(server);
  const prompt = ana.write('greeting', 'one\n');
  for (const client of [ana, ben, cleo, ana]) await client.sync(server);
  return { suite, people, server, ana, ben, cleo, prompt, fresh };
}

export function copyOf(world: World): World {
  const { ana, ben, cleo, mallory } = world.people;
  const people = {
    ana: copyOfAccount(ana),
    ben: copyOfAccount(ben),
    cleo: copyOfAccount(cleo),
    mallory: copyOfAccount(mallory),
  };
  return {
    ...world,
    people,
    server: world.server.copy(),
    ana: world.ana.copy(people.ana),
    ben: world.ben.copy(people.ben),
    cleo: world.cleo.copy(people.cleo),
  };
}

const copyOfAccount = (account: SampleAccount): SampleAccount => ({
  ...account,
  devices: [...account.devices],
  boxes: [...account.boxes],
});
