// Bundles the extension: the host as ESM with all that loads at once in one file and one chunk per feature that loads on
// first use (rolldown can say so, docs/decisions/0002), the three workers and the run panel with esbuild. Prints the size
// of each, with what it loads at once; `tools/test.ts` holds the limits.

import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { rolldown } from 'rolldown';
import { loadedKilobytes } from '../tools/bundleLimits.ts';
import { thirdPartyNotices } from '../tools/notices.ts';

const here = import.meta.dirname;
const out = path.join(here, 'dist');
const development = process.argv.includes('--development');

/** Its other face reads files and loads from the network, which none of our threads needs for words. */
const alias = { '@vscode/l10n': '@vscode/l10n/dist/browser.js' };
/** Libraries that look for a browser's `navigator` would trip VS Code's warning about it. */
const define = { navigator: 'undefined' };
const nodeTarget = 'node22';

const common: BuildOptions = {
  alias,
  absWorkingDir: here,
  bundle: true,
  minify: !development,
  sourcemap: development ? 'linked' : false,
  logLevel: 'warning',
  legalComments: 'none',
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
  target: nodeTarget,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  define,
  banner: requireBanner,
};

/** One file for all that loads at once: esbuild would make one of every set of modules that the same features share. */
async function buildHost(): Promise<Built> {
  const bundle = await rolldown({
    cwd: here,
    input: { extension: 'src/extension.ts' },
    external: ['vscode'],
    platform: 'node',
    resolve: { alias },
    transform: { target: nodeTarget, define },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: out,
    format: 'esm',
    minify: !development,
    sourcemap: development,
    chunkFileNames: 'chunks/[name]-[hash].js',
    codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] },
  });
  await bundle.close();
  const inputs = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  return {
    inputs: inputs.map((input) => path.relative(here, input)),
    outputs: output.flatMap(({ fileName }) => path.join('dist', fileName)),
  };
}

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

const built = await Promise.all([buildHost(), bundled(workers), bundled(webview)]);
await removeOthers(new Set(built.flatMap(({ outputs }) => outputs)));
const inputs = built.flatMap((each) => each.inputs);
await writeFile(path.join(here, 'ThirdPartyNotices.txt'), await thirdPartyNotices(here, inputs));
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
  console.log(`${file.padEnd(20)} ${(await loadedKilobytes(file)).toFixed(0)} KB`);
}

/** Paths below this folder: what went in, and what came out. */
interface Built {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

async function bundled(options: BuildOptions): Promise<Built> {
  const { metafile } = await build({ ...options, metafile: true });
  return { inputs: Object.keys(metafile.inputs), outputs: Object.keys(metafile.outputs) };
}

/** What an earlier build left. Afterwards, not before: somebody may be reading the bundles while they are made again. */
async function removeOthers(written: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(path.relative(here, file).replaceAll(path.sep, '/'))) await rm(file);
  }
}
