// What passes between the suites in the extension host and the process that started it: one JSON line a test, in a file.
// The host's console is not used, because everything that is printed there also lands in VS Code's logs.

export interface TestResult {
  readonly title: string;
  readonly milliseconds: number;
  /** Message and stack; null if it passed. */
  readonly failure: string | null;
}

/** Names the file in the extension host's environment. */
export const resultsVariable = 'CUEBOOK_HOST_RESULTS';
