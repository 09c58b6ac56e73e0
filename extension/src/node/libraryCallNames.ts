// The calls of the library as data: what forwards all of them needs their names.

import type { LibraryCalls } from '../library/api.ts';

/** Every call of the library, so that a forgotten one does not compile. */
const callNames: Readonly<Record<keyof LibraryCalls, true>> = {
  status: true,
  children: true,
  prompt: true,
  folder: true,
  folders: true,
  list: true,
  tags: true,
  paths: true,
  includes: true,
  usedBy: true,
  trashed: true,
  read: true,
  save: true,
  saveDraft: true,
  commitDraft: true,
  discardDraft: true,
  conflict: true,
  resolveConflict: true,
  versions: true,
  versionText: true,
  history: true,
  version: true,
  changeSizes: true,
  blame: true,
  change: true,
  introduced: true,
  merge: true,
  restoreVersion: true,
  amendMessage: true,
  labels: true,
  labelRule: true,
  moveLabel: true,
  labelMoves: true,
  unread: true,
  markSeen: true,
  createPrompts: true,
  createFolder: true,
  rename: true,
  move: true,
  duplicate: true,
  trash: true,
  restore: true,
  purge: true,
  setFavourite: true,
  search: true,
  searchProgress: true,
  partialsOf: true,
  exportStart: true,
  exportNext: true,
  addRun: true,
  runs: true,
  run: true,
  clearRuns: true,
  recall: true,
  remember: true,
  recoveryKit: true,
  confirmKitSaved: true,
  claimKitOffer: true,
  unlockWithKit: true,
  setAside: true,
  retryKey: true,
};

/** A library whose every call goes to `call`, by name. */
export function forwardCalls(
  call: (name: keyof LibraryCalls, values: readonly unknown[]) => Promise<unknown>,
): LibraryCalls {
  const names = Object.keys(callNames) as (keyof LibraryCalls)[];
  const calls = names.map((name) => [name, async (...values: unknown[]) => call(name, values)] as const);
  // The table above has every name; who answers implements the same interface.
  return Object.fromEntries(calls) as unknown as LibraryCalls;
}
