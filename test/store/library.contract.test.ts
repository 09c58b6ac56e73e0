import { describeLibrary } from '../contract/library.ts';
import { createTestFolder, createTestSecrets, openTestLibrary } from './openTestLibrary.ts';

describeLibrary('the library over the real worker', async () => {
  const folder = createTestFolder();
  const opened = openTestLibrary({ folder: folder.path, secrets: createTestSecrets() });
  return {
    library: opened.library,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
});
