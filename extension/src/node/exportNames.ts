// Names of exported files and folders that every platform can hold: Windows' reserved names and characters, trailing
// dots, length, and file systems that do not tell upper from lower case.

const forbidden = /[<>:"/\\|?*\p{Cc}\p{Cf}]/gu;
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
/** Bytes in UTF-8; most file systems end at 255 for the whole name, with extension and number. */
const mostBytes = 180;

/** One path segment, without extension. Never empty, never `.` or `..`. */
export function safeFileName(name: string): string {
  const replaced = name.normalize('NFC').replaceAll(forbidden, '_').trim();
  const bounded = shorten(replaced).replace(/[. ]+$/u, '');
  if (bounded === '') return '_';
  return reserved.test(bounded) || bounded.startsWith('.') ? `_${bounded}` : bounded;
}

function shorten(name: string): string {
  let kept = '';
  for (const character of name) {
    if (Buffer.byteLength(kept + character) > mostBytes) break;
    kept += character;
  }
  return kept;
}

export interface NamesInUse {
  /** The path, or the first of `path (2)`, `path (3)`, … that nobody has yet. Takes it. */
  take(path: string): string;
}

/** Keeps paths apart also where upper and lower case are the same. */
export function createNamesInUse(): NamesInUse {
  const taken = new Set<string>();
  return {
    take(path) {
      for (let number = 1; ; number += 1) {
        const candidate = number === 1 ? path : `${path} (${number})`;
        const key = candidate.normalize('NFC').toLowerCase();
        if (taken.has(key)) continue;
        taken.add(key);
        return candidate;
      }
    },
  };
}
