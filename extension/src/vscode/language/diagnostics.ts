// Problems of open prompts, a moment after the typing stopped.

import * as vscode from 'vscode';
import type { Diagnostic, Severity } from '@cuebook/shared/format/promptDocument';
import type { Findings } from '../../language/api.ts';
import type { Services } from '../services.ts';
import { createDelayed } from './delayed.ts';
import { isEditable, textOf, toRange } from './places.ts';

/** Milliseconds without a change. */
const delay = 250;

interface Found extends Findings {
  readonly version: number;
}

export interface PromptDiagnostics extends vscode.Disposable {
  /** Of this very version of the document; null while they are being found. */
  findings(document: vscode.TextDocument): Findings | null;
}

export function createDiagnostics(
  { language }: Services,
  libraryChanged: vscode.Event<void>,
  failed: (error: unknown) => void,
): PromptDiagnostics {
  const collection = vscode.languages.createDiagnosticCollection('cuebook');
  const delayed = createDelayed(delay, failed);
  const found = new Map<string, Found>();
  const request = (document: vscode.TextDocument): void => {
    if (!isEditable(document)) return;
    delayed.request(document.uri.toString(), async (isCurrent) => {
      const text = textOf(language, document);
      const findings = await language.diagnose(text);
      if (findings === null || !isCurrent() || document.isClosed) return;
      if (text.version !== document.version) return;
      found.set(text.key, { ...findings, version: text.version });
      collection.set(document.uri, toDiagnostics(findings));
    });
  };
  const forget = (document: vscode.TextDocument): void => {
    delayed.cancel(document.uri.toString());
    found.delete(document.uri.toString());
    collection.delete(document.uri);
  };
  const requestAll = (): void => vscode.workspace.textDocuments.forEach(request);
  const all = vscode.Disposable.from(
    collection,
    delayed,
    vscode.workspace.onDidOpenTextDocument(request),
    vscode.workspace.onDidChangeTextDocument(({ document }) => request(document)),
    vscode.workspace.onDidCloseTextDocument(forget),
    libraryChanged(requestAll),
  );
  requestAll();
  return {
    findings: (document) => {
      const findings = found.get(document.uri.toString());
      return findings?.version === document.version ? findings : null;
    },
    dispose: () => all.dispose(),
  };
}

function toDiagnostics({ problems, moved }: Findings): vscode.Diagnostic[] {
  const renamed = moved.map(({ reference, path, edit }) => {
    const message = vscode.l10n.t(
      'The prompt "{0}" is called "{1}" now. The reference still works.',
      reference,
      path,
    );
    const diagnostic = new vscode.Diagnostic(
      toRange(edit.range),
      message,
      vscode.DiagnosticSeverity.Information,
    );
    return Object.assign(diagnostic, { source: 'Cuebook', code: 'partialMoved' });
  });
  return [...problems.map(toDiagnostic), ...renamed];
}

function toDiagnostic({ code, severity, range, message, action }: Diagnostic): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(toRange(range), `${message}\n${action}`, severities[severity]);
  diagnostic.source = 'Cuebook';
  diagnostic.code = code;
  if (code === 'inputUnused') diagnostic.tags = [vscode.DiagnosticTag.Unnecessary];
  return diagnostic;
}

const severities: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  info: vscode.DiagnosticSeverity.Information,
};
