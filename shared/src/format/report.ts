// Collects diagnostics of one document, up to a limit.

import { limits } from './limits.ts';
import type { Diagnostic, DiagnosticCode, Severity } from './promptDocument.ts';
import type { LineIndex, Span } from './text.ts';

export interface Problem {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly span: Span;
  readonly message: string;
  readonly action: string;
  readonly name?: string;
  readonly suggestion?: string;
}

export interface Report {
  add(problem: Problem): void;
  readonly diagnostics: readonly Diagnostic[];
}

export function createReport(lines: LineIndex): Report {
  const diagnostics: Diagnostic[] = [];
  return {
    diagnostics,
    add: ({ span, ...rest }) => {
      if (diagnostics.length < limits.diagnostics) diagnostics.push({ ...rest, range: lines.range(span) });
    },
  };
}
