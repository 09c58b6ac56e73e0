// Text to bytes and back without losing anything: whatever is encoded comes back as it was, and whatever is not
// exactly the UTF-8 of some text is refused.

// Both exist in every runtime that we run in, but belong to no ECMAScript library that TypeScript knows.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly fatal: true; readonly ignoreBOM: true },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
// ignoreBOM keeps a byte order mark as part of the text: a prompt may begin with one.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null if the text has half of a surrogate pair, which UTF-8 cannot represent. */
export function textToUtf8(text: string): Uint8Array | null {
  return text.isWellFormed() ? encoder.encode(text) : null;
}

/** Null if the bytes are not well-formed UTF-8. */
export function utf8ToText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** For constants of this program, which are ASCII. */
export const ascii = (text: string): Uint8Array => encoder.encode(text);
