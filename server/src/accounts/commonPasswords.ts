// Passwords that everybody tries first. The list is that of zxcvbn-ts (kept up to date, 49,000 entries); only a few of
// them have twelve characters, so what people make of the short ones to get there is refused as well: digits and signs
// around, letters replaced by look-alikes, the same again and again, the own address, this product's name.

/** Loaded when first needed. */
export async function isCommonPassword(password: string, email: string | null): Promise<boolean> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const list = dictionary['passwords-common'] ?? [];
  return isMadeOf(new Set(list.map(String)), password, email);
}

const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};
const SEQUENCES = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  'qwertyuiopasdfghjklzxcvbnm',
] as const;

/** Different ones in a password, at least one more than this. */
const FEWEST_CHARACTERS = 4;

function isMadeOf(list: ReadonlySet<string>, password: string, email: string | null): boolean {
  const plain = password.normalize('NFKC').toLowerCase();
  const address = email?.toLowerCase() ?? '';
  const own = new Set([...address.split(/[@.+_-]/), address, 'cuebook']);
  const isKnown = (word: string): boolean =>
    list.has(word) || (word.length > 3 && own.has(word)) || isSequence(word);
  return new Set(plain).size <= FEWEST_CHARACTERS || variantsOf(plain).some(isKnown);
}

/** Without what stands around, if most remains; in plain letters; and once if it is repeated. */
function variantsOf(plain: string): readonly string[] {
  const bare = [plain.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, ''), plain.replaceAll(/[^\p{L}]+$/gu, '')];
  const cores = [plain, ...bare.filter((core) => core.length * 2 >= plain.length)];
  const once = cores.flatMap((core) => [core, unitOf(core)]);
  return once.flatMap((core) => [core, withoutLookAlikes(core)]);
}

const withoutLookAlikes = (word: string): string =>
  Array.from(word, (character) => LOOK_ALIKES[character] ?? character).join('');

/** `abab` → `ab`. */
function unitOf(word: string): string {
  const at = `${word}${word}`.indexOf(word, 1);
  return at > 0 && at < word.length ? word.slice(0, at) : word;
}

const isSequence = (word: string): boolean =>
  SEQUENCES.some((sequence) => sequence.includes(word) || sequence.includes(reversed(word)));

const reversed = (word: string): string => Array.from(word).toReversed().join('');
