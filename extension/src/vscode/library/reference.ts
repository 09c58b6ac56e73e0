// How a prompt is named in another one. Pure.

/** `{{> review/house-style}}`; quoted where the path holds what would end a bare word. */
export function partialTag(path: string): string {
  if (/^[^\s"'=#{}()|[\]]+$/.test(path)) return `{{> ${path}}}`;
  return path.includes('"') ? `{{> '${path}'}}` : `{{> "${path}"}}`;
}
