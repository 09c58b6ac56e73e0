// Whether history beside a text makes typing slower: from a key's event to the frame that shows it, in a real VS Code,
// with the layers off and on by turns. The figure is how far from nothing the difference could be: the farther end of
// the bootstrapped 95 % interval of the median difference over the pairs of runs.

import type { Figure } from '../../tools/figure.ts';
import { launchEditor } from '../editor/launchEditor.ts';
import type { EditorWindow } from '../editor/window.ts';
import { showLibrary, writePrompt } from '../e2e/steps.ts';

export const prefix = 'editor.history';

const pairs = 9;
const versions = 12;
const resamples = 2000;
/** Typed in bursts: between two of them the layers ask who wrote which line. */
const burst = 'every word ';
const bursts = 6;

export async function figures(): Promise<readonly Figure[]> {
  await using editor = await launchEditor({ label: 'bench-history-typing', builtins: ['theme-defaults'] });
  const { window } = editor;
  await showLibrary(window);
  // Short at first: what does not fit into the window cannot be compared with what it shows.
  await writePrompt(window, 'long', 'Many rules will be here.\n');
  for (let version = 0; version < versions; version += 1) {
    await window.typeOver(textOf(version));
    await window.save();
  }
  await watchKeys(window);
  await window.runCommand('Cuebook: Toggle Author of the Current Line');
  await window.runCommand('Cuebook: Toggle Marks for Unsaved and Unsynced Changes');
  await typed(window);
  const differences: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const off = await typed(window);
    await toggleAll(window);
    const on = await typed(window);
    await toggleAll(window);
    differences.push(median(on) - median(off));
  }
  const [low, high] = interval(differences);
  const value = Math.max(Math.abs(low), Math.abs(high));
  return [{ figure: 'editor.history.typing', value, unit: 'ms', measured: median(differences), runs: pairs }];
}

/** Every tenth line is another one in each version, so that many versions have lines in it. */
function textOf(version: number): string {
  const lines = Array.from({ length: 300 }, (_, line) =>
    line % versions === version
      ? `Rule ${line}, as of version ${version}: say why.`
      : `Rule ${line}: say where a figure comes from.`,
  );
  return `---\ndescription: Many rules\n---\n${lines.join('\n')}\n`;
}

async function toggleAll(window: EditorWindow): Promise<void> {
  await window.runCommand('Cuebook: Toggle Author of the Current Line');
  await window.runCommand('Cuebook: Toggle Authors of All Lines');
  await window.runCommand('Cuebook: Toggle Marks for Unsaved and Unsynced Changes');
}

interface Watched {
  keyTimes?: number[];
}

async function watchKeys({ page }: EditorWindow): Promise<void> {
  await page.evaluate(() => {
    const times: number[] = [];
    (globalThis as Watched).keyTimes = times;
    document.addEventListener(
      'keydown',
      ({ key, timeStamp }) => {
        if (key.length !== 1) return;
        requestAnimationFrame(() => {
          // The message arrives after the frame was laid out and painted.
          const { port1, port2 } = new MessageChannel();
          port1.addEventListener('message', () => times.push(performance.now() - timeStamp));
          port1.start();
          port2.postMessage(null);
        });
      },
      true,
    );
  });
}

/** Milliseconds from each key to its frame. */
async function typed(window: EditorWindow): Promise<readonly number[]> {
  const { page } = window;
  await window.selectLines(6, 5);
  await page.evaluate(() => (globalThis as Watched).keyTimes?.splice(0));
  for (let count = 0; count < bursts; count += 1) {
    await page.keyboard.type(burst, { delay: 50 });
    await page.waitForTimeout(450);
  }
  const times = await page.evaluate(() => (globalThis as Watched).keyTimes ?? []);
  await window.runCommand('File: Revert File');
  return times;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function interval(differences: readonly number[]): readonly [number, number] {
  const medians = Array.from({ length: resamples }, () => median(resample(differences))).sort(
    (a, b) => a - b,
  );
  const at = (share: number): number => medians[Math.floor(share * (resamples - 1))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}

function resample(values: readonly number[]): readonly number[] {
  return values.map(() => values[Math.floor(Math.random() * values.length)] ?? Number.NaN);
}
