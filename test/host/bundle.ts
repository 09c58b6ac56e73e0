// Makes one file of the suites that an extension host can load. `vscode` is the host's; mocha is found from here.

import path from 'node:path';
import { build } from 'esbuild';

/** Returns the bundle's path: CommonJS, exports `run`. */
export async function bundleSuites(files: readonly string[]): Promise<string> {
  const outfile = path.join(import.meta.dirname, 'dist', `suites-${process.pid}.cjs`);
  const loaders = files.map((file) => `() => import(${JSON.stringify(file)})`);
  await build({
    stdin: {
      contents: `import { runSuites } from './runSuites.ts';
export const run = () => runSuites([${loaders.join(', ')}]);`,
      resolveDir: import.meta.dirname,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return outfile;
}
