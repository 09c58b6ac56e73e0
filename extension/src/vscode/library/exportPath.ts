// The library names the files of an export; whoever writes them checks once more. Pure.

/** A relative path with `/` that stays below its folder. */
export function isSafePath(path: string): boolean {
  if (path === '' || path.length > 1000 || /[\\:\p{Cc}]/u.test(path)) return false;
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
