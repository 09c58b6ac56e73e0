// Golden bytes of format version 1 of both logs, invites and device approval: see crypto/golden.test.ts.

import { readFile } from 'node:fs/promises';
import * as nodeCrypto from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { createKit } from '../crypto/recoveryKit.ts';
import { createNativePrimitives } from '../crypto/nativePrimitives.ts';
import { createPurePrimitives } from '../crypto/purePrimitives.ts';
import { createSeededSuite } from '../crypto/seededSuite.ts';
import type { Suite } from '../crypto/suite.ts';
import type { AccountId } from '../encoding/ids.ts';
import { bytesToHex, hexToBytes } from '../util/bytes.ts';
import { redact, reveal } from '../util/redacted.ts';
import { answerNewDevice, receiveAnswer, startAsNewDevice } from './approval.ts';
import { ANNOUNCED_MS, type AccountState } from './accountFold.ts';
import { EMPTY_HISTORY, extendAccount, extendTeam, latest, stateAt, type AccountHistory } from './history.ts';
import { createInviteSecret, deriveInviteKeys, writeInviteCode } from './invite.ts';
import {
  addSampleDevice,
  appendToAccount,
  createSampleAccount,
  revokeSampleDevice,
  SAMPLE_TIME,
  sampleTools,
  SampleTeam,
  signerOf,
  unwrap,
  type SampleAccount,
} from './sampleTeam.ts';
import { deriveTokenKeys } from './tokenKeys.ts';

// Pure JavaScript on curves takes its time on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

interface World {
  readonly owner: SampleAccount;
  readonly editor: SampleAccount;
  /** Came, waited, was confirmed and removed. */
  readonly guest: SampleAccount;
  readonly team: SampleTeam;
}

/** Every kind of entry at least once. */
async function createWorld(suite: Suite): Promise<World> {
  const owner = await createSampleAccount(suite);
  const editor = await createSampleAccount(suite);
  const [first] = editor.devices;
  if (first === undefined) throw new Error('an account has a device');
  const second = await addSampleDevice(suite, editor);
  const intent = { kind: 'revoke', device: second.id } as const;
  const announced = unwrap(appendToAccount(suite, editor, { type: 'announce', intent }, [signerOf(first)]));
  const cancel = { type: 'cancel', index: announced.head.index } as const;
  unwrap(appendToAccount(suite, editor, cancel, [signerOf(second)]));
  unwrap(appendToAccount(suite, editor, { type: 'rules', rules: 1 }, [signerOf(first)]));
  const team = await SampleTeam.create(suite, owner);
  await team.add(owner, editor, 'editor');
  const kit = createKit(suite).keys;
  const signers = [signerOf(first), signerOf(second), signerOf(kit)];
  // A device decides with another once it has been in the account for seven days.
  const later = SAMPLE_TIME + ANNOUNCED_MS;
  unwrap(appendToAccount(suite, editor, { type: 'replaceKit', kit }, signers, later));
  await revokeWith(suite, editor, kit, second);
  unwrap(team.append(editor, { type: 'device', accountHead: latest(editor.history).head }));
  unwrap(await team.rotate(owner));
  const protectedLabels = [{ tag: new Uint8Array(16).fill(1), least: 'admin' }] as const;
  const policy = { confirmJoins: true, requireMfa: true, protectedLabels };
  unwrap(team.append(owner, { type: 'policy', policy }));
  const guest = await createSampleAccount(suite);
  const invite = await team.invite({ role: 'viewer', withKey: false, uses: 2 });
  unwrap(team.append(owner, invite.action));
  unwrap(await team.join(guest, invite));
  unwrap(team.append(owner, { type: 'confirm', account: guest.id }));
  unwrap(team.append(owner, { type: 'close', invite: invite.keys.id, reason: 'withdrawn' }));
  unwrap(team.append(owner, { type: 'role', account: guest.id, role: 'admin' }));
  const token = deriveTokenKeys(suite, redact(new Uint8Array(32).fill(2)));
  const add = {
    type: 'token',
    change: 'add',
    boxPublic: token.boxPublic,
    expiresAt: 5,
    boxHash: new Uint8Array(32),
  } as const;
  unwrap(team.append(owner, add));
  unwrap(team.append(owner, { type: 'token', change: 'revoke', token: token.id }));
  unwrap(await team.remove(owner, guest.id));
  unwrap(team.append(owner, { type: 'transfer', to: editor.id }));
  unwrap(team.append(owner, { type: 'leave' }));
  unwrap(team.append(editor, { type: 'rules', rules: 1 }));
  unwrap(team.append(editor, { type: 'delete' }));
  unwrap(team.append(editor, { type: 'undelete' }));
  return { owner, editor, guest, team };
}

async function revokeWith(
  suite: Suite,
  account: SampleAccount,
  kit: SampleAccount['kit']['keys'],
  device: SampleAccount['devices'][number],
): Promise<void> {
  const withKit = { ...account, kit: { ...account.kit, keys: kit } };
  await revokeSampleDevice(suite, withKit, device);
  account.history = withKit.history;
  account.userKeys = withKit.userKeys;
}

describe.each([
  ['pure', createPurePrimitives()],
  ['native', createNativePrimitives(nodeCrypto)],
] as const)('with the %s implementation', (_, primitives) => {
  test(
    'logs, boxes, invites and approvals of version 1 are the bytes that they were',
    { timeout: 60_000 },
    async () => {
      const suite = createSeededSuite(primitives, 'golden/team');
      // What a second implementation needs to open something: the first account's device and kit.
      const ownerSeed = createSeededSuite(primitives, 'golden/team').random(32);
      const { owner, editor, guest, team } = await createWorld(suite);
      const entries = (
        name: string,
        history: { readonly entries: readonly { readonly bytes: Uint8Array }[] },
      ): string[] => history.entries.map((entry, index) => `${name}.${index} ${bytesToHex(entry.bytes)}`);
      const lines = [
        `given.ownerSeed ${bytesToHex(ownerSeed)}`,
        `given.ownerKit ${reveal(owner.kit.code)}`,
        ...entries('owner', owner.history),
        ...entries('editor', editor.history),
        ...entries('guest', guest.history),
        ...entries('team', team.history),
        `ownerId ${owner.id}`,
        `editorId ${editor.id}`,
        `workspace ${team.state.id}`,
        `head ${team.state.head.hash}`,
        ...owner.boxes.map((box, index) => `userBox.${index} ${bytesToHex(box.bytes)}`),
        ...team.boxes.map((box, index) => `epochBox.${index} ${box.epoch} ${bytesToHex(box.bytes)}`),
        ...smallFormats(suite, owner, team),
      ];
      await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./golden/v1.txt');
    },
  );

  test('the logs in the file fold to what they said', async () => {
    const golden = await goldenValues();
    const suite = createSeededSuite(primitives, 'golden/reading');
    const read = (name: string): readonly Uint8Array[] =>
      golden.filter(([key]) => key.startsWith(`${name}.`)).map(([, value]) => hexToBytes(value));
    const accounts = ['owner', 'editor', 'guest'].map((name) =>
      unwrap(extendAccount(sampleTools(suite), EMPTY_HISTORY, read(name))),
    );
    const accountAt = (
      id: AccountId,
      head: { index: number; hash: AccountState['head']['hash'] },
    ): AccountState | null => {
      const history = accounts.find((account: AccountHistory) => latest(account).id === id);
      return history === undefined ? null : stateAt(history, head);
    };
    const team = unwrap(extendTeam({ ...sampleTools(suite), accountAt }, EMPTY_HISTORY, read('team')));
    const find = (key: string): string => golden.find(([name]) => name === key)?.[1] ?? '';
    const state = latest(team);
    expect(state).toMatchObject({ id: find('workspace'), head: { hash: find('head') }, epoch: 3 });
    const [owner, editor, guest] = accounts.map((account) => latest(account).id);
    expect([...state.members.keys()]).toEqual([owner, editor, guest]);
    expect([...state.members.values()].map(({ role, endedAt }) => [role, endedAt !== null])).toEqual([
      ['admin', true],
      ['owner', false],
      ['admin', true],
    ]);
    expect([owner, editor]).toEqual([find('ownerId'), find('editorId')]);
  });
});

function smallFormats(suite: Suite, owner: SampleAccount, team: SampleTeam): readonly string[] {
  const [device] = owner.devices;
  if (device === undefined) throw new Error('an account has a device');
  const secret = createInviteSecret(suite);
  const keys = deriveInviteKeys(suite, secret);
  const { id: workspace, head } = team.state;
  const token = deriveTokenKeys(suite, redact(new Uint8Array(32).fill(3)));
  const greeting = startAsNewDevice(suite, device, SAMPLE_TIME);
  if (greeting.step !== 'greeting') throw new Error('it begins with a greeting');
  const given = {
    account: owner.id,
    accountHead: latest(owner.history).head,
    device,
    pins: [{ workspace, head }],
  };
  const answering = answerNewDevice(suite, greeting.hello, given, SAMPLE_TIME);
  if (answering.step !== 'answering') throw new Error('a greeting is answered');
  const shown = receiveAnswer(suite, greeting, answering.answer, SAMPLE_TIME);
  if (shown.step !== 'showing') throw new Error('an answer gives a code');
  return [
    `given.inviteSecret ${bytesToHex(reveal(secret))}`,
    `given.tokenSeed ${bytesToHex(new Uint8Array(32).fill(3))}`,
    `inviteCode ${reveal(writeInviteCode({ workspace, head, secret }))}`,
    `inviteId ${keys.id}`,
    `tokenId ${token.id}`,
    `tokenAuth ${bytesToHex(reveal(token.auth))}`,
    `approvalHello ${bytesToHex(greeting.hello)}`,
    `approvalAnswer ${bytesToHex(answering.answer)}`,
    `approvalReveal ${bytesToHex(shown.revealed)}`,
    `approvalCode ${shown.code}`,
  ];
}

async function goldenValues(): Promise<readonly (readonly [string, string])[]> {
  const text = await readFile(new URL('golden/v1.txt', import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const);
}
