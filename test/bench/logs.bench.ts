// What verifying and folding long logs costs, for each entry: a team of 1,000 members with 5,000 entries, and an account
// through whose life 250 devices came and went. Cold: every key is seen for the first time, as when somebody joins such a
// team; warm: keys are known. Growth: an entry late in the log against one early in it; a fold that copied the whole
// team for each entry would show there.

import * as nodeCrypto from 'node:crypto';
import { createSuite } from '@cuebook/shared/crypto/suite';
import { deviceIdOf } from '@cuebook/shared/crypto/deviceKeys';
import type { Suite } from '@cuebook/shared/crypto/suite';
import {
  compareIds,
  idFromBytes,
  idToBytes,
  type AccountId,
  type EntryHash,
} from '@cuebook/shared/encoding/ids';
import { FEED_START } from '@cuebook/shared/record/feed';
import type { LogHead } from '@cuebook/shared/record/header';
import { accountLog, type AccountAction } from '@cuebook/shared/team/accountEntry';
import type { AccountState } from '@cuebook/shared/team/accountFold';
import {
  EMPTY_HISTORY,
  extendAccount,
  extendTeam,
  latest,
  type TeamHistory,
} from '@cuebook/shared/team/history';
import { following, headOf, type EntrySigner } from '@cuebook/shared/team/log';
import { teamLog, type TeamAction } from '@cuebook/shared/team/teamEntry';
import { inviteIdOf } from '@cuebook/shared/team/teamFold';
import type { TeamTools } from '@cuebook/shared/team/teamState';
import type { Figure } from '../../tools/figure.ts';

export const prefix = 'records';

const MEMBERS = 1000;
const ENTRIES = 5000;
const PASSING_DEVICES = 250;
const NOW = 1_750_000_000_000;

export async function figures(): Promise<readonly Figure[]> {
  return [...teamFigures(), ...accountFigures()];
}

// ---- the team

interface Person {
  readonly account: AccountId;
  readonly state: AccountState;
  readonly signer: EntrySigner;
}

/** An account without its log: folding a team asks for its state only. */
function createPerson(suite: Suite): Person {
  const keys = createKeys(suite);
  const head = { index: 1, hash: idFromBytes<EntryHash>(suite.random(32)) };
  const account = idFromBytes<AccountId>(suite.random(32));
  const device = { ...keys.device, isKit: false, addedAt: 0, revokedAt: null, countsFrom: 0 };
  const state: AccountState = {
    id: account,
    head,
    devices: new Map([[device.id, device]]),
    kit: device.id,
    generation: 1,
    userPublics: new Map([[1, boxKey(suite)]]),
    generationOwed: false,
    announcements: new Map(),
  };
  return { account, state, signer: keys.signer };
}

function createKeys(suite: Suite) {
  const seed = suite.random(32);
  const [signPublic, boxPublic] = [suite.ed25519PublicKey(seed), boxKey(suite)];
  const id = deviceIdOf(suite, signPublic, boxPublic);
  return { device: { id, signPublic, boxPublic }, signer: { id, sign: suite.ed25519Signer(seed) } };
}

/** Nobody seals to it here. */
const boxKey = (suite: Suite): Uint8Array => suite.random(32).with(31, 0x40);

function composeTeam(suite: Suite, people: readonly Person[]): readonly Uint8Array[] {
  const [owner, ...others] = people;
  if (owner === undefined) throw new Error('There is an owner.');
  const entries: Uint8Array[] = [];
  let head: LogHead | null = null;
  const commitment = suite.random(32);
  const append = (by: Person, action: TeamAction, ...more: readonly EntrySigner[]): void => {
    const body = { author: by.account, position: FEED_START, action };
    const entry = teamLog.compose(suite, { ...following(head), at: NOW, body }, [by.signer, ...more]);
    head = headOf(entry);
    entries.push(entry.bytes);
  };
  const box = { recipient: { kind: 'member', id: owner.account }, generation: 1, hash: commitment } as const;
  const nonce = suite.random(32);
  const accountHead = owner.state.head;
  append(owner, { type: 'create', workspaceKind: 'team', nonce, accountHead, commitment, box });
  const workspace = entries[0] && suite.sha256(labelled(entries[0]));
  if (workspace === undefined) throw new Error('A log begins.');
  for (const person of others) joinTeam(suite, append, { owner, person, workspace, commitment });
  for (let index = 0; entries.length < ENTRIES; index += 1) {
    const member = others[index % others.length];
    if (member === undefined) throw new Error('There are members.');
    const isEditor = Math.floor(index / others.length) % 2 === 0;
    append(owner, { type: 'role', account: member.account, role: isEditor ? 'viewer' : 'editor' });
  }
  append(owner, { type: 'rotate', rotation: rotationOf(suite, people) });
  return entries;
}

const labelled = (entry: Uint8Array): Uint8Array => {
  const label = new TextEncoder().encode('cuebook/1/log-entry');
  return Uint8Array.of(label.length, ...label, ...entry);
};

function joinTeam(
  suite: Suite,
  append: (by: Person, action: TeamAction, ...more: readonly EntrySigner[]) => void,
  given: {
    readonly owner: Person;
    readonly person: Person;
    readonly workspace: Uint8Array;
    readonly commitment: Uint8Array;
  },
): void {
  const { device, signer } = createKeys(suite);
  const { signPublic, boxPublic } = device;
  const id = inviteIdOf(suite, { signPublic, boxPublic });
  append(given.owner, {
    type: 'invite',
    signPublic,
    boxPublic,
    role: 'editor',
    expiresAt: NOW + 1,
    uses: 1,
    epoch: 1,
    commitment: given.commitment,
    boxHash: null,
  });
  const accountHead = given.person.state.head;
  const { workspace } = given;
  append(
    given.person,
    { type: 'join', invite: id, workspace, accountHead, box: null },
    { id, sign: signer.sign },
  );
}

function rotationOf(suite: Suite, people: readonly Person[]) {
  const ids = people.map(({ account }) => account).toSorted(compareIds);
  const boxes = ids.map((id) => ({
    recipient: { kind: 'member', id } as const,
    generation: 1,
    hash: idToBytes(id),
  }));
  return { epoch: 2, commitment: suite.random(32), previous: suite.random(114), boxes };
}

function teamFigures(): readonly Figure[] {
  const making = createSuite(nodeCrypto);
  const people = Array.from({ length: MEMBERS }, () => createPerson(making));
  const entries = composeTeam(making, people);
  const states = new Map(people.map(({ account, state }) => [account, state]));
  const accountAt = (id: AccountId): AccountState | null => states.get(id) ?? null;
  const fold = (suite: Suite, from: TeamHistory, added: readonly Uint8Array[]): TeamHistory => {
    const tools: TeamTools = { primitives: suite, verifiers: suite.verifiers, accountAt };
    const folded = extendTeam(tools, from, added);
    if (!folded.ok) throw new Error(folded.problem.message);
    return folded.value;
  };
  // A suite of its own for the first time: it has seen none of the keys.
  const suite = createSuite(nodeCrypto);
  const cold = timeOf(() => fold(suite, EMPTY_HISTORY, entries));
  const warm = [1, 2, 3].map(() => timeOf(() => fold(suite, EMPTY_HISTORY, entries)));
  const early = fold(suite, EMPTY_HISTORY, entries.slice(0, 101));
  const late = fold(suite, EMPTY_HISTORY, entries.slice(0, 4600));
  if (latest(late).members.size !== MEMBERS) throw new Error('All have joined.');
  const atStart = Array.from(
    { length: 7 },
    () => timeOf(() => fold(suite, early, entries.slice(101, 301))) / 200,
  );
  const atEnd = Array.from(
    { length: 7 },
    () => timeOf(() => fold(suite, late, entries.slice(4600, 4800))) / 200,
  );
  return [
    perEntry('records.foldTeam.cold', [cold], entries.length),
    perEntry('records.foldTeam.warm', warm, entries.length),
    growth('records.foldTeam.growth', atStart, atEnd),
  ];
}

// ---- the account

function composeAccount(suite: Suite): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  let head: LogHead | null = null;
  const append = (body: AccountAction, signers: readonly EntrySigner[]): void => {
    const entry = accountLog.compose(suite, { ...following(head), at: NOW, body }, signers);
    head = headOf(entry);
    entries.push(entry.bytes);
  };
  const [first, kit] = [createKeys(suite), createKeys(suite)];
  append({ type: 'create', device: first.device, kit: kit.device }, [first.signer, kit.signer]);
  for (let count = 0; count < PASSING_DEVICES; count += 1) {
    const passing = createKeys(suite);
    append({ type: 'add', device: passing.device }, [first.signer, passing.signer]);
    append({ type: 'revoke', device: passing.device.id }, [kit.signer]);
    append(generation(suite, count + 1, [first, kit]), [first.signer]);
  }
  return entries;
}

function generation(
  suite: Suite,
  number: number,
  holders: readonly ReturnType<typeof createKeys>[],
): AccountAction {
  const boxes = holders
    .map(({ device }) => ({ recipient: device.id, hash: suite.random(32) }))
    .toSorted((left, right) => compareIds(left.recipient, right.recipient));
  const previous = number === 1 ? null : suite.random(114);
  return { type: 'generation', generation: number, userPublic: boxKey(suite), previous, boxes };
}

function accountFigures(): readonly Figure[] {
  const entries = composeAccount(createSuite(nodeCrypto));
  const suite = createSuite(nodeCrypto);
  const tools = { primitives: suite, verifiers: suite.verifiers };
  const fold = (): void => {
    const folded = extendAccount(tools, EMPTY_HISTORY, entries);
    if (!folded.ok) throw new Error(folded.problem.message);
  };
  const cold = timeOf(fold);
  const warm = [1, 2, 3].map(() => timeOf(fold));
  return [
    perEntry('records.foldAccount.cold', [cold], entries.length),
    perEntry('records.foldAccount.warm', warm, entries.length),
  ];
}

// ---- figures

function perEntry(figure: string, times: readonly number[], entries: number): Figure {
  return { figure, value: median(times) / entries, unit: 'ms', runs: times.length };
}

function growth(figure: string, early: readonly number[], late: readonly number[]): Figure {
  const [floor, measured] = [median(early), median(late)];
  return { figure, value: measured / floor, unit: 'x', floor, measured, runs: late.length };
}

/** Milliseconds of this process's CPU: others on the machine are not its business. */
function timeOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
