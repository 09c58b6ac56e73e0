// Turning thousands of answers into VS Code's classes, a few at a time: the host goes on in between.

import { setImmediate as nextTurn } from 'node:timers/promises';

const sliceSize = 100;

export async function inSlices<From, To>(items: readonly From[], convert: (item: From) => To): Promise<To[]> {
  const converted: To[] = [];
  for (let at = 0; at < items.length; at += sliceSize) {
    if (at > 0) await nextTurn();
    converted.push(...items.slice(at, at + sliceSize).map(convert));
  }
  return converted;
}
