// The folder of real prompt files that the journey imports: all of them where they lie beside the repository, a few
// otherwise.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../../tools/root.ts';

export interface RealPrompts {
  readonly folder: string;
  /** Number of prompt files in it. */
  readonly count: number;
}

export async function realPrompts(): Promise<RealPrompts> {
  const all = path.join(repositoryRoot, '..', 'shared', 'data', 'prompt-files');
  const few = path.join(import.meta.dirname, 'fixtures', 'prompt-files');
  const folder = existsSync(all) ? all : few;
  if (folder === few) console.log(`no ${all}: importing the ${path.relative(repositoryRoot, few)} instead`);
  const names = await readdir(folder);
  return { folder, count: names.filter((name) => name.endsWith('.prompt.md')).length };
}
