// Running prompts: commands, keys and the run panel. Nothing but the registrations is loaded before the first use.

import * as vscode from 'vscode';
import type { Feature, Services } from '../services.ts';
import type { RunController } from './runController.ts';

type ControllerAction = (controller: RunController, argument: unknown) => unknown;

const commands: Readonly<Record<string, ControllerAction>> = {
  'cuebook.runOnSelection': async (controller) => controller.run(null),
  'cuebook.runPrompt': async (controller, argument) => controller.run(argument),
  'cuebook.runThisPrompt': async (controller) => controller.runOpenPrompt(),
  'cuebook.rerunLast': async (controller) => controller.rerun(),
  'cuebook.stopRun': (controller) => controller.stop(),
  'cuebook.copyAnswer': async (controller) => controller.copy(),
  'cuebook.insertAnswerBelow': async (controller) => controller.insertBelow(),
  'cuebook.replaceWithAnswer': async (controller) => controller.replaceSelection(),
  'cuebook.openAnswer': async (controller) => controller.openAsDocument(),
  'cuebook.acceptReplacement': async (controller) => controller.acceptReplacement(),
  'cuebook.rejectReplacement': async (controller) => controller.rejectReplacement(),
  'cuebook.clearRunHistory': async (controller) => controller.clearHistory(),
  'cuebook.showRunPanel': async (controller) => controller.show(),
};

export const registerRun: Feature = (services) => {
  const controller = createOnFirstUse(services);
  const registrations = Object.entries(commands).map(([id, action]) =>
    vscode.commands.registerCommand(id, async (argument: unknown) =>
      action(await controller.get(), argument),
    ),
  );
  void closeOldComparisons();
  return vscode.Disposable.from(
    ...registrations,
    vscode.window.registerWebviewViewProvider('cuebook.runPanel', {
      resolveWebviewView: async (view) => (await controller.get()).attach(view),
    }),
    { dispose: controller.dispose },
  );
};

function createOnFirstUse(services: Services): {
  readonly get: () => Promise<RunController>;
  readonly dispose: () => void;
} {
  let loading: Promise<RunController> | null = null;
  let isDisposed = false;
  const load = async (): Promise<RunController> => {
    const { createRunController } = await import('./runController.ts');
    const controller = createRunController(services);
    if (isDisposed) controller.dispose();
    return controller;
  };
  return {
    async get() {
      loading ??= load();
      return loading;
    },
    dispose() {
      isDisposed = true;
      void loading?.then((controller) => controller.dispose());
    },
  };
}

/** VS Code brings tabs back after a reload; the answer that a comparison was about is gone by then. */
async function closeOldComparisons(): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const old = tabs.filter(
    ({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.scheme === 'cuebook-result',
  );
  if (old.length > 0) await vscode.window.tabGroups.close(old);
}
