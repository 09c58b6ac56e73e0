// Prompts as documents: the FileSystemProvider for `cuebook:`. Reads and writes resolve by the id in the address, so a
// document keeps working under an old name; paths of folder names are for `workspace.fs` (see promptPath.ts).
//
// A save is answered only when it is durable in the library. VS Code knows a text by (mtime, size), and asks for them
// after it has written: until it has finished, the address answers with the figures of the text that was given, whatever
// happened since; then it announces a change. So the editor takes a merged text, or what another window wrote in that
// moment, as if another program had written it, and never believes that it shows what it does not.

import * as vscode from 'vscode';
import type {
  Library,
  LibraryChange,
  PromptId,
  PromptSummary,
  PromptText,
  RevisionId,
  SaveOutcome,
  WorkspaceId,
} from '../../library/api.ts';
import { parsePromptUri, promptUri, scheme } from '../promptUri.ts';
import type { SaveMessages } from '../saveMessages.ts';
import { hasConflictMarkers } from './conflictText.ts';
import { withPlainLineEnds, type MergeBase } from './documentBases.ts';
import { createLatestOnly } from './latestOnly.ts';
import type { OpenDocuments, SaveReason } from './openDocuments.ts';
import { createPathLookup, type PathLookup } from './pathLookup.ts';
import { extension, isPromptFile, parsePromptPath, withoutExtension, type PromptPath } from './promptPath.ts';
import { valueOrThrow } from './problems.ts';

/** What a save led to that the user should hear of. The file system itself shows nothing. */
export type SaveNotice =
  | { readonly kind: 'conflict'; readonly id: PromptId; readonly reason: SaveReason }
  /** Saved during a conflict, and no marker is left: the user may now say that it is resolved. */
  | { readonly kind: 'conflictMayEnd'; readonly id: PromptId }
  | { readonly kind: 'restoredFromTrash'; readonly id: PromptId }
  /** The prompt had been deleted for good: the text is a new prompt now. */
  | { readonly kind: 'keptAsNew'; readonly prompt: PromptSummary };

export interface PromptFileSystem extends vscode.FileSystemProvider, vscode.Disposable {
  readonly onDidNotice: vscode.Event<SaveNotice>;
}

interface Stated {
  readonly mtime: number;
  readonly size: number;
}

export function createPromptFileSystem(deps: {
  readonly library: Library;
  readonly documents: OpenDocuments;
  readonly saveMessages: SaveMessages;
}): PromptFileSystem {
  const { library, documents, saveMessages } = deps;
  const lookup = createPathLookup(library);
  const changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  const noticed = new vscode.EventEmitter<SaveNotice>();
  /** Figures of a text as it was given, until VS Code has finished that save. */
  const asGiven = new Map<string, Stated>();
  /** Prompts deleted for good whose text was saved again, and the prompt that it became. */
  const successors = new Map<PromptId, PromptId>();
  /** The address that an editor is being moved to: free, so that VS Code agrees to move. */
  const moving = new Set<string>();

  const current = (id: PromptId): PromptId => successors.get(id) ?? id;

  const announce = (uris: readonly vscode.Uri[], type: vscode.FileChangeType): void => {
    if (uris.length > 0) changed.fire(uris.map((uri) => ({ uri, type })));
  };

  const promptAt = async (uri: vscode.Uri, id: PromptId): Promise<PromptSummary> => {
    const prompt = valueOrThrow(await library.prompt(current(id)), uri);
    if (prompt.workspaceId !== uri.authority) throw vscode.FileSystemError.FileNotFound(uri);
    return prompt;
  };

  /** The prompt that an address means; FileNotFound if there is none. */
  const resolve = async (uri: vscode.Uri): Promise<PromptSummary> => {
    const path = parsePromptPath(uri.path);
    if (path.kind === 'prompt') return promptAt(uri, path.id);
    if (path.kind !== 'named') throw vscode.FileSystemError.FileIsADirectory(uri);
    const found = await lookup.find(uri, path);
    if (found === null) throw vscode.FileSystemError.FileNotFound(uri);
    if (found.kind === 'folder') throw vscode.FileSystemError.FileIsADirectory(uri);
    return found.prompt;
  };

  const fileStat = async (uri: vscode.Uri, prompt: PromptSummary): Promise<vscode.FileStat> => {
    const text = valueOrThrow(await library.read(prompt.id), uri);
    const stated = asGiven.get(uri.toString()) ?? text;
    const stat = { type: vscode.FileType.File, ctime: text.ctime, mtime: stated.mtime, size: stated.size };
    // What is in the trash is for reading; edits made before it went there can still be saved, which restores it.
    const locked = prompt.trashedAt !== null && !isDirty(uri);
    return locked ? { ...stat, permissions: vscode.FilePermission.Readonly } : stat;
  };

  const stat = async (uri: vscode.Uri): Promise<vscode.FileStat> => {
    const path = parsePromptPath(uri.path);
    if (moving.has(uri.toString())) throw vscode.FileSystemError.FileNotFound(uri);
    switch (path.kind) {
      case 'root':
        await lookup.workspace(uri);
        return directory;
      case 'shelf':
        await promptAt(uri, path.id);
        return directory;
      case 'prompt':
        return fileStat(uri, await promptAt(uri, path.id));
      case 'named': {
        await lookup.workspace(uri);
        const found = await lookup.find(uri, path);
        if (!found) throw vscode.FileSystemError.FileNotFound(uri);
        return found.kind === 'folder' ? directory : fileStat(uri, found.prompt);
      }
      case 'none':
        throw vscode.FileSystemError.FileNotFound(uri);
    }
  };

  const readFile = async (uri: vscode.Uri): Promise<Uint8Array> => {
    const prompt = await resolve(uri);
    const text = valueOrThrow(await library.read(prompt.id), uri);
    documents.didRead(uri, text);
    return new TextEncoder().encode(text.text);
  };

  /** After a document's save: what VS Code gave is what it believes to be on disk, until it is told of a change. */
  const settle = (save: Save, document: PromptText, given: RevisionId | null): void => {
    const { uri, text } = save;
    if (!save.announced) {
      announce(documents.addressesOf(document.id), vscode.FileChangeType.Changed);
      return;
    }
    if (document.text === text) {
      documents.didWrite(uri, document);
      asGiven.set(uri.toString(), document);
      return;
    }
    documents.didWrite(uri, { text, revisionId: given, mtime: null, isDraft: document.isDraft });
    const size = new TextEncoder().encode(text).length;
    asGiven.set(uri.toString(), { mtime: document.mtime - 1, size });
  };

  const writeDraft = async (save: Save): Promise<PromptText> => {
    const { id, uri } = save;
    const document = valueOrThrow(await library.saveDraft(id, changeOf(save)), uri);
    settle(save, document, save.base.revisionId);
    return document;
  };

  const writeVersion = async (save: Save): Promise<void> => {
    const { id, uri } = save;
    const message = saveMessages.take(uri.toString());
    const change = message === '' ? changeOf(save) : { ...changeOf(save), message };
    const outcome = valueOrThrow(await library.save(id, change), uri);
    settle(save, outcome.document, revisionOfGiven(outcome));
    if (outcome.kind === 'conflict') noticed.fire({ kind: 'conflict', id, reason: save.reason });
  };

  const writeDuringConflict = async (save: Save): Promise<void> => {
    const document = await writeDraft(save);
    if (save.reason === 'auto' || hasConflictMarkers(document.text)) return;
    noticed.fire({ kind: 'conflictMayEnd', id: save.id });
  };

  const writePrompt = async (uri: vscode.Uri, prompt: PromptSummary, text: string): Promise<void> => {
    const reason = documents.takeReason(uri);
    // VS Code leaves listeners out when another extension was slow to answer its announcement.
    const announced = reason !== null || isDirtyWith(uri, text);
    // Whoever writes through `workspace.fs` means the text that is there now, not what an open document grew from.
    const known = announced ? documents.baseOf(uri) : null;
    const base = known ?? valueOrThrow(await library.read(prompt.id), uri);
    const save: Save = {
      id: prompt.id,
      uri,
      text,
      base,
      reason: reason ?? 'explicit',
      announced,
    };
    if (prompt.trashedAt !== null) {
      valueOrThrow(await library.restore([prompt.id]), uri);
      noticed.fire({ kind: 'restoredFromTrash', id: prompt.id });
    }
    if (prompt.hasConflict) return writeDuringConflict(save);
    if (save.reason === 'explicit') return writeVersion(save);
    await writeDraft(save);
  };

  /** The path is free: makes a prompt there. An unknown id means a prompt that is gone; its text must not be lost. */
  const writeNew = async (uri: vscode.Uri, path: PromptPath, text: string): Promise<void> => {
    if (path.kind !== 'prompt' && path.kind !== 'named') throw vscode.FileSystemError.FileIsADirectory(uri);
    const fileName = path.kind === 'prompt' ? `${path.name}${extension}` : path.last;
    if (!isPromptFile(fileName)) throw vscode.FileSystemError.NoPermissions(endsWithExtension());
    const folderId = path.kind === 'named' ? await lookup.folder(uri, path.folders) : null;
    const name = withoutExtension(fileName);
    const workspaceId = uri.authority as WorkspaceId;
    const made = valueOrThrow(await library.createPrompts([{ workspaceId, folderId, name, text }]), uri);
    const [prompt] = made;
    if (!prompt) throw vscode.FileSystemError.Unavailable(uri);
    if (path.kind !== 'prompt') return;
    successors.set(path.id, prompt.id);
    documents.didRead(uri, valueOrThrow(await library.read(prompt.id), uri));
    noticed.fire({ kind: 'keptAsNew', prompt });
  };

  const writeFile = async (
    uri: vscode.Uri,
    content: Uint8Array,
    options: { readonly create: boolean; readonly overwrite: boolean },
  ): Promise<void> => {
    const text = decode(content);
    const path = parsePromptPath(uri.path);
    const prompt = await unlessMissing(resolve(uri));
    if (prompt === null) {
      if (!options.create) throw vscode.FileSystemError.FileNotFound(uri);
      await lookup.workspace(uri);
      return writeNew(uri, path, text);
    }
    if (!options.overwrite) throw vscode.FileSystemError.FileExists(uri);
    await writePrompt(uri, prompt, text);
  };

  const rename = async (from: vscode.Uri, to: vscode.Uri): Promise<void> => {
    const target = parsePromptPath(to.path);
    if (target.kind === 'prompt') return renameById(from, to, target);
    if (target.kind !== 'named') throw vscode.FileSystemError.NoPermissions(to);
    const source = parsePromptPath(from.path);
    const isPrompt = source.kind === 'prompt' || (source.kind === 'named' && isPromptFile(source.last));
    if (isPrompt && !isPromptFile(target.last))
      throw vscode.FileSystemError.NoPermissions(endsWithExtension());
    const item = await itemAt(from, source, lookup, resolve);
    const folderId = await lookup.folder(to, target.folders);
    if (folderId !== item.folderId) valueOrThrow(await library.move([item.id], folderId), to);
    const name = isPrompt ? withoutExtension(target.last) : target.last;
    if (name !== item.name) valueOrThrow(await library.rename(item.id, name), to);
  };

  const renameById = async (
    from: vscode.Uri,
    to: vscode.Uri,
    target: { readonly id: PromptId; readonly name: string },
  ): Promise<void> => {
    moving.delete(to.toString());
    const prompt = await resolve(from);
    if (prompt.id !== current(target.id)) throw vscode.FileSystemError.NoPermissions(to);
    if (prompt.name !== target.name) valueOrThrow(await library.rename(prompt.id, target.name), to);
  };

  /** Moves the editor of a prompt that has another name by now. A dirty one waits until it is saved. */
  const followName = async (uri: vscode.Uri, prompt: PromptSummary): Promise<void> => {
    const to = promptUri(prompt);
    if (to.toString() === uri.toString() || isDirty(uri) || !hasTab(uri)) return;
    moving.add(to.toString());
    try {
      await vscode.workspace.fs.rename(uri, to);
    } catch {
      // The tab keeps the old name, under which it works as well.
    } finally {
      moving.delete(to.toString());
    }
  };

  /** Names, trash or existence may have changed: brings one open document up to date. */
  const review = async (uri: vscode.Uri, id: PromptId): Promise<void> => {
    const prompt = await library.prompt(current(id));
    if (!prompt.ok) {
      if (prompt.problem.code === 'notFound') announce([uri], vscode.FileChangeType.Deleted);
      return;
    }
    announce([uri], vscode.FileChangeType.Changed);
    await followName(uri, prompt.value);
  };

  /** One review at a time: two would move the same editor. A change during one leads to one more. */
  const reviews = createLatestOnly(
    async () => {
      for (const uri of openPrompts()) {
        const place = parsePromptUri(uri);
        if (place) await review(uri, place.id);
      }
    },
    () => undefined,
  );

  const onChange = (change: LibraryChange): void => {
    const touched = change.texts.flatMap(({ id }) => documents.addressesOf(id));
    announce(touched, vscode.FileChangeType.Changed);
    if (change.tree) reviews.ask(null);
  };

  const onSaved = (uri: vscode.Uri): void => {
    if (asGiven.delete(uri.toString())) announce([uri], vscode.FileChangeType.Changed);
    reviews.ask(null);
  };

  const subscriptions = [
    changed,
    noticed,
    documents.onDidSave(onSaved),
    new vscode.Disposable(library.onDidChange(onChange)),
  ];

  return {
    onDidChangeFile: changed.event,
    onDidNotice: noticed.event,
    // Changes come from the library, for every document that is open: nothing has to be watched by address.
    watch: () => new vscode.Disposable(() => undefined),
    stat,
    readFile,
    writeFile,
    rename,
    async readDirectory(uri) {
      const path = parsePromptPath(uri.path);
      if (path.kind === 'shelf') {
        const prompt = await promptAt(uri, path.id);
        return [[`${prompt.name}${extension}`, vscode.FileType.File]];
      }
      if (path.kind !== 'root' && path.kind !== 'named') throw vscode.FileSystemError.FileNotADirectory(uri);
      await lookup.workspace(uri);
      const folderId = path.kind === 'root' ? null : await lookup.folder(uri, [...path.folders, path.last]);
      const { folders, prompts } = await lookup.children(uri, folderId);
      return [
        ...folders.map(({ name }): [string, vscode.FileType] => [name, vscode.FileType.Directory]),
        ...prompts.map(({ name }): [string, vscode.FileType] => [
          `${name}${extension}`,
          vscode.FileType.File,
        ]),
      ];
    },
    async createDirectory(uri) {
      const path = parsePromptPath(uri.path);
      // VS Code makes the folder of a document that is gone before it saves it; a prompt's shelf needs no making.
      if (path.kind === 'shelf') return;
      if (path.kind !== 'named') throw vscode.FileSystemError.NoPermissions(uri);
      const parentId = await lookup.folder(uri, path.folders);
      const workspaceId = uri.authority as WorkspaceId;
      valueOrThrow(await library.createFolder({ workspaceId, parentId, name: path.last }), uri);
    },
    async delete(uri) {
      const path = parsePromptPath(uri.path);
      const item = await itemAt(uri, path, lookup, resolve);
      // Overwriting "another name" of a prompt would first delete that address, which is the prompt itself.
      if (path.kind === 'prompt' && path.name !== item.name) throw vscode.FileSystemError.NoPermissions(uri);
      valueOrThrow(await library.trash([item.id]), uri);
    },
    dispose() {
      reviews.stop();
      for (const subscription of subscriptions) subscription.dispose();
    },
  };
}

interface Save {
  readonly id: PromptId;
  readonly uri: vscode.Uri;
  readonly text: string;
  readonly base: MergeBase;
  readonly reason: SaveReason;
  /** True if it is a document's save: then VS Code will say when it has finished. */
  readonly announced: boolean;
}

function changeOf({ text, base }: Save): Parameters<Library['save']>[1] {
  const change = { text, base: base.revisionId };
  return base.mtime === null ? change : { ...change, mtime: base.mtime };
}

const directory: vscode.FileStat = { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };

/** The revision that holds exactly the text that was given. */
function revisionOfGiven(outcome: SaveOutcome): RevisionId | null {
  switch (outcome.kind) {
    case 'saved':
    case 'unchanged':
      return outcome.document.revisionId;
    case 'merged':
      return outcome.mineRevisionId;
    case 'conflict':
      return outcome.conflict.mineRevisionId;
  }
}

/** Whatever an address or path means, as something that can be moved, renamed and thrown away. */
async function itemAt(
  uri: vscode.Uri,
  path: PromptPath,
  lookup: PathLookup,
  resolve: (uri: vscode.Uri) => Promise<PromptSummary>,
) {
  if (path.kind === 'prompt') return resolve(uri);
  if (path.kind !== 'named') throw vscode.FileSystemError.NoPermissions(uri);
  const found = await lookup.find(uri, path);
  if (!found) throw vscode.FileSystemError.FileNotFound(uri);
  if (found.kind === 'prompt') return found.prompt;
  return { id: found.folder.id, name: found.folder.name, folderId: found.folder.parentId };
}

function openPrompts(): readonly vscode.Uri[] {
  return vscode.workspace.textDocuments
    .filter((document) => document.uri.scheme === scheme && !document.isClosed)
    .map((document) => document.uri);
}

function hasTab(uri: vscode.Uri): boolean {
  const key = uri.toString();
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === key),
  );
}

function isDirty(uri: vscode.Uri): boolean {
  const key = uri.toString();
  return vscode.workspace.textDocuments.some(
    (document) => document.uri.toString() === key && document.isDirty,
  );
}

/** The text that is written is that of an unsaved document: so it is that document's save. */
function isDirtyWith(uri: vscode.Uri, text: string): boolean {
  const key = uri.toString();
  const document = vscode.workspace.textDocuments.find((candidate) => candidate.uri.toString() === key);
  return document?.isDirty === true && withPlainLineEnds(document.getText()) === withPlainLineEnds(text);
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return null;
    throw error;
  }
}

/** A byte order mark is kept: it belongs to the text. */
function decode(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new vscode.FileSystemError(
      vscode.l10n.t('A prompt is UTF-8 text: choose “Save with Encoding” and UTF-8, then save again.'),
    );
  }
}

function endsWithExtension(): string {
  return vscode.l10n.t('The name of a prompt ends with {0}.', extension);
}
