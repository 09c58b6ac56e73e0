import { describe, expect, test } from 'vitest';
import { createTestDatabase } from '../ground.ts';
import { createWorld, newGroup, newStream } from './world.ts';

describe('appending records', () => {
  test('gives Seqs in the order of appends, and the feed gives the same bytes back', async () => {
    await using ground = await createTestDatabase();
    const world = await createWorld(ground.database);
    const team = await world.team();
    const stream = { group: newGroup(), stream: newStream() };
    const first = team.seal(team.owner, stream);
    const second = team.seal(team.owner, { ...stream, parents: [first.id] });
    expect(await team.append(team.owner, [first])).toEqual({
      kind: 'stored',
      places: [{ id: first.id, seq: 1 }],
    });
    expect(await team.append(team.owner, [second])).toMatchObject({ places: [{ seq: 2 }] });
    const feed = await team.store.records.readFeed(team.id, team.cursor, 10);
    expect(feed).toMatchObject({
      kind: 'items',
      items: [
        { seq: 1, id: first.id, bytes: first.bytes },
        { seq: 2, id: second.id, bytes: second.bytes },
      ],
    });
  });
});
