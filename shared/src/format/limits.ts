// How much of a prompt is looked at. A teammate's prompt is untrusted input: every loop over one ends at a number here.
// Lengths are UTF-16 units.

export const limits = {
  /** A longer text is kept but not parsed. */
  documentLength: 500_000,
  frontMatterLength: 32_768,
  yamlDepth: 24,
  /** Between the braces of one tag; comments may be longer. */
  tagLength: 2_000,
  /** In one message; after that nothing is read as a tag. */
  tags: 20_000,
  /** Blocks within blocks, within one text. */
  blockDepth: 24,
  /** Partials within partials. */
  partialDepth: 16,
  /** Tags evaluated and loop turns taken in one rendering, partials included. */
  renderSteps: 100_000,
  /** Text of all messages of one rendering. */
  renderedLength: 8_000_000,
  /** Values given to one rendering: nesting and number of parts. */
  valueDepth: 32,
  valueParts: 100_000,
  diagnostics: 200,
} as const;
