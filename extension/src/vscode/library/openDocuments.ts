// What this window knows of its open prompt documents: why VS Code is about to save one, which revision each was last
// equal to, and which have an auto-saved draft. Owns the three listeners that find it out; the file system asks.

import * as vscode from 'vscode';
import type { Library, PromptId, RevisionId } from '../../library/api.ts';
import { parsePromptUri, scheme } from '../promptUri.ts';
import { createDocumentBases, type MergeBase, type TextOfRevision } from './documentBases.ts';
import { createIdleDrafts, type Schedule } from './idleDrafts.ts';

export type SaveReason = 'explicit' | 'auto';

export interface OpenDocuments extends vscode.Disposable {
  /** Fires when VS Code has finished a save that it announced. */
  readonly onDidSave: vscode.Event<vscode.Uri>;
  /** Why the document is being saved; null if nothing announced a save (somebody writes through `workspace.fs`). */
  takeReason(uri: vscode.Uri): SaveReason | null;
  /** The merge base of the document at this address; null if nothing is known of one. */
  baseOf(uri: vscode.Uri): MergeBase | null;
  didRead(uri: vscode.Uri, state: TextOfRevision & { readonly isDraft: boolean }): void;
  didWrite(uri: vscode.Uri, state: TextOfRevision & { readonly isDraft: boolean }): void;
  /** Addresses under which the prompt is open here; one as a rule, more after a rename. */
  addressesOf(id: PromptId): readonly vscode.Uri[];
}

/** Where the bases of dirty documents outlive a reload: `workspaceState`, like VS Code's own backups. Ids only. */
export interface BaseMemory {
  get(key: string): unknown;
  update(key: string, value: unknown): Thenable<void>;
}

const memoryKey = 'cuebook.basesOfDirtyDocuments';

export function createOpenDocuments(deps: {
  readonly library: Pick<Library, 'commitDraft'>;
  readonly memory: BaseMemory;
  readonly schedule: Schedule;
}): OpenDocuments {
  const { library } = deps;
  const bases = createDocumentBases();
  const reasons = new Map<string, SaveReason>();
  const didSave = new vscode.EventEmitter<vscode.Uri>();
  const dirty = createDirtyBases(deps.memory);
  const drafts = createIdleDrafts({
    schedule: deps.schedule,
    // A failure costs nothing: the draft stays, sealed, and becomes a version the next time.
    commit: (id) => void library.commitDraft(id),
  });

  const commitNow = (id: PromptId): void => {
    drafts.settled(id);
    void library.commitDraft(id);
  };

  const track = (document: vscode.TextDocument): void => {
    const place = parsePromptUri(document.uri);
    if (!place) return;
    const key = document.uri.toString();
    if (document.isDirty) {
      const remembered = dirty.recall(place.id);
      if (remembered) bases.restore(key, remembered);
      dirty.set(place.id, bases.baseOf(key)?.revisionId ?? null);
      return;
    }
    bases.isClean(key, document.getText());
    dirty.forget(place.id);
  };

  const subscriptions = vscode.Disposable.from(
    didSave,
    vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
      if (document.uri.scheme !== scheme) return;
      const explicit = reason === vscode.TextDocumentSaveReason.Manual;
      reasons.set(document.uri.toString(), explicit ? 'explicit' : 'auto');
    }),
    vscode.workspace.onDidSaveTextDocument((document) => {
      if (document.uri.scheme !== scheme) return;
      reasons.delete(document.uri.toString());
      track(document);
      didSave.fire(document.uri);
    }),
    vscode.workspace.onDidOpenTextDocument(track),
    vscode.workspace.onDidChangeTextDocument(({ document }) => track(document)),
    vscode.workspace.onDidCloseTextDocument((document) => {
      const place = parsePromptUri(document.uri);
      if (!place) return;
      const key = document.uri.toString();
      bases.closed(key);
      dirty.forget(place.id);
      reasons.delete(key);
    }),
    // Closing the tab is what the user does; VS Code may keep the document for minutes, for whoever else looks at it.
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const uri of closed.flatMap(addressesIn)) {
        const id = parsePromptUri(uri)?.id;
        if (id && drafts.has(id) && !hasTab(id)) commitNow(id);
      }
    }),
    drafts,
  );
  for (const document of vscode.workspace.textDocuments) track(document);

  const noteDraft = (uri: vscode.Uri, isDraft: boolean): void => {
    const place = parsePromptUri(uri);
    if (!place) return;
    if (isDraft) drafts.touched(place.id);
    else drafts.settled(place.id);
  };

  return {
    onDidSave: didSave.event,
    takeReason(uri) {
      const reason = reasons.get(uri.toString()) ?? null;
      reasons.delete(uri.toString());
      return reason;
    },
    baseOf: (uri) => bases.baseOf(uri.toString()),
    didRead(uri, state) {
      bases.didRead(uri.toString(), state);
      // A new version with the text that is shown, like the end of a conflict: VS Code then announces no change.
      const document = openAt(uri);
      if (document && !document.isDirty) track(document);
      if (state.isDraft) noteDraft(uri, true);
    },
    didWrite(uri, state) {
      bases.didWrite(uri.toString(), state);
      noteDraft(uri, state.isDraft);
    },
    addressesOf,
    dispose: () => subscriptions.dispose(),
  };
}

function addressesOf(id: PromptId): readonly vscode.Uri[] {
  return vscode.workspace.textDocuments
    .filter((document) => !document.isClosed && parsePromptUri(document.uri)?.id === id)
    .map((document) => document.uri);
}

function openAt(uri: vscode.Uri): vscode.TextDocument | undefined {
  const key = uri.toString();
  return vscode.workspace.textDocuments.find(
    (document) => !document.isClosed && document.uri.toString() === key,
  );
}

function addressesIn({ input }: vscode.Tab): readonly vscode.Uri[] {
  if (input instanceof vscode.TabInputText) return [input.uri];
  return input instanceof vscode.TabInputTextDiff ? [input.modified] : [];
}

function hasTab(id: PromptId): boolean {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs.flatMap(addressesIn))
    .some((uri) => parsePromptUri(uri)?.id === id);
}

interface DirtyBases {
  recall(id: PromptId): RevisionId | null;
  set(id: PromptId, base: RevisionId | null): void;
  forget(id: PromptId): void;
}

function createDirtyBases(memory: BaseMemory): DirtyBases {
  const stored = new Map<string, string>(Object.entries(asRecord(memory.get(memoryKey))));
  const keep = (): void => void memory.update(memoryKey, Object.fromEntries(stored));
  return {
    recall: (id) => (stored.get(id) as RevisionId | undefined) ?? null,
    set(id, base) {
      if (base === null || stored.get(id) === base) return;
      stored.set(id, base);
      keep();
    },
    forget(id) {
      if (stored.delete(id)) keep();
    },
  };
}

/** The memento is ours, but an older or newer version may have written it: whatever does not fit is left out. */
function asRecord(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries.slice(0, 500));
}
