// Which files of a folder are prompts, and where they go. Pure.

import type { PromptFileKind } from '@cuebook/shared/format/importPrompt';
import { t } from '@vscode/l10n';

export interface FoundFile {
  /** Names from the folder that was picked to the file; the file's own name last. */
  readonly segments: readonly string[];
  readonly size: number;
}

export interface PlannedFile<File extends FoundFile> {
  readonly file: File;
  readonly kind: PromptFileKind;
  /** Folders to make in the library. */
  readonly folders: readonly string[];
}

export type SkipReason = 'partOfSkill' | 'aboutProject' | 'tooLarge';

export interface ImportPlan<File extends FoundFile> {
  readonly files: readonly PlannedFile<File>[];
  readonly skipped: readonly { readonly file: File; readonly reason: SkipReason }[];
}

export const importLimits = { files: 5000, bytes: 1024 * 1024, depth: 12 };

const skillFile = 'SKILL.md';

/** Folders that hold no prompts: of tools, of versions beside an export of ours. */
export function isSearchedFolder(name: string): boolean {
  if (name === 'node_modules' || name.endsWith('.history')) return false;
  return !name.startsWith('.') || name === '.github' || name === '.claude' || name === '.agents';
}

/** Null for what is no prompt at all. */
export function kindOf(fileName: string): PromptFileKind | null {
  if (fileName.endsWith('.draft.cue.md')) return null;
  if (fileName.endsWith('.cue.md')) return 'cue';
  if (fileName.endsWith('.prompt.md')) return 'prompt.md';
  if (fileName === skillFile) return 'skill';
  return fileName.toLowerCase().endsWith('.md') ? 'markdown' : null;
}

/** `picked`: the user chose this very file, so it is imported whatever it is called. */
export function planImport<File extends FoundFile & { readonly picked?: boolean }>(
  found: readonly File[],
): ImportPlan<File> {
  const skills = found
    .filter(({ segments }) => segments.at(-1) === skillFile)
    .map(({ segments }) => segments.slice(0, -1).join('/'));
  const files: PlannedFile<File>[] = [];
  const skipped: { readonly file: File; readonly reason: SkipReason }[] = [];
  for (const file of found) {
    const kind = kindOf(file.segments.at(-1) ?? '');
    if (kind === null) continue;
    const reason = skipReason(file, kind, skills);
    if (reason === null) files.push(planned(file, kind));
    else skipped.push({ file, reason });
  }
  return { files, skipped };
}

function skipReason(
  file: FoundFile & { readonly picked?: boolean },
  kind: PromptFileKind,
  skills: readonly string[],
): SkipReason | null {
  if (file.size > importLimits.bytes) return 'tooLarge';
  if (file.picked === true || kind !== 'markdown') return null;
  if (aboutProject.test(file.segments.at(-1) ?? '')) return 'aboutProject';
  const path = file.segments.join('/');
  return skills.some((skill) => skill !== '' && path.startsWith(`${skill}/`)) ? 'partOfSkill' : null;
}

const aboutProject =
  /^(?:readme|changelog|license|contributing|code_of_conduct|security|support|agents|claude)\.md$/i;

function planned<File extends FoundFile>(file: File, kind: PromptFileKind): PlannedFile<File> {
  // A skill is named by its folder, which is therefore no folder in the library.
  const folders = file.segments.slice(0, kind === 'skill' ? -2 : -1);
  return { file, kind, folders: folders.map(cleanName) };
}

/** A folder name that the library takes: no control characters or slashes, at most 120 characters, never empty. */
function cleanName(name: string): string {
  const clean = name
    .normalize('NFC')
    .replaceAll(/[\p{Cc}/\\]/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const short = Array.from(clean).slice(0, 120).join('').trim();
  return short === '' || short === '.' || short === '..' ? 'folder' : short;
}

export function skipText(reason: SkipReason): string {
  switch (reason) {
    case 'partOfSkill':
      return t('It belongs to a skill and is no prompt of its own. Pick the file itself to import it.');
    case 'aboutProject':
      return t('It describes a project and is no prompt. Pick the file itself to import it.');
    case 'tooLarge':
      return t('It is larger than 1 MB.');
  }
}
