// Type-checks every package under its own tsconfig: each package sees only the globals of its own runtime.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const projects = ['shared', 'extension', 'extension/src/webview', 'server', 'test', 'tools'].filter((name) =>
  existsSync(`${name}/tsconfig.json`),
);
let failed = false;
for (const project of projects) {
  const result = spawnSync('tsc', ['-p', project], { stdio: 'inherit' });
  failed ||= result.status !== 0;
}
process.exit(failed ? 1 : 0);
