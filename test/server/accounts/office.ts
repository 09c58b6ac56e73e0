// A server's accounts on a real database, with people who make accounts, bind devices and found teams the way clients do.

import * as nodeCrypto from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Accounts } from '@cuebook/server/accounts/api';
import { createAccounts, sessionChecks } from '@cuebook/server/accounts/create';
import type { OidcSettings } from '@cuebook/server/accounts/oidc';
import { createPasswords } from '@cuebook/server/accounts/passwords';
import { peppersFromFile, type KeptPeppers } from '@cuebook/server/accounts/peppers';
import type { Origin, SessionCaller } from '@cuebook/server/caller';
import type { Hint, Store } from '@cuebook/server/store/api';
import { createDeletionFile, type DeletionList } from '@cuebook/server/store/deletions';
import { createStore } from '@cuebook/server/store/createStore';
import { challengeMessage } from '@cuebook/shared/crypto/challenge';
import { createSuite, type Suite } from '@cuebook/shared/crypto/suite';
import type { UserBox } from '@cuebook/shared/protocol/account';
import type { Grant } from '@cuebook/shared/protocol/session';
import { latest } from '@cuebook/shared/team/history';
import { createSampleAccount, SAMPLE_TIME, type SampleAccount } from '@cuebook/shared/team/sampleTeam';
import { createTestDatabase, type TestDatabase } from '../ground.ts';

export const suite: Suite = createSuite(nodeCrypto);
export const PUBLIC_ORIGIN = 'https://cuebook.example.com';
export const GOOD_PASSWORD = 'quiet otters sort the mail';

export interface Office extends AsyncDisposable {
  readonly ground: TestDatabase;
  readonly accounts: Accounts;
  readonly store: Store;
  readonly peppers: KeptPeppers;
  readonly pepperFile: string;
  readonly hints: readonly Hint[];
  /** All that was said to the database. */
  readonly statements: string[];
  readonly deletions: DeletionList;
  /** Runs of argon2 so far. */
  readonly argon2Runs: ('hash' | 'verify')[];
  /** Moves the server's clock, in milliseconds. */
  pass(milliseconds: number): void;
  now(): number;
  /** The account of the owner's link, signed in. */
  owner(email?: string): Promise<Person>;
  /** An account made by a link of the owner's. */
  person(email: string): Promise<Person>;
}

/** Somebody with an account, as their client holds it. */
export interface Person {
  readonly sample: SampleAccount;
  readonly email: string;
  grant: Grant;
}

export interface OfficeOptions {
  readonly registration?: 'invitation' | 'open';
  readonly oidc?: OidcSettings;
  readonly publicOrigin?: string;
  /** Every source of the same address, unless a test says otherwise. */
  readonly startAt?: number;
}

let requests = 0;
/** A request from somewhere. */
export function from(address = '192.0.2.1', more: Partial<Origin> = {}): Origin {
  requests += 1;
  const requestId = requests
    .toString()
    .replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? 'a')
    .padStart(26, 'a');
  return { requestId, transport: 'http', address, browserOrigin: null, ...more };
}

export async function openOffice(options: OfficeOptions = {}): Promise<Office> {
  const statements: string[] = [];
  const ground = await createTestDatabase({ onStatement: (text) => statements.push(text) });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'cuebook-office-'));
  const pepperFile = path.join(folder, 'peppers');
  const peppers = peppersFromFile(pepperFile);
  if (!peppers.ok) throw new Error(peppers.problem.message);
  let time = options.startAt ?? SAMPLE_TIME;
  const now = (): number => time;
  const hints: Hint[] = [];
  const deletions = createDeletionFile(path.join(folder, 'deletions'));
  const argon2Runs: ('hash' | 'verify')[] = [];
  const store = await createStore({
    database: ground.database,
    primitives: suite,
    sessions: sessionChecks,
    hints: { publish: (hint) => void hints.push(hint) },
    now,
  });
  const accounts = createAccounts({
    database: ground.database,
    store,
    primitives: suite,
    peppers: { current: peppers.value, kept: peppers.value },
    passwords: await createPasswords({ memoryCost: 1024, timeCost: 1 }, (what) => argon2Runs.push(what)),
    publicOrigin: options.publicOrigin ?? PUBLIC_ORIGIN,
    registration: options.registration ?? 'invitation',
    deletions,
    oidc: options.oidc ?? { providers: [], editorOrigins: [] },
    now,
  });
  const office: Office = {
    ground,
    accounts,
    store,
    peppers: peppers.value,
    pepperFile,
    hints,
    statements,
    deletions,
    argon2Runs,
    now,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    async owner(email = 'owner@example.com') {
      const link = await accounts.administration.makeOwnerLink();
      if (link === null) throw new Error('there is an owner already');
      return createByLink(accounts, link.secret, email);
    },
    async person(email) {
      const link = await accounts.administration.makeAccountLink(SOMEBODY, from());
      return createByLink(accounts, link.secret, email);
    },
    async [Symbol.asyncDispose]() {
      await ground[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return office;
}

/** For what only notes who asked. */
const SOMEBODY = { account: 'a'.repeat(52) } as unknown as SessionCaller;

export const boxesOf = (sample: SampleAccount): readonly UserBox[] =>
  sample.boxes.map(({ recipient, bytes }) => ({
    device: recipient,
    generation: latest(sample.history).generation,
    box: bytes,
  }));

async function createByLink(accounts: Accounts, secret: string, email: string): Promise<Person> {
  const sample = await createSampleAccount(suite);
  const grant = await accounts.own.create(
    {
      ground: { kind: 'link', secret },
      credentials: { kind: 'password', email, password: GOOD_PASSWORD },
      log: sample.history.entries.map(({ bytes }) => bytes),
      boxes: boxesOf(sample),
    },
    from(),
  );
  return { sample, email, grant };
}

export async function callerOf(accounts: Accounts, token: string, origin = from()): Promise<SessionCaller> {
  const caller = await accounts.authentication.authenticate(token, origin);
  if (caller.kind !== 'session') throw new Error(`expected a session, not ${caller.kind}`);
  return caller;
}

/** What a client does: asks for a challenge, checks it, signs it with its device. */
export async function bind(
  accounts: Accounts,
  person: Person,
  device = 0,
  signedOrigin = PUBLIC_ORIGIN,
): Promise<SessionCaller> {
  const caller = await callerOf(accounts, person.grant.accessToken);
  const { challenge, session } = await accounts.sessions.challenge(caller);
  const keys = person.sample.devices[device];
  if (keys === undefined) throw new Error('no such device');
  const signature = keys.sign(challengeMessage({ origin: signedOrigin, challenge, session }));
  person.grant = await accounts.sessions.bindDevice(caller, { device: keys.id, signature }, from());
  return callerOf(accounts, person.grant.accessToken);
}
