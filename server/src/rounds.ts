// Asking the database about many at once. Whoever asks while an answer is under way is asked for in the next round,
// together with all the others who did: never from a round that began before the question, so an answer is as fresh as
// if each had asked alone, and a busy server asks a few times instead of for each call.

/** Rounds under way at one time. */
const AT_ONCE = 2;

/** `ask` answers in the order of its questions. A round that fails fails for all who are in it. */
export function createRounds<Question, Answer>(
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  interface Waiting {
    readonly question: Question;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let underWay = 0;
  const run = async (): Promise<void> => {
    underWay += 1;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      try {
        const answers = await ask(round.map(({ question }) => question));
        for (const [index, { resolve }] of round.entries()) resolve(answers[index] as Answer);
      } catch (error) {
        for (const { reject } of round) reject(error);
      }
    }
    underWay -= 1;
  };
  return async (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (underWay < AT_ONCE) void run();
    });
}
