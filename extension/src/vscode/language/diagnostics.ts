// Problems of open prompts, a moment after the typing stopped.

import * as vscode from 'vscode';
import { diagnose } from '@cuebook/shared/format/diagnose';
import type { Diagnostic, Severity } from '@cuebook/shared/format/promptDocument';
import { parsePromptUri } from '../promptUri.ts';
import { createDelayed } from './delayed.ts';
import { movedPartials, type MovedPartial } from './movedPartials.ts';
import { isEditable, spanToRange, toRange } from './places.ts';
import type { PromptSources } from './sources.ts';

/** Milliseconds without a change. */
const delay = 250;

export interface Findings {
  readonly version: number;
  readonly problems: readonly Diagnostic[];
  readonly moved: readonly MovedPartial[];
}

export interface PromptDiagnostics extends vscode.Disposable {
  /** Of this very version of the document; null while they are being found. */
  findings(document: vscode.TextDocument): Findings | null;
}

export function createDiagnostics(
  sources: PromptSources,
  failed: (error: unknown) => void,
): PromptDiagnostics {
  const collection = vscode.languages.createDiagnosticCollection('cuebook');
  const delayed = createDelayed(delay, failed);
  const found = new Map<string, Findings>();
  const request = (document: vscode.TextDocument): void => {
    if (!isEditable(document)) return;
    delayed.request(document.uri.toString(), async (isCurrent) => {
      const findings = await findProblems(sources, document);
      if (!isCurrent() || document.isClosed || findings.version !== document.version) return;
      found.set(document.uri.toString(), findings);
      collection.set(document.uri, toDiagnostics(sources, document, findings));
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
    sources.onDidChange(requestAll),
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

async function findProblems(sources: PromptSources, document: vscode.TextDocument): Promise<Findings> {
  const { version } = document;
  const prompt = sources.parsed(document);
  const [partials, prompts] = await Promise.all([sources.partials(document), sources.prompts()]);
  const id = parsePromptUri(document.uri)?.id;
  const problems = diagnose(prompt, {
    promptNames: prompts.map(({ path }) => path),
    ...(partials.isKnown && { partials: partials.resolve }),
    ...(id !== undefined && { key: id }),
  });
  return { version, problems, moved: movedPartials(prompt, partials.find) };
}

function toDiagnostics(
  sources: PromptSources,
  document: vscode.TextDocument,
  { problems, moved }: Findings,
): vscode.Diagnostic[] {
  const prompt = sources.parsed(document);
  const renamed = moved.map(({ span, reference, path }) => {
    const message = vscode.l10n.t(
      'The prompt "{0}" is called "{1}" now. The reference still works.',
      reference,
      path,
    );
    const diagnostic = new vscode.Diagnostic(
      spanToRange(prompt, span),
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
