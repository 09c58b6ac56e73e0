// Machine tokens of a workspace: what a client made out of a seed, kept as a hash, with what it may do and from where.

import { isAllowedOrigin, parseBlock } from './addresses.ts';
import type { WorkspaceId } from '@cuebook/shared/encoding/ids';
import type { TokenRow } from '@cuebook/shared/protocol/token';
import type { Origin, SessionCaller } from '../caller.ts';
import { Refusal } from '../problems.ts';
import {
  deleteMachineToken,
  insertMachineToken,
  listMachineTokens,
  type MachineTokenRow,
} from '../store/accountsSecrets.ts';
import type { MachineTokens } from './api.ts';
import { record, type Ground } from './ground.ts';
import { createRowId } from './secrets.ts';

const LONGEST_MS = 366 * 24 * 60 * 60 * 1000;
const MOST_TOKENS = 256;

type Made = Omit<
  MachineTokenRow,
  'id' | 'prefix' | 'hash' | 'pepper' | 'createdAt' | 'createdBy' | 'lastUsedAt'
>;

export function createMachineTokens(ground: Ground): MachineTokens {
  return {
    create: (caller, { auth, ...made }, origin) => {
      requireSound(made);
      return add(ground, caller, made, auth, origin);
    },
    async rotate(caller, { workspace, id, auth, expiresAt }, origin) {
      const old = await ground.database.transact({ workspace }, (sql) =>
        listMachineTokens(sql, workspace, { id }),
      );
      const [token] = old;
      if (token === undefined) throw noSuchToken();
      return add(ground, caller, { ...token, expiresAt }, auth, origin);
    },
    revoke: (caller, workspace, id, origin) => revoke(ground, caller, { workspace, id }, origin),
    list: async (workspace) =>
      (await ground.database.transact({ workspace }, (sql) => listMachineTokens(sql, workspace))).map(toRow),
  };
}

const noSuchToken = (): Refusal => new Refusal('notFound', 'There is no such token in this workspace.');

function requireSound(made: Made): void {
  if (made.addresses.some((block) => parseBlock(block) === null)) {
    throw new Refusal('malformed', 'An address is an IP address or a CIDR block.', { field: 'addresses' });
  }
  if (made.origins.some((origin) => !isOrigin(origin))) {
    throw new Refusal('malformed', 'An origin is written like https://example.com.', { field: 'origins' });
  }
}

const isOrigin = (text: string): boolean =>
  URL.canParse(text) && new URL(text).origin === text && isAllowedOrigin(text, [text]);

async function add(
  ground: Ground,
  caller: SessionCaller,
  made: Made,
  auth: string,
  origin: Origin,
): Promise<TokenRow> {
  const now = ground.now();
  const given = ground.secrets.read(auth, 'live');
  if (given === null) throw new Refusal('malformed', 'The token is mistyped.', { field: 'auth' });
  if (made.expiresAt <= now || made.expiresAt > now + LONGEST_MS) {
    throw new Refusal('malformed', 'A token ends within 366 days from now.', { field: 'expiresAt' });
  }
  const token: MachineTokenRow = {
    ...made,
    ...ground.peppers.hash(given.text),
    id: createRowId(),
    prefix: given.prefix,
    createdAt: now,
    createdBy: caller.account,
    lastUsedAt: null,
  };
  await ground.database.transact({ workspace: made.workspace }, async (sql) => {
    const known = await listMachineTokens(sql, made.workspace);
    if (known.length >= MOST_TOKENS) throw new Refusal('conflict', `At most ${MOST_TOKENS} tokens.`);
    if (
      ground.secrets.pick(
        given,
        known.filter(({ prefix }) => prefix === given.prefix),
      ) !== null
    ) {
      throw new Refusal('conflict', 'This token is there already.', { field: 'auth' });
    }
    await insertMachineToken(sql, token);
  });
  await note(ground, 'token.created', caller, token, origin);
  return toRow(token);
}

async function revoke(
  ground: Ground,
  caller: SessionCaller,
  { workspace, id }: { readonly workspace: WorkspaceId; readonly id: string },
  origin: Origin,
): Promise<void> {
  const revoked = await ground.database.transact({ workspace }, (sql) =>
    deleteMachineToken(sql, workspace, id),
  );
  if (!revoked) throw noSuchToken();
  ground.store.publish({ kind: 'revoked', account: null, workspace });
  await note(ground, 'token.revoked', caller, { workspace, id }, origin);
}

const note = (
  ground: Ground,
  what: string,
  caller: SessionCaller,
  token: Pick<MachineTokenRow, 'workspace' | 'id'>,
  origin: Origin,
): Promise<void> =>
  record(ground, {
    what,
    account: caller.account,
    origin,
    workspace: token.workspace,
    details: { token: token.id },
  });

const toRow = (token: MachineTokenRow): TokenRow => ({
  id: token.id,
  token: token.token,
  name: token.name,
  prefix: token.prefix,
  scopes: token.scopes,
  addresses: token.addresses,
  origins: token.origins,
  expiresAt: token.expiresAt,
  createdAt: token.createdAt,
  lastUsedAt: token.lastUsedAt,
});
