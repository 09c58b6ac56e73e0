// What becomes of two people's changes that crossed, case by case (architecture: Failure table). Both see the same, and
// nothing that somebody wrote is gone.

import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '@cuebook/shared/crypto/suite';
import type { GroupId } from '@cuebook/shared/encoding/ids';
import { createFolder } from '@cuebook/shared/replica/creating';
import { currentText, versions } from '@cuebook/shared/replica/history';
import { viewLibrary } from '@cuebook/shared/replica/libraryView';
import { place, purge, trash } from '@cuebook/shared/replica/placing';
import { changeRole, remove, rotate } from './membership.ts';
import type { SimulatedDevice } from './simulatedDevice.ts';
import { act, exchange, openStage, portsOf, save, write, type Stage } from './stage.ts';

const suite = createSuite(nodeCrypto);

/** Both have the prompt; from here on they do not hear of each other. */
async function apart(text = 'one\ntwo\nthree\nfour\nfive\n'): Promise<Stage & { readonly id: GroupId }> {
  const stage = await openStage(suite);
  const id = write(stage.ana, 'prompt', text);
  await meet(stage);
  return { ...stage, id };
}

/** Ana's changes reach the server first, then Ben's; afterwards both have all. */
async function meet(stage: Stage): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await exchange(stage, stage.ana);
    await exchange(stage, stage.ben);
  }
}

function folder(device: SimulatedDevice, name: string): GroupId {
  const made = device.run((state, ports) =>
    createFolder(state, ports, { parentId: null, name, ifTaken: 'suffix' }),
  );
  if (made === null) throw new Error('Not made.');
  return made.result.id;
}

const move = (device: SimulatedDevice, id: GroupId, to: { folderId?: GroupId; name?: string }): unknown =>
  device.run((state, ports) => place(state, ports, [{ id, ...to, ifTaken: 'suffix' }]));

const text = (device: SimulatedDevice, id: GroupId): string | null =>
  currentText(device.state, portsOf(device), id);

/** Paths as both see them; fails if they see different ones. */
function paths({ ana, ben }: Stage): readonly string[] {
  const [seen, other] = [ana, ben].map(({ state }) => {
    const view = viewLibrary(state);
    return [...view.prompts(), ...view.folders()].map((group) => view.tree.path(group).join('/')).sort();
  });
  expect(other).toEqual(seen);
  return seen ?? [];
}

test('edited here and there in different lines: merged, with both versions in history', async () => {
  const stage = await apart();
  save(stage.ana, stage.id, 'ONE\ntwo\nthree\nfour\nfive\n');
  save(stage.ben, stage.id, 'one\ntwo\nthree\nfour\nFIVE\n');
  await meet(stage);
  for (const device of [stage.ana, stage.ben]) {
    expect(text(device, stage.id)).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
    expect(versions(device.state, stage.id, { limit: 9 }).map((each) => each.number)).toEqual([
      3,
      null,
      2,
      1,
    ]);
  }
});

test('edited here and there in the same line: the later of the two has the conflict, the other goes on', async () => {
  const stage = await apart('one\n');
  save(stage.ana, stage.id, 'ana\n');
  save(stage.ben, stage.id, 'ben\n');
  await meet(stage);
  expect(text(stage.ben, stage.id)).toBe('ana\n');
  expect(stage.ben.state.groups.get(stage.id)?.hasConflict).toBe(true);
  expect(stage.ana.state.groups.get(stage.id)?.hasConflict).toBe(false);
});

test('edited offline many times: all versions arrive, on top of what others saved meanwhile', async () => {
  const stage = await apart();
  for (const word of ['a', 'b', 'c']) save(stage.ben, stage.id, `one\ntwo\nthree\nfour\nfive ${word}\n`);
  save(stage.ana, stage.id, 'ONE\ntwo\nthree\nfour\nfive\n');
  await meet(stage);
  expect(text(stage.ana, stage.id)).toBe('ONE\ntwo\nthree\nfour\nfive c\n');
  const listed = versions(stage.ana.state, stage.id, { limit: 20 });
  expect(listed).toEqual(versions(stage.ben.state, stage.id, { limit: 20 }));
  expect(listed).toHaveLength(6);
});

test('renamed here, edited there: both', async () => {
  const stage = await apart();
  move(stage.ana, stage.id, { name: 'renamed' });
  save(stage.ben, stage.id, 'edited\n');
  await meet(stage);
  expect(paths(stage)).toEqual(['renamed']);
  expect(text(stage.ana, stage.id)).toBe('edited\n');
});

test('renamed here, moved there: both', async () => {
  const stage = await apart();
  const target = folder(stage.ben, 'folder');
  move(stage.ben, stage.id, { folderId: target });
  move(stage.ana, stage.id, { name: 'renamed' });
  await meet(stage);
  expect(paths(stage)).toEqual(['folder', 'folder/renamed']);
});

test('renamed here and there: the later name counts', async () => {
  const stage = await apart();
  move(stage.ana, stage.id, { name: 'by ana' });
  move(stage.ben, stage.id, { name: 'by ben' });
  await meet(stage);
  expect(paths(stage)).toEqual(['by ben']);
});

test('deleted here, edited there afterwards: it comes back', async () => {
  const stage = await apart();
  stage.ana.run((state, ports) => trash(state, ports, [stage.id]));
  save(stage.ben, stage.id, 'edited\n');
  await meet(stage);
  expect(paths(stage)).toEqual(['prompt']);
  expect(text(stage.ana, stage.id)).toBe('edited\n');
});

test('edited here, deleted there afterwards: it is in the trash, with the edit', async () => {
  const stage = await apart();
  save(stage.ana, stage.id, 'edited\n');
  stage.ben.run((state, ports) => trash(state, ports, [stage.id]));
  await meet(stage);
  expect(paths(stage)).toEqual([]);
  expect(
    viewLibrary(stage.ana.state)
      .trashed()
      .map((group) => group.id),
  ).toEqual([stage.id]);
  expect(text(stage.ben, stage.id)).toBe('edited\n');
});

test('a folder deleted here, something put into it there: what was put in stays to be seen', async () => {
  const stage = await apart();
  const target = folder(stage.ana, 'folder');
  await meet(stage);
  stage.ana.run((state, ports) => trash(state, ports, [target]));
  move(stage.ben, stage.id, { folderId: target });
  await meet(stage);
  expect(paths(stage)).toEqual(['prompt']);
});

test('two prompts given one path: both show, and everybody sees the same suffix', async () => {
  const stage = await apart();
  const [first, second] = [write(stage.ana, 'same', 'ana\n'), write(stage.ben, 'same', 'ben\n')];
  await meet(stage);
  expect(paths(stage)).toEqual(['prompt', 'same', 'same (2)']);
  const { names } = viewLibrary(stage.ben.state).tree.folder(null);
  expect([names.get(first), names.get(second)]).toEqual(['same', 'same (2)']);
});

test('two folders moved into each other: the later move is ignored and listed, until the way is free', async () => {
  const stage = await apart();
  const [first, second] = [folder(stage.ana, 'first'), folder(stage.ana, 'second')];
  await meet(stage);
  move(stage.ana, first, { folderId: second });
  move(stage.ben, second, { folderId: first });
  await meet(stage);
  expect(paths(stage)).toEqual(['prompt', 'second', 'second/first']);
  expect(stage.ana.state.ignoredMoves).toMatchObject([{ group: second }]);
  expect(stage.ben.state.ignoredMoves).toEqual(stage.ana.state.ignoredMoves);
});

test('purged here, edited there: the text that was on its way becomes a new prompt', async () => {
  const stage = await apart();
  stage.ana.run((state, ports) => trash(state, ports, [stage.id]));
  stage.ana.run((state, ports) => purge(state, ports, [stage.id]));
  save(stage.ben, stage.id, 'not to be lost\n');
  await meet(stage);
  expect(paths(stage)).toEqual(['prompt']);
  const [rescued] = viewLibrary(stage.ana.state).prompts();
  expect(rescued?.id).not.toBe(stage.id);
  expect(rescued && text(stage.ana, rescued.id)).toBe('not to be lost\n');
});

test('purged by somebody who is no admin any more: it is back, and whatever else they wrote is sent', async () => {
  const stage = await apart('stays\n');
  await act(stage, stage.ana, changeRole(stage.ben.account.id, 'admin'));
  await exchange(stage, stage.ben);
  stage.ben.run((state, ports) => trash(state, ports, [stage.id]));
  const purged = stage.ben.run((state, ports) => purge(state, ports, [stage.id]));
  expect(purged?.erase).toEqual([]);
  expect(stage.ben.state.groups.get(stage.id)?.purged).toBe(true);
  const other = write(stage.ben, 'other', 'other\n');
  await act(stage, stage.ana, changeRole(stage.ben.account.id, 'editor'));
  await meet(stage);
  expect(text(stage.ben, stage.id)).toBe('stays\n');
  expect(stage.ben.state.groups.get(stage.id)?.purged).toBe(false);
  expect(text(stage.ana, stage.id)).toBe('stays\n');
  expect(text(stage.ana, other)).toBe('other\n');
  await stage.ben.restart(false);
  expect(text(stage.ben, stage.id)).toBe('stays\n');
  // Trashed it was by somebody who could.
  expect(stage.ana.state.groups.get(stage.id)?.trashedAt).not.toBe(null);
});

test('removed while offline with unsent work: the server takes nothing of it, and it stays here', async () => {
  const stage = await apart();
  save(stage.ben, stage.id, 'unsent\n');
  await act(stage, stage.ana, remove(stage.ben.account.id));
  await exchange(stage, stage.ben);
  await exchange(stage, stage.ana);
  expect(stage.ben.standing).toBe('notMember');
  expect(text(stage.ben, stage.id)).toBe('unsent\n');
  expect(text(stage.ana, stage.id)).not.toBe('unsent\n');
});

test('written under a key that was changed meanwhile: sealed anew, once in history, with the same revision id', async () => {
  const stage = await apart();
  save(stage.ben, stage.id, 'offline\n');
  const revisionId = stage.ben.state.groups.get(stage.id)?.content?.revisionId;
  await act(stage, stage.ana, rotate());
  await meet(stage);
  expect(text(stage.ana, stage.id)).toBe('offline\n');
  const listed = versions(stage.ana.state, stage.id, { limit: 9 }).map((each) => each.revisionId);
  expect(listed.filter((each) => each === revisionId)).toHaveLength(1);
});
