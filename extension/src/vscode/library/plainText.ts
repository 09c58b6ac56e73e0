// Teammates' text on its way into places where VS Code gives characters a meaning. Pure.

/** `$(name)` becomes an icon in labels and lenses: an invisible word joiner after the `$` keeps it as text. */
export function escapeIcons(text: string): string {
  return text.replaceAll('$(', '$\u2060(');
}

/** Line ends, tabs and control characters would break a row; direction marks would let one text pose as another. */
export function oneLine(text: string, limit: number): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/gu, '')
    .trim();
  const characters = Array.from(line);
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`;
}

/** A tree label: one line, icons as text. */
export function labelOf(text: string): string {
  return escapeIcons(oneLine(text, 120));
}
