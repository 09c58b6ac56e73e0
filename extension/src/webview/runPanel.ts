// The run panel: shows the state that the host sends, streams the answer in, and says what the user did. It keeps
// nothing: hidden or reloaded, it asks the host for everything again.

import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { HostMessage, PanelParameters, PanelState, RunView } from '../run/panelProtocol.ts';
import { createAnswerView, type AnswerView } from './answerView.ts';
import { createSafeMarkdown } from './safeMarkdown.ts';
import {
  actions,
  details,
  emptyState,
  failure,
  header,
  history,
  notices,
  question,
  statusLine,
  type RunControls,
  type Send,
} from './sections.ts';
import { t } from './translate.ts';
import { isRunning, phaseWords } from './words.ts';

export class RunPanel extends LitElement {
  static override properties = {
    state: { attribute: false },
    parameters: { attribute: false },
    elapsedMs: { attribute: false },
  };

  declare state: PanelState | null;
  declare parameters: PanelParameters | null;
  declare elapsedMs: number | null;
  declare send: Send;

  #answer: AnswerView | null = null;
  #answerOf = -1;
  #reasoning = '';
  #clock: ReturnType<typeof setInterval> | undefined;
  #question = -1;

  constructor() {
    super();
    this.state = null;
    this.parameters = null;
    this.elapsedMs = null;
    this.send = () => {};
  }

  /** In the page itself, so that one style sheet and the icons' font reach every part. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  receive(message: HostMessage): void {
    if (message.type === 'delta') this.#grow(message);
    else this.#replaceState(message.state);
  }

  #replaceState(state: PanelState): void {
    const before = this.state?.run ?? null;
    if (before?.runKey !== state.run?.runKey) this.parameters = null;
    this.#reasoning = state.run?.reasoning ?? '';
    this.state = state;
    this.#tick(state.run);
  }

  #grow(delta: HostMessage & { type: 'delta' }): void {
    const run = this.state?.run;
    if (run === null || run === undefined || run.runKey !== delta.runKey) return;
    const have = delta.part === 'answer' ? (this.#answer?.length ?? 0) : this.#reasoning.length;
    if (have !== delta.offset) {
      this.send({ type: 'ready' });
      return;
    }
    if (delta.part === 'answer') {
      this.#answer?.append(delta.text);
    } else {
      this.#reasoning += delta.text;
      this.#showReasoning();
    }
  }

  #showReasoning(): void {
    const view = this.querySelector('.reasoning');
    if (view !== null) view.textContent = this.#reasoning;
  }

  #tick(run: RunView | null): void {
    clearInterval(this.#clock);
    this.elapsedMs = null;
    if (run === null || !isRunning(run.phase)) return;
    const show = (): void => {
      this.elapsedMs = Math.max(0, Math.floor((Date.now() - run.startedAt) / 1000) * 1000);
    };
    show();
    this.#clock = setInterval(show, 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    this.#answer?.dispose();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { state } = this;
    if (state === null) return nothing;
    return html`<main>
      <p class="for-screen-readers" role="status" aria-live="polite">${spokenStatus(state.run)}</p>
      ${state.question === null ? nothing : question(state.question, this.send)}
      ${
        state.run === null
          ? state.question === null
            ? emptyState(state.shortcuts, this.send)
            : nothing
          : this.#run(state.run, state)
      }
      ${history(state.history, state.run === null && state.question === null, this.send)}
    </main>`;
  }

  #run(run: RunView, state: PanelState): TemplateResult {
    const controls: RunControls = {
      run,
      shortcuts: state.shortcuts,
      parameters: this.parameters ?? run.parameters,
      setParameters: (parameters) => {
        this.parameters = parameters;
      },
      send: this.send,
    };
    return html`<div class="run" ?hidden=${state.question !== null}>
      <div class="run-head">
        ${header(controls)} ${statusLine(controls, this.elapsedMs)} ${actions(controls)}
      </div>
      <div class="run-body">
        ${failure(controls)} ${notices(controls)} ${details(controls)}
        <section
          class="answer"
          data-testid="answer"
          aria-label=${t('Answer')}
          aria-busy=${isRunning(run.phase) ? 'true' : 'false'}
        ></section>
      </div>
    </div>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('state')) {
      this.#showAnswer();
      this.#focusQuestion();
    }
  }

  #showAnswer(): void {
    const run = this.state?.run ?? null;
    const container = this.querySelector<HTMLElement>('.answer');
    if (run === null || container === null) {
      this.#answer?.dispose();
      this.#answer = null;
      this.#answerOf = -1;
      return;
    }
    this.#answer ??= this.#createAnswer(container);
    const isSame = this.#answerOf === run.runKey && run.answer.length >= this.#answer.length;
    if (isSame) {
      const more = run.answer.slice(this.#answer.length);
      if (more !== '') this.#answer.append(more);
      return;
    }
    this.#answerOf = run.runKey;
    this.#answer.show(run.answer);
  }

  #createAnswer(container: HTMLElement): AnswerView {
    const body = (): HTMLElement | null => this.querySelector('.run-body');
    let wasAtEnd = true;
    body()?.addEventListener('scroll', () => {
      const scroller = body();
      if (scroller === null) return;
      wasAtEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
    });
    return createAnswerView({
      container,
      markdown: createSafeMarkdown(window),
      onLink: (href) => this.send({ type: 'openLink', href }),
      onCopy: (text) => this.send({ type: 'copyText', text }),
      onRendered: () => {
        const scroller = body();
        const running = this.state?.run !== null && isRunning(this.state?.run?.phase ?? 'done');
        if (scroller !== null && wasAtEnd && running) scroller.scrollTop = scroller.scrollHeight;
      },
      now: () => performance.now(),
      schedule: scheduleFrame,
    });
  }

  #focusQuestion(): void {
    const id = this.state?.question?.questionId ?? -1;
    if (id !== this.#question && id >= 0) this.querySelector<HTMLElement>('#question-text')?.focus();
    this.#question = id;
  }
}

/** One sentence at each turn of a run, not one for each piece of text. */
function spokenStatus(run: RunView | null): string {
  if (run === null) return '';
  const why = run.failure === null ? '' : ` ${run.failure.message} ${run.failure.action}`;
  return `${run.promptName}: ${phaseWords(run.phase)}.${why}`;
}

function scheduleFrame(task: () => void, afterMs: number): () => void {
  let frame = 0;
  const timer = setTimeout(() => {
    frame = requestAnimationFrame(task);
  }, afterMs);
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}
