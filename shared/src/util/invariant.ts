// For what cannot happen unless the program itself is wrong.

/** Throws if a broken invariant was found; `message` says what was expected, never with content or keys. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Broken invariant: ${message}`);
}
