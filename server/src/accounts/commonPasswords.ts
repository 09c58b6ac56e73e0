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

function isMadeOf(list: ReadonlySet<string>, password: string, email: string | null): boolean {
  const plain = password.normalize('NFKC').toLowerCase();
  const own = [...(email?.toLowerCase().split(/[@.+_-]/) ?? []), email?.toLowerCase() ?? '', 'cuebook'];
  const isKnown = (word: string): boolean =>
    list.has(word) || (word.length > 3 && own.includes(word)) || isSequence(word);
  return variantsOf(plain).some((word) => word.length < 3 || isKnown(word)) || isKnown(plain);
}

/** Without what stands around, in plain letters, and once if it is repeated. */
function variantsOf(plain: string): readonly string[] {
  const repeated = unitOf(plain);
  const bare = plain.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const bareStart = plain.replaceAll(/[^\p{L}]+$/gu, '');
  const variants = [plain, repeated, ...(bare === '' ? [] : [bare, unitOf(bare), bareStart])];
  return [...variants, ...variants.map(withoutLookAlikes)];
}

const withoutLookAlikes = (word: string): string =>
  [...word].map((character) => LOOK_ALIKES[character] ?? character).join('');

/** `abab` → `ab`. */
function unitOf(word: string): string {
  const at = `${word}${word}`.indexOf(word, 1);
  return at > 0 && at < word.length ? word.slice(0, at) : word;
}

const isSequence = (word: string): boolean =>
  SEQUENCES.some((sequence) => sequence.includes(word) || sequence.includes([...word].reverse().join('')));
