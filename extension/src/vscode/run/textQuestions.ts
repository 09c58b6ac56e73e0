// Questions that the run panel asks: one at a time, answered once.

import type { PanelFeed } from '../../run/panelFeed.ts';
import type { PanelRequest } from '../../run/panelProtocol.ts';
import type { AskText } from './askInputs.ts';

export interface TextQuestions {
  readonly ask: AskText;
  answer(answer: PanelRequest & { readonly type: 'answerQuestion' }): void;
  /** As if the user had cancelled. */
  cancel(): void;
}

type Outcome = Awaited<ReturnType<AskText>>;

export function createTextQuestions(feed: PanelFeed, reveal: () => Promise<void>): TextQuestions {
  let count = 0;
  let settle: ((outcome: Outcome) => void) | null = null;

  const finish = (outcome: Outcome): void => {
    const settled = settle;
    settle = null;
    feed.set({ question: null });
    settled?.(outcome);
  };

  return {
    async ask(request) {
      settle?.({ outcome: 'cancel', text: '' });
      count += 1;
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      settle = resolve;
      feed.set({ question: { ...request, questionId: count } });
      await reveal();
      return promise;
    },
    answer({ questionId, outcome, text }) {
      if (settle !== null && questionId === count) finish({ outcome, text });
    },
    cancel() {
      if (settle !== null) finish({ outcome: 'cancel', text: '' });
    },
  };
}
