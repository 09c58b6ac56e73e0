// `npm test`: everything that must hold before a change goes in, stage by stage, with the time each took.
//
// Arguments name stages (`npm test -- unit e2e`); without any, all run. The last line is `N passed, N failed`: tests, and
// one for each check that has no tests of its own.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildServer } from '../server/build.ts';
import { overLimit } from './bundleLimits.ts';
import { runCommand } from './command.ts';
import { installBrowser } from './installBrowser.ts';
import { installEditor } from './installEditor.ts';
import { installNatsServer } from './installNats.ts';
import { installPostgres } from './installPostgres.ts';
import { buildExtension, packageExtension } from './package.ts';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** Shown if something failed. */
  readonly details: string;
}

interface Stage {
  readonly name: string;
  run(): Promise<Outcome>;
}

async function main(only: readonly string[]): Promise<number> {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'cuebook-test-'));
  const started = Date.now();
  printInstallTime();
  // Mostly waiting for the network, so it runs beside the checks. Its failure is reported where it is needed.
  const ground = prepareGround();
  const stages = allStages(scratch, ground).filter(({ name }) => only.length === 0 || only.includes(name));
  const outcomes: Outcome[] = [];
  for (const stage of stages) outcomes.push(await runStage(stage));
  await ground;
  await rm(scratch, { recursive: true, force: true });
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\nall stages ${seconds(Date.now() - started)}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

function allStages(scratch: string, ground: Promise<string | null>): readonly Stage[] {
  const needsEditor = (stage: Stage): Stage => ({
    name: stage.name,
    run: async () => {
      const problem = await ground;
      return problem === null ? stage.run() : { passed: 0, failed: 1, details: problem };
    },
  });
  return [
    check('format', 'oxfmt', ['--check']),
    check('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
    check('types', process.execPath, ['tools/types.ts']),
    check('knip', 'knip', []),
    { name: 'build', run: build },
    vitest('unit', scratch),
    vitest('store', scratch),
    vitest('sync', scratch),
    vitest('server', scratch),
    needsEditor(vitest('webview', scratch)),
    needsEditor({ name: 'host', run: hostTests }),
    needsEditor(vitest('e2e', scratch)),
  ];
}

/** Editor and browser. Null when both are there, otherwise what to do about it. */
async function prepareGround(): Promise<string | null> {
  const started = Date.now();
  try {
    const browser = installBrowser();
    // Without it, the tests that need it say so and are left out.
    const postgres = installPostgres();
    if (!postgres.ok) console.log(postgres.problem);
    if (installNatsServer() === null) console.log('nats-server is not installed.');
    if (!browser.ok) return browser.problem;
    await installEditor();
    console.log(`${'editor'.padEnd(8)} ready after ${seconds(Date.now() - started)}`);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runStage(stage: Stage): Promise<Outcome> {
  const started = Date.now();
  const outcome = await stage.run();
  const counts = `${outcome.passed} passed, ${outcome.failed} failed`;
  console.log(`${stage.name.padEnd(8)} ${seconds(Date.now() - started).padStart(8)}   (${counts})`);
  if (outcome.failed > 0) console.log(outcome.details.trim().replaceAll(/^/gm, '    '));
  return outcome;
}

function check(name: string, command: string, args: readonly string[]): Stage {
  return {
    name,
    run: async () => {
      const { ok, output } = await runCommand(command, args);
      return ok ? { passed: 1, failed: 0, details: '' } : { passed: 0, failed: 1, details: output };
    },
  };
}

/** Builds, holds the bundles to their limits, and makes the .vsix. */
async function build(): Promise<Outcome> {
  try {
    await buildExtension();
    await buildServer();
    const problems = await overLimit();
    await packageExtension();
    return { passed: problems.length === 0 ? 1 : 0, failed: problems.length, details: problems.join('\n') };
  } catch (error) {
    return { passed: 0, failed: 1, details: error instanceof Error ? error.message : String(error) };
  }
}

function vitest(project: string, scratch: string): Stage {
  return {
    name: project,
    run: async () => {
      const report = path.join(scratch, `${project}.json`);
      const { ok, output } = await runCommand('vitest', [
        'run',
        `--project=${project}`,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ]);
      const counts = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as {
        readonly numPassedTests?: number;
        readonly numFailedTests?: number;
      };
      const failed = counts.numFailedTests ?? 0;
      // A file that does not even load has no failed test; the exit code knows.
      return {
        passed: counts.numPassedTests ?? 0,
        failed: ok ? failed : Math.max(1, failed),
        details: output,
      };
    },
  };
}

async function hostTests(): Promise<Outcome> {
  const { ok, output } = await runCommand(process.execPath, [path.join('test', 'host', 'main.ts')]);
  const [, passed = '0', failed = '0'] = /Extension host: (\d+) passed, (\d+) failed/.exec(output) ?? [];
  return {
    passed: Number(passed),
    failed: ok ? Number(failed) : Math.max(1, Number(failed)),
    details: output,
  };
}

/** The bootstrap has installed the workspace and says how long that took. */
function printInstallTime(): void {
  const milliseconds = process.env['INSTALL_MS'];
  if (milliseconds !== undefined) {
    console.log(`${'install'.padEnd(8)} ${seconds(Number(milliseconds)).padStart(8)}`);
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

process.exitCode = await main(process.argv.slice(2));
