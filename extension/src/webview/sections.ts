// The parts of the run panel as templates: each shows what it is given and says what the user did.

import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import type { RunSummary } from '../library/api.ts';
import type {
  HistoryView,
  PanelParameters,
  PanelRequest,
  PanelState,
  RunView,
  TextQuestion,
} from '../run/panelProtocol.ts';
import { t } from './translate.ts';
import {
  costWords,
  dayAndTime,
  elapsedWords,
  figures,
  isRunning,
  phaseIcon,
  phaseWords,
  statusWords,
} from './words.ts';

export type Send = (request: PanelRequest) => void;
type Shortcuts = PanelState['shortcuts'];

export interface RunControls {
  readonly run: RunView;
  readonly shortcuts: Shortcuts;
  /** As the fields show them now. */
  readonly parameters: PanelParameters;
  readonly setParameters: (parameters: PanelParameters) => void;
  readonly send: Send;
}

function icon(name: string): TemplateResult {
  return html`<span class="codicon codicon-${name}" aria-hidden="true"></span>`;
}

export function emptyState(shortcuts: Shortcuts, send: Send): TemplateResult {
  return html`<div class="empty" data-testid="empty">
    <h1>${t('Run a prompt')}</h1>
    <p>
      ${t(
        'Select text in an editor and run a prompt on it. The answer streams in here; then put it in place of the selection, below it, or on the clipboard.',
      )}
    </p>
    <vscode-button @click=${() => send({ type: 'pickPrompt' })}
      >${icon('play')} ${t('Run Prompt…')}</vscode-button
    >
    <p class="hint">${t('In an editor:')} <kbd>${shortcuts.run}</kbd></p>
  </div>`;
}

export function header({ run, parameters, send }: RunControls): TemplateResult {
  return html`<header>
    <div class="title-row">
      <h1 title=${run.promptName}>${run.promptName}</h1>
      ${run.version === '' ? nothing : html`<span class="version">${run.version}</span>`}
      ${run.past ? html`<span class="version">${t('from history, {0}', dayAndTime(run.startedAt))}</span>` : nothing}
    </div>
    <button
      type="button"
      class="model"
      data-testid="model"
      title=${t('Choose another model and run again')}
      aria-label=${t('Model: {0}. Choose another model and run again', run.model === '' ? t('none') : run.model)}
      @click=${() => send({ type: 'chooseModel', parameters })}
    >
      ${icon('hubot')}<span class="model-name">${run.model === '' ? t('No model') : run.model}</span
      >${icon('chevron-down')}
    </button>
  </header>`;
}

export function statusLine({ run }: RunControls, elapsedMs: number | null): TemplateResult {
  const parts = elapsedMs === null ? figures(run) : [elapsedWords(elapsedMs)];
  return html`<p class="status phase-${run.phase}" data-testid="status">
    <span class="codicon codicon-${phaseIcon(run.phase)}" aria-hidden="true"></span>
    <span class="phase">${phaseWords(run.phase)}</span>
    ${parts.map((part) => html`<span class="figure">${part}</span>`)}
  </p>`;
}

export function actions({ run, shortcuts, parameters, send }: RunControls): TemplateResult {
  if (isRunning(run.phase)) {
    return html`<div class="actions" role="group" aria-label=${t('Run')}>
      <vscode-button
        data-testid="stop"
        title=${t('Stop ({0})', shortcuts.stop)}
        @click=${() => send({ type: 'stop' })}
        >${icon('debug-stop')} ${t('Stop')} <kbd aria-hidden="true">${shortcuts.stop}</kbd></vscode-button
      >
    </div>`;
  }
  const hasAnswer = run.answer !== '';
  return html`<div class="actions" role="group" aria-label=${t('Answer')}>
      ${
        run.targets.replace && hasAnswer
          ? html`<vscode-button
              data-testid="replace"
              title=${t('Compare with the document, then accept or reject ({0})', shortcuts.replace)}
              @click=${() => send({ type: 'replaceSelection' })}
              >${icon('replace')} ${t('Replace Selection')}</vscode-button
            >`
          : nothing
      }
      ${
        hasAnswer
          ? html`${secondary('insert', 'insert', t('Insert Below'), t('Insert below the selection'), () =>
              send({ type: 'insertBelow' }),
            )}
            ${secondary('copy', 'copy', t('Copy'), t('Copy the answer ({0})', shortcuts.copy), () => send({ type: 'copy' }))}
            ${secondary('open', 'go-to-file', t('Open'), t('Open as a document'), () => send({ type: 'openAsDocument' }))}`
          : nothing
      }
      ${secondary(
        'rerun',
        'refresh',
        t('Rerun'),
        t('Run again with the same inputs ({0})', shortcuts.rerun),
        () => send({ type: 'rerun', parameters }),
      )}
    </div>
    ${
      hasAnswer && !run.targets.replace && run.targets.replaceReason !== ''
        ? html`<p class="hint">${run.targets.replaceReason}</p>`
        : nothing
    }`;
}

function secondary(
  testId: string,
  iconName: string,
  label: string,
  title: string,
  onClick: () => void,
): TemplateResult {
  return html`<vscode-button secondary data-testid=${testId} title=${title} @click=${onClick}
    >${icon(iconName)} ${label}</vscode-button
  >`;
}

export function failure({ run, send }: RunControls): TemplateResult | typeof nothing {
  if (run.failure === null) return nothing;
  return html`<div class="failure" data-testid="failure">
    <p class="what">${icon('error')} <span>${run.failure.message}</span></p>
    <p>${run.failure.action}</p>
    <div class="actions">
      ${run.failure.buttons.map(
        ({ id, label }, index) =>
          html`<vscode-button ?secondary=${index > 0} @click=${() => send({ type: 'failureAction', id })}
            >${label}</vscode-button
          >`,
      )}
    </div>
  </div>`;
}

export function notices({ run }: RunControls): TemplateResult | typeof nothing {
  if (run.notices.length === 0) return nothing;
  return html`<ul class="notices" aria-label=${t('Notices')}>
    ${run.notices.map((notice) => html`<li>${icon('info')}<span>${notice}</span></li>`)}
  </ul>`;
}

export function details(controls: RunControls): TemplateResult {
  const { run } = controls;
  return html`<div class="details">
    ${section(t('Parameters'), parameterSummary(controls.parameters), parameterFields(controls))}
    ${run.inputs.length === 0 ? nothing : section(t('Inputs'), String(run.inputs.length), inputList(controls))}
    ${section(t('Messages sent'), String(run.messages.length), messageList(run))}
    ${
      run.reasoning === ''
        ? nothing
        : section(t('Thinking'), '', html`<pre class="reasoning" tabindex="0">${run.reasoning}</pre>`)
    }
  </div>`;
}

function section(title: string, summary: string, body: TemplateResult): TemplateResult {
  return html`<details>
    <summary>${icon('chevron-right')}<span>${title}</span> <span class="summary">${summary}</span></summary>
    <div class="section-body">${body}</div>
  </details>`;
}

function parameterSummary({ temperature, maxOutputTokens }: PanelParameters): string {
  const parts = [
    ...(temperature === null ? [] : [t('temperature {0}', String(temperature))]),
    ...(maxOutputTokens === null ? [] : [t('at most {0} tokens', String(maxOutputTokens))]),
  ];
  return parts.length === 0 ? t('the model’s own') : parts.join(', ');
}

function parameterFields({ parameters, setParameters, send }: RunControls): TemplateResult {
  return html`<div class="fields">
      ${numberField(t('Temperature'), parameters.temperature, { min: 0, max: 2, step: 0.1 }, (temperature) =>
        setParameters({ ...parameters, temperature }),
      )}
      ${numberField(
        t('Maximum output tokens'),
        parameters.maxOutputTokens,
        { min: 1, max: 10_000_000, step: 1 },
        (value) =>
          setParameters({ ...parameters, maxOutputTokens: value === null ? null : Math.round(value) }),
      )}
    </div>
    <vscode-button secondary @click=${() => send({ type: 'rerun', parameters })}
      >${t('Run Again with These')}</vscode-button
    >`;
}

function numberField(
  label: string,
  value: number | null,
  range: { readonly min: number; readonly max: number; readonly step: number },
  onValue: (value: number | null) => void,
): TemplateResult {
  const changed = (event: Event): void => {
    const text = (event.target as HTMLInputElement).value;
    const number = Number(text);
    const isValid = text !== '' && Number.isFinite(number) && number >= range.min && number <= range.max;
    onValue(isValid ? number : null);
  };
  return html`<label>
    <span>${label}</span>
    <input
      type="number"
      min=${range.min}
      max=${range.max}
      step=${range.step}
      placeholder=${t('default')}
      .value=${live(value === null ? '' : String(value))}
      @change=${changed}
    />
  </label>`;
}

function inputList({ run, parameters, send }: RunControls): TemplateResult {
  return html`<dl>
      ${run.inputs.map(
        ({ name, value, source }) =>
          html`<dt>${name} <span class="summary">${source}</span></dt>
            <dd><pre tabindex="0" aria-label=${name} role="region">${value}</pre></dd>`,
      )}
    </dl>
    <vscode-button secondary @click=${() => send({ type: 'editInputs', parameters })}
      >${t('Change Inputs and Run…')}</vscode-button
    >`;
}

function messageList(run: RunView): TemplateResult {
  return html`${run.messages.map(
    ({ role, content }) =>
      html`<h2>${role}</h2>
        <pre tabindex="0" role="region" aria-label=${t('Message of {0}', role)}>${content}</pre>`,
  )}`;
}

export function question(asked: TextQuestion, send: Send): TemplateResult {
  const answer = (outcome: 'continue' | 'back' | 'cancel'): void => {
    const field = document.querySelector<HTMLTextAreaElement>('#question-text');
    send({ type: 'answerQuestion', questionId: asked.questionId, outcome, text: field?.value ?? '' });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) answer('continue');
    else if (event.key === 'Escape') answer('cancel');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<form
    class="question"
    data-testid="question"
    @keydown=${onKey}
    @submit=${(event: Event) => event.preventDefault()}
  >
    <h1>${asked.title}</h1>
    <label for="question-text">${asked.name}</label>
    ${asked.description === '' ? nothing : html`<p class="hint" id="question-hint">${asked.description}</p>`}
    ${asked.problem === '' ? nothing : html`<p class="problem" role="alert">${asked.problem}</p>`}
    <textarea
      id="question-text"
      rows="12"
      aria-describedby=${asked.description === '' ? nothing : 'question-hint'}
      ?required=${asked.required}
      .value=${asked.value}
    ></textarea>
    <div class="actions">
      <vscode-button @click=${() => answer('continue')}
        >${t('Continue')} <kbd aria-hidden="true">Ctrl+Enter</kbd></vscode-button
      >
      ${
        asked.canGoBack
          ? html`<vscode-button secondary @click=${() => answer('back')}>${t('Back')}</vscode-button>`
          : nothing
      }
      <vscode-button secondary @click=${() => answer('cancel')}>${t('Cancel')}</vscode-button>
    </div>
  </form>`;
}

export function history(view: HistoryView, isOpen: boolean, send: Send): TemplateResult {
  return html`<details class="history" data-testid="history" ?open=${isOpen}>
    <summary>${icon('chevron-right')}<span>${t('History')}</span></summary>
    ${view.enabled ? historyBody(view, send) : html`<p class="hint">${t('Runs are not kept: this setting is off:')} <code>cuebook.runHistory.enabled</code></p>`}
  </details>`;
}

function historyBody(view: HistoryView, send: Send): TemplateResult {
  const search = (event: Event): void =>
    send({ type: 'searchRuns', query: (event.target as HTMLInputElement).value });
  return html`<div class="history-tools">
      <input
        type="search"
        aria-label=${t('Search runs')}
        placeholder=${t('Search runs')}
        maxlength="500"
        .value=${live(view.query)}
        @input=${search}
      />
      <button
        type="button"
        class="tool codicon codicon-clear-all"
        title=${t('Clear history…')}
        aria-label=${t('Clear history')}
        @click=${() => send({ type: 'clearRuns' })}
      ></button>
    </div>
    ${
      view.runs.length === 0
        ? html`<p class="hint">${view.query === '' ? t('No runs yet.') : t('No run matches.')}</p>`
        : html`<ul class="runs">
            ${view.runs.map((run) => html`<li>${pastRun(run, send)}</li>`)}
          </ul>`
    }
    ${
      view.more
        ? html`<vscode-button secondary @click=${() => send({ type: 'moreRuns' })}
            >${t('Show More')}</vscode-button
          >`
        : nothing
    }`;
}

function pastRun(run: RunSummary, send: Send): TemplateResult {
  const cost = run.usage.cost === null ? '' : ` · ${costWords(run.usage.cost)}`;
  const outcome = run.status === 'done' ? '' : ` · ${statusWords(run.status)}`;
  return html`<button type="button" class="past-run" @click=${() => send({ type: 'openRun', id: run.id })}>
    <span class="past-name">${run.promptName}</span>
    <span class="past-when">${dayAndTime(run.startedAt)}</span>
    <span class="past-text">${run.excerpt}</span>
    <span class="past-figures">${run.model}${cost}${outcome}</span>
  </button>`;
}
