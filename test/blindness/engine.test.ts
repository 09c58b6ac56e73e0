// The engine with an honest server: everybody ends with the same, and nobody sees an alarm.

import * as nodeCrypto from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { copyOf, createWorld, type World } from './world.ts';

const suite = createSuite(nodeCrypto);
let made: World;
beforeAll(async () => {
  made = await createWorld(suite);
});

const open = (): World => copyOf(made);

test('everybody has what the others wrote, and no alarm', async () => {
  const { server, ana, ben, cleo, prompt } = open();
  ben.save(prompt, 'two\n');
  for (const client of [ben, ana, cleo]) await client.sync(server);
  for (const client of [ana, ben, cleo]) {
    expect(client.textOf(prompt)).toBe('two\n');
    expect(client.seen).toEqual([]);
    expect(client.standing).toBe('writes');
  }
});
