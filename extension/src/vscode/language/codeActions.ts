// Quick fixes.

import * as vscode from 'vscode';
import type { OfferedFix } from '../../language/api.ts';
import type { NewPrompt } from '../../library/api.ts';
import { sentenceOf } from '../library/problems.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import type { PromptDiagnostics } from './diagnostics.ts';
import { selector, textOf, toEdits, toRange } from './places.ts';

export interface CodeActionDeps {
  readonly diagnostics: PromptDiagnostics;
  readonly services: Services;
}

/** Not in the palette: only quick fixes call it. */
const createPartialCommand = '_cuebook.createPartial';

export function registerCodeActions(deps: CodeActionDeps): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(createPartialCommand, async (path: unknown, referrer: unknown) => {
      if (typeof path === 'string' && referrer instanceof vscode.Uri)
        await createPartial(deps, path, referrer);
    }),
    vscode.languages.registerCodeActionsProvider(
      selector,
      {
        provideCodeActions: async (document, range, context) => actionsAt(deps, { document, range, context }),
      },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
  );
}

interface Request {
  readonly document: vscode.TextDocument;
  readonly range: vscode.Range;
  readonly context: vscode.CodeActionContext;
}

async function actionsAt(
  { diagnostics, services: { language } }: CodeActionDeps,
  { document, range, context }: Request,
): Promise<vscode.CodeAction[]> {
  const findings = diagnostics.findings(document);
  if (findings === null) return [];
  const isHere = (at: vscode.Range): boolean => at.intersection(range) !== undefined;
  const solved = (code: string, at: vscode.Range): vscode.Diagnostic[] =>
    context.diagnostics.filter((each) => each.code === code && each.range.isEqual(at));
  const problems = findings.problems.filter((problem) => isHere(toRange(problem.range)));
  const offered =
    problems.length === 0 ? [] : ((await language.fixes(textOf(language, document), problems)) ?? []);
  const fixes = problems.flatMap((problem, at) =>
    (offered[at] ?? []).map((fix, index) => {
      const action = toAction(fix, document);
      action.diagnostics = solved(problem.code, toRange(problem.range));
      action.isPreferred = index === 0;
      return action;
    }),
  );
  const moved = findings.moved
    .filter(({ edit }) => isHere(toRange(edit.range)))
    .map(({ path, edit }) => {
      const action = edited(vscode.l10n.t('Write "{0}"', path), document, toEdits([edit]));
      action.diagnostics = solved('partialMoved', toRange(edit.range));
      return action;
    });
  return [...fixes, ...moved];
}

function toAction(fix: OfferedFix, document: vscode.TextDocument): vscode.CodeAction {
  if (fix.kind !== 'createPartial') return edited(titleOf(fix), document, toEdits(fix.edits));
  const title = vscode.l10n.t('Create the prompt "{0}"', fix.path);
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.command = { title, command: createPartialCommand, arguments: [fix.path, document.uri] };
  return action;
}

function edited(title: string, document: vscode.TextDocument, edits: vscode.TextEdit[]): vscode.CodeAction {
  const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.set(document.uri, edits);
  return action;
}

function titleOf(fix: Exclude<OfferedFix, { kind: 'createPartial' }>): string {
  switch (fix.kind) {
    case 'declareInput':
      return vscode.l10n.t('Declare the input "{0}"', fix.name);
    case 'removeInput':
      return vscode.l10n.t('Remove the input "{0}"', fix.name);
    case 'replace':
      return vscode.l10n.t('Change to "{0}"', fix.by);
    case 'removeKey':
      return vscode.l10n.t('Remove "{0}"', fix.name);
    case 'removeHidden':
      return vscode.l10n.t('Remove the hidden characters here');
    case 'removeAllHidden':
      return vscode.l10n.t('Remove all hidden characters in this prompt');
    case 'escape':
      return vscode.l10n.t('Make the braces text');
    case 'closeBlock':
      return vscode.l10n.t('Close the block at the end of the message');
  }
}

/** Makes the missing prompt where its reference says, in the workspace of the prompt that includes it, and opens it. */
async function createPartial(
  { services }: CodeActionDeps,
  path: string,
  referrer: vscode.Uri,
): Promise<void> {
  const { library } = services;
  const status = await library.status();
  const workspaceId =
    parsePromptUri(referrer)?.workspaceId ?? (status.kind === 'ready' ? status.workspaces[0]?.id : undefined);
  const folders = path.split('/').filter((part) => part !== '');
  const name = folders.pop();
  if (workspaceId === undefined || name === undefined) return;
  const prompt: NewPrompt = { workspaceId, folderId: null, name, text: '', path: folders };
  const created = await library.createPrompts([prompt]);
  const [first] = created.ok ? created.value : [];
  if (first !== undefined) await vscode.window.showTextDocument(promptUri(first));
  else if (!created.ok) void vscode.window.showErrorMessage(sentenceOf(created.problem));
}
