// The answer as it streams in. Finished blocks are rendered once and left alone; only the block that is still growing is
// rendered again, at most once a frame and never for more than a part of the time, so that a long answer stays fluent.

import type { LinkDefinitions, SafeMarkdown } from './safeMarkdown.ts';
import { t } from './translate.ts';

export interface AnswerView {
  /** Shows another answer from its beginning. */
  show(text: string): void;
  append(text: string): void;
  readonly length: number;
  dispose(): void;
}

export interface AnswerViewDeps {
  readonly container: HTMLElement;
  readonly markdown: SafeMarkdown;
  readonly onLink: (address: string) => void;
  readonly onCopy: (text: string) => void;
  /** After something was rendered. */
  readonly onRendered: () => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Runs `task` with the next frame that is at least `afterMs` away. Returns its cancellation. */
  readonly schedule: (task: () => void, afterMs: number) => () => void;
}

/** Rendering takes at most one part in this many of the time. */
const timeShare = 4;

export function createAnswerView(deps: AnswerViewDeps): AnswerView {
  const { container, markdown } = deps;
  let text = '';
  /** Where the block that still grows begins. */
  let growingFrom = 0;
  let definitions: LinkDefinitions = {};
  let cancel: (() => void) | null = null;
  let pauseMs = 0;
  const growing: ChildNode[] = [];

  const onClick = (event: Event): void => handleClick(event, deps);
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') handleClick(event, deps);
  };
  container.addEventListener('click', onClick);
  container.addEventListener('keydown', onKey);

  const render = (): void => {
    cancel = null;
    const began = deps.now();
    renderGrown();
    pauseMs = (deps.now() - began) * (timeShare - 1);
    deps.onRendered();
  };

  const renderGrown = (): void => {
    const rest = text.slice(growingFrom);
    const tokens = markdown.parse(rest, definitions);
    const lastStart = lastBlock(tokens);
    const finished = tokens.slice(0, lastStart);
    for (const node of growing.splice(0)) node.remove();
    add(finished);
    growing.push(...add(tokens.slice(lastStart)));
    const line = tokens[lastStart]?.map?.[0] ?? 0;
    growingFrom += offsetOfLine(rest, line);
  };

  const add = (tokens: Parameters<SafeMarkdown['toNodes']>[0]): ChildNode[] => {
    if (tokens.length === 0) return [];
    const fragment = markdown.toNodes(tokens, definitions);
    addReach(fragment);
    const nodes = [...fragment.childNodes];
    container.append(fragment);
    return nodes;
  };

  const later = (): void => {
    cancel ??= deps.schedule(render, pauseMs);
  };

  return {
    show(next) {
      container.replaceChildren();
      growing.length = 0;
      text = next;
      growingFrom = 0;
      definitions = {};
      pauseMs = 0;
      later();
    },
    append(more) {
      text += more;
      later();
    },
    get length() {
      return text.length;
    },
    dispose() {
      cancel?.();
      container.removeEventListener('click', onClick);
      container.removeEventListener('keydown', onKey);
    },
  };
}

/** Index of the token that begins the last top-level block; 0 if there is at most one. */
function lastBlock(tokens: ReturnType<SafeMarkdown['parse']>): number {
  const starts = tokens.flatMap((token, index) => (token.level === 0 && token.nesting >= 0 ? [index] : []));
  return starts.at(-1) ?? 0;
}

function offsetOfLine(text: string, line: number): number {
  let offset = 0;
  for (let at = 0; at < line; at += 1) {
    const end = text.indexOf('\n', offset);
    if (end < 0) return offset;
    offset = end + 1;
  }
  return offset;
}

/** Code and tables scroll sideways, so the keyboard must be able to get to them; code can be copied by itself. */
function addReach(fragment: DocumentFragment): void {
  for (const code of fragment.querySelectorAll('pre')) {
    code.tabIndex = 0;
    code.setAttribute('role', 'region');
    code.setAttribute('aria-label', 'Code');
    const frame = wrap(code, 'code-frame');
    frame.append(copyButton());
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = wrap(table, 'table-frame');
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', 'Table');
  }
}

function wrap(element: Element, className: string): HTMLElement {
  const frame = document.createElement('div');
  frame.className = className;
  element.replaceWith(frame);
  frame.append(element);
  return frame;
}

function copyButton(): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy-code codicon codicon-copy';
  button.title = t('Copy code');
  button.setAttribute('aria-label', t('Copy code'));
  return button;
}

function handleClick(event: Event, deps: AnswerViewDeps): void {
  const target = event.target instanceof Element ? event.target : null;
  const link = target?.closest('a[data-address]');
  if (link !== null && link !== undefined) {
    event.preventDefault();
    deps.onLink(link.getAttribute('data-address') ?? '');
    return;
  }
  const copy = event.type === 'click' ? target?.closest('.copy-code') : null;
  if (copy !== null && copy !== undefined) {
    deps.onCopy(copy.parentElement?.querySelector('pre')?.textContent ?? '');
  }
}
