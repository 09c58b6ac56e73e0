// One question at a time: while one is being answered only the newest waits, and only the newest answer counts. So
// typing fast asks as often as answers come, without a timer. Pure.

export interface LatestOnly<Question> {
  ask(question: Question): void;
  /** True while an answer is awaited. */
  readonly busy: () => boolean;
  stop(): void;
}

export function createLatestOnly<Question, Answer>(
  answer: (question: Question) => Promise<Answer>,
  show: (answer: Answer, question: Question) => void,
): LatestOnly<Question> {
  let waiting: { readonly question: Question } | null = null;
  let running = false;
  let stopped = false;

  const run = async (question: Question): Promise<void> => {
    running = true;
    try {
      const result = await answer(question);
      if (!stopped && waiting === null) show(result, question);
    } finally {
      running = false;
      const next = waiting;
      waiting = null;
      if (next && !stopped) void run(next.question);
    }
  };

  return {
    ask(question) {
      if (stopped) return;
      if (running) waiting = { question };
      else void run(question);
    },
    busy: () => running,
    stop() {
      stopped = true;
      waiting = null;
    },
  };
}
