// Time to parse and to render one prompt, over the real prompt files beside the repository (or a sample of the same size).

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { importPromptFile } from '@cuebook/shared/format/importPrompt';
import { parseDocument } from '@cuebook/shared/format/parse';
import { render } from '@cuebook/shared/format/render';
import type { Figure } from '../../tools/figure.ts';

export const prefix = 'library';

const RUNS = 7;

export async function figures(): Promise<readonly Figure[]> {
  const texts = prompts();
  const documents = texts.map(parseDocument);
  const builtIns = { selection: 'const a = 1;\n'.repeat(40), file: 'const a = 1;\n'.repeat(400) };
  return [
    { figure: 'library.parse', value: perPrompt(texts, parseDocument), unit: 'ms', runs: RUNS },
    {
      figure: 'library.render',
      value: perPrompt(documents, (document) => render(document, { builtIns })),
      unit: 'ms',
      runs: RUNS,
    },
  ];
}

function prompts(): readonly string[] {
  const folder = new URL('../../../shared/data/prompt-files/', import.meta.url);
  const files = existsSync(folder)
    ? readdirSync(folder).map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }))
    : [
        {
          name: 'sample.prompt.md',
          text: `---\ndescription: x\n---\n${'Look at ${selection}.\n'.repeat(300)}`,
        },
      ];
  return files.map((file) => importPromptFile({ kind: 'prompt.md', ...file }).text);
}

/** Median over the runs of the mean time for one prompt. */
function perPrompt<T>(items: readonly T[], work: (item: T) => unknown): number {
  for (const item of items) work(item);
  const means = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    for (const item of items) work(item);
    return (performance.now() - start) / items.length;
  });
  return means.toSorted((one, other) => one - other)[RUNS >> 1] ?? 0;
}
