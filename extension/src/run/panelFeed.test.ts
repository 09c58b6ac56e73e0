import { expect, test } from 'vitest';
import { createPanelFeed, type PanelFeed } from './panelFeed.ts';
import type { HostMessage, PanelState, RunView } from './panelProtocol.ts';
import { advance, beginRun } from './runProgress.ts';

const noEnd = { failure: null, targets: { replace: false, replaceReason: '' } };

function start(): { feed: PanelFeed; posted: HostMessage[]; runSoon: () => void } {
  const posted: HostMessage[] = [];
  const waiting: (() => void)[] = [];
  const initial = { run: null, history: {}, question: null, shortcuts: {} } as unknown as PanelState;
  const feed = createPanelFeed({
    initial,
    post: (message) => posted.push(message),
    soon: (task) => {
      waiting.push(task);
      return () => waiting.splice(waiting.indexOf(task), 1);
    },
  });
  return { feed, posted, runSoon: () => waiting.splice(0).forEach((task) => task()) };
}

test('text that streams in is gathered and sent with the place where it belongs', () => {
  const { feed, posted, runSoon } = start();
  let progress = beginRun(0);
  feed.set({ run: { runKey: 7, ...progress, ...noEnd } as unknown as RunView });
  for (const text of ['Hel', 'lo ', 'world']) {
    progress = advance(progress, { type: 'text', text }, 5);
    feed.progress(progress, noEnd);
  }
  runSoon();
  progress = advance(progress, { type: 'text', text: '!' }, 6);
  feed.progress(progress, noEnd);
  runSoon();
  expect(posted.map((message) => message.type)).toEqual(['state', 'state', 'delta', 'delta']);
  expect(posted.slice(2)).toEqual([
    { type: 'delta', runKey: 7, part: 'answer', offset: 3, text: 'lo world' },
    { type: 'delta', runKey: 7, part: 'answer', offset: 11, text: '!' },
  ]);
});

test('a panel that begins late gets all that there is, and then only what is new', () => {
  const { feed, posted, runSoon } = start();
  let progress = beginRun(0);
  feed.set({ run: { runKey: 1, ...progress, ...noEnd } as unknown as RunView });
  progress = advance(progress, { type: 'text', text: 'abc' }, 5);
  feed.progress(progress, noEnd);
  progress = advance(progress, { type: 'text', text: 'def' }, 5);
  feed.progress(progress, noEnd);
  feed.resend();
  runSoon();
  expect(posted.at(-1)).toMatchObject({ type: 'state', state: { run: { answer: 'abcdef' } } });
});
