// What each measured figure aims at, in its own unit. The one place for aims: the performance page is written from here.
// Ratios gate; absolute times are goals that are read and explained, because machines are shared and noisy.

import type { Figure } from './figure.ts';

export interface Aim {
  readonly figure: string;
  /** The value is to be at most, or at least, this. */
  readonly bound: 'most' | 'least';
  readonly value: number;
  /** Behind this the benchmarks fail, where it is not the aim itself (of a ratio) or nothing (of a time). */
  readonly fails?: number;
  /** What is measured, for a reader who does not know the code. */
  readonly what: string;
}

export const aims: readonly Aim[] = [
  {
    figure: 'library.activation.cpu',
    bound: 'most',
    value: 50,
    what: 'CPU from loading the entry bundle until the extension is active; 1,000 stored prompts',
  },
  {
    figure: 'library.bundle.entry',
    bound: 'most',
    value: 300,
    what: 'Minified entry bundle with everything that it loads at once',
  },
  {
    figure: 'library.open10k',
    bound: 'most',
    value: 500,
    what: 'Stored library of 10,000 prompts (1 KB each) opened, tree answered',
  },
  {
    figure: 'library.search.p95',
    bound: 'most',
    value: 16,
    what: 'One keystroke of a search over 10,000 prompts, once the search has read the texts',
  },
  {
    figure: 'library.firstToken.overhead',
    bound: 'most',
    value: 5,
    what: 'First token through the run path, minus through a bare `fetch` of the same endpoint',
  },
  {
    figure: 'records.open.ratio',
    bound: 'most',
    value: 2.5,
    what: 'Opening 1 KB records, compared with bare AES-256-GCM',
  },
  {
    figure: 'records.verify.ratio',
    bound: 'most',
    value: 1.2,
    what: 'Verifying 10,000 records, compared with bare Ed25519',
  },
  {
    figure: 'records.snapshot10k',
    bound: 'most',
    value: 200,
    what: 'A library of 10,000 prompts from its sealed snapshot',
  },
  {
    figure: 'records.block.max',
    bound: 'most',
    value: 8,
    what: 'CPU of the longest stretch (p99.9) without yielding while records are opened and verified',
  },
  {
    figure: 'sync.saveToMate.p50.ratio',
    bound: 'most',
    value: 3,
    what: 'A save, durable and at the other client, compared with one bare `ws` hop and one commit',
  },
  {
    figure: 'sync.git.ratio',
    bound: 'least',
    value: 50,
    what: '`git commit`, `push` and `pull` over HTTP, compared with the same save',
  },
  {
    figure: 'sync.saves.ratio',
    bound: 'least',
    value: 0.5,
    what: 'Durable saves a second of 50 clients, compared with bare `ws` and group commit',
  },
  {
    figure: 'sync.fanout1000.ratio',
    bound: 'most',
    value: 2,
    what: 'One save until the last of 1,000 subscribers has it, compared with bare `ws`',
  },
  {
    figure: 'sync.idleMemory.ratio',
    bound: 'most',
    value: 2.5,
    what: 'Server memory of an idle authenticated subscription, compared with an idle bare connection',
  },
  {
    figure: 'sync.first10k.ratio',
    bound: 'most',
    value: 3,
    what: 'First sync of 10,000 prompts, opened and listed, compared with bare transfer and decryption',
  },
  {
    figure: 'sync.first10kVerified.ratio',
    bound: 'most',
    value: 1.3,
    what: 'The same until every signature is checked, compared with bare verification',
  },
  {
    figure: 'editor.history.typing',
    bound: 'most',
    value: 2,
    what: 'How far a key’s frame could be from where it is without history beside the text (95 % interval)',
  },
  {
    figure: 'history.blame',
    bound: 'most',
    value: 50,
    what: 'Who wrote which line of a text being typed: 1,000 lines, 500 versions, whose texts were opened before (`.first`: not yet)',
  },
  {
    figure: 'history.versions5000',
    bound: 'most',
    value: 100,
    what: 'First 200 rows of 5,000 versions, with the sizes of the changes of 50',
  },
  {
    figure: 'history.introduced',
    bound: 'most',
    value: 200,
    what: 'Which of 5,000 versions introduced a text, when their texts were opened before (`.first`: not yet)',
  },
];

/**
 * One line for each figure that is behind its bound. Ratios are bound by their aims: they compare two things measured on
 * the same machine in the same minute. Times are not, because machines are shared and noisy.
 */
export function behindBounds(figures: readonly Figure[]): readonly string[] {
  const measured = new Map(figures.map((figure) => [figure.figure, figure]));
  return aims.flatMap((aim) => {
    const figure = measured.get(aim.figure);
    const bound = aim.fails ?? (figure?.unit === 'x' || figure?.unit === 'KB' ? aim.value : null);
    if (figure === undefined || bound === null) return [];
    const isBehind = aim.bound === 'most' ? figure.value > bound : figure.value < bound;
    const words = aim.bound === 'most' ? 'at most' : 'at least';
    return isBehind
      ? [`${aim.figure}: ${figure.value.toPrecision(3)} ${figure.unit}, bound to ${words} ${bound}`]
      : [];
  });
}
