// Base32 of RFC 4648 section 6, in lower case and without padding. Canonical: every text that decodes is the only
// text of its bytes, so ids can be compared as text.

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const NOT_A_SYMBOL = 255;
const LETTER_A = 'a'.charCodeAt(0);
const DIGIT_2 = '2'.charCodeAt(0);

const VALUES = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = ALPHABET.indexOf(String.fromCharCode(code));
  return value === -1 ? NOT_A_SYMBOL : value;
});

/** In one piece: a string that grows by single characters keeps a node for each of them for as long as it lives. */
export function bytesToBase32(bytes: Uint8Array): string {
  const codes: number[] = [];
  let bits = 0;
  let buffer = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes.push(symbolCode((buffer >> bits) & 31));
    }
  }
  if (bits > 0) codes.push(symbolCode((buffer << (5 - bits)) & 31));
  return String.fromCharCode(...codes);
}

/** a–z, then 2–7. */
const symbolCode = (value: number): number => (value < 26 ? LETTER_A + value : DIGIT_2 + value - 26);

/** Null for a foreign character, an impossible length, or trailing bits that are not zero. */
export function base32ToBytes(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let buffer = 0;
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const value = VALUES[text.charCodeAt(index)] ?? NOT_A_SYMBOL;
    if (value === NOT_A_SYMBOL) return null;
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length] = (buffer >> bits) & 255;
    length += 1;
  }
  const unusedBitsAreZero = (buffer & ((1 << bits) - 1)) === 0;
  return bits < 5 && unusedBitsAreZero ? bytes : null;
}
