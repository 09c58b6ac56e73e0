import * as nodeCrypto from 'node:crypto';
import { expect, test } from 'vitest';
import { createSuite } from '../crypto/suite.ts';
import type { AccountId } from '../encoding/ids.ts';
import type { LogHead } from '../record/header.ts';
import { reveal } from '../util/redacted.ts';
import { admitOwner } from './admitOwner.ts';
import { openEpochKeys } from './epochKeys.ts';
import { EMPTY_HISTORY, extendAccount, extendTeam, latest, stateAt, type AccountHistory } from './history.ts';
import { createPersonalWorkspace } from './personal.ts';
import { createSampleAccount, SAMPLE_TIME, sampleTools, unwrap } from './sampleTeam.ts';
import { currentMember, ownerCount } from './teamState.ts';

const suite = createSuite(nodeCrypto);
const tools = sampleTools(suite);

const library = await createPersonalWorkspace(suite, { now: SAMPLE_TIME });
const libraryAccount = unwrap(extendAccount(tools, EMPTY_HISTORY, library.accountLog));
const signedIn = await createSampleAccount(suite);
const [device] = signedIn.devices;
if (device === undefined) throw new Error('an account has a device');

const accounts = new Map<AccountId, AccountHistory>([
  [library.account, libraryAccount],
  [signedIn.id, signedIn.history],
]);
const accountAt = (id: AccountId, head: LogHead) => {
  const history = accounts.get(id);
  return history === undefined ? null : stateAt(history, head);
};
const before = unwrap(extendTeam({ ...tools, accountAt }, EMPTY_HISTORY, library.teamLog));
const key = library.epochKeys.get(1);
if (key === undefined) throw new Error('a workspace has a key');

const admitting = {
  owner: { account: latest(libraryAccount), device: library.device },
  joining: { account: latest(signedIn.history), device },
  team: before,
  key,
  accountAt,
  now: SAMPLE_TIME + 1,
};
const { team, box } = unwrap(await admitOwner(suite, admitting));

test('an account that a library’s device came into becomes an owner beside the one that the library began with', () => {
  const state = latest(team);
  expect(state.id).toBe(library.workspace);
  expect(currentMember(state, signedIn.id)?.role).toBe('owner');
  expect(currentMember(state, library.account)?.role).toBe('owner');
  expect(ownerCount(state)).toBe(2);
  expect(state.invites.size).toBe(0);
  expect(state.rotationOwed).toBe(false);
});

test('what was in the log stays as it was, byte for byte, and the whole verifies from nothing', () => {
  const bytes = team.entries.map((entry) => entry.bytes);
  expect(bytes.slice(0, library.teamLog.length)).toEqual(library.teamLog);
  const again = unwrap(extendTeam({ ...tools, accountAt }, EMPTY_HISTORY, bytes));
  expect(latest(again)).toEqual(latest(team));
});

test('its keys open with nothing but the joined account’s own', async () => {
  const opened = unwrap(
    await openEpochKeys(suite, {
      workspace: library.workspace,
      account: signedIn.id,
      userKeys: signedIn.userKeys,
      entries: team.entries,
      boxes: [box],
    }),
  );
  const found = opened.get(1);
  expect(found && reveal(found)).toEqual(reveal(key));
});

test('an account that is an owner already is not admitted twice', async () => {
  const again = await admitOwner(suite, { ...admitting, team });
  expect(again.ok).toBe(false);
});

test('nobody but an owner of the workspace admits anybody', async () => {
  const stranger = await createSampleAccount(suite);
  accounts.set(stranger.id, stranger.history);
  const [other] = stranger.devices;
  if (other === undefined) throw new Error('an account has a device');
  const owner = { account: latest(stranger.history), device: other };
  expect(await admitOwner(suite, { ...admitting, owner })).toMatchObject({ ok: false });
});
