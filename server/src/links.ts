// One-time links as the command line shows them: once, and not in any log.

import type { OneTimeLink } from './accounts/api.ts';

export function writeLink(print: (line: string) => void, why: string, link: OneTimeLink): void {
  print('');
  print(why);
  print(`  link  ${link.link}`);
  print(`  code  ${link.secret}`);
  print(`  good once, until ${new Date(link.expiresAt).toISOString()}`);
  print('');
}
