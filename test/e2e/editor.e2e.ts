import { expect, test } from 'vitest';
import { launchEditor } from '../editor/launchEditor.ts';

test('an editor without Cuebook has nothing to complain about beyond its known noise', async () => {
  await using editor = await launchEditor({
    label: 'plain',
    product: false,
    folder: { 'src/cart.ts': 'export const total = 1;\n' },
  });
  const { window } = editor;
  await window.openFile('cart.ts');
  expect(await window.editorText()).toBe('export const total = 1;\n');
  await window.typeOver('export const total = 2;\n');
  await window.save();
  await window.setTheme('light');
  await window.setTheme('highContrast');
  await window.reload();
  expect(await editor.complaints()).toEqual([]);
});
