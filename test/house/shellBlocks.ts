// The commands that a document tells people to type.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../../tools/root.ts';

/** The text of each ```sh block. */
export async function shellBlocks(document: string): Promise<readonly string[]> {
  const text = await readFile(path.join(repositoryRoot, document), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
}
