// Values that the editor supplies. A prompt that uses none of them is given none of them.

import { t } from '@vscode/l10n';

export const builtInNames = [
  'selection',
  'file',
  'fileName',
  'language',
  'clipboard',
  'diagnostics',
  'date',
] as const;

export type BuiltInName = (typeof builtInNames)[number];

export const builtInDescriptions = (): Readonly<Record<BuiltInName, string>> => ({
  selection: t('The text selected in the editor.'),
  file: t('The text of the active file.'),
  fileName: t('The name of the active file, without its folder.'),
  language: t('The language of the active file, such as `typescript`.'),
  clipboard: t('The text on the clipboard.'),
  diagnostics: t('Errors and warnings of the active file, one a line.'),
  date: t("Today's date, such as 2026-01-31."),
});

export function isBuiltIn(name: string): name is BuiltInName {
  return builtInNames.some((builtIn) => builtIn === name);
}
