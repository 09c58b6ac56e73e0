import assert from 'node:assert/strict';
import { suite, suiteSetup, teardown, test } from 'mocha';
import * as vscode from 'vscode';
import type { PromptId, RevisionId } from '../../extension/src/library/api.ts';
import type { VersionSummary } from '../../extension/src/library/history.ts';
import type { AccountId } from '../../extension/src/library/teams.ts';
import { hoverText } from '../../extension/src/vscode/history/changeHover.ts';
import type { VersionNode } from '../../extension/src/vscode/history/versionNodes.ts';
import { itemOf } from '../../extension/src/vscode/history/versionRows.ts';
import { eventually } from './eventually.ts';

const run = vscode.commands.executeCommand;
const settings = () => vscode.workspace.getConfiguration('cuebook.history');

/** What a teammate could write to be believed, clicked or fetched. */
const hostile = '[Restore](command:workbench.action.quit) ![x](https://example.com/x.png) <b>$(trash)</b> `';

const first = 'Be kind.\n\nAnswer in one line.\n';
const second = 'Be kind and clear.\n\nAnswer in one line.\n';

interface Place {
  readonly promptId: string;
  readonly revisionId: string;
}

async function newPrompt(name: string, text: string): Promise<vscode.TextDocument> {
  const uri = await run<vscode.Uri>('cuebook.newPrompt', { name, text });
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

async function write(document: vscode.TextDocument, text: string): Promise<void> {
  await vscode.window.showTextDocument(document, { preview: false });
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

/** Two versions; the second changes the first line and says why. */
async function twoVersions(name: string, message: string): Promise<vscode.TextDocument> {
  const document = await newPrompt(name, first);
  await write(document, second);
  await run('cuebook.saveWithMessage', undefined, message);
  assert.equal(document.isDirty, false);
  return document;
}

async function set(name: string, value: boolean | string): Promise<void> {
  await settings().update(name, value, vscode.ConfigurationTarget.Global);
}

async function lenses(uri: vscode.Uri, title: RegExp): Promise<vscode.CodeLens> {
  return eventually(
    async () => {
      const all = await run<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 50);
      return all.find(({ command }) => command !== undefined && title.test(command.title));
    },
    `a lens ${String(title)}`,
  );
}

/** The hover of history on a line; the language has hovers of its own. */
async function hoverOn(document: vscode.TextDocument, line: number): Promise<vscode.MarkdownString> {
  const at = new vscode.Position(line, 0);
  return eventually(async () => {
    const hovers = await run<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at);
    const texts = hovers.flatMap(({ contents }) => contents as vscode.MarkdownString[]);
    return texts.find(({ value }) => value.includes('cuebook.showVersionChange'));
  }, `the last change of line ${line}`);
}

/** The version that a hover's links carry. */
function placeIn({ value }: vscode.MarkdownString): Place {
  const argument = /command:cuebook\.showVersionChange\?([^)]+)/.exec(value)?.[1];
  assert.ok(argument);
  const [place] = JSON.parse(decodeURIComponent(argument)) as readonly Place[];
  assert.ok(place);
  return place;
}

async function newestPlace(document: vscode.TextDocument): Promise<Place> {
  await set('hover', 'line');
  return placeIn(await hoverOn(document, 0));
}

function diffs(): readonly vscode.TabInputTextDiff[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .flatMap(({ input }) => (input instanceof vscode.TabInputTextDiff ? [input] : []));
}

async function diff(what: string): Promise<vscode.TabInputTextDiff> {
  return eventually(() => diffs()[0], what);
}

async function textAt(uri: vscode.Uri): Promise<string> {
  return (await vscode.workspace.openTextDocument(uri)).getText();
}

const promptId = 'a'.repeat(26) as PromptId;

/** A teammate's version in which everything that they could write is hostile. */
function versionOf(revision: string, more: Partial<VersionSummary> = {}): VersionSummary {
  return {
    trust: 'verified',
    revisionId: revision.repeat(26) as RevisionId,
    number: 2,
    parents: ['b'.repeat(26) as RevisionId],
    author: {
      account: 'c'.repeat(52) as AccountId,
      name: `Ana ${hostile}\u202E`,
      isMe: false,
      isVerifiedMember: false,
      isFormerMember: false,
      looksLikeAnother: true,
    },
    savedAt: Date.now(),
    message: hostile,
    isAmended: false,
    kind: 'save',
    restoredFrom: null,
    labels: [hostile],
    synced: false,
    mayAmend: false,
    ...more,
  };
}

function nodeOf(version: VersionSummary): VersionNode {
  const { revisionId } = version;
  const place = { key: revisionId, parent: null, promptId, revisionId };
  return { ...place, kind: 'version', version, size: null, isNewest: false, syncs: true };
}

suite('what teammates wrote, in the history of a prompt', () => {
  test('in a row of the Versions view names, labels and messages are text', () => {
    const item = itemOf(nodeOf(versionOf('d')));
    const label = typeof item.label === 'object' ? item.label.label : String(item.label);
    assert.ok(!`${label}${String(item.description)}`.includes('$(trash)'), label);
    assert.ok(!/[\u202A-\u202E\u2066-\u2069]/.test(`${label}${String(item.description)}`));
    assert.ok(typeof item.tooltip === 'string', 'a tooltip of marks could hold links');
    assert.match(item.tooltip, /reads like another member/);
    const given = item.command?.arguments?.[0] as Record<string, unknown>;
    assert.deepEqual(Object.keys(given).sort(), ['promptId', 'revisionId']);
  });

  test('a version that could not be verified names nobody, and nothing can be done with it', () => {
    const row = { trust: 'untrusted', record: 'e'.repeat(52), number: 3, why: 'forged' } as const;
    const item = itemOf({ kind: 'untrusted', key: row.record, parent: null, row });
    assert.equal(item.label, 'v3 · could not be verified');
    assert.equal(item.contextValue, 'untrusted');
    assert.equal(item.command, undefined);
    assert.ok(typeof item.tooltip === 'string');
    assert.match(item.tooltip, /belongs to nobody/);
  });

  test('a version that is still being checked has no author and cannot be built on', () => {
    const item = itemOf(nodeOf(versionOf('f', { trust: 'checking', author: null })));
    assert.match(String(item.description), /^author being checked/);
    assert.match(String(item.contextValue), /^version\.checking/);
  });

  test('in a hover the changed lines stay a block of code, whatever is in them', () => {
    const version = versionOf('d');
    const lines = ['```', hostile, '```` [Restore](command:workbench.action.quit)'];
    const hunks = [{ before: { first: 0, lines: [] }, after: { first: 0, lines } }];
    const { value } = hoverText({ promptId, newest: null }, { version, before: null, hunks }, 1);
    const fences = [...value.matchAll(/^(`{3,})(?:diff)?$/gm)].map(([, fence]) => fence);
    assert.equal(fences.length, 2, value);
    assert.equal(fences[0], fences[1]);
    const outside = value.replace(/^(`{3,})diff\n[\s\S]*?\n\1$/m, '');
    const links = [...outside.matchAll(/(?<!\\)\]\(([^)]*)\)/g)].map(([, target]) => target ?? '');
    assert.ok(links.length >= 2 && links.every((target) => target.startsWith('command:cuebook.')), outside);
  });
});

suite('the history of a prompt', () => {
  suiteSetup(async function () {
    // The first prompt of a window starts the workers; on a busy machine that takes longer than a test may.
    this.timeout(120_000);
    await newPrompt('history/first', first);
  });

  teardown(async () => {
    for (const name of ['hover', 'currentLine', 'allLines', 'summaryLens', 'changeLens', 'changeMarks']) {
      await settings().update(name, undefined, vscode.ConfigurationTarget.Global);
    }
    for (const { uri, isDirty } of vscode.workspace.textDocuments) {
      if (!isDirty) continue;
      await vscode.window.showTextDocument(uri);
      await run('workbench.action.files.revert');
    }
    await run('workbench.action.closeAllEditors');
  });

  test('a hover shows the last change of a line before and after, with its version and message', async () => {
    const document = await twoVersions('history/hover', 'Clearer');
    await set('hover', 'line');
    const { value } = await hoverOn(document, 0);
    assert.match(value, /v2/);
    assert.match(value, /Clearer/);
    assert.match(value, /- Be kind\.\n\+ Be kind and clear\./);
    const older = await hoverOn(document, 2);
    assert.match(older.value, /v1/);
  });

  test('a hover allows its own links only, and what a teammate wrote in it stays text', async () => {
    const document = await twoVersions('history/hostile', hostile);
    await set('hover', 'line');
    const hover = await hoverOn(document, 0);
    const { isTrusted, value } = hover;
    assert.ok(typeof isTrusted === 'object');
    assert.ok(isTrusted.enabledCommands.every((command) => command.startsWith('cuebook.')));
    assert.ok(!isTrusted.enabledCommands.includes('workbench.action.quit'));
    assert.ok(!/(?<!\\)\[Restore\]\(command:workbench/.test(value), value);
    assert.ok(!/!\[x\]\(https/.test(value), value);
    assert.notEqual(hover.supportHtml, true);
    assert.notEqual(hover.supportThemeIcons, true);
  });

  test('with its setting off the last change of a line is not asked for', async () => {
    const document = await twoVersions('history/quiet', 'Quiet');
    await set('hover', 'off');
    const at = new vscode.Position(0, 0);
    const hovers = await run<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, at);
    const texts = hovers.flatMap(({ contents }) => contents as vscode.MarkdownString[]);
    assert.ok(!texts.some(({ value }) => value.includes('cuebook.showVersionChange')));
    const quiet = await run<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 50);
    assert.deepEqual(quiet, []);
  });

  test('each layer has a command that turns it on and off', async () => {
    const document = await newPrompt('history/layers', first);
    for (const [command, name] of [
      ['cuebook.toggleCurrentLine', 'currentLine'],
      ['cuebook.toggleAllLines', 'allLines'],
      ['cuebook.toggleSummaryLens', 'summaryLens'],
      ['cuebook.toggleChangeLens', 'changeLens'],
      ['cuebook.toggleChangeMarks', 'changeMarks'],
    ] as const) {
      const before = settings().get<boolean>(name);
      await run(command);
      assert.equal(settings().get<boolean>(name), before !== true);
      await run(command);
      assert.equal(settings().get<boolean>(name), before);
    }
    await run('cuebook.toggleChangeHover');
    assert.equal(settings().get<string>('hover'), 'off');
    assert.equal(document.isDirty, false);
  });

  test('above a prompt stand its version and its labels, and icons in a name are text', async () => {
    const document = await twoVersions('history/lens', 'Clearer');
    const place = await newestPlace(document);
    await run('cuebook.setLabel', place, '$(trash) production');
    await set('summaryLens', true);
    const version = await lenses(document.uri, /^v2 · You/);
    assert.equal(version.command?.command, 'cuebook.showVersions');
    const label = await lenses(document.uri, /production → v2/);
    assert.ok(!label.command?.title.includes('$(trash)'), label.command?.title);
  });

  test('above changed lines stands what changed them last, and that they are not saved yet', async () => {
    const document = await twoVersions('history/regions', hostile);
    await set('changeLens', true);
    const newest = await lenses(document.uri, /^v2 · You/);
    assert.ok(!newest.command?.title.includes('$(trash)'), newest.command?.title);
    assert.equal(newest.range.start.line, 0);
    await write(document, second.replace('one line', 'two lines'));
    const unsaved = await lenses(document.uri, /Not saved yet/);
    assert.equal(unsaved.range.start.line, 2);
    await run('cuebook.compareWithEditor', ...(unsaved.command?.arguments ?? []));
    const { original, modified } = await diff('the newest version beside the editor');
    assert.equal(await textAt(original), second);
    assert.equal(modified.toString(), document.uri.toString());
  });

  test('what a version changed is VS Code’s own diff against the version before', async () => {
    const document = await twoVersions('history/diff', 'Clearer');
    const place = await newestPlace(document);
    await run('cuebook.showVersionChange', place);
    const { original, modified } = await diff('version 1 beside version 2');
    assert.equal(await textAt(original), first);
    assert.equal(await textAt(modified), second);
  });

  test('restoring an earlier version makes a new one, and the one between stays', async () => {
    const document = await twoVersions('history/restore', 'Clearer');
    await newestPlace(document);
    const earlier = placeIn(await hoverOn(document, 2));
    await run('cuebook.restoreVersion', earlier);
    await eventually(() => document.getText() === first, 'the earlier text');
    await set('summaryLens', true);
    await lenses(document.uri, /^v3 · You/);
  });

  test('the message of one’s own version can be changed', async () => {
    const document = await twoVersions('history/amend', 'Claerer');
    const place = await newestPlace(document);
    await run('cuebook.amendMessage', place, 'Clearer');
    await eventually(async () => (await hoverOn(document, 0)).value.includes('Clearer'), 'the new message');
  });

  test('a link to a version leads back to it, and any other text leads nowhere', async () => {
    const document = await twoVersions('history/link', 'Clearer');
    await run('cuebook.copyVersionLink', await newestPlace(document));
    const link = await eventually(async () => {
      const text = await vscode.env.clipboard.readText();
      return text.includes('/version?') ? text : null;
    }, 'the link in the clipboard');
    assert.ok(!link.includes('link'), 'a link tells no names');
    await run('cuebook.openVersionLink', 'vscode://cuebook.cuebook/version?prompt=x&version=y');
    assert.deepEqual(diffs(), []);
    await run('cuebook.openVersionLink', link);
    assert.equal(await textAt((await diff('the linked version')).modified), second);
  });

  test('arguments that are no ids do nothing', async () => {
    const document = await twoVersions('history/arguments', 'Clearer');
    const { promptId } = await newestPlace(document);
    const before = document.getText();
    for (const argument of [null, 'x', 7, { promptId }, { promptId, revisionId: '../../other' }]) {
      await run('cuebook.restoreVersion', argument);
      await run('cuebook.showVersionChange', argument);
      await run('cuebook.copyVersionLink', argument);
    }
    assert.deepEqual(diffs(), []);
    assert.equal(document.getText(), before);
  });

  test('marking all as seen works without any team', async () => {
    await newPrompt('history/seen', first);
    await run('cuebook.markAllSeen');
  });
});
