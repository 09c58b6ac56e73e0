// `node tools/l10n.ts`: moves new texts of the extension's manifest to `package.nls.json`, and lists what is not ready to
// be translated or lacks its German. `CONTRIBUTING.md` says how a text is added.

import { missing } from './l10n/missing.ts';
import { movePlainTexts } from './l10n/manifest.ts';

if (await movePlainTexts())
  console.log('Texts of extension/package.json were moved to extension/package.nls.json.');
const problems = await missing();
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'Every text has its German.' : `${problems.length} to do.`);
process.exitCode = problems.length === 0 ? 0 : 1;
