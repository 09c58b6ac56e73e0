// `npm run screenshots`: pictures for the README, taken from the running product, light and dark, into `docs/images/`.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { launchEditor, type Editor } from '../test/editor/launchEditor.ts';
import type { Theme } from '../test/editor/window.ts';
import { addKey, addressesOf, runOnSelection, showLibrary } from '../test/e2e/steps.ts';
import { startModelServer } from '../test/models/modelServer.ts';
import { buildExtension } from './package.ts';
import { repositoryRoot } from './root.ts';

const images = path.join(repositoryRoot, 'docs', 'images');

const answer = `\`\`\`ts
export function total(lines: readonly Line[], voucher?: string): number {
  const sum = lines.reduce((sum, { price, count }) => sum + price * count, 0);
  return Math.round(voucher === 'SPRING' ? sum * 0.9 : sum);
}
\`\`\`

- The loop ran one step too far (\`<=\`) and read past the end.
- \`==\` compares after conversion; \`===\` does not.
`;

async function main(): Promise<void> {
  await mkdir(images, { recursive: true });
  await buildExtension();
  await using models = await startModelServer({ pieceLength: 8 });
  models.answer({ text: answer, inputTokens: 214, outputTokens: 118 });
  await using editor = await launchEditor({
    label: 'screenshots',
    folder: path.join(import.meta.dirname, 'sampleProject'),
    machineSettings: { ...addressesOf(models), 'cuebook.defaultModel': 'anthropic/claude-sonnet-4-5' },
  });
  const { window } = editor;
  await showLibrary(window);
  await window.runCommand('Cuebook: Add Sample Prompts');
  await window.tab('review-code').waitFor();
  await window.expandTree(['Samples']);
  await window.treeRow('write-tests').waitFor();
  await inBothThemes(editor, 'prompt');
  await addKey(window, 'Anthropic', 'sk-ant-for-the-pictures-only-0123456789');

  await window.openFile('cart.ts');
  await window.selectLines(7, 15);
  await runOnSelection(window, 'review-code');
  await window.pick('bugs');
  await window.webview().getByTestId('replace').waitFor();
  await inBothThemes(editor, 'run');
  await window.webview().getByTestId('replace').click();
  await window.tab('Replace Selection?').waitFor();
  await inBothThemes(editor, 'replace');
}

async function inBothThemes({ window }: Editor, name: string): Promise<void> {
  for (const theme of ['light', 'dark'] satisfies readonly Theme[]) {
    await window.setTheme(theme);
    await window.page.mouse.move(640, 790);
    const file = path.join(images, `${name}-${theme}.png`);
    await window.page.screenshot({ path: file });
    console.log(path.relative(repositoryRoot, file));
  }
}

await main();
