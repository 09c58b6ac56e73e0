// Bundles the extension with esbuild: the host as ESM with one chunk per heavy feature (loaded on first use), the three
// workers, and the run panel. Prints the size of each output; `tools/test.ts` holds the limits.

import { cp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { thirdPartyNotices } from '../tools/notices.ts';

const here = import.meta.dirname;
const out = path.join(here, 'dist');
const development = process.argv.includes('--development');

const common: BuildOptions = {
  // Its other face reads files and loads from the network, which none of our threads needs for words.
  alias: { '@vscode/l10n': '@vscode/l10n/dist/browser.js' },
  absWorkingDir: here,
  bundle: true,
  minify: !development,
  sourcemap: development ? 'linked' : false,
  logLevel: 'warning',
  legalComments: 'none',
  metafile: true,
};

// Some dependencies are CommonJS and call `require` of Node's own modules: an ES module has to make one for them.
const requireBanner = {
  js: "import { createRequire as cuebookCreateRequire } from 'node:module'; const require = cuebookCreateRequire(import.meta.url);",
};

const forNode: BuildOptions = {
  ...common,
  outdir: out,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Libraries that look for a browser's `navigator` would trip VS Code's warning about it.
  define: { navigator: 'undefined' },
  banner: requireBanner,
};

const host: BuildOptions = {
  ...forNode,
  entryPoints: { extension: 'src/extension.ts' },
  external: ['vscode'],
};

const workers: BuildOptions = {
  ...forNode,
  entryPoints: {
    libraryWorker: 'src/node/libraryWorker.ts',
    modelWorker: 'src/node/modelWorker.ts',
    languageWorker: 'src/node/languageWorker.ts',
  },
};

const webview: BuildOptions = {
  ...common,
  entryPoints: { main: 'src/webview/main.ts' },
  outdir: path.join(out, 'webview'),
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  loader: { '.ttf': 'file' },
};

const results = await Promise.all([build(host), build(workers), build(webview)]);
const metafiles = results.flatMap(({ metafile }) => (metafile === undefined ? [] : [metafile]));
await removeOthers(new Set(metafiles.flatMap(({ outputs }) => Object.keys(outputs))));
await writeFile(path.join(here, 'ThirdPartyNotices.txt'), await thirdPartyNotices(here, metafiles));
// The marketplaces show them beside the manifest.
for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md']) {
  await cp(path.join(here, '..', file), path.join(here, file));
}
for (const file of [
  'extension.js',
  'libraryWorker.js',
  'modelWorker.js',
  'languageWorker.js',
  'webview/main.js',
]) {
  const { size } = await stat(path.join(out, file));
  console.log(`${file.padEnd(20)} ${(size / 1024).toFixed(0)} KB`);
}

/** What an earlier build left. Afterwards, not before: somebody may be reading the bundles while they are made again. */
async function removeOthers(written: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(path.relative(here, file).replaceAll(path.sep, '/'))) await rm(file);
  }
}
