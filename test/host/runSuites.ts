// Runs inside the extension host: gives the suites to mocha and writes down each result as soon as it is known.

import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';
import { resultsVariable, type TestResult } from './results.ts';

/** Each suite file registers its tests (`suite`, `test` of mocha's "tdd" interface) when it is loaded. */
export async function runSuites(suites: readonly (() => Promise<unknown>)[]): Promise<void> {
  const file = process.env[resultsVariable];
  if (file === undefined)
    throw new Error(`${resultsVariable} is not set: start these tests by test/host/main.ts.`);
  const mocha = new Mocha({ ui: 'tdd', timeout: 30_000, reporter: quietReporter });
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  for (const load of suites) await load();

  const write = (result: TestResult) => appendFileSync(file, `${JSON.stringify(result)}\n`);
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on('pass', (test) =>
      write({ title: test.fullTitle(), milliseconds: test.duration ?? 0, failure: null }),
    );
    runner.on('fail', (test, error: Error) =>
      write({
        title: test.fullTitle(),
        milliseconds: test.duration ?? 0,
        failure: error.stack ?? error.message,
      }),
    );
  });
}

class quietReporter extends Mocha.reporters.Base {}
