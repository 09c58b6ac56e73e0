// Small sealed values of the extension that may hold content: input memory, recent prompts.

import { t } from '@vscode/l10n';
import type { LibraryCalls } from '../library/api.ts';
import { fail, success } from './libraryProblem.ts';
import type { LibrarySession } from './librarySession.ts';
import type { Place } from './localValues.ts';

const mostKeyCharacters = 200;
const mostValueBytes = 65_536;
const mostValues = 20_000;

export function createMemoryCalls(session: LibrarySession): Pick<LibraryCalls, 'recall' | 'remember'> {
  const { store, seals } = session;
  return {
    recall: async (key) => {
      checkKey(key);
      const sealed = store.blob('memory', rowOf(session, key));
      const value = sealed === null ? null : seals.open(placeOf(key), sealed);
      return success(value === null ? null : Buffer.from(value).toString('utf8'));
    },

    remember: async (key, value) => {
      checkKey(key);
      const row = rowOf(session, key);
      if (value === null) {
        store.write(() => store.deleteBlob('memory', row));
        return success(null);
      }
      const bytes = Buffer.from(value, 'utf8');
      if (bytes.length > mostValueBytes) fail('tooLarge', tooLarge());
      const sealed = seals.seal(placeOf(key), bytes);
      store.write(() => {
        if (store.blob('memory', row) === null && store.countBlobs('memory') >= mostValues) fail('tooMany');
        store.setBlob('memory', row, sealed);
      });
      return success(null);
    },
  };
}

const tooLarge = () => ({
  message: t('This is larger than 64 KB and was not remembered.'),
  action: t('Nothing needs to be done; it will be asked for again.'),
});

const placeOf = (key: string): Place => ({ purpose: 'memory', row: key });

/** The key may say something (a prompt's id and an input's name), so the row's name is a keyed hash of it. */
function rowOf({ seals }: LibrarySession, key: string): string {
  return seals.nameOf(key);
}

function checkKey(key: string): void {
  if (key === '' || key.length > mostKeyCharacters) {
    fail('nameInvalid', { message: t('A remembered value needs a key of 1 to 200 characters.') });
  }
}
