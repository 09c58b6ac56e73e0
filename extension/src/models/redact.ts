// Takes a key out of a text that somebody else wrote. Providers echo keys in their error messages, whole or in part.

const replacement = '[key]';
/** Shorter pieces of a key are ordinary words and stay. */
const shortestPiece = 8;

/**
 * The text without the key, its URL-escaped form, and pieces of it of eight or more characters. A text that contains a
 * key too short to be told from an ordinary word is dropped as a whole.
 */
export function redactKey(text: string, key: string | null): string {
  if (key === null || key === '') return text;
  if (key.length < shortestPiece) return text.includes(key) ? '' : text;
  const whole = text.replaceAll(key, replacement).replaceAll(encodeURIComponent(key), replacement);
  return whole.replace(/[\w.+/=-]{8,}/g, (word) => redactWord(word, key));
}

/** A word that is a piece of the key, or that has a piece of it glued to something else (`key=sk-…`). */
function redactWord(word: string, key: string): string {
  let result = '';
  let at = 0;
  while (at < word.length) {
    const length = pieceLength(word, at, key);
    result += length >= shortestPiece ? replacement : word.charAt(at);
    at += length >= shortestPiece ? length : 1;
  }
  return result;
}

function pieceLength(word: string, at: number, key: string): number {
  let length = 0;
  while (at + length < word.length && key.includes(word.slice(at, at + length + 1))) length += 1;
  return length;
}

/** `sk-proj-abc…xyz9`; of a key shorter than 20 characters only the last two, of one shorter than 8 nothing. */
export function maskKey(key: string): string {
  if (key.length < 8) return '…';
  if (key.length < 20) return `…${key.slice(-2)}`;
  const prefix = /^[a-z]{2,6}(?:-[a-z0-9]{2,6}){0,2}-/i.exec(key)?.[0] ?? '';
  return `${key.slice(0, Math.min(prefix.length + 3, 12))}…${key.slice(-4)}`;
}
