import { expect, test } from 'vitest';
import { generateHOTP } from '@oslojs/otp';
import { base32ToBytes } from '@cuebook/shared/encoding/base32';
import { writeSecret } from '@cuebook/shared/protocol/secretText';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import { bytesToBase32 } from '@cuebook/shared/encoding/base32';
import { reveal } from '@cuebook/shared/util/redacted';
import { bind, callerOf, from, GOOD_PASSWORD, openOffice, suite, type Office } from './office.ts';

/** Tables whose rows are somebody's. The others are directories, or hold what is nobody's yet. */
const OWNED = [
  'accounts',
  'second_factors',
  'recovery_codes',
  'sessions',
  'session_tokens',
  'machine_tokens',
  'approvals',
] as const;

/** What may speak of everybody: finding by a directory, the list for the server's owner, what has run out. */
const NOT_BOUND = [
  /from session_token_directory directory join session_tokens/,
  /from account_emails emails join accounts/,
  /from account_identities identities join accounts/,
  /from server_owner owner join accounts/,
  /^insert into server_owner .* where not exists/,
  /from accounts where deleted_at is null order by created_at/,
  /^delete from \w+ where (expires_at|last_used_at|deleted_at) <= \$1$/,
  /^select pepper from session_tokens union/,
];

/** Once through everything. */
async function live(office: Office): Promise<void> {
  const { sessions, own, tokens, approvals, administration, authentication } = office.accounts;
  const owner = await office.owner();
  const other = await office.person('other@example.com');
  const caller = await bind(office.accounts, owner);
  const { secret } = await own.startSecondFactor(caller);
  const key = base32ToBytes(secret.toLowerCase()) ?? new Uint8Array();
  const code = (later: number): string =>
    generateHOTP(key, BigInt(Math.floor(office.now() / 30_000) + later), 6);
  const { codes } = await own.confirmSecondFactor(caller, code(-1), from());
  await sessions.signIn({ email: owner.email, password: GOOD_PASSWORD, code: codes[0] }, from());
  await sessions.signIn({ email: owner.email, password: GOOD_PASSWORD, code: code(0) }, from());
  await sessions.list(caller);
  await authentication.stillValid([caller]);
  await authentication.recheck(caller);
  owner.grant = await sessions.refresh(owner.grant.refreshToken, from());
  const workspace = bytesToBase32(suite.random(32)) as WorkspaceId;
  const auth = reveal(writeSecret(suite, 'live', suite.random(32)));
  const made = {
    workspace,
    token: null,
    name: 'x',
    scopes: ['log:read'],
    addresses: [],
    origins: [],
  } as const;
  const row = await tokens.create(caller, { ...made, auth, expiresAt: office.now() + 1000 }, from());
  await authentication.authenticate(auth, from());
  await tokens.list(workspace);
  await tokens.revoke(caller, workspace, row.id, from());
  const { approval } = await approvals.start(caller);
  await approvals.read(caller, approval);
  await approvals.end(caller, approval);
  await administration.listAccounts();
  await administration.rotatePepper();
  await own.exportAll(caller, from());
  await own.endSecondFactor(caller, { password: GOOD_PASSWORD, code: code(1) }, from());
  const leaving = await callerOf(office.accounts, other.grant.accessToken);
  await own.changeEmail(leaving, { password: GOOD_PASSWORD, email: 'leaving@example.com' }, from());
  await own.delete(leaving, { password: GOOD_PASSWORD }, from());
  await sessions.signOut(caller, from());
  await office.accounts.tidy();
}

test('every statement about what belongs to somebody names whose it is', async () => {
  await using office = await openOffice();
  await live(office);
  const plain = new Set(office.statements.map((text) => text.replaceAll(/\s+/g, ' ').trim()));
  const touches = new RegExp(`\\b(?:from|into|update|join) (?:${OWNED.join('|')})\\b`);
  const names =
    /\b(?:account|workspace) (?:= (?:\$\d|any \()|is not distinct from)|^insert into \w+ \((?:account|workspace)\b/;
  const about = [...plain].filter((text) => touches.test(text));
  expect(about.length).toBeGreaterThan(40);
  const unbound = about.filter((text) => !names.test(text));
  expect(unbound.filter((text) => !NOT_BOUND.some((pattern) => pattern.test(text)))).toEqual([]);
  // No exception that nothing uses.
  for (const pattern of NOT_BOUND.slice(0, 2)) expect(unbound.some((text) => pattern.test(text))).toBe(true);
});
