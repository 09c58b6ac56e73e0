// What the server's owner does, on the server's command line or as a signed-in account.

import { findByEmail, hasServerOwner, listAccounts } from '../store/accountsRows.ts';
import { peppersInUse } from '../store/accountsExport.ts';
import { endOneTimeSecrets } from '../store/accountsSecrets.ts';
import type { Administration } from './api.ts';
import { record, type Ground } from './ground.ts';
import { LINK_MS, makeLink, RESET_MS } from './oneTimeSecrets.ts';
import type { KeptPeppers } from './peppers.ts';

/** `kept` null: peppers come from the configuration, and are rotated there. */
export function createAdministration(ground: Ground, kept: KeptPeppers | null): Administration {
  const { database } = ground;
  return {
    hasOwner: () => hasServerOwner(database.app),
    async makeOwnerLink() {
      if (await hasServerOwner(database.app)) return null;
      const link = await database.transact({}, async (sql) => {
        await endOneTimeSecrets(sql, 'owner', null);
        return makeLink(ground, sql, { purpose: 'owner', account: null, lifeMs: LINK_MS });
      });
      await record(ground, { what: 'link.ownerMade', account: null, origin: null });
      return link;
    },
    async makeAccountLink(by, origin) {
      const link = await makeLink(ground, database.app, {
        purpose: 'newAccount',
        account: null,
        lifeMs: LINK_MS,
      });
      await record(ground, { what: 'link.accountMade', account: by.account, origin });
      return link;
    },
    async makeResetLink(email, by, origin) {
      const account = await findByEmail(database.app, email);
      if (account === null) return null;
      const link = await database.transact({ account: account.account }, async (sql) => {
        await endOneTimeSecrets(sql, 'resetPassword', account.account);
        return makeLink(ground, sql, {
          purpose: 'resetPassword',
          account: account.account,
          lifeMs: RESET_MS,
        });
      });
      const details = { for: account.account };
      await record(ground, { what: 'link.resetMade', account: by?.account ?? null, origin, details });
      return link;
    },
    listAccounts: async () =>
      (await listAccounts(database.app)).map(({ account, email, createdAt, lastSeenAt }) => ({
        account,
        email,
        createdAt,
        lastSeenAt,
      })),
    async rotatePepper() {
      if (kept === null) throw new Error('Peppers come from the configuration: add a newer one there.');
      const before = Math.max(...kept.numbers());
      const version = kept.rotate();
      const used = await peppersInUse(database.app);
      // The one before stays: processes that have not read the file again still hash under it.
      const dropped = kept.numbers().filter((number) => number < before && !used.has(number));
      kept.drop(dropped);
      await record(ground, {
        what: 'pepper.rotated',
        account: null,
        origin: null,
        details: { version: `${version}` },
      });
      return { version, dropped };
    },
  };
}
