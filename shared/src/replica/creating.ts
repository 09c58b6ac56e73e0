// Commands that make prompts and folders.

import type { GroupId, RevisionId } from '../encoding/ids.ts';
import type { RevisionKind } from '../record/payload.ts';
import type { Result } from '../util/result.ts';
import { fail, succeed } from '../util/result.ts';
import type { CommandProblem, CommandResult, Composer } from './composer.ts';
import { append, checkedText, compose, messageProblem, newId } from './composer.ts';
import { freeName, nameKey, nameProblem } from './names.ts';
import { checkedFolder, nameTaken } from './placing.ts';
import type { ReplicaPorts } from './ports.ts';
import { bindReferences, referrerOf } from './references.ts';
import type { Group, ReplicaState } from './state.ts';
import type { Tree } from './tree.ts';
import { treeIn } from './tree.ts';

/** Prompts and folders of one workspace. */
export const MAX_GROUPS = 100_000;

export interface NewPrompt {
  readonly folderId: GroupId | null;
  /** Folders below `folderId`, made if they are not there. */
  readonly path?: readonly string[];
  readonly name: string;
  readonly text: string;
  readonly kind?: Extract<RevisionKind, 'save' | 'import'>;
  readonly message?: string;
  /** What happens if a sibling has the name: `suffix` makes it another name, `refuse` is a problem. */
  readonly ifTaken: 'suffix' | 'refuse';
}

export interface CreatedPrompt {
  readonly id: GroupId;
  readonly revisionId: RevisionId;
}

/** All or none. References between them are resolved, whatever their order. */
export function createPrompts(
  state: ReplicaState,
  ports: ReplicaPorts,
  prompts: readonly NewPrompt[],
): CommandResult<readonly CreatedPrompt[]> {
  return compose(state, ports, (composer) => {
    if (state.groups.size + prompts.length > MAX_GROUPS) return tooMany();
    const taken = takenNames(composer);
    const placed: PlacedPrompt[] = [];
    for (const prompt of prompts) {
      const checked = checkedPrompt(prompt);
      const id = checked.ok ? placeNewPrompt(composer, taken, prompt) : checked;
      if (!checked.ok) return checked;
      if (!id.ok) return id;
      placed.push({ prompt, text: checked.value, id: id.value });
    }
    const tree = treeIn(composer.batch);
    return succeed(placed.map((each) => writeFirst(composer, tree, each)));
  });
}

export function createFolder(
  state: ReplicaState,
  ports: ReplicaPorts,
  folder: { readonly parentId: GroupId | null; readonly name: string; readonly ifTaken: 'suffix' | 'refuse' },
): CommandResult<{ readonly id: GroupId }> {
  return compose(state, ports, (composer) => {
    if (state.groups.size >= MAX_GROUPS) return tooMany();
    const wanted = { ...folder, folderId: folder.parentId, groupKind: 'folder' } as const;
    const placed = placeNew(composer, takenNames(composer), wanted);
    return placed.ok ? succeed({ id: placed.value }) : placed;
  });
}

interface PlacedPrompt {
  readonly prompt: NewPrompt;
  readonly id: GroupId;
  readonly text: string;
}

function checkedPrompt(prompt: NewPrompt): Result<string, CommandProblem> {
  const message = messageProblem(prompt.message ?? '');
  return message === null ? checkedText(prompt.text) : { ok: false, problem: message };
}

function tooMany(): Result<never, CommandProblem> {
  return fail('tooMany', `A library can have at most ${MAX_GROUPS} prompts and folders.`);
}

/** Names taken in the folders that a command looks at; read once, then kept up by the command itself. */
interface TakenNames {
  readonly tree: Tree;
  readonly folders: Map<GroupId | null, FolderNames>;
}

interface FolderNames {
  readonly prompts: Set<string>;
  /** Folders by the key of their shown name. */
  readonly folders: Map<string, GroupId>;
}

const takenNames = (composer: Composer): TakenNames => ({ tree: treeIn(composer.batch), folders: new Map() });

function namesIn(taken: TakenNames, folderId: GroupId | null): FolderNames {
  const known = taken.folders.get(folderId);
  if (known !== undefined) return known;
  const { prompts, folders, names } = taken.tree.folder(folderId);
  const keyOf = (group: Group): string => nameKey(names.get(group.id) ?? '');
  const read = {
    prompts: new Set(prompts.map(keyOf)),
    folders: new Map(folders.map((folder) => [keyOf(folder), folder.id])),
  };
  taken.folders.set(folderId, read);
  return read;
}

function placeNewPrompt(
  composer: Composer,
  taken: TakenNames,
  prompt: NewPrompt,
): Result<GroupId, CommandProblem> {
  let { folderId } = prompt;
  for (const name of prompt.path ?? []) {
    const found = namesIn(taken, folderId).folders.get(nameKey(name));
    const folder =
      found === undefined
        ? placeNew(composer, taken, { folderId, name, groupKind: 'folder', ifTaken: 'refuse' })
        : succeed(found);
    if (!folder.ok) return folder;
    folderId = folder.value;
  }
  return placeNew(composer, taken, { ...prompt, folderId, groupKind: 'prompt' });
}

function placeNew(
  composer: Composer,
  taken: TakenNames,
  wanted: {
    readonly folderId: GroupId | null;
    readonly name: string;
    readonly groupKind: 'prompt' | 'folder';
    readonly ifTaken: 'suffix' | 'refuse';
  },
): Result<GroupId, CommandProblem> {
  const { folderId, groupKind } = wanted;
  const problem = nameProblem(wanted.name);
  if (problem !== null) return fail('nameInvalid', problem);
  const into = checkedFolder(composer, folderId);
  if (!into.ok) return into;
  const names = namesIn(taken, folderId);
  const isFree = (key: string): boolean =>
    groupKind === 'prompt' ? !names.prompts.has(key) : !names.folders.has(key);
  if (wanted.ifTaken === 'refuse' && !isFree(nameKey(wanted.name))) return nameTaken();
  const name = freeName(wanted.name, isFree);
  const id = newId<GroupId>(composer);
  const savedAt = composer.ports.now();
  append(composer, {
    group: id,
    parents: [],
    payload: { kind: 'place', groupKind, folderId, name, trashedWith: null, savedAt },
  });
  if (groupKind === 'prompt') names.prompts.add(nameKey(name));
  else names.folders.set(nameKey(name), id);
  return succeed(id);
}

function writeFirst(composer: Composer, tree: Tree, { prompt, id, text }: PlacedPrompt): CreatedPrompt {
  const facts = composer.ports.factsOf(text);
  const revisionId = newId<RevisionId>(composer);
  append(composer, {
    group: id,
    parents: [],
    facts,
    payload: {
      kind: 'content',
      revisionId,
      revisionKind: prompt.kind ?? 'save',
      text,
      message: prompt.message ?? '',
      savedAt: composer.ports.now(),
      restoredFrom: null,
      references: bindReferences(tree, facts.includes, referrerOf(tree, tree.group(id))),
    },
  });
  return { id, revisionId };
}
