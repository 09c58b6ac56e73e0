// `node tools/l10n.ts`: moves new texts of the extension's manifest to `package.nls.json`, and lists what the German
// texts lack.

import { keysOf, movePlainTexts, readManifest, readManifestTexts } from './l10n/manifest.ts';

const moved = await movePlainTexts();
if (moved) console.log('Texts of extension/package.json were moved to extension/package.nls.json.');
const texts = await readManifestTexts('de');
for (const key of keysOf(await readManifest()))
  if (!(key in texts)) console.log(`package.nls.de.json: ${key}`);
