// Short questions in VS Code's own boxes. Undefined or null: the user gave up.

import * as vscode from 'vscode';

export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
}

export async function choose<T>(
  title: string,
  choices: readonly Choice<T>[],
  placeHolder = '',
): Promise<T | undefined> {
  const picked = await vscode.window.showQuickPick(
    choices.map((choice) => ({ ...choice })),
    { title, placeHolder, ignoreFocusOut: true, matchOnDescription: true },
  );
  return picked?.value;
}

/** Does not ask where there is nothing to choose. */
export async function chooseUnlessOne<T>(
  title: string,
  choices: readonly Choice<T>[],
): Promise<T | undefined> {
  return choices.length === 1 ? choices[0]?.value : choose(title, choices);
}

export interface TextBox {
  readonly title: string;
  readonly prompt: string;
  readonly value?: string;
  readonly placeHolder?: string;
  readonly password?: boolean;
  /** What is wrong with the text; null for nothing. */
  readonly problem?: (text: string) => string | null;
}

export async function askText({ problem, ...box }: TextBox): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    ...box,
    ignoreFocusOut: true,
    validateInput: (typed) => {
      if (typed.trim() === '') return typed === '' ? undefined : vscode.l10n.t('It is empty.');
      return problem?.(typed);
    },
  });
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** A modal with one way to go on. */
export async function confirm(question: {
  readonly message: string;
  readonly detail: string;
  readonly yes: string;
}): Promise<boolean> {
  const { message, detail, yes } = question;
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) === yes;
}
