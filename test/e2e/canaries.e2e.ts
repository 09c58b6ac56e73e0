import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { browserStorage } from '../editor/browserStorage.ts';
import { findCanaries, findCanariesIn, formsOf, type Canary, type Sighting } from '../editor/canaries.ts';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import { filesBelow } from '../editor/server.ts';
import { startModelServer } from '../models/modelServer.ts';
import { addKey, addressesOf, importFolder, openPrompt, runOnSelection } from './steps.ts';

const canaries = {
  name: 'zq-name-canary-7f3a91c4',
  body: 'zqBodyCanary51c2e8d07b',
  unsaved: 'zqUnsavedCanary90ad6e1f',
  key: 'sk-proj-zqKeyCanary3be71f52aa90',
  input: 'zqInputCanarye4470b9c12',
  answer: 'zqAnswerCanary16f8d3057e',
} as const;

const planted: readonly Canary[] = Object.entries(canaries).map(([what, text]) => ({ what, text }));

/** Where VS Code itself keeps something of an editor. Anything anywhere else fails the test. */
const backups = /^profile\/User\/(Backups|workspaceStorage\/[^/]+\/Backups)\//i;
const editorState = /^indexedDB:vscode-web-state-db-[^/]+\/ItemTable\/memento\/workbench\./;
const allowed: readonly { readonly what: string; readonly place: RegExp; readonly because: string }[] = [
  { what: 'unsaved', place: backups, because: 'backup of the dirty editor: its text' },
  { what: 'body', place: backups, because: 'backup of the dirty editor: its text' },
  { what: 'name', place: backups, because: 'backup of the dirty editor: its address' },
  {
    what: 'name',
    place: new RegExp(`${editorState.source}parts\\.editor$`),
    because: 'the tabs that are open',
  },
  {
    what: 'name',
    place: new RegExp(`${editorState.source}editors\\.files\\.textFileEditor$`),
    because: 'cursor and scroll position in each document',
  },
];

test('what is planted is found in every form, in a file and in its name', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-canaries-'));
  stack.defer(async () => rm(folder, { recursive: true }));
  const blob = path.join(folder, 'blob');
  for (const canary of planted) {
    for (const form of formsOf(canary.text)) {
      for (const bytes of form.bytes) {
        await writeFile(blob, Buffer.concat([Buffer.from('x\0y'), bytes, Buffer.from('z')]));
        expect(await findCanaries(folder, [canary])).toContainEqual({
          what: canary.what,
          form: form.name,
          place: 'blob',
        });
      }
    }
    await rm(blob);
    const named = path.join(folder, `${canary.text}.txt`);
    await writeFile(named, '');
    expect((await findCanaries(folder, [canary])).map(({ what }) => what)).toContain(canary.what);
    await rm(named);
  }
  expect(await findCanaries(folder, planted)).toEqual([]);
});

test('texts, names, keys, inputs and answers lie nowhere but in sealed storage and in what VS Code keeps of editors', async () => {
  await using models = await startModelServer();
  models.answer({ text: `The answer is ${canaries.answer}.` });
  await using editor = await launchEditor({
    label: 'canaries',
    folder: {
      'src/cart.ts': `const secret = '${canaries.input}';\n`,
      [`prompts/${canaries.name}.prompt.md`]: `---\nmodel: openai/gpt-5-mini\n---\n${canaries.body}\n\n\${selection}\n`,
    },
    machineSettings: addressesOf(models),
  });
  const { window } = editor;
  await importFolder(window, path.join(editor.server.folder, 'prompts'));
  await window.tab('Import report').waitFor();
  await addKey(window, 'OpenAI', canaries.key);
  await window.openFile('cart.ts');
  await window.selectLines(1, 1);
  await runOnSelection(window, canaries.name);
  await window.webview().getByTestId('answer').getByText(canaries.answer).waitFor();
  await window.webview().getByTestId('replace').waitFor();
  expect(JSON.stringify(models.requests().at(-1)?.body)).toContain(canaries.input);

  await openPrompt(window, canaries.name);
  await window.typeOver(`${canaries.unsaved} ${canaries.body}\n`);
  await expect.poll(async () => whatIsFound(editor)).toContain('unsaved');
  await window.screenshot('canaries');

  const files = await filesBelow(editor.server.profile);
  expect(files.some((file) => /globalStorage[\\/]cuebook\.cuebook[\\/]library[\\/]/.test(file))).toBe(true);
  expect((await sightings(editor)).filter((sighting) => !isAllowed(sighting))).toEqual([]);
  expect(await editor.complaints()).toEqual([]);
});

async function whatIsFound(editor: Editor): Promise<readonly string[]> {
  return (await sightings(editor)).map(({ what }) => what);
}

/** In the profile with its logs, the home folder, what the server printed, and the browser. */
async function sightings(editor: Editor): Promise<readonly Sighting[]> {
  const { server, window } = editor;
  const below = async (name: string, folder: string) =>
    (await findCanaries(folder, planted)).map((each) => ({ ...each, place: `${name}/${each.place}` }));
  const stored = await browserStorage(window.page);
  return [
    ...(await below('profile', server.profile)),
    ...(await below('home', server.home)),
    ...findCanariesIn(server.output(), 'output of the server', planted),
    ...stored.flatMap(({ place, text }) => findCanariesIn(text, place, planted)),
  ];
}

function isAllowed(sighting: Sighting): boolean {
  return allowed.some(({ what, place }) => what === sighting.what && place.test(sighting.place));
}
