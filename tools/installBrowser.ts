// Finds a Chromium to drive: the one that CUEBOOK_CHROMIUM names, or one of this machine. On a Debian-like system as
// root it is installed; elsewhere one line says what to do.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

export type Browser =
  | { readonly ok: true; readonly path: string }
  /** `problem` is one line that says what to install. */
  | { readonly ok: false; readonly problem: string };

const commands = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'microsoft-edge'];
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
  'C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe',
];

/** Looks only; installs nothing. */
export function findBrowser(): Browser {
  const named = process.env['CUEBOOK_CHROMIUM'];
  if (named !== undefined && named !== '') {
    return existsSync(named)
      ? { ok: true, path: named }
      : { ok: false, problem: `CUEBOOK_CHROMIUM names ${named}, and nothing is there.` };
  }
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).concat('/usr/bin');
  const candidates = [
    ...commands.flatMap((command) => folders.map((folder) => path.join(folder, command))),
    ...applications,
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  return found === undefined ? { ok: false, problem: howToInstall } : { ok: true, path: found };
}

const howToInstall =
  'The tests need a Chromium: install it (Debian: apt-get install chromium), or name one by CUEBOOK_CHROMIUM.';

/** Like `findBrowser`, and installs Debian's `chromium` where that can be done without asking. */
export function installBrowser(log: (line: string) => void = () => {}): Browser {
  const found = findBrowser();
  if (found.ok || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found;
  log('installing Chromium (apt-get install chromium)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore', env });
  const install = spawnSync(
    'apt-get',
    ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    { env },
  );
  const installed = findBrowser();
  if (!installed.ok) log(install.stderr.toString().trim().split('\n').at(-1) ?? '');
  return installed;
}

if (import.meta.main) {
  const browser = installBrowser(console.log);
  console.log(browser.ok ? browser.path : browser.problem);
  process.exitCode = browser.ok ? 0 : 1;
}
