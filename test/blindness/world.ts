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
  /** For entries that no client of ours would write. */
  readonly team: SampleTeam;
  readonly server: TestServer;
  readonly ana: TestClient;
  readonly ben: TestClient;
  readonly cleo: TestClient;
  /** Ana's first prompt. */
  readonly prompt: GroupId;
  /** A device of an account that has nothing on its disk yet. */
  fresh(account: SampleAccount): TestClient;
}

export async function createPeople(suite: Suite): Promise<People> {
  const [ana, ben, cleo, mallory] = [
    await createSampleAccount(suite),
    await createSampleAccount(suite),
    await createSampleAccount(suite),
    await createSampleAccount(suite),
  ];
  return { ana, ben, cleo, mallory };
}

export async function openWorld(suite: Suite, shared: People): Promise<World> {
  // Accounts change in some rows: each has its own copies.
  const people: People = {
    ana: copyOf(shared.ana),
    ben: copyOf(shared.ben),
    cleo: copyOf(shared.cleo),
    mallory: copyOf(shared.mallory),
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
  return { suite, people, team, server, ana, ben, cleo, prompt, fresh };
}

const copyOf = (account: SampleAccount): SampleAccount => ({
  ...account,
  devices: [...account.devices],
  boxes: [...account.boxes],
});
