import { expect, test } from 'vitest';
import { follow, Person, seqsOf, WireTeam } from '../client.ts';
import { newGroup, newStream } from '../store/world.ts';
import { startTestServer } from '../testServer.ts';

test('what one member appends, the other has by following', async () => {
  await using server = await startTestServer();
  await using owner = await Person.owner(server);
  await using mate = await Person.join(server, owner);
  const team = await WireTeam.create(server, owner);
  await team.add(mate, 'editor');
  await using seen = await follow(mate, team);
  await seen.until((messages) => messages.some(({ kind }) => kind === 'upToDate'));
  const sealed = team.seal(owner.account, { group: newGroup(), stream: newStream() });
  expect(await team.append(owner, [sealed])).toMatchObject({ kind: 'stored', places: [{ seq: 1 }] });
  await seen.until((messages) => seqsOf(messages).includes(1));
});
