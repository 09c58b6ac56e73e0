// How code that knows no editor says something to the user in the user's language.

/** `vscode.l10n.t`: looks the English text up and fills `{0}`, `{1}` in. */
export type Translate = (message: string, ...values: string[]) => string;
