// Links of the server's owner, and tickets: looked up by their beginning, taken in the transaction of what they allow.

import { Refusal } from '../problems.ts';
import {
  findOneTimeSecrets,
  insertOneTimeSecret,
  useOneTimeSecret,
  type OneTimePurpose,
  type OneTimeSecret,
} from '../store/accountsSecrets.ts';
import type { Querier } from '../store/accountsSessions.ts';
import type { OneTimeLink } from './api.ts';
import type { Ground } from './ground.ts';
import { reveal } from '@cuebook/shared/util/redacted';

export const LINK_MS = 7 * 24 * 60 * 60 * 1000;
export const RESET_MS = 24 * 60 * 60 * 1000;
export const TICKET_MS = 30 * 60 * 1000;

const ended = (): Refusal =>
  new Refusal('ended', 'The link is unknown, was used, was withdrawn, or has run out.');

/** One answer for all that is not good any more. */
export async function findOneTime(
  ground: Ground,
  text: string,
  kind: 'link' | 'ticket',
  purposes: readonly OneTimePurpose[],
): Promise<OneTimeSecret> {
  const given = ground.secrets.read(text, kind);
  if (given === null) throw ended();
  const found = ground.secrets.pick(given, await findOneTimeSecrets(ground.database.app, given.prefix));
  if (found === null || found.expiresAt <= ground.now() || !purposes.includes(found.purpose)) throw ended();
  return found;
}

/** In the transaction of what it allows: of two who come with it at once, one gets in. */
export async function takeOneTime(sql: Querier, secret: OneTimeSecret): Promise<void> {
  if (!(await useOneTimeSecret(sql, secret))) throw ended();
}

export async function makeLink(
  ground: Ground,
  sql: Querier,
  link: Pick<OneTimeSecret, 'purpose' | 'account'> & { readonly lifeMs: number },
): Promise<OneTimeLink> {
  const made = ground.secrets.make('link');
  const expiresAt = ground.now() + link.lifeMs;
  const { prefix, hash, pepper } = made;
  const { purpose, account } = link;
  await insertOneTimeSecret(sql, { prefix, hash, pepper, purpose, account, identity: null, expiresAt });
  const page = link.purpose === 'resetPassword' ? 'password' : 'account';
  return { link: `${ground.publicOrigin}/${page}`, secret: reveal(made.text), expiresAt };
}
