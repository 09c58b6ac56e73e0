// Built-in values, read from the editor when a prompt uses them and never before.

import * as vscode from 'vscode';
import type { BuiltInName } from '@cuebook/shared/format/builtIns';
import { inputLimit } from '../../run/inputPlan.ts';
import type { RunTarget } from './runTarget.ts';

export type BuiltInValues = Readonly<Partial<Record<BuiltInName, string>>>;

export type ReadValues =
  | { readonly ok: true; readonly values: BuiltInValues }
  | { readonly ok: false; readonly problem: string };

/** What of `names` there is to read; a value that is not there is left out. */
export async function readBuiltIns(
  names: readonly BuiltInName[],
  target: RunTarget | null,
): Promise<ReadValues> {
  const values: Partial<Record<BuiltInName, string>> = {};
  for (const name of names) {
    const value = await readBuiltIn(name, target);
    if (value === null) continue;
    if (value.length > inputLimit) {
      const limit = inputLimit.toLocaleString();
      return {
        ok: false,
        problem: vscode.l10n.t('{0} is longer than {1} characters. Select less and run again.', name, limit),
      };
    }
    values[name] = value;
  }
  return { ok: true, values };
}

async function readBuiltIn(name: BuiltInName, target: RunTarget | null): Promise<string | null> {
  switch (name) {
    case 'selection':
      // Several selections are one text, in the order of the document, a line break between them.
      return target === null || target.selected.length === 0 ? null : target.selected.join('\n');
    case 'file':
      return target === null ? null : readFile(target.uri);
    case 'fileName':
      return target === null ? null : fileNameOf(target.uri);
    case 'language':
      return target?.languageId ?? null;
    case 'clipboard':
      return vscode.env.clipboard.readText();
    case 'diagnostics':
      return target === null ? null : diagnosticsOf(target.uri);
    case 'date':
      return dateOf(new Date());
  }
}

async function readFile(uri: vscode.Uri): Promise<string | null> {
  try {
    return (await vscode.workspace.openTextDocument(uri)).getText();
  } catch {
    return null;
  }
}

export function fileNameOf(uri: vscode.Uri): string {
  return uri.path.split('/').at(-1) ?? '';
}

function diagnosticsOf(uri: vscode.Uri): string {
  return vscode.languages
    .getDiagnostics(uri)
    .filter(({ severity }) => severity <= vscode.DiagnosticSeverity.Warning)
    .slice(0, 200)
    .map(({ range, severity, message, source }) => {
      const kind = severity === vscode.DiagnosticSeverity.Error ? 'error' : 'warning';
      const from = source === undefined ? '' : ` (${source})`;
      return `line ${range.start.line + 1}: ${kind}: ${message.replaceAll(/\s+/g, ' ')}${from}`;
    })
    .join('\n');
}

/** Today where the user is: `2026-01-31`. */
function dateOf(now: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
