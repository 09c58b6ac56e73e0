// What the run panel and the extension host say to each other. The panel holds no state of its own that matters: after
// being hidden or reloaded it says `ready` and gets everything again. Both sides import this file; neither trusts the
// other's words more than it must: the host parses each message from the panel (`parsePanelRequest.ts`).

import type { RunId, RunMessage, RunSummary, RunUsage } from '../library/api.ts';

/** A button below a failure; the host knows what it does. */
export type FailureActionId =
  | 'addKey'
  | 'replaceKey'
  | 'chooseModel'
  | 'retry'
  | 'openProxySettings'
  | 'openPrompt'
  | 'showOutput';

export interface FailureAction {
  readonly id: FailureActionId;
  readonly label: string;
}

export interface FailureView {
  /** What happened. */
  readonly message: string;
  /** What to do. */
  readonly action: string;
  readonly buttons: readonly FailureAction[];
}

export type RunPhase = 'preparing' | 'waiting' | 'retrying' | 'streaming' | 'done' | 'stopped' | 'failed';

export interface PanelParameters {
  readonly temperature: number | null;
  readonly maxOutputTokens: number | null;
}

/** What may be done with the answer, and why not where it may not. */
export interface AnswerTargets {
  readonly replace: boolean;
  /** Shown as the disabled button's reason; empty when `replace`. */
  readonly replaceReason: string;
}

export interface InputView {
  readonly name: string;
  /** As text; shortened by the host where very long. */
  readonly value: string;
  /** Where it came from: `selection of file.ts`, `asked`, `default` … */
  readonly source: string;
}

export interface RunView {
  /** Grows with each run shown; a `delta` names the run it belongs to. */
  readonly runKey: number;
  readonly promptName: string;
  /** `v3`, `draft`, `unsaved text`; empty for none. */
  readonly version: string;
  readonly model: string;
  readonly parameters: PanelParameters;
  readonly inputs: readonly InputView[];
  readonly messages: readonly RunMessage[];
  readonly answer: string;
  readonly reasoning: string;
  readonly phase: RunPhase;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly firstTokenMs: number | null;
  readonly totalMs: number | null;
  readonly usage: RunUsage | null;
  /** Things to know that stop nothing. */
  readonly notices: readonly string[];
  readonly failure: FailureView | null;
  readonly targets: AnswerTargets;
  /** True for a run opened from the history. */
  readonly past: boolean;
}

export interface HistoryView {
  readonly enabled: boolean;
  readonly query: string;
  readonly runs: readonly RunSummary[];
  readonly more: boolean;
}

/** A text of several lines that no input box of VS Code can take. */
export interface TextQuestion {
  readonly questionId: number;
  readonly title: string;
  readonly name: string;
  readonly description: string;
  readonly value: string;
  /** What was wrong with the last try; empty at first. */
  readonly problem: string;
  readonly required: boolean;
  readonly canGoBack: boolean;
}

export interface PanelState {
  readonly run: RunView | null;
  readonly history: HistoryView;
  readonly question: TextQuestion | null;
  /** Shortcuts as shown, by action. */
  readonly shortcuts: Readonly<Record<'run' | 'stop' | 'rerun' | 'replace' | 'copy', string>>;
}

export type HostMessage =
  | { readonly type: 'state'; readonly state: PanelState }
  /** More of the answer. `offset` is where `text` begins in it; a panel that is not there asks for the state again. */
  | {
      readonly type: 'delta';
      readonly runKey: number;
      readonly part: 'answer' | 'reasoning';
      readonly offset: number;
      readonly text: string;
    };

export type PanelRequest =
  | { readonly type: 'ready' }
  | { readonly type: 'stop' }
  | { readonly type: 'rerun'; readonly parameters: PanelParameters }
  | { readonly type: 'chooseModel'; readonly parameters: PanelParameters }
  | { readonly type: 'editInputs'; readonly parameters: PanelParameters }
  | { readonly type: 'copy' }
  | { readonly type: 'insertBelow' }
  | { readonly type: 'replaceSelection' }
  | { readonly type: 'openAsDocument' }
  | { readonly type: 'copyText'; readonly text: string }
  | { readonly type: 'openLink'; readonly href: string }
  | { readonly type: 'failureAction'; readonly id: FailureActionId }
  | { readonly type: 'pickPrompt' }
  | { readonly type: 'searchRuns'; readonly query: string }
  | { readonly type: 'moreRuns' }
  | { readonly type: 'openRun'; readonly id: RunId }
  | { readonly type: 'clearRuns' }
  | {
      readonly type: 'answerQuestion';
      readonly questionId: number;
      readonly outcome: 'continue' | 'back' | 'cancel';
      readonly text: string;
    };

/** Characters of a text that the panel may send back. */
export const panelTextLimit = 1_000_000;
/** Characters of an answer that are kept; a run that answers more is ended. */
export const answerLimit = 2_000_000;
