// The run panel in a real browser: what hostile answers can do there (nothing), what the keyboard and a screen reader
// find, and how it looks (screenshots are kept for people to look at).

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunId, RunSummary } from '../../extension/src/library/api.ts';
import { failureView } from '../../extension/src/run/failureActions.ts';
import { launchBrowser } from '../editor/launchEditor.ts';
import { forbiddenInAnswers, hostileAnswers } from './hostileAnswers.ts';
import { buildPanel, openPanel, stateWith, type PanelFiles, type PanelPage } from './panelPage.ts';
import type { ThemeName } from './themes.ts';

const require = createRequire(import.meta.url);
const artefacts = path.join(import.meta.dirname, '..', '..', 'artefacts', 'runPanel');

describe('the run panel', () => {
  let browser: Browser;
  let panel: PanelFiles;

  beforeAll(async () => {
    mkdirSync(artefacts, { recursive: true });
    [browser, panel] = await Promise.all([launchBrowser(), buildPanel()]);
  });

  afterAll(async () => browser?.close());

  test('says that it is ready and then shows what the host sends', async () => {
    await using shown = await openPanel(browser, panel);
    expect(shown.said).toEqual([{ type: 'ready' }]);
    await shown.tell(stateWith({ answer: '# Found\n\nIt *subtracts*.' }));
    await expect.poll(() => shown.page.getByTestId('answer').innerHTML()).toContain('<em>subtracts</em>');
    expect(shown.errors).toEqual([]);
    expect(shown.foreign).toEqual([]);
  });

  test('speaks the language whose words the page brings along, and English for the rest', async () => {
    const translations = { Rerun: 'Noch einmal', 'total {0}': 'zusammen {0}', 'No <b>bold</b> "words"': '' };
    await using shown = await openPanel(browser, panel, { translations });
    await shown.tell(stateWith({ answer: 'x', totalMs: 1234 }));
    await shown.page.getByTestId('rerun').getByText('Noch einmal').waitFor();
    await shown.page.getByTestId('status').getByText('zusammen 1.23 s').waitFor();
    await shown.page.getByTestId('copy').getByText('Copy').waitFor();
    expect(await shown.page.locator('html').getAttribute('lang')).toBe('de');
    expect(shown.errors).toEqual([]);
  });

  describe('shown a hostile answer', () => {
    let shown: PanelPage;
    let runKey = 100;
    beforeAll(async () => {
      shown = await openPanel(browser, panel);
    });
    afterAll(async () => shown?.[Symbol.asyncDispose]());

    test.each(Object.entries(hostileAnswers))('with %s it does nothing', async (_name, answer) => {
      runKey += 1;
      await shown.tell(stateWith({ runKey, answer: `Begin ${runKey}\n\n${answer}\n\nEnd` }));
      const view = shown.page.getByTestId('answer');
      await expect.poll(() => view.innerText(), { timeout: 10_000 }).toContain(`Begin ${runKey}`);
      expect(await view.locator(forbiddenInAnswers).count()).toBe(0);
      expect(await shown.page.evaluate(() => Reflect.get(globalThis, 'pwned') as unknown)).toBeUndefined();
      const addresses = await view
        .locator('a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('data-address')));
      expect(addresses.filter((address) => address !== null && !/^https?:/.test(address))).toEqual([]);
      expect(shown.foreign).toEqual([]);
      expect(shown.page.url()).toBe('https://panel.invalid/');
      expect(shown.errors).toEqual([]);
    });
  });

  test('a link goes nowhere by itself: a click is a message to the host', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: 'See [the docs](https://example.com/a?b=1).' }));
    const link = shown.page.getByRole('link', { name: 'the docs' });
    await link.click();
    await link.press('Enter');
    const opened = { type: 'openLink', href: 'https://example.com/a?b=1' };
    expect(shown.said.slice(1)).toEqual([opened, opened]);
    expect(shown.foreign).toEqual([]);
  });

  test('text that arrives piece by piece ends up as the same page as text that arrives at once', async () => {
    const answer = [
      '# Title\n\nA [link][x] and `code`.\n\n- one\n- two\n\n  more\n\n```ts\nconst a = 1;\n\nconst b = 2;\n```\n\n',
      '| a | b |\n|---|---|\n| 1 | 2 |\n\nlast *line*\n===\n\n> quoted\ncontinued\n\n1. x\n2. y\n\n---\n\nend',
    ].join('');
    await using atOnce = await openPanel(browser, panel);
    await atOnce.tell(stateWith({ answer }));
    await using streamed = await openPanel(browser, panel);
    await streamed.tell(stateWith({ answer: '', phase: 'streaming' }));
    for (let offset = 0; offset < answer.length; offset += 7) {
      const text = answer.slice(offset, offset + 7);
      await streamed.tell({ type: 'delta', runKey: 1, part: 'answer', offset, text });
    }
    await streamed.tell(stateWith({ answer }));
    const expected = await atOnce.page.getByTestId('answer').innerHTML();
    expect(expected).toContain('<table>');
    const normal = (html: string): string => html.replaceAll(/>\s+</g, '><').trim();
    await expect
      .poll(async () => normal(await streamed.page.getByTestId('answer').innerHTML()))
      .toBe(normal(expected));
  });

  test('a piece that does not fit asks the host for everything again', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: 'abc', phase: 'streaming' }));
    await shown.tell({ type: 'delta', runKey: 1, part: 'answer', offset: 99, text: 'lost' });
    expect(shown.said.filter((request) => request.type === 'ready')).toHaveLength(2);
  });

  test('a long answer renders each finished block once', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: '', phase: 'streaming' }));
    const seen = await shown.page.evaluate(async () => {
      const block = 'Some **words** with `code` and a list:\n\n- one\n- two\n\n'.repeat(8);
      const paragraphs = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.answer > p')];
      let offset = 0;
      let longest = 0;
      let last = performance.now();
      for (let piece = 0; piece < 200; piece += 1) {
        window.postMessage({ type: 'delta', runKey: 1, part: 'answer', offset, text: block }, '*');
        offset += block.length;
        await new Promise((done) => requestAnimationFrame(done));
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        for (const old of paragraphs().slice(0, -1)) old.title ||= 'rendered once';
      }
      await new Promise((done) => setTimeout(done, 0));
      return { longest, marks: paragraphs().map(({ title }) => title) };
    });
    process.stdout.write(`longest frame while 90 KB stream in: ${seen.longest.toFixed(0)} ms\n`);
    const marked = seen.marks.filter((title) => title !== '').length;
    expect(marked).toBeGreaterThan(500);
    // What was marked once kept its mark: only the end of the answer is ever rendered again.
    expect(seen.marks.slice(0, marked).every((title) => title !== '')).toBe(true);
  });

  test('every control is reached with the keyboard, in the order in which it is seen', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: 'Done.' }));
    await shown.page.getByTestId('model').focus();
    const names: string[] = [];
    for (let step = 0; step < 12; step += 1) {
      names.push(await shown.page.evaluate(() => (document.activeElement?.textContent ?? '').trim()));
      await shown.page.keyboard.press('Tab');
    }
    expect(names.slice(0, 9)).toEqual([
      'anthropic/claude-sonnet-4-5',
      'Replace Selection',
      'Insert Below',
      'Copy',
      'Open',
      'Rerun',
      expect.stringContaining('Parameters'),
      expect.stringContaining('Inputs'),
      expect.stringContaining('Messages sent'),
    ]);
  });

  test('buttons say what the user wants', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: 'Done.' }));
    for (const name of ['replace', 'insert', 'copy', 'open', 'rerun', 'model']) {
      await shown.page.getByTestId(name).press('Enter');
    }
    expect(shown.said.slice(1).map((request) => request.type)).toEqual([
      'replaceSelection',
      'insertBelow',
      'copy',
      'openAsDocument',
      'rerun',
      'chooseModel',
    ]);
    await shown.tell(stateWith({ phase: 'streaming', answer: 'Do' }));
    await shown.page.getByTestId('stop').click();
    expect(shown.said.at(-1)).toEqual({ type: 'stop' });
  });

  test('changed parameters go with the next run', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ answer: 'Done.' }));
    await shown.page.getByText('Parameters').click();
    await shown.page.getByLabel('Temperature').fill('0.9');
    await shown.page.getByLabel('Maximum output tokens').fill('77');
    await shown.page.getByText('Run Again with These').click();
    expect(shown.said.at(-1)).toEqual({
      type: 'rerun',
      parameters: { temperature: 0.9, maxOutputTokens: 77 },
    });
  });

  test('a text of several lines is asked for, with the focus in the field', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith(null, { question: textQuestion }));
    await shown.page.keyboard.type('one\ntwo');
    await shown.page.keyboard.press('Control+Enter');
    expect(shown.said.at(-1)).toEqual({
      type: 'answerQuestion',
      questionId: 4,
      outcome: 'continue',
      text: 'one\ntwo',
    });
  });

  test('a screen reader hears each turn of a run once, not each piece of text', async () => {
    await using shown = await openPanel(browser, panel);
    await shown.tell(stateWith({ phase: 'streaming' }));
    const spoken = shown.page.getByRole('status');
    expect(await spoken.textContent()).toBe('Review the selection: Answering.');
    await shown.tell({ type: 'delta', runKey: 1, part: 'answer', offset: 0, text: 'Hello' });
    expect(await spoken.textContent()).toBe('Review the selection: Answering.');
    expect(await shown.page.getByTestId('answer').getAttribute('aria-live')).toBeNull();
  });

  test.each(['light', 'dark', 'high-contrast'] as const)(
    'axe finds nothing in the %s theme',
    async (theme) => {
      await using shown = await openPanel(browser, panel, { theme });
      for (const [name, message] of Object.entries(scenes)) {
        await shown.tell(message);
        await shown.page.evaluate(() => {
          for (const part of document.querySelectorAll('details')) part.open = true;
        });
        expect(await axeFindings(shown.page), `${theme}, ${name}`).toEqual([]);
      }
    },
    120_000,
  );

  test.each(['light', 'dark', 'high-contrast'] as const)(
    'screenshots in the %s theme',
    async (theme: ThemeName) => {
      await using shown = await openPanel(browser, panel, { theme });
      for (const [name, message] of Object.entries(scenes)) {
        await shown.tell(message);
        await shown.page.screenshot({ path: path.join(artefacts, `${name}.${theme}.png`) });
      }
      expect(shown.errors).toEqual([]);
    },
  );
});

async function axeFindings(page: Page): Promise<readonly string[]> {
  const isThere = await page.evaluate(() => Reflect.has(globalThis, 'axe'));
  if (!isThere) await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const axe = Reflect.get(globalThis, 'axe') as {
      run(options: unknown): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
    };
    const { violations } = await axe.run({ rules: { 'landmark-one-main': { enabled: true } } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  });
}

const textQuestion = {
  questionId: 4,
  title: 'Write release notes (2 of 3)',
  name: 'changes',
  description: 'What changed, one a line.',
  value: '',
  problem: '',
  required: true,
  canGoBack: true,
};

const pastRuns: readonly RunSummary[] = ['Review the selection', 'Explain code', 'Write tests'].map(
  (promptName, index) => ({
    id: `${'a'.repeat(25)}${'bcd'[index] ?? 'e'}` as RunId,
    promptId: null,
    promptName,
    model: 'openai/gpt-5-mini',
    status: index === 1 ? 'failed' : 'done',
    startedAt: 1_763_800_000_000 - index * 3_600_000,
    usage: { inputTokens: 812, outputTokens: 164, cost: index === 2 ? null : 0.0012, estimated: false },
    excerpt: 'The function subtracts where its name says that it adds, so every caller gets a wrong sum.',
  }),
);

const review = `## One bug

\`add\` **subtracts**. Every caller that relies on the name gets a wrong result; see
[the style guide](https://example.com/style).

\`\`\`ts
export function add(a: number, b: number): number {
  return a + b; // was: a - b
}
\`\`\`

| place | severity |
|---|---|
| \`add.ts:2\` | high |

1. Change the operator.
2. Add a test with \`b\` ≠ 0.

> A test with zero would not have found it.

![diagram](https://example.com/x.png)`;

const scenes = {
  empty: stateWith(null),
  waiting: stateWith({
    phase: 'waiting',
    firstTokenMs: null,
    totalMs: null,
    usage: null,
    startedAt: Date.now(),
  }),
  streaming: stateWith({
    runKey: 2,
    phase: 'streaming',
    answer: review.slice(0, 420),
    totalMs: null,
    usage: null,
    startedAt: Date.now() - 4000,
  }),
  done: stateWith({ runKey: 3, answer: review, notices: ['Changed since you last ran it (v2 → v3).'] }),
  failed: stateWith({
    runKey: 4,
    phase: 'failed',
    answer: 'The first part of an answer that was',
    failure: failureView(
      {
        kind: 'cut',
        message: 'The connection to Anthropic ended in the middle of the answer.',
        action: 'Try again; what the provider had sent was paid for.',
        status: null,
      },
      'openai/gpt-4.1',
      (message) => message,
    ),
    targets: { replace: false, replaceReason: 'Nothing was selected when the prompt was run.' },
  }),
  noKey: stateWith({
    runKey: 5,
    phase: 'failed',
    firstTokenMs: null,
    totalMs: null,
    usage: null,
    failure: failureView(
      {
        kind: 'noKey',
        message: 'There is no key for OpenAI.',
        action: 'Add one, or choose a model of another provider.',
        status: null,
      },
      'openai/gpt-4.1',
      (message) => message,
    ),
  }),
  question: stateWith(null, { question: textQuestion }),
  history: stateWith(null, { history: { enabled: true, query: '', runs: pastRuns, more: true } }),
  past: stateWith(
    { runKey: 6, past: true, answer: review },
    { history: { enabled: true, query: 'add', runs: pastRuns, more: false } },
  ),
} as const;
