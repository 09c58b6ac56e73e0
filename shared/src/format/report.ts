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
  /** Does nothing once it is full. */
  add(problem: Problem): void;
  isFull(): boolean;
  readonly diagnostics: readonly Diagnostic[];
}

export function createReport(lines: LineIndex): Report {
  const diagnostics: Diagnostic[] = [];
  const isFull = (): boolean => diagnostics.length >= limits.diagnostics;
  return {
    diagnostics,
    isFull,
    add: ({ span, ...rest }) => {
      if (!isFull()) diagnostics.push({ ...rest, range: lines.range(span) });
    },
  };
}
