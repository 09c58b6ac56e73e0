// What Cuebook costs at the start of a window: CPU of the extension host from loading the entry bundle until `activate`
// is done, in a real VS Code whose profile has a library of a thousand prompts; and what the entry bundle weighs.
//
// The CPU is that of the whole process, all threads: reading, compiling, and what the host itself does for it are in
// it. No other extension with code of its own is loaded but the probe, which does nothing meanwhile.

import path from 'node:path';
import { loadedKilobytes } from '../../tools/bundleLimits.ts';
import type { Figure } from '../../tools/figure.ts';
import { launchEditor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';

export const prefix = 'library';

const prompts = 1000;
const RUNS = 7;

export async function figures(): Promise<readonly Figure[]> {
  const entry = await loadedKilobytes('extension.js');
  return [{ figure: 'library.bundle.entry', value: entry, unit: 'KB', runs: 1 }, await activation()];
}

async function activation(): Promise<Figure> {
  await using editor = await launchEditor({
    label: 'bench-activation',
    extensions: [path.join(import.meta.dirname, 'activationProbe')],
    builtins: ['theme-defaults'],
    folder: Object.fromEntries(Array.from({ length: prompts }, (_, index) => promptFile(index))),
  });
  const { window } = editor;
  const filled = await askProbe(window, 'Probe: Fill the Library', 'Filled: ');
  if (!filled.startsWith(`${prompts} prompts imported`))
    throw new Error(`The library is not filled: ${filled}`);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    // Each window has an extension host of its own, in which nothing is loaded yet.
    await window.reload();
    times.push(millisecondsIn(await askProbe(window, 'Probe: Measure Activation', 'Measured: ')));
  }
  const value = times.toSorted((left, right) => left - right)[Math.floor(RUNS / 2)] ?? Number.NaN;
  return { figure: 'library.activation.cpu', value, unit: 'ms', runs: RUNS };
}

function promptFile(index: number): readonly [string, string] {
  const head = `---\ndescription: Prompt number ${index}\n---\n`;
  const body = 'You review code. Look at every line and say why. '.repeat(20);
  return [`Folder ${index % 20}/prompt${index}.prompt.md`, `${head}${body}\n`];
}

/** Runs a command of the probe and gives what it says, without the beginning. */
async function askProbe(window: EditorWindow, command: string, beginning: string): Promise<string> {
  await window.runCommand(command);
  const message = window.notification(beginning).locator('.notification-list-item-message').first();
  return (await message.innerText()).trim().slice(beginning.length);
}

function millisecondsIn(answer: string): number {
  if (!answer.startsWith('{')) throw new Error(answer);
  return (JSON.parse(answer) as { readonly milliseconds: number }).milliseconds;
}
