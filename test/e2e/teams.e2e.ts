// Two people, two real VS Codes, one real server with its own PostgreSQL: from signing up to a removal, and a third device
// of one of them. Everything that is written in it is looked for at the end: in the server's tables, files and output, in
// the profiles and browsers of both, and in every byte between them.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { browserStorage } from '../editor/browserStorage.ts';
import { findCanaries, findCanariesIn, formsOf, type Canary, type Sighting } from '../editor/canaries.ts';
import { launchEditor, type Editor } from '../editor/launchEditor.ts';
import { readTables } from '../editor/serverTables.ts';
import type { EditorWindow } from '../editor/window.ts';
import { openWire, type Wire } from '../editor/wire.ts';
import { createCertificateAuthority } from '../models/certificates.ts';
import { startModelServer, type ModelServer } from '../models/modelServer.ts';
import { startServerProcess, type ServerProcess } from '../sync/serverProcess.ts';
import { addKey, addressesOf, openPrompt, runOnSelection, showLibrary, writePrompt } from './steps.ts';
import {
  createTeam,
  followInvite,
  inviteCode,
  makeAccount,
  password,
  signInWithPassword,
  signUpAsOwner,
  statusEntry,
} from './teamSteps.ts';

const ana = { email: 'ottoline@example.com', name: 'Ottoline Ferncastle' };
const ben = { email: 'bartholomew@example.com', name: 'Bartholomew Quillfeather' };

/** Unmistakable, each for a kind of thing that nobody but members may see. */
const words = {
  team: 'Nightjar Lantern',
  name: 'marzipan-obelisk',
  renamed: 'saffron-obelisk',
  body: 'Speak like a tungsten walrus',
  after: 'A velvet glacier nobody removed may see',
  member: ben.name,
  owner: ana.name,
  key: 'sk-proj-periwinkleGasket3be71f52aa90',
  input: 'cobalt marmalade under the stairs',
  answer: 'Nine umbrellas and a theodolite',
} as const;

const prompt = (second: string, first: string = words.body): string =>
  `---\ndescription: How we write\nmodel: openai/gpt-5-mini\n---\n${first}\n\n\n\n${second}\n`;

interface Stage {
  readonly server: ServerProcess;
  readonly wire: Wire;
  readonly models: ModelServer;
  open(label: string): Promise<Editor>;
}

async function setStage(stack: AsyncDisposableStack): Promise<Stage> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cuebook-team-journey-'));
  stack.defer(async () => rm(folder, { recursive: true, force: true }));
  const authority = await createCertificateAuthority('Their company');
  const certificates = path.join(folder, 'company.pem');
  await writeFile(certificates, authority.certificate);
  const models = stack.use(await startModelServer());
  models.answer({ text: `${words.answer}.` });
  const wire = stack.use(await openWire(authority));
  const server = stack.use(await startServerProcess({ origin: wire.address }));
  wire.leadTo(server.port);
  return {
    server,
    wire,
    models,
    async open(label) {
      const editor = await launchEditor({
        label,
        folder: { 'notes.txt': `${words.input}\n` },
        // What the operating system trusts, for this process.
        env: { SSL_CERT_FILE: certificates },
        machineSettings: addressesOf(models),
      });
      await showLibrary(editor.window);
      return editor;
    },
  };
}

/** On a machine where others work too. */
const patient = { timeout: 900_000 };

const shows = async (window: EditorWindow, text: string): Promise<void> =>
  window.untilText((shown) => shown === text);

test(
  'a team is made and joined, edits arrive and merge, a conflict is settled, somebody is removed, a kit brings a device; and nobody else sees a word',
  patient,
  async () => {
    await using stack = new AsyncDisposableStack();
    const stage = await setStage(stack);
    const { server, wire } = stage;
    const first = stack.use(await stage.open('teams-ana'));
    const second = stack.use(await stage.open('teams-ben'));
    const a = first.window;
    const b = second.window;
    const kit = await signUpAsOwner(a, server, ana);
    await a.screenshot('teams-01-signed-up');
    await createTeam(a, words.team);
    const code = await inviteCode(a);
    await a.screenshot('teams-02-invited');
    const socketsOfAna = wire.sockets.length;

    await followInvite(b, server, code);
    await b.pick('Make an Account');
    const kitOfBen = await makeAccount(b, ben);
    await b.treeRow(words.team).waitFor();
    await b.screenshot('teams-03-joined');
    const socketsOfBen = wire.sockets.slice(socketsOfAna);

    // A writes, B sees it in the tree, and in the open editor what A saves next.
    await writePrompt(a, words.name, prompt('Be short.'), words.team);
    await b.treeRow(words.name).waitFor();
    await openPrompt(b, words.name);
    await shows(b, prompt('Be short.'));
    await a.typeOver(prompt('Be short and kind.'));
    await a.save();
    await shows(b, prompt('Be short and kind.'));
    await b.screenshot('teams-04-followed');
    await runOnce(a);

    // Both are without the server. Different lines merge.
    await server.stop();
    await statusEntry(a, 'Offline').waitFor();
    await statusEntry(b, 'Offline').waitFor();
    await openPrompt(a, words.name);
    await a.typeOver(prompt('Be short and kind.', `${words.body}, always.`));
    await a.save();
    await b.typeOver(prompt('Be short, kind and dry.'));
    await b.save();
    await statusEntry(b, 'Offline, 1 to send').waitFor();
    await b.screenshot('teams-05-offline');
    await server.start();
    const merged = prompt('Be short, kind and dry.', `${words.body}, always.`);
    await shows(a, merged);
    await shows(b, merged);
    await a.screenshot('teams-06-merged');

    await settleConflict(server, a, b);
    await renameAndEdit(server, a, b);

    await remove(a, b);
    const before = recordsTo(socketsOfBen);
    expect(before).toBeGreaterThan(0);
    await writeWithout(a, b);
    expect(await second.complaints()).toEqual([]);
    await third(stage, kit);
    expect(recordsTo(socketsOfBen)).toBe(before);
    expect(await first.complaints()).toEqual([]);

    const secrets = { kit, kitOfBen, code, password };
    await findNothing(stage, [first, second], secrets);
  },
);

/** With the runner's own key, straight to the provider: nothing of it goes to the server. */
async function runOnce(window: EditorWindow): Promise<void> {
  await addKey(window, 'OpenAI', words.key);
  await window.openFile('notes.txt');
  await window.selectLines(1, 1);
  await runOnSelection(window, words.name);
  await window.webview().getByTestId('answer').getByText(words.answer).waitFor();
}

/** The same line by both: who comes second merges, and both have the same in the end. */
async function settleConflict(server: ServerProcess, a: EditorWindow, b: EditorWindow): Promise<void> {
  await server.stop();
  await statusEntry(a, 'Offline').waitFor();
  await statusEntry(b, 'Offline').waitFor();
  await a.typeOver(prompt('Be bold.', `${words.body}, always.`));
  await a.save();
  await statusEntry(a, 'Offline, 1 to send').waitFor();
  await b.typeOver(prompt('Be careful.', `${words.body}, always.`));
  await b.save();
  await server.start();
  const merge = `The same lines of "${words.name}" were changed elsewhere`;
  const [late, early] = await Promise.any([
    a
      .notification(merge)
      .waitFor()
      .then(() => [a, b] as const),
    b
      .notification(merge)
      .waitFor()
      .then(() => [b, a] as const),
  ]);
  await late.untilText((text) => text.includes('Be bold.') && text.includes('Be careful.'));
  await statusEntry(late, '1 to merge').waitFor();
  await late.screenshot('teams-07-conflict');
  await late.notification(merge).getByRole('button', { name: 'Merge…' }).click();
  const accept = late.page.getByText('Accept Mine', { exact: true }).first();
  await accept.waitFor();
  await late.setTheme('light');
  await late.screenshot('teams-08-merge-editor');
  await accept.click();
  await late.page.locator('.editor-actions [aria-label^="Finish Merge"]').click();
  await late.treeRow('two versions to merge').waitFor({ state: 'detached' });
  const mine = prompt(late === a ? 'Be bold.' : 'Be careful.', `${words.body}, always.`);
  for (const window of [early, late]) await shows(window, mine);
  expect(await early.editorText()).toBe(await late.editorText());
  await early.screenshot('teams-09-settled');
}

/** Renamed here while it is edited there: the edit lands in the renamed prompt. */
async function renameAndEdit(server: ServerProcess, a: EditorWindow, b: EditorWindow): Promise<void> {
  await server.stop();
  await statusEntry(b, 'Offline').waitFor();
  await a.treeRow(words.name).click();
  await a.page.keyboard.press('F2');
  await a.answer('Rename', words.renamed);
  await a.treeRow(words.renamed).waitFor();
  await b.typeOver(prompt('Edited under the old name.'));
  await b.save();
  await server.start();
  await b.treeRow(words.renamed).waitFor();
  await b.tab(words.renamed).waitFor();
  await shows(a, prompt('Edited under the old name.'));
  await b.screenshot('teams-10-renamed');
}

async function remove(a: EditorWindow, b: EditorWindow): Promise<void> {
  await a.runCommand('Cuebook: Show Members…');
  await a.quickInput.getByText(`Members of ${words.team}`).waitFor();
  await a.screenshot('teams-11-members');
  await a.pick(ben.name);
  await a.pick('Remove…');
  const dialog = a.dialog(`Remove ${ben.name} from`);
  await dialog.waitFor();
  await a.screenshot('teams-12-removing');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await b.notification('you were removed').waitFor();
  await b.screenshot('teams-13-removed');
  await b.runCommand('Cuebook: Show Sync Log');
  await b.untilText((text) => text.includes(`${words.team}: you were removed`));
  await b.screenshot('teams-14-sync-log');
}

async function writeWithout(a: EditorWindow, b: EditorWindow): Promise<void> {
  await a.typeOver(prompt(words.after));
  await a.save();
  await openPrompt(b, words.renamed);
  await shows(b, prompt('Edited under the old name.'));
}

/** Messages as long as a record. */
const recordsTo = (sockets: Wire['sockets']): number =>
  sockets.flatMap(({ heard }) => heard).filter((length) => length > shortestRecord).length;

/** Padding makes every sealed text at least this long. */
const shortestRecord = 1024;

/** A third device of Ana's, by her kit: everything is there, also what Ben did not get. */
async function third(stage: Stage, kit: string): Promise<void> {
  await using editor = await stage.open('teams-third');
  const { window } = editor;
  await window.setTheme('light');
  await signInWithPassword(window, ana.email, stage.server);
  await window.pick('With My Recovery Kit');
  await window.answer('The code on your sheet', kit);
  await window.treeRow(words.renamed).waitFor();
  await openPrompt(window, words.renamed);
  await shows(window, prompt(words.after));
  await window.screenshot('teams-15-third-device');
  expect(await editor.complaints()).toEqual([]);
}

// ---- what nobody else may see

/** Where VS Code itself keeps something of its editors, and what the server has to know. */
const backups = /^profile\/User\/(Backups|workspaceStorage\/[^/]+\/Backups)\//i;
const editorState = /^indexedDB:vscode-web-state-db-[^/]+\/ItemTable\/memento\/workbench\./;
const allowed: readonly { readonly what: RegExp; readonly place: RegExp; readonly because: string }[] = [
  { what: /^(name|renamed|body|after)$/, place: backups, because: 'backups of dirty editors' },
  { what: /^(name|renamed)$/, place: editorState, because: 'open tabs, cursors and scroll positions' },
  { what: /^password$/, place: /^wire$/, because: 'the server compares it; it keeps a slow hash' },
];

async function findNothing(
  { server, wire }: Stage,
  editors: readonly Editor[],
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const canaries: readonly Canary[] = Object.entries({ ...words, ...secrets }).map(([what, text]) => ({
    what,
    text,
  }));
  const found: Sighting[] = [];
  for (const editor of editors) found.push(...(await inEditor(editor, canaries)));
  await server.stop();
  const planted = { what: 'planted', text: 'Planted gooseberry turbine' };
  const all = [...canaries, planted];
  found.push(...findCanariesIn(wire.seen(), 'wire', all));
  found.push(...findCanariesIn(server.output.join(''), 'output of the server', all));
  found.push(...(await findCanaries(server.dataFolder, all)).map(below('data')));
  const forms = formsOf(planted.text);
  const tables = await readTables(server.dataFolder, {
    text: planted.text,
    bytes: forms.flatMap(({ bytes }) => bytes),
  });
  expect(tables.length).toBeGreaterThan(20);
  const inTables = tables.flatMap(({ table, content }) => findCanariesIn(content, `table ${table}`, all));
  const isPlanted = ({ place }: Sighting): boolean => place === 'table planted';
  expect(inTables.filter(isPlanted).map(({ form }) => form)).toEqual(forms.map(({ name }) => name));
  found.push(...inTables.filter((sighting) => !isPlanted(sighting)));
  expect(found.filter((sighting) => !isAllowed(sighting))).toEqual([]);
  // The password went over the wire: the search sees what goes there.
  expect(found).toContainEqual({ what: 'password', form: 'utf8', place: 'wire' });
}

async function inEditor(
  { server, window }: Editor,
  canaries: readonly Canary[],
): Promise<readonly Sighting[]> {
  const stored = await browserStorage(window.page);
  return [
    ...(await findCanaries(server.profile, canaries)).map(below('profile')),
    ...(await findCanaries(server.home, canaries)).map(below('home')),
    ...findCanariesIn(server.output(), 'output of the editor', canaries),
    ...stored.flatMap(({ place, text }) => findCanariesIn(text, place, canaries)),
  ];
}

const below =
  (name: string) =>
  (sighting: Sighting): Sighting => ({ ...sighting, place: `${name}/${sighting.place}` });

const isAllowed = ({ what, place }: Sighting): boolean =>
  allowed.some((each) => each.what.test(what) && each.place.test(place));
