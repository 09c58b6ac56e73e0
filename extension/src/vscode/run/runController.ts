// Runs prompts and shows the run panel: prepares, streams, keeps the run in the history, and does with the answer what
// the user wants. One run at a time: starting another stops the one before and keeps what it had.

import { randomFillSync } from 'node:crypto';
import * as vscode from 'vscode';
import { isBuiltIn } from '@cuebook/shared/format/builtIns';
import type { PromptId, RunId, RunRecord } from '../../library/api.ts';
import { replacementsFor } from '../../run/answerText.ts';
import { failureView } from '../../run/failureActions.ts';
import type { Values } from '../../run/inputPlan.ts';
import { createPanelFeed } from '../../run/panelFeed.ts';
import type {
  AnswerTargets,
  FailureActionId,
  PanelParameters,
  PanelRequest,
  PanelState,
  RunView,
} from '../../run/panelProtocol.ts';
import { parseAnswerLink } from '../../run/parsePanelRequest.ts';
import { beginRun, isOver, type RunProgress } from '../../run/runProgress.ts';
import { newRunId, toRunRecord } from '../../run/runRecord.ts';
import { promptIdOf } from '../library/nodes.ts';
import { valueOrShown, wentWell } from '../library/problems.ts';
import { parsePromptUri, promptUri } from '../promptUri.ts';
import type { Services } from '../services.ts';
import { copyAnswer, insertBelow, openAnswer } from './answerActions.ts';
import { createPanelView } from './panelView.ts';
import { pickPromptToRun } from './pickPromptToRun.ts';
import {
  parametersOf,
  prepareRun,
  type GivenValues,
  type PreparedRun,
  type RunRequest,
} from './prepareRun.ts';
import { createSelectionReplacer } from './replaceSelection.ts';
import { createRunHistory, emptyHistory } from './runHistory.ts';
import { keysForRun } from '../keys/teamKeys.ts';
import { pickModel } from './runModel.ts';
import { createRunTarget, editorForRun, type RunTarget } from './runTarget.ts';
import { streamRun } from './streamRun.ts';
import { createTextQuestions } from './textQuestions.ts';

export interface RunController extends vscode.Disposable {
  attach(view: vscode.WebviewView): void;
  run(argument: unknown): Promise<void>;
  runOpenPrompt(): Promise<void>;
  rerun(): Promise<void>;
  stop(): void;
  copy(): Promise<void>;
  insertBelow(): Promise<void>;
  replaceSelection(): Promise<void>;
  openAsDocument(): Promise<void>;
  acceptReplacement(): Promise<void>;
  rejectReplacement(): Promise<void>;
  clearHistory(): Promise<void>;
  show(): Promise<void>;
}

/** What the panel shows, with what is needed to do something with it. */
interface ShownRun {
  readonly run: PreparedRun;
  readonly progress: RunProgress;
  /** Null while it runs: then `abort` ends it. */
  readonly abort: AbortController | null;
  /** True if the prompt may be gone: then the messages themselves are sent again. */
  readonly past: boolean;
}

const noTargets: AnswerTargets = { replace: false, replaceReason: '' };

export function createRunController(services: Services): RunController {
  const { library } = services;
  const view = createPanelView({
    extensionUri: services.context.extensionUri,
    onRequest: (request) => void handle(request),
  });
  const feed = createPanelFeed({ initial: emptyPanel(), post: (message) => view.post(message), soon });
  const history = createRunHistory(library, (shown) => feed.set({ history: shown }));
  const questions = createTextQuestions(feed, async () => view.reveal(true));
  const replacer = createSelectionReplacer();
  let shown: ShownRun | null = null;
  let runKey = 0;

  const deps = { services, askText: questions.ask };

  async function start(request: RunRequest): Promise<void> {
    questions.cancel();
    const prepared = await prepareRun(deps, request);
    if (prepared === null) {
      if (request.target !== shown?.run.request.target) request.target?.dispose();
      return;
    }
    await stream(prepared);
  }

  async function stream(run: PreparedRun): Promise<void> {
    shown?.abort?.abort();
    if (shown !== null && shown.run.request.target !== run.request.target)
      shown.run.request.target?.dispose();
    const abort = new AbortController();
    runKey += 1;
    const key = runKey;
    const own: ShownRun = { run, progress: beginRun(Date.now(), run.notices), abort, past: false };
    shown = own;
    feed.set({ run: viewOf(own, key) });
    setContext(true, false);
    void view.reveal(false);
    const progress = await withProgress(run.promptName, async () =>
      streamRun(services, run, {
        abort,
        onProgress: (progress) => {
          if (key !== runKey) return;
          shown = { ...own, progress };
          feed.progress(progress, endOf(run, progress));
        },
      }),
    );
    await keep(run, progress);
    if (key !== runKey) return;
    shown = { ...own, progress, abort: null };
    feed.progress(progress, endOf(run, progress));
    setContext(false, progress.answer !== '');
  }

  async function keep(run: PreparedRun, progress: RunProgress): Promise<void> {
    if (!history.isEnabled()) return;
    const { inputs, builtIns } = run.given;
    const record = toRunRecord({
      id: newRunId((bytes) => randomFillSync(bytes)),
      prompt: {
        promptId: run.request.promptId,
        promptName: run.promptName,
        revisionId: run.revisionId,
      },
      model: run.model,
      parameters: run.parameters,
      inputs: { ...inputs, ...builtIns },
      messages: run.messages,
      progress,
    });
    wentWell(await library.addRun(record));
  }

  /** The same again, as the prompt is now; the messages themselves where the prompt is gone. */
  async function again(
    change: Partial<Pick<RunRequest, 'model' | 'parameters' | 'askAgain'>>,
  ): Promise<void> {
    if (shown === null) return;
    const { run, past } = shown;
    const request = { ...run.request, ...change };
    if (past && !(await library.prompt(request.promptId)).ok) {
      const parameters = parametersOf(run.parameters, change.parameters ?? null);
      await stream({ ...run, model: change.model ?? run.model, parameters, request });
      return;
    }
    await start(request);
  }

  async function chooseModel(parameters: PanelParameters | null): Promise<void> {
    if (shown === null) return;
    const keys = await keysForRun(services, shown.run.workspaceId);
    const model = await pickModel(
      { ...services, keys },
      {
        title: vscode.l10n.t('Run again with another model'),
        placeholder: shown.run.model,
        problems: [],
      },
    );
    if (model !== null) await again({ model, parameters });
  }

  async function openPast(id: RunId): Promise<void> {
    const record = valueOrShown(await library.run(id));
    if (record === null) return;
    shown?.abort?.abort();
    shown?.run.request.target?.dispose();
    runKey += 1;
    shown = pastRun(record);
    feed.set({ run: viewOf(shown, runKey) });
    setContext(false, record.output !== '');
  }

  async function replaceSelection(): Promise<void> {
    if (shown === null) return;
    const { target } = shown.run.request;
    const texts = replacementsFor(shown.progress.answer, target?.selected ?? [], target?.languageId ?? '');
    if (target === null || !texts.ok) {
      void vscode.window.showWarningMessage(
        texts.ok ? targetsOf(shown.run, shown.progress).replaceReason : texts.reason,
      );
      return;
    }
    await replacer.propose({ target, texts: texts.texts, partial: texts.partial });
  }

  async function handle(request: PanelRequest): Promise<void> {
    switch (request.type) {
      case 'ready':
        feed.resend();
        return history.refresh();
      case 'stop':
        return shown?.abort?.abort();
      case 'rerun':
        return again({ parameters: request.parameters });
      case 'editInputs':
        return again({ parameters: request.parameters, askAgain: true });
      case 'chooseModel':
        return chooseModel(request.parameters);
      case 'copy':
        return controller.copy();
      case 'insertBelow':
        return controller.insertBelow();
      case 'replaceSelection':
        return replaceSelection();
      case 'openAsDocument':
        return controller.openAsDocument();
      case 'copyText':
        return copyAnswer(request.text);
      case 'openLink':
        return openLink(request.href);
      case 'failureAction':
        return mend(request.id);
      case 'pickPrompt':
        return controller.run(null);
      case 'searchRuns':
        return history.search(request.query);
      case 'moreRuns':
        return history.more();
      case 'openRun':
        return openPast(request.id);
      case 'clearRuns':
        return history.clear();
      case 'answerQuestion':
        return questions.answer(request);
    }
  }

  async function mend(id: FailureActionId): Promise<void> {
    if (shown === null) return;
    const { model, request } = shown.run;
    switch (id) {
      case 'addKey':
      case 'replaceKey':
        if (await services.keys.add(model.split('/')[0] ?? '')) await again({});
        return;
      case 'chooseModel':
        return chooseModel(null);
      case 'retry':
        return again({});
      case 'openProxySettings':
        await vscode.commands.executeCommand('workbench.action.openSettings', 'http.proxy');
        return;
      case 'openPrompt': {
        const prompt = valueOrShown(await library.prompt(request.promptId));
        if (prompt !== null) await vscode.window.showTextDocument(promptUri(prompt));
        return;
      }
      case 'showOutput':
        return services.log.show();
    }
  }

  const firstRequest = (promptId: PromptId, target: RunTarget | null): RunRequest => ({
    promptId,
    target,
    given: null,
    askAgain: false,
    model: null,
    parameters: null,
  });

  const controller: RunController = {
    attach: (attached) => view.attach(attached),
    async run(argument) {
      // Before any picker opens: what the user has selected now is what they mean.
      const editor = editorForRun();
      const target = editor === null ? null : createRunTarget(editor);
      // Both workers are asleep until now; they wake up while the user chooses.
      void wakeModels(services);
      const known = promptIdOf(argument);
      const id = known ?? (await pickPromptToRun(library, titleFor(target)))?.id ?? null;
      if (id === null) target?.dispose();
      else await start(firstRequest(id, target));
    },
    async runOpenPrompt() {
      const active = vscode.window.activeTextEditor?.document.uri;
      const prompt = active === undefined ? null : parsePromptUri(active);
      if (prompt === null) {
        void vscode.window.showInformationMessage(
          vscode.l10n.t('Open a prompt first, then run it from there.'),
        );
        return;
      }
      await controller.run(prompt.id);
    },
    async rerun() {
      if (shown === null) await controller.run(null);
      else await again({});
    },
    stop: () => shown?.abort?.abort(),
    async copy() {
      if (shown !== null) await copyAnswer(shown.progress.answer);
    },
    async insertBelow() {
      if (shown !== null) await insertBelow(shown.progress.answer, shown.run.request.target);
    },
    replaceSelection,
    async openAsDocument() {
      if (shown !== null) await openAnswer(shown.progress.answer);
    },
    acceptReplacement: async () => replacer.accept(),
    rejectReplacement: async () => replacer.reject(),
    clearHistory: async () => history.clear(),
    show: async () => view.reveal(true),
    dispose() {
      shown?.abort?.abort();
      shown?.run.request.target?.dispose();
      questions.cancel();
      history.dispose();
      feed.dispose();
      replacer.dispose();
      view.dispose();
    },
  };
  return controller;
}

async function wakeModels({ models, log }: Services): Promise<void> {
  try {
    await models.knownModels();
  } catch {
    // The run itself will say what is wrong.
    log.debug('The model worker did not wake up.');
  }
}

function titleFor(target: RunTarget | null): string {
  return target !== null && target.selected.length > 0
    ? vscode.l10n.t('Run Prompt on Selection')
    : vscode.l10n.t('Run Prompt');
}

function emptyPanel(): PanelState {
  const isMac = process.platform === 'darwin';
  const keys = (shortcut: string): string =>
    isMac ? shortcut.replace('Ctrl+', '⌘').replace('Alt+', '⌥').replace('Shift+', '⇧') : shortcut;
  return {
    run: null,
    history: emptyHistory,
    question: null,
    shortcuts: {
      run: keys('Ctrl+Alt+R'),
      stop: 'Escape',
      rerun: keys('Ctrl+Alt+Shift+R'),
      replace: keys('Ctrl+Alt+Enter'),
      copy: keys('Ctrl+Alt+C'),
    },
  };
}

function viewOf({ run, progress, past }: ShownRun, runKey: number): RunView {
  const { temperature = null, maxOutputTokens = null } = run.parameters;
  const { phase, answer, reasoning, startedAt, firstTokenMs, totalMs, usage, notices } = progress;
  return {
    runKey,
    promptName: run.promptName,
    version: run.version,
    model: run.model,
    parameters: { temperature, maxOutputTokens },
    inputs: run.inputs,
    messages: run.messages,
    phase,
    answer,
    reasoning,
    startedAt,
    firstTokenMs,
    totalMs,
    usage,
    notices,
    ...endOf(run, progress),
    past,
  };
}

function endOf(run: PreparedRun, progress: RunProgress): Pick<RunView, 'failure' | 'targets'> {
  return {
    failure: progress.failure === null ? null : failureView(progress.failure, run.model, vscode.l10n.t),
    targets: isOver(progress) ? targetsOf(run, progress) : noTargets,
  };
}

function targetsOf(run: PreparedRun, progress: RunProgress): AnswerTargets {
  const { target } = run.request;
  if (target === null) {
    const reason = vscode.l10n.t(
      'There is no selection to replace: nobody knows any more where this run came from.',
    );
    return { replace: false, replaceReason: reason };
  }
  const texts = replacementsFor(progress.answer, target.selected, target.languageId);
  return texts.ok ? { replace: true, replaceReason: '' } : { replace: false, replaceReason: texts.reason };
}

/** A run of the history as it was; run again, it takes the same values. */
function pastRun(record: RunRecord): ShownRun {
  const entries = Object.entries(record.inputs);
  const given: GivenValues = {
    inputs: Object.fromEntries(entries.filter(([name]) => !isBuiltIn(name))) as Values,
    builtIns: Object.fromEntries(
      entries.filter(
        (entry): entry is [string, string] => isBuiltIn(entry[0]) && typeof entry[1] === 'string',
      ),
    ),
  };
  const { temperature = null, maxOutputTokens = null } = record.parameters;
  return {
    past: true,
    abort: null,
    run: {
      request: {
        // A prompt that was never in the library is not found, and then its messages are sent again.
        promptId: record.promptId ?? ('' as PromptId),
        target: null,
        given,
        askAgain: false,
        model: record.model,
        parameters: { temperature, maxOutputTokens },
      },
      workspaceId: null,
      promptName: record.promptName,
      revisionId: record.revisionId,
      version: '',
      given,
      inputs: entries.map(([name, value]) => ({
        name,
        value: typeof value === 'string' ? value : JSON.stringify(value),
        source: '',
      })),
      messages: record.messages,
      model: record.model,
      parameters: record.parameters,
      schema: undefined,
      notices: [],
    },
    progress: {
      phase: record.status,
      answer: record.output,
      reasoning: '',
      notices: record.failure === null ? [] : [record.failure],
      startedAt: record.startedAt,
      firstTokenMs: record.firstTokenMs,
      totalMs: record.totalMs,
      usage: record.usage,
      failure: null,
    },
  };
}

/** http and https only; VS Code itself asks before it opens an address that the user has not allowed. */
async function openLink(href: string): Promise<void> {
  const address = parseAnswerLink(href);
  if (address !== null) await vscode.env.openExternal(vscode.Uri.parse(address, true));
}

function setContext(running: boolean, hasAnswer: boolean): void {
  void vscode.commands.executeCommand('setContext', 'cuebook.running', running);
  void vscode.commands.executeCommand('setContext', 'cuebook.hasAnswer', hasAnswer);
}

async function withProgress<T>(title: string, task: () => Promise<T>): Promise<T> {
  return vscode.window.withProgress({ location: { viewId: 'cuebook.runPanel' }, title }, task);
}

/** About a frame later. */
function soon(task: () => void): () => void {
  const timer = setTimeout(task, 16);
  return () => clearTimeout(timer);
}
