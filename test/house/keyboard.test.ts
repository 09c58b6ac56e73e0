// Every action by keyboard: a command is in the palette, has a key, or stands in the menu of a row (Shift+F10), unless
// what runs it is itself something that the keyboard reaches.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../tools/root.ts';

interface Contributed {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Contributions {
  readonly commands: readonly Contributed[];
  readonly keybindings: readonly Contributed[];
  readonly menus: Readonly<Record<string, readonly Contributed[]>>;
}

/** Commands that only something shown runs, and how the keyboard reaches that. */
const reached: Readonly<Record<string, string>> = {
  'cuebook.acceptConflictSide': 'a code lens: "Show CodeLens Commands for Current Line"',
  'cuebook.moreVersions': 'Enter on the last row of the Versions view',
  'cuebook.openPrompt': 'Enter on a row of the library',
};

test('every command can be run without a mouse', async () => {
  const file = path.join(repositoryRoot, 'extension', 'package.json');
  const { contributes } = JSON.parse(await readFile(file, 'utf8')) as { readonly contributes: Contributions };
  const { commandPalette = [], 'view/item/context': ofRows = [] } = contributes.menus;
  const hidden = new Set(commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command));
  // An inline button of a row is for the mouse.
  const inMenus = ofRows.filter(({ group }) => group?.startsWith('inline') !== true);
  const others = new Set([...contributes.keybindings, ...inMenus].map(({ command }) => command));
  const unreached = contributes.commands
    .map(({ command }) => command)
    .filter((command) => hidden.has(command) && !others.has(command));
  expect(unreached.toSorted()).toEqual(Object.keys(reached).toSorted());
});
