// The recovery kit as the library offers it: its code stays sealed in the store until the user says that it is written
// down, it is offered once when there is something to lose, and it brings back the key of a store that lost it.

import { parseKit } from '@cuebook/shared/crypto/recoveryKit';
import { openKitBackup } from '@cuebook/shared/crypto/kitBackup';
import type { Suite } from '@cuebook/shared/crypto/suite';
import { isLive } from '@cuebook/shared/replica/tree';
import { t } from '@vscode/l10n';
import type { KitStatus, LibraryCalls, RecoveryKit } from '../library/api.ts';
import { accountOf, kitCodePlace } from './libraryIdentity.ts';
import { fail, success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import type { LockedLibrary } from './libraryOpening.ts';
import { bytesToSecret, type StoreSecret } from './storeSecret.ts';

export interface KitDependencies {
  readonly session: LibrarySession;
  readonly account: string;
  readonly now: () => number;
}

type KitCalls = Pick<LibraryCalls, 'recoveryKit' | 'confirmKitSaved' | 'claimKitOffer'>;

const promptsToLose = 5;
const versionsToLose = 20;
const dayMs = 86_400_000;

export function createKitCalls(dependencies: KitDependencies): KitCalls {
  const { session } = dependencies;
  return {
    recoveryKit: async () => success(sheetOf(dependencies, readCode(session))),

    confirmKitSaved: async () =>
      success(
        session.change((change) => {
          change.store.deleteMeta('kitCode');
          change.touch('status');
          return null;
        }),
      ),

    claimKitOffer: async () =>
      success(
        session.change((change) => {
          if (!kitStatus(dependencies).due) return false;
          change.store.setMeta('kitOfferClaimed', Buffer.from('1'));
          change.touch('status');
          return true;
        }),
      ),
  };
}

export function kitStatus({ session, now }: Omit<KitDependencies, 'account'>): KitStatus {
  const { store } = session;
  if (store.meta('kitCode') === null) return { state: 'saved', due: false };
  const claimed = store.meta('kitOfferClaimed') !== null;
  return { state: 'offered', due: !claimed && isMuchToLose(session, now()) };
}

/** Some prompts, or some work on few, or a day's use. Samples count from the first change on. */
function isMuchToLose(session: LibrarySession, now: number): boolean {
  const samples = new Set(session.store.blobIds('sample'));
  let [prompts, all] = [0, 0];
  // It ends with the first that is enough: this is asked after every change, however large the library is.
  for (const group of session.state().groups.values()) {
    if (group.kind !== 'prompt' || !isLive(group) || group.content === null) continue;
    const { versions, savedAt } = group.content;
    const isSample = samples.has(group.id);
    if (isSample && versions === 1) continue;
    prompts += 1;
    all += isSample ? versions - 1 : versions;
    const since = isSample ? savedAt : group.createdAt;
    if (prompts >= promptsToLose || all >= versionsToLose || now - since >= dayMs) return true;
  }
  return false;
}

function readCode({ store, seals }: LibrarySession): string {
  const sealed = store.meta('kitCode');
  if (sealed === null) {
    fail('notFound', {
      message: t('The code of your recovery kit is no longer on this computer: you said that it is saved.'),
      action: t('Use the sheet that you kept.'),
    });
  }
  const code = seals.open(kitCodePlace, sealed);
  return code === null ? fail('corrupt') : Buffer.from(code).toString('utf8');
}

function sheetOf({ account, now }: KitDependencies, code: string): RecoveryKit {
  const date = new Date(now()).toISOString().slice(0, 10);
  const sheet = [
    t('Cuebook recovery kit'),
    '',
    ...fields([
      [t('Code'), code],
      [t('Account'), account],
      [t('Server'), t('none (this library is on one computer)')],
      [t('Date'), date],
    ]),
    '',
    t(
      "This code opens your prompt library if your computer loses its key. Together with the library's folder it opens",
    ),
    t(
      'everything in it: keep it like a key, on paper or in a password manager, and never beside the library.',
    ),
    t(
      'Without this sheet and without every computer that has the key, nobody can open the library. Not even we.',
    ),
    '',
  ].join('\n');
  return { code, sheet };
}

/** One a line, the values below each other. */
export function fields(rows: readonly (readonly [name: string, value: string])[]): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 3;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`);
}

/** The secret of a store from its kit; fails as `kitInvalid` or `kitWrong`. */
export async function secretFromKit(suite: Suite, locked: LockedLibrary, code: string): Promise<StoreSecret> {
  const kit = parseKit(suite, code);
  if (!kit.ok) fail(kit.problem.code, { message: kit.problem.message });
  const box = locked.store.meta('kitBox') ?? fail('corrupt');
  const opened = await openKitBackup(suite, kit.value.keys, accountOf(locked.store), box);
  const secret = opened.ok ? bytesToSecret(opened.value) : null;
  return secret ?? fail('kitWrong');
}
