// The questions that the keys feature asks. A key is typed into a password box and goes straight to the caller.

import type * as vscode from 'vscode';
import type { ProviderEndpoint } from '../../models/api.ts';
import { checkAddress } from '../../providers/endpoints.ts';
import type { KeysEditor } from './editor.ts';

const longestKey = 4096;

/** Null if the user gave up. */
export async function askForKey(
  editor: KeysEditor,
  endpoint: ProviderEndpoint,
  /** What is said of where it goes, if it is not for this user alone. */
  whereTo: string | null = null,
): Promise<string | null> {
  const { t } = editor.l10n;
  const entered = await editor.window.showInputBox({
    title: t('Key for {0}', endpoint.label),
    prompt:
      whereTo ?? t('It is kept in the secret storage of VS Code and sent only to {0}.', endpoint.baseUrl),
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => checkKey(editor, endpoint, text),
  });
  const key = entered?.trim() ?? '';
  return key === '' || whatIsWrong(editor, key) !== null ? null : key;
}

/** Errors only for what cannot be sent as a key at all; anything that merely looks unusual gets a hint. */
function checkKey(
  editor: KeysEditor,
  endpoint: ProviderEndpoint,
  text: string,
): vscode.InputBoxValidationMessage | null {
  const key = text.trim();
  if (key === '') return null;
  const wrong = whatIsWrong(editor, key);
  if (wrong !== null) return { message: wrong, severity: editor.InputBoxValidationSeverity.Error };
  const expected = usualPrefix(endpoint);
  if (expected === null || key.startsWith(expected)) return null;
  return {
    message: editor.l10n.t(
      'Keys of {0} usually begin with "{1}". You can use this one all the same.',
      endpoint.label,
      expected,
    ),
    severity: editor.InputBoxValidationSeverity.Info,
  };
}

function whatIsWrong(editor: KeysEditor, key: string): string | null {
  if (key.length > longestKey)
    return editor.l10n.t('That is longer than any key ({0} characters).', longestKey);
  return /^[\x21-\x7e]+$/.test(key)
    ? null
    : editor.l10n.t('A key has only letters, digits and signs, without spaces. Copy it again.');
}

/** Only a hint, and only at the provider's own address: a proxy in front of it has its own keys. */
function usualPrefix(endpoint: ProviderEndpoint): string | null {
  const host = URL.canParse(endpoint.baseUrl) ? new URL(endpoint.baseUrl).host : '';
  switch (host) {
    case 'api.openai.com':
      return 'sk-';
    case 'api.anthropic.com':
      return 'sk-ant-';
    case 'openrouter.ai':
      return 'sk-or-';
    default:
      return null;
  }
}

export interface PassingLimit {
  readonly label: string;
  readonly spent: number;
  readonly cost: number | null;
  readonly limit: number;
}

export async function askToPassLimit(editor: KeysEditor, passing: PassingLimit): Promise<boolean> {
  const { t } = editor.l10n;
  const { label, spent, cost, limit } = passing;
  const run = t('Run Anyway');
  const detail =
    cost === null
      ? t('Spent so far, as far as known: {0}. What this run costs is not known.', money(spent))
      : t('Spent so far, as far as known: {0}. This run may cost up to {1}.', money(spent), money(cost));
  const answer = await editor.window.showWarningMessage(
    t('This run would pass your limit of {0} for {1}.', money(limit), label),
    { modal: true, detail },
    run,
  );
  return answer === run;
}

/** Undefined: gave up; null: no limit. */
export async function askForLimit(
  editor: KeysEditor,
  label: string,
  limit: number | null,
): Promise<number | null | undefined> {
  const { t } = editor.l10n;
  const entered = await editor.window.showInputBox({
    title: t('Spending limit for {0}', label),
    prompt: t('In US dollars; Cuebook asks before a run passes it. Empty: no limit.'),
    value: limit === null ? '' : String(limit),
    validateInput: (text) =>
      parseLimit(text) === undefined ? t('Write a number such as 5 or 12.50.') : null,
  });
  return entered === undefined ? undefined : parseLimit(entered);
}

function parseLimit(text: string): number | null | undefined {
  const trimmed = text.trim().replace(/^\$/, '').replace(',', '.');
  if (trimmed === '') return null;
  return /^\d{1,7}(\.\d{1,4})?$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** Undefined: gave up. An empty answer means the built-in address. An unencrypted one is confirmed by the caller. */
export async function askForAddress(
  editor: KeysEditor,
  question: { readonly label: string; readonly value: string; readonly mayBeEmpty: boolean },
): Promise<string | undefined> {
  const { t } = editor.l10n;
  const entered = await editor.window.showInputBox({
    title: t('Address of {0}', question.label),
    prompt: question.mayBeEmpty
      ? t('Ends before "/chat/completions"; often in /v1. Empty: the built-in address.')
      : t('Ends before "/chat/completions"; often in /v1.'),
    value: question.value,
    ignoreFocusOut: true,
    validateInput: (text) => checkTypedAddress(editor, text.trim(), question.mayBeEmpty),
  });
  return entered?.trim();
}

function checkTypedAddress(
  editor: KeysEditor,
  text: string,
  mayBeEmpty: boolean,
): vscode.InputBoxValidationMessage | null {
  if (text === '' && mayBeEmpty) return null;
  const checked = checkAddress(text, []);
  if (checked.ok) return null;
  const { Error: severe, Warning: mild } = editor.InputBoxValidationSeverity;
  return { message: checked.message, severity: checked.plainHost === null ? severe : mild };
}

export async function confirmPlainHttp(editor: KeysEditor, host: string): Promise<boolean> {
  const { t } = editor.l10n;
  const use = t('Use It Anyway');
  const answer = await editor.window.showWarningMessage(
    t('The connection to {0} is not encrypted.', host),
    {
      modal: true,
      detail: t(
        'Everybody on the way can read the key, what you send, and the answers. Use it only in a network you trust.',
      ),
    },
    use,
  );
  return answer === use;
}

export function money(dollars: number): string {
  return `$${dollars < 0.1 && dollars > 0 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}
