// Who else has a prompt open, shown at its tab and in the tree; and what this window has open, told to the others.

import * as vscode from 'vscode';
import type { Library, PromptId } from '../../library/api.ts';
import type { Present, Teams } from '../../library/teams.ts';
import { oneLine } from '../library/plainText.ts';
import { parsePromptUri } from '../promptUri.ts';

export function registerPresence(teams: Teams, library: Library): vscode.Disposable {
  return vscode.Disposable.from(showOthers(teams), tellOthers(teams, library));
}

function showOthers(teams: Teams): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  let present: readonly Present[] = [];
  const refresh = async (): Promise<void> => {
    const answer = await teams.presence();
    if (!answer.ok || (answer.value.length === 0 && present.length === 0)) return;
    present = answer.value;
    changed.fire(undefined);
  };
  const stop = teams.onDidChange((change) => {
    if (change.presence) void refresh();
  });
  const provider = vscode.window.registerFileDecorationProvider({
    onDidChangeFileDecorations: changed.event,
    provideFileDecoration: (uri) => {
      const id = parsePromptUri(uri)?.id;
      const here = present.filter(({ prompt }) => prompt === id);
      return here.length === 0 ? undefined : decorationOf(here);
    },
  });
  return vscode.Disposable.from(changed, provider, { dispose: stop });
}

function decorationOf(here: readonly Present[]): vscode.FileDecoration {
  const sentences = here.map(({ displayName, isEditing }) => {
    const name = oneLine(displayName, 60) || vscode.l10n.t('Somebody');
    return isEditing ? vscode.l10n.t('{0} is editing', name) : vscode.l10n.t('{0} has it open', name);
  });
  const isEdited = here.some(({ isEditing }) => isEditing);
  return new vscode.FileDecoration(`${whoOf(here)}${isEdited ? '✎' : ''}`, sentences.join('\n'));
}

/** One character, since VS Code shows two: an initial, or how many they are. A dot would look like an unsaved document. */
function whoOf(here: readonly Present[]): string {
  const [first, ...others] = here;
  if (others.length > 0) return here.length > 9 ? '+' : String(here.length);
  const initial = first?.displayName.trim().charAt(0).toLocaleUpperCase() ?? '';
  return /^\p{L}$/u.test(initial) ? initial : '◉';
}

/** Milliseconds after which a change of what is open is told. */
const pause = 500;

function tellOthers(teams: Teams, library: Library): vscode.Disposable {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let told = '[]';
  const tell = (): void => {
    timer = null;
    const prompts = openPrompts();
    const now = JSON.stringify(prompts);
    if (now === told) return;
    told = now;
    void teams.setOpenPrompts(prompts);
    void library.markSeen(prompts.map(({ id }) => id));
  };
  const soon = (): void => {
    timer ??= setTimeout(tell, pause);
  };
  soon();
  return vscode.Disposable.from(
    vscode.window.onDidChangeVisibleTextEditors(soon),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (parsePromptUri(document.uri) !== null) soon();
    }),
    vscode.workspace.onDidSaveTextDocument(soon),
    { dispose: () => timer !== null && clearTimeout(timer) },
  );
}

function openPrompts(): readonly { readonly id: PromptId; readonly isEditing: boolean }[] {
  const open = new Map<PromptId, boolean>();
  for (const { document } of vscode.window.visibleTextEditors) {
    const id = parsePromptUri(document.uri)?.id;
    if (id !== undefined) open.set(id, document.isDirty || open.get(id) === true);
  }
  return [...open].map(([id, isEditing]) => ({ id, isEditing }));
}
