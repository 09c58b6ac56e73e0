// The commands besides `serve`. Each opens the database, does its work, and closes it again.

import * as nodeCrypto from 'node:crypto';
import { createNativePrimitives } from '@cuebook/shared/crypto/nativePrimitives';
import type { Config } from './config.ts';
import { CommandProblem, composeFrom, deletionListOf, openGround } from './ground.ts';
import { writeLink } from './links.ts';
import type { Log } from './log.ts';
import { backup, restore } from './store/backup.ts';
import type { StartedDatabase } from './store/start.ts';

export interface CommandContext {
  readonly config: Config;
  readonly log: Log;
  /** For people. */
  readonly print: (line: string) => void;
}

/** Brings the database to this version, which `serve` does too. */
export async function migrateCommand(context: CommandContext): Promise<void> {
  await withGround(context, async () => context.print('The database is up to date.'));
}

export async function backupCommand(context: CommandContext, file: string): Promise<void> {
  await withGround(context, async ({ database }) => {
    const sql = database.connectAs('cuebook_backup');
    try {
      const rows = await backup(sql, file, Date.now());
      context.print(`${file}: ${rows} rows.`);
    } finally {
      await sql.end();
    }
  });
}

/** Into an empty database. */
export async function restoreCommand(context: CommandContext, file: string): Promise<void> {
  await withGround(context, async ({ database }) => {
    const sql = database.connectAs('cuebook_backup');
    try {
      const restored = await restore({
        sql,
        file,
        deletions: await deletionListOf(context.config).all(),
        primitives: createNativePrimitives(nodeCrypto),
        now: Date.now(),
      });
      if (!restored.ok) throw new CommandProblem(restored.problem.message);
      context.print(
        `${restored.value.rows} rows restored. Everybody signs in again, and gives back what is missing.`,
      );
    } finally {
      await sql.end();
    }
  });
}

/** A new link for the first account, while there is none. */
export async function ownerLinkCommand(context: CommandContext): Promise<void> {
  await withAccounts(context, async ({ administration }) => {
    const link = await administration.makeOwnerLink();
    if (link === null)
      throw new CommandProblem('This server has an owner: use reset-link if the password is lost.');
    writeLink(context.print, 'Whoever uses this becomes the owner of this server:', link);
  });
}

export async function resetLinkCommand(context: CommandContext, email: string): Promise<void> {
  await withAccounts(context, async ({ administration }) => {
    const link = await administration.makeResetLink(email, null, null);
    if (link === null) throw new CommandProblem('There is no account with this e-mail address.');
    writeLink(
      context.print,
      'Hand this to the owner of the account. It sets a new password and ends all sessions:',
      link,
    );
  });
}

export async function rotatePepperCommand(context: CommandContext): Promise<void> {
  if (context.config.peppers !== null) {
    throw new CommandProblem('CUEBOOK_PEPPERS: add a newer pepper there; this server keeps none itself.');
  }
  await withAccounts(context, async ({ administration }) => {
    const { version, dropped } = await administration.rotatePepper();
    const gone = dropped.length === 0 ? 'none was dropped' : `dropped: ${dropped.join(', ')}`;
    context.print(`Pepper ${version} is in use now; ${gone}.`);
  });
}

async function withGround(
  { config, log }: CommandContext,
  work: (ground: StartedDatabase) => Promise<void>,
): Promise<void> {
  const ground = await openGround(config, log);
  try {
    await work(ground);
  } finally {
    await ground.stop();
  }
}

async function withAccounts(
  context: CommandContext,
  work: (accounts: Awaited<ReturnType<typeof composeFrom>>['accounts']) => Promise<void>,
): Promise<void> {
  await withGround(context, async (ground) => {
    const composition = await composeFrom(context.config, ground, context.log);
    try {
      await work(composition.accounts);
    } finally {
      await composition.close();
    }
  });
}
