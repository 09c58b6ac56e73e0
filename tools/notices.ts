// The licences of what our bundles hold of others. What is in a bundle is what the bundlers say went in, so the list can
// neither forget a package nor name one that was left out.

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** What a bundle may hold: each asks for no more than its notice. */
const allowedLicences: ReadonlySet<string> = new Set([
  '(MPL-2.0 OR Apache-2.0)',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC-BY-4.0',
  'ISC',
  'MIT',
  'Unlicense',
]);

interface BundledPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** The licence's text, as the package brings it. */
  readonly text: string;
}

/** The notices as a text file, for bundles of these inputs (paths below the folder). Throws if a package has no licence, or one that is not allowed. */
export async function thirdPartyNotices(folder: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(inputs.flatMap((input) => packageFolder(folder, input)));
  const packages = await Promise.all([...folders].map(readPackage));
  const refused = packages.filter(({ licence }) => !allowedLicences.has(licence));
  if (refused.length > 0)
    throw new Error(
      `Not allowed in a bundle: ${refused.map(({ name, licence }) => `${name} (${licence})`).join(', ')}`,
    );
  const unique = new Map(packages.map((each) => [`${each.name} ${each.version}`, each]));
  const sorted = [...unique.entries()].sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    'Cuebook holds parts of these packages. Each stands under its own licence.',
    ...sorted.map(([title, { licence, text }]) => `${'='.repeat(80)}\n${title} (${licence})\n\n${text}`),
  ].join('\n\n');
}

/** `…/node_modules/@scope/name/lib/x.js` → `…/node_modules/@scope/name` */
function packageFolder(folder: string, input: string): readonly string[] {
  const [, found] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
  return found === undefined || found.includes(':') ? [] : [path.resolve(folder, found)];
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const files = await readdir(folder);
  const file = files.find((name) => /^(licen[cs]e|copying)(\.(md|txt))?$/i.test(name));
  const licence = manifest.license ?? 'none';
  const text = file === undefined ? licence : (await readFile(path.join(folder, file), 'utf8')).trim();
  return { name: manifest.name, version: manifest.version, licence, text };
}
