// The commands of history, in one table. A handler loads what it does when it is used; arguments come from menus, hovers,
// lenses and links, so every handler takes them as unknown.

import * as vscode from 'vscode';
import { promptIdOf } from '../library/nodes.ts';
import type { Services } from '../services.ts';
import type { InlineHistory } from './inline.ts';
import { toggle, toggleHover, toggles } from './layers.ts';
import type { VersionsView } from './versionsView.ts';

type Handler = (...given: readonly unknown[]) => Promise<unknown>;

export function createHistoryCommands(deps: {
  readonly services: Services;
  readonly view: VersionsView;
  readonly inline: () => Promise<InlineHistory | null>;
}): vscode.Disposable {
  const { services, view, inline } = deps;
  const { library, saveMessages, context } = services;
  const compare = async () => import('./compare.ts');
  const actions = async () => import('./versionActions.ts');
  const labels = async () => import('./labels.ts');
  /** Buttons of the view's title bar mean the prompt that it shows. */
  const shownOr = (argument: unknown): unknown => argument ?? view.promptId() ?? undefined;

  const handlers: Readonly<Record<string, Handler>> = {
    'cuebook.showVersions': async (at) => {
      const { promptFor } = await import('../library/promptActions.ts');
      const prompt = await promptFor(library, at, vscode.l10n.t('Show Versions'));
      if (prompt) await view.show(prompt.id);
    },
    'cuebook.moreVersions': async () => view.more(),
    'cuebook.saveWithMessage': async (_, message) =>
      (await import('./saveWithMessage.ts')).saveWithMessage(saveMessages, message),
    'cuebook.showVersionChange': async (at, line) => (await compare()).showVersionChange(library, at, line),
    'cuebook.openVersion': async (at) => (await compare()).openVersion(library, at),
    'cuebook.compareVersions': async (...given) => (await compare()).compareVersions(library, given),
    'cuebook.compareWithEditor': async (at) => (await compare()).compareWithEditor(library, at),
    'cuebook.comparePrompts': async (at) => (await compare()).comparePrompts(library, shownOr(at)),
    'cuebook.showUnseenChanges': async (at) => (await compare()).showUnseenChanges(library, at),
    'cuebook.restoreVersion': async (at) => (await actions()).restoreVersion(library, at),
    'cuebook.amendMessage': async (at, message) => (await actions()).amendMessage(library, at, message),
    'cuebook.copyVersionLink': async (at) => (await actions()).copyVersionLink(at, context.extension.id),
    'cuebook.openVersionLink': async (link) => {
      const place = await (await actions()).openVersionLink(library, link);
      if (place) await view.show(place.promptId);
    },
    'cuebook.setLabel': async (at, name) => (await labels()).setLabel(library, shownOr(at), name),
    'cuebook.removeLabel': async (at, name) => (await labels()).removeLabel(library, shownOr(at), name),
    'cuebook.showLabelMoves': async (at, name) => (await labels()).showLabelMoves(library, shownOr(at), name),
    'cuebook.findInHistory': async (at, text) =>
      (await import('./findInHistory.ts')).findInHistory(library, promptIdOf(at) ?? shownOr(undefined), text),
    'cuebook.showLineChange': async () => {
      const place = (await inline())?.lineUnderCaret() ?? null;
      if (place) await (await compare()).showVersionChange(library, place, place.line);
    },
    'cuebook.markAllSeen': async () => library.markSeen('all'),
    'cuebook.toggleChangeHover': toggleHover,
  };
  const switches = Object.entries(toggles).map(([id, layer]): [string, Handler] => [
    id,
    async () => toggle(layer),
  ]);

  return vscode.Disposable.from(
    ...[...Object.entries(handlers), ...switches].map(([id, handler]) =>
      vscode.commands.registerCommand(id, handler),
    ),
  );
}
